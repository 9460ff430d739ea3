//! JSON: pages with an envelope, bare arrays, single records and NDJSON. Records are found first and parsed one by one,
//! so that a bad one is kept apart and its neighbours land.

use std::fmt;

use rayon::prelude::*;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use wide::u8x32;

use super::csv::MAX_FIELD_BYTES;
use super::explode;
use super::page::{Page, Paging, Refusal, Reject};
use super::reader::Reader;
use super::values::Raw;

/// Objects and arrays inside each other.
pub(super) const MAX_DEPTH: usize = 64;
/// The keys under which envelopes keep their records.
const ENVELOPES: &[&str] =
    &["result", "value", "records", "seats", "members", "users", "employees", "data", "Report_Entry"];
/// A fact about a page that is longer than this is none.
const MAX_FACT_BYTES: usize = 65_536;
/// Bytes of a string that are looked at together.
pub(super) const BLOCK: usize = 32;
/// Records parsed by one task.
const TASK_RECORDS: usize = 4096;

/// A JSON value that remembers how numbers were written and forgets nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Inexact,
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Follows a path: by key into objects (the whole rest of the path may be one key), into the first element of an
    /// array.
    fn at(&self, path: &str) -> Option<&Self> {
        if let Self::List(items) = self {
            return items.first().and_then(|first| first.at(path));
        }
        if let Some(found) = self.get(path) {
            return Some(found);
        }
        let (key, rest) = path.split_once('.')?;
        self.get(key)?.at(rest)
    }

    fn raw(&self) -> Raw<'_> {
        match self {
            Self::Null => Raw::Missing,
            Self::Bool(b) => Raw::Bool(*b),
            Self::Number(text) => Raw::Number(text),
            Self::Inexact => Raw::Inexact,
            Self::Text(text) => Raw::Text(text),
            Self::List(items) => items.first().map_or(Raw::Missing, Self::raw),
            // ServiceNow writes a value beside its display.
            Self::Map(_) => self.get("value").map_or(Raw::Nested, Self::raw),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tree;
        impl<'de> Visitor<'de> for Tree {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
                Ok(Json::Bool(b))
            }

            fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
                Ok(Json::Number(n.to_string()))
            }

            fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
                Ok(Json::Number(n.to_string()))
            }

            fn visit_f64<E>(self, n: f64) -> Result<Json, E> {
                Ok(if n.abs() < 9_007_199_254_740_992.0 { Json::Number(n.to_string()) } else { Json::Inexact })
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Json, E> {
                Ok(Json::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Json::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut entries: Vec<(String, Json)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Json>()? {
                    if entries.iter().any(|(k, _)| *k == key) {
                        return Err(A::Error::custom(format!("duplicate key `{key}`")));
                    }
                    entries.push((key, value));
                }
                Ok(Json::Map(entries))
            }
        }
        deserializer.deserialize_any(Tree)
    }
}

/// The records of a file as they are written, and what the page around them says.
#[derive(Debug, Default)]
pub(super) struct Records<'b> {
    pub slices: Vec<&'b [u8]>,
    pub paging: Paging,
}

/// Finds the records of a file.
///
/// # Errors
/// Refuses a file that ends too early, nests too deep, has a field too large, or is the error of an API.
pub(super) fn records(bytes: &[u8], is_lines: bool) -> Result<Records<'_>, Refusal> {
    let text = bytes.trim_ascii();
    if text.first() == Some(&b'[') {
        return Ok(Records { slices: elements(text)?.0, ..Records::default() });
    }
    if is_lines {
        return lines(bytes);
    }
    match value_end(text, 0)? {
        Some(end) if text[end..].trim_ascii().is_empty() => envelope(text),
        _ if text.contains(&b'\n') => lines(bytes),
        _ => Err(cut()),
    }
}

pub(super) fn cut() -> Refusal {
    Refusal::new("truncated", "the JSON ends too early: fetch it again")
}

fn lines(bytes: &[u8]) -> Result<Records<'_>, Refusal> {
    let slices: Vec<&[u8]> = match std::str::from_utf8(bytes) {
        // The standard library looks for a character in text much faster than for a byte in bytes.
        Ok(text) => text.split('\n').map(|line| line.trim_ascii().as_bytes()).filter(|l| !l.is_empty()).collect(),
        Err(_) => bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()).collect(),
    };
    for line in &slices {
        check_size(line)?;
    }
    let is_cut = |last: &&[u8]| last.first() == Some(&b'{') && matches!(value_end(last, 0), Ok(None));
    if !bytes.ends_with(b"\n") && slices.last().is_some_and(is_cut) {
        return Err(cut());
    }
    Ok(Records { slices, ..Records::default() })
}

/// Whether a record keeps within depth and field size. Only one with many brackets can be deep.
pub(super) fn check_size(record: &[u8]) -> Result<(), Refusal> {
    if opening_brackets(record) > MAX_DEPTH || record.len() > MAX_FIELD_BYTES {
        value_end(record, 0)?;
    }
    Ok(())
}

/// How many `[` and `{` there are, or a few more: both are `{` once their case bit is set, and eight bytes are compared
/// at a time.
fn opening_brackets(record: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let count = |word: [u8; 8]| {
        let differs = (u64::from_ne_bytes(word) | (0x20 * ONES)) ^ (u64::from(b'{') * ONES);
        (differs.wrapping_sub(ONES) & !differs & (0x80 * ONES)).count_ones() as usize
    };
    let (words, rest) = record.as_chunks::<8>();
    words.iter().copied().map(count).sum::<usize>() + rest.len()
}

/// The elements of the array that begins the text, and where it ends.
fn elements(text: &[u8]) -> Result<(Vec<&[u8]>, usize), Refusal> {
    let (mut slices, mut at) = (Vec::new(), 1);
    loop {
        at += text[at..].iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
        match text.get(at) {
            None => return Err(cut()),
            Some(b']') => return Ok((slices, at + 1)),
            Some(_) => {
                let end = value_end(text, at)?.ok_or_else(cut)?;
                slices.push(text[at..end].trim_ascii_end());
                at = end;
            }
        }
    }
}

/// Where the value that begins at `at` ends: brackets and strings are matched, nothing else is looked at. None when the
/// text ends first.
pub(super) fn value_end(text: &[u8], at: usize) -> Result<Option<usize>, Refusal> {
    let (mut depth, mut i) = (0usize, at);
    while let Some(b) = text.get(i) {
        match b {
            b'"' => match string_end(text, i)? {
                Some(end) => i = end - 1,
                None => return Ok(None),
            },
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Refusal::new("too_deep", format!("JSON nested deeper than {MAX_DEPTH}")));
                }
            }
            b'}' | b']' if depth == 0 => return Ok(Some(i)),
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return Ok(Some(i)),
            _ => {}
        }
        i += 1;
        let was_whole = matches!(b, b'"' | b'}' | b']');
        if depth == 0 && was_whole {
            return Ok(Some(i));
        }
    }
    // A bare number or word may end with the text.
    let is_scalar = depth == 0 && !matches!(text.get(at), None | Some(b'"' | b'{' | b'['));
    Ok(is_scalar.then_some(text.len()))
}

fn string_end(text: &[u8], at: usize) -> Result<Option<usize>, Refusal> {
    let mut i = at + 1;
    loop {
        i += text.get(i..).map_or(0, plain);
        match text.get(i) {
            None => return Ok(None),
            Some(b'"') if i - at > MAX_FIELD_BYTES => {
                return Err(Refusal::new("field_too_large", format!("a field of more than {MAX_FIELD_BYTES} bytes")));
            }
            Some(b'"') => return Ok(Some(i + 1)),
            Some(b'\\') => i += 2,
            Some(_) => i += 1,
        }
    }
}

/// Which characters of a block are control characters.
#[inline(always)]
pub(super) fn controls(bytes: u8x32) -> u8x32 {
    bytes.min(u8x32::splat(b' ' - 1)).simd_eq(bytes)
}

/// The last bytes of a text, fewer than a block: filled up with quotes, where every string ends.
#[inline(always)]
pub(super) fn last_block(rest: &[u8]) -> [u8; BLOCK] {
    let mut last = [b'"'; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    last
}

/// Where a block ends to be plain text of a string: at a quote, an escape, or a control character.
#[inline(always)]
fn first_special(block: &[u8; BLOCK]) -> Option<usize> {
    let bytes = u8x32::new(*block);
    let is = |byte| bytes.simd_eq(u8x32::splat(byte));
    let marks = is(b'"') | is(b'\\') | controls(bytes);
    Some(marks.to_bitmask().trailing_zeros() as usize).filter(|first| *first < BLOCK)
}

/// How many bytes are plain before the first special one.
#[inline(always)]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let (mut rest, mut n) = (bytes, 0);
    while let Some((block, more)) = rest.split_first_chunk::<BLOCK>() {
        if let Some(first) = first_special(block) {
            return n + first;
        }
        n += BLOCK;
        rest = more;
    }
    n + first_special(&last_block(rest)).unwrap_or(rest.len())
}

/// Walks the top level of an object: the records below an envelope's key, the facts beside them.
fn envelope(text: &[u8]) -> Result<Records<'_>, Refusal> {
    let mut facts = serde_json::Map::new();
    let (mut slices, mut at) = (None, 1);
    while let Some(colon) = key_end(text, at)? {
        let (start, key_end) = (colon.0, colon.1);
        let key = String::from_utf8_lossy(&text[start + 1..key_end - 1]).into_owned();
        at = key_end + text[key_end..].iter().take_while(|b| b.is_ascii_whitespace() || **b == b':').count();
        let end = value_end(text, at)?.ok_or_else(cut)?;
        let value = &text[at..end];
        match value.first() {
            Some(b'[') if slices.is_none() && ENVELOPES.contains(&key.as_str()) => slices = Some(elements(value)?.0),
            Some(b'{') if key == "result" => slices = Some(vec![value]),
            _ if value.len() <= MAX_FACT_BYTES => {
                if let Ok(fact) = serde_json::from_slice(value) {
                    facts.insert(key, fact);
                }
            }
            _ => {}
        }
        at = end;
    }
    if let Some(message) = failure(&facts, slices.is_some()) {
        return Err(Refusal::new("source_error", format!("the source answered with an error: {message}")));
    }
    let Some(slices) = slices else { return Ok(Records { slices: vec![text], ..Records::default() }) };
    Ok(Records { slices, paging: paging(&facts) })
}

/// Start and end of the next key of an object.
fn key_end(text: &[u8], at: usize) -> Result<Option<(usize, usize)>, Refusal> {
    let start = at + text[at..].iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
    match text.get(start) {
        Some(b'"') => Ok(Some((start, string_end(text, start)?.ok_or_else(cut)?))),
        _ => Ok(None),
    }
}

/// The error an API answered with, in the forms of Slack, Okta, Microsoft, ServiceNow, Salesforce and GitHub.
fn failure(facts: &serde_json::Map<String, serde_json::Value>, has_records: bool) -> Option<String> {
    let text = |key: &str| facts.get(key)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    if facts.get("ok") == Some(&false.into()) {
        let error = text("error");
        return if has_records { error } else { error.or_else(|| Some("no reason given".into())) };
    }
    if has_records {
        return None;
    }
    let code = text("errorCode").map(|code| format!("{code} {}", text("errorSummary").unwrap_or_default()));
    let error = facts.get("error").filter(|e| e.is_object());
    code.or_else(|| Some(error?.get("message")?.as_str()?.to_owned()))
        .or_else(|| text("documentation_url").and_then(|_| text("message")))
}

fn paging(facts: &serde_json::Map<String, serde_json::Value>) -> Paging {
    let filled = |value: Option<&serde_json::Value>| value.and_then(|v| v.as_str()).is_some_and(|v| !v.is_empty());
    let within = |outer: &str, key: &str| facts.get(outer).and_then(|inner| inner.get(key));
    let more = filled(facts.get("@odata.nextLink"))
        || filled(facts.get("nextRecordsUrl"))
        || filled(facts.get("next_page_token"))
        || filled(within("response_metadata", "next_cursor"))
        || filled(within("links", "next"))
        || facts.get("done") == Some(&false.into());
    let total = ["total_seats", "total_records", "totalSize"].iter().find_map(|key| facts.get(*key)?.as_u64());
    Paging { more: Some(more), total, is_failed: facts.get("ok") == Some(&false.into()) }
}

/// Reads a JSON file.
///
/// # Errors
/// A refusal of the whole file.
pub(super) fn read(bytes: &[u8], path: &str, is_lines: bool, reader: &Reader) -> Result<Page, Refusal> {
    let found = records(bytes, is_lines)?;
    let tasks: Vec<Result<Page, Refusal>> = found
        .slices
        .par_chunks(TASK_RECORDS)
        .enumerate()
        .map(|(task, slices)| {
            let mut page = Page { seen: vec![false; reader.dataset.fields.len()], ..Page::default() };
            for (i, slice) in slices.iter().enumerate() {
                read_record(slice, (task * TASK_RECORDS + i + 1) as u64, path, reader, &mut page)?;
            }
            Ok(page)
        })
        .collect();
    let mut all = Page { seen: vec![false; reader.dataset.fields.len()], ..Page::default() };
    for page in tasks {
        let page = page?;
        all.rows.extend(page.rows);
        all.rejects.extend(page.rejects);
        all.columns.extend(page.columns);
        all.seen.iter_mut().zip(page.seen).for_each(|(a, b)| *a |= b);
        page.counts.into_iter().for_each(|(what, n)| *all.counts.entry(what).or_default() += n);
    }
    all.records = found.slices.len() as u64;
    all.paging = found.paging;
    Ok(all)
}

fn read_record(slice: &[u8], number: u64, path: &str, reader: &Reader, page: &mut Page) -> Result<(), Refusal> {
    let bad = |reason| {
        let raw = if reader.is_hr() { "".into() } else { String::from_utf8_lossy(slice) };
        Reject::new(number, "", reason, &raw)
    };
    let Ok(text) = std::str::from_utf8(slice) else {
        page.rejects.push(bad("invalid_utf8"));
        return Ok(());
    };
    let record = match serde_json::from_str::<Json>(text) {
        Ok(record @ Json::Map(_)) => record,
        _ => {
            page.rejects.push(bad("invalid_json"));
            return Ok(());
        }
    };
    if let Json::Map(entries) = &record {
        for (key, _) in entries {
            if !page.columns.contains(key) {
                page.columns.insert(key.clone());
            }
        }
    }
    explode::parts(reader.dataset, record).iter().try_for_each(|part| read_part(part, text, number, path, reader, page))
}

/// Reads a record, or the part of one that is a row of its own.
fn read_part(
    record: &Json,
    text: &str,
    number: u64,
    path: &str,
    reader: &Reader,
    page: &mut Page,
) -> Result<(), Refusal> {
    let found: Vec<Option<&Json>> = reader
        .names
        .iter()
        .map(|names| {
            let mut there = names.iter().filter_map(|name| record.at(name)).peekable();
            let first = there.peek().copied();
            there.find(|value| !is_empty(value)).or(first)
        })
        .collect();
    for (i, value) in found.iter().enumerate() {
        page.seen[i] |= value.is_some() || reader.path_part(i, path).is_some();
    }
    let cell = |i: usize| match found[i] {
        // What explodes into rows is no value yet.
        Some(Json::List(_)) if is_exploded(reader, i) => Raw::Missing,
        Some(value) => value.raw(),
        None => reader.path_part(i, path).map_or(Raw::Missing, Raw::Text),
    };
    let extra = extra(record, text, reader);
    reader.record(page, number, cell, || text.to_owned(), extra, |row| explode::explode(reader.dataset, record, row))
}

/// What a record holds under keys that are new at the source, as it was written.
fn extra(record: &Json, text: &str, reader: &Reader) -> Option<String> {
    let Json::Map(entries) = record else { return None };
    if !entries.iter().any(|(key, _)| reader.is_extra(key)) {
        return None;
    }
    let mut all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    all.retain(|key, _| reader.is_extra(key));
    Some(serde_json::Value::Object(all).to_string())
}

fn is_empty(value: &Json) -> bool {
    matches!(value.raw(), Raw::Missing | Raw::Text(""))
}

fn is_exploded(reader: &Reader, field: usize) -> bool {
    let name = reader.names[field].first().map(String::as_str);
    matches!(name, Some("assignedLicenses" | "licenseAssignmentStates"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::reader;
    use super::*;

    fn slices(text: &str) -> Vec<String> {
        let found = records(text.as_bytes(), false).unwrap();
        found.slices.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect()
    }

    fn refused(text: &str) -> &'static str {
        records(text.as_bytes(), false).unwrap_err().reason
    }

    #[test]
    fn records_are_found_in_every_wrapping() {
        let two = ["{\"a\":\"}\"}", "{\"a\":[1,{}]}"];
        let list = format!("[ {}, {} ]", two[0], two[1]);
        assert_eq!(slices(&list), two);
        assert_eq!(slices(&format!("{}\r\n\n{}\n", two[0], two[1])), two);
        for key in ENVELOPES {
            assert_eq!(slices(&format!("{{\"x\": 1, \"{key}\" : {list}, \"y\":null}}")), two);
        }
        assert_eq!(slices(two[0]), [two[0]]);
        assert_eq!(slices("{\"result\":{\"a\":1}}"), ["{\"a\":1}"]);
        assert_eq!(slices("[]"), [""; 0]);
    }

    #[test]
    fn what_is_cut_deep_or_huge_is_refused() {
        assert_eq!(refused("[{\"a\":1},{\"a\""), "truncated");
        assert_eq!(refused("{\"a\":1}\n{\"a\":"), "truncated");
        assert_eq!(refused(&format!("[{}1{}]", "[".repeat(80), "]".repeat(80))), "too_deep");
        assert_eq!(refused(&format!("{{\"a\":1}}\n{{\"a\":{}1{}}}", "[".repeat(80), "]".repeat(80))), "too_deep");
        assert_eq!(refused(&format!("[{{\"a\":\"{}\"}}]", "x".repeat(2 << 20))), "field_too_large");
        assert_eq!(refused("{\"ok\":false,\"error\":\"ratelimited\"}"), "source_error");
        assert_eq!(refused("{\"errorCode\":\"E0000047\",\"errorSummary\":\"limit\"}"), "source_error");
    }

    #[test]
    fn pages_say_whether_more_follow() {
        let paging = |text: &str| records(text.as_bytes(), false).unwrap().paging;
        assert_eq!(paging("{\"value\":[],\"@odata.nextLink\":\"https://x\"}").more, Some(true));
        assert_eq!(
            paging("{\"records\":[],\"done\":true,\"totalSize\":3}"),
            Paging { more: Some(false), total: Some(3), is_failed: false }
        );
        assert_eq!(paging("{\"members\":[],\"response_metadata\":{\"next_cursor\":\"\"}}").more, Some(false));
        assert_eq!(paging("{\"data\":[],\"links\":{\"next\":\"https://x\"}}").more, Some(true));
        assert_eq!(paging("{\"data\":[],\"links\":{\"next\":null}}").more, Some(false));
        assert_eq!(paging("[]").more, None);
    }

    #[test]
    fn a_bad_record_is_kept_apart_and_its_neighbours_land() {
        let text = r#"[{"id":"1","profile":{"name":"a"}},{"id":"2","id":"3","profile":{"name":"b"}},
            {"id":"4","profile":{"name":NaN}},{"id":"5","profile":{"name":"c"},},{"id":"6","profile":{"name":"\ud800"}},
            {"id":"7","profile":{"name":"z\u0000"}},{"id":"8","profile":{"name":"d"}}]"#;
        let page = read(text.as_bytes(), "groups.json", false, &reader("okta", "groups")).unwrap();
        assert_eq!(page.rows.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 7]);
        let reasons: Vec<_> = page.rejects.iter().map(|r| r.reason).collect();
        assert_eq!(reasons, ["invalid_json", "invalid_json", "invalid_json", "invalid_json", "nul"]);
        assert_eq!(page.fetched(), page.records);
    }

    #[test]
    fn paths_follow_objects_first_elements_and_displays() {
        let record: Json = serde_json::from_str(
            r#"{"Worker_s_Manager_group":[{"Manager_ID":"emp003"}],"vendor":{"display_value":null,"value":"abc"},"a.b":1}"#,
        )
        .unwrap();
        assert_eq!(record.at("Worker_s_Manager_group.Manager_ID").map(Json::raw), Some(Raw::Text("emp003")));
        assert_eq!(record.at("vendor").map(Json::raw), Some(Raw::Text("abc")));
        assert_eq!(record.at("a.b").map(Json::raw), Some(Raw::Number("1")));
        assert!(record.at("vendor.display_value").is_some_and(is_empty));
    }

    #[test]
    fn a_microsoft_user_has_a_row_per_licence_and_grant() {
        let text = r#"{"value":[{"id":"u1","userPrincipalName":"a@x","assignedLicenses":[{"skuId":"s1"},{"skuId":"s2"}],
            "licenseAssignmentStates":[{"skuId":"s1","assignedByGroup":null},{"skuId":"s1","assignedByGroup":"g1"}]},
            {"id":"u2","userPrincipalName":"b@x","assignedLicenses":[]}]}"#;
        let reader = reader("microsoft365", "users");
        let page = read(text.as_bytes(), "p.json", false, &reader).unwrap();
        let column = |name: &str| {
            let i = reader.dataset.index(name).unwrap();
            page.rows.iter().map(|r| r.values[i].text().unwrap_or("-").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(column("account_id"), ["u1", "u1", "u1", "u2"]);
        assert_eq!(column("sku_id"), ["s1", "s1", "s2", "-"]);
        assert_eq!(column("assigned_by_group"), ["-", "g1", "-", "-"]);
    }

    #[test]
    fn an_atlassian_account_has_a_row_per_product_and_a_bad_one_takes_no_other_with_it() {
        let text = r#"{"data":[{"account_id":"a1","product_access":[{"key":"jira-software","last_active":"2026-11-19"},
            {"key":"confluence","last_active":"2026-12-24"},{"name":"Trello"}]},{"account_id":"a2","product_access":[]}]}"#;
        let reader = reader("atlassian", "managed_accounts");
        let page = read(text.as_bytes(), "p.json", false, &reader).unwrap();
        let column = |name: &str| {
            let i = reader.dataset.index(name).unwrap();
            page.rows.iter().map(|r| r.values[i].text().unwrap_or("-").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (column("account_id"), column("sku_id")),
            (vec!["a1".into(), "a2".into()], vec!["jira-software".into(), "-".into()])
        );
        let rejects: Vec<_> = page.rejects.iter().map(|r| (r.number, r.column, r.reason)).collect();
        assert_eq!(rejects, [(1, "last_activity_on", "future_activity"), (1, "sku_id", "wrong_type")]);
    }
}
