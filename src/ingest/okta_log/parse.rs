//! From a piece of text to columns, on any core: every record is counted, and either lands, is filtered by its type, or
//! is set apart.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

use arrow::array::{StringViewArray, StringViewBuilder};
use chrono::NaiveDate;

use super::super::json;
use super::super::page::{Paging, Refusal, Reject, Value, hash_text};
use super::super::reader::Reader;
use super::super::values::{self, Fault, Raw};
use super::chunks::Piece;
use super::event::{ACTOR, ACTOR_TYPE, APP, EVENT_ID, EVENT_TYPE, Event, OUTCOME, TEXTS, read_array};
use super::scan::{Scan, Text};
use super::shapes::Shapes;
use crate::base::text::glob;
use crate::schema::Field;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;
/// Bytes of an event, about: as a guess of how many there are.
const EVENT_BYTES: usize = 1500;
/// Bytes of a value, about.
const TEXT_BYTES: usize = 20;
/// The event type of a sign-in to an app.
pub(super) const SSO: &str = "user.authentication.sso";
/// The actor type of a person.
pub(super) const PERSON: &str = "User";
/// The outcome of a sign-in that succeeded.
pub(super) const SUCCESS: &str = "SUCCESS";

/// What a piece holds.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Records, good or not.
    pub records: u64,
    /// Events whose type the project does not keep.
    pub filtered: u64,
    /// Events dated after the day of extraction.
    pub ahead: u64,
    /// Records that cannot be read, numbered within the piece.
    pub rejects: Vec<Reject>,
    pub paging: Paging,
    /// Events that were read, kept by their type or not.
    pub read: u32,
    pub events: Events,
}

/// The events that are kept, as columns.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// In the order of [`Event::texts`].
    pub texts: Vec<StringViewArray>,
    /// When each was published, microseconds since 1970.
    pub at: Vec<i64>,
    /// The hash of each id.
    pub keys: Vec<u128>,
    /// The place of each among those that were read, from 0.
    pub places: Vec<u32>,
    /// Sign-ins to apps: which event, and whether it succeeded.
    pub attempts: Vec<(u32, bool)>,
}

/// How events of one landing are read.
pub(super) struct Parser<'a> {
    pub reader: &'a Reader,
    /// The events that are kept, as globs on their type; all when there are none.
    pub keeps: Vec<Vec<char>>,
    /// The shapes of events that were met, as many as pieces are parsed at once.
    pub shapes: &'a Mutex<Vec<Shapes>>,
}

/// What is wrong with a record: the column, when it is one, and the reason.
type Wrong = (&'static str, &'static str);

impl Parser<'_> {
    /// Reads a piece.
    ///
    /// # Errors
    /// A refusal of the whole file.
    pub(super) fn read(&self, piece: &Piece) -> Result<Parsed, Refusal> {
        let text = match piece {
            Piece::Lines(text) => {
                let mut found = Found::new(self, text.bytes().len());
                found.lines(text.bytes())?;
                return Ok(found.finish());
            }
            Piece::Whole { text, .. } if text.bytes().trim_ascii_start().is_empty() => return Ok(Parsed::default()),
            Piece::Whole { text, is_lines } => (text.bytes(), *is_lines),
        };
        let mut found = Found::new(self, text.0.len());
        if found.array(text.0).is_some() {
            return Ok(found.finish());
        }
        // Something is odd about it: records are found first and read one by one.
        let records = json::records(text.0, text.1)?;
        let mut found = Found::new(self, text.0.len());
        for record in &records.slices {
            found.record(record)?;
        }
        let mut parsed = found.finish();
        parsed.paging = records.paging;
        Ok(parsed)
    }
}

/// What was found in a piece so far.
struct Found<'p> {
    parser: &'p Parser<'p>,
    published: Published<'p>,
    parsed: Parsed,
    texts: [StringViewBuilder; TEXTS],
    /// Event types that were met, and whether each is kept.
    kinds: BTreeMap<String, bool>,
    shapes: Shapes,
}

impl<'p> Found<'p> {
    fn new(parser: &'p Parser<'p>, bytes: usize) -> Self {
        let events = bytes / EVENT_BYTES + 1;
        let block = u32::try_from(events * TEXT_BYTES).unwrap_or(u32::MAX);
        Self {
            parser,
            published: Published::new(parser.reader),
            parsed: Parsed::default(),
            texts: std::array::from_fn(|_| StringViewBuilder::with_capacity(events).with_fixed_block_size(block)),
            kinds: BTreeMap::new(),
            shapes: parser.shapes.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default(),
        }
    }

    fn finish(mut self) -> Parsed {
        self.parser.shapes.lock().unwrap_or_else(PoisonError::into_inner).push(self.shapes);
        self.parsed.events.texts = self.texts.iter_mut().map(StringViewBuilder::finish).collect();
        self.parsed
    }

    /// Reads one record a line.
    fn lines(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
            let mut lines = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
            return lines.try_for_each(|line| self.record(line));
        };
        let mut scan = Scan::lines(text).with(take(&mut self.shapes));
        while scan.at < bytes.len() {
            let start = scan.at;
            if let Some(event) = Event::read(&mut scan)
                && matches!(scan.next(), None | Some(b'\n'))
            {
                let end = scan.at;
                self.event(&event, || &bytes[start..end]);
                continue;
            }
            let end = text[start..].find('\n').map_or(bytes.len(), |n| start + n);
            scan.at = end + 1;
            let line = bytes[start..end].trim_ascii();
            if !line.is_empty() {
                self.record(line)?;
            }
        }
        self.shapes = scan.into_shapes();
        Ok(())
    }

    /// Reads the events of an array, as [`read_array`] does.
    fn array(&mut self, bytes: &[u8]) -> Option<()> {
        let mut shapes = take(&mut self.shapes);
        let read = read_array(bytes, &mut shapes, |event, at| self.event(&event, || &bytes[at]));
        self.shapes = shapes;
        read
    }

    /// Reads a record that lies alone.
    fn record(&mut self, record: &[u8]) -> Result<(), Refusal> {
        json::check_size(record)?;
        let wrong = match std::str::from_utf8(record) {
            Err(_) => "invalid_utf8",
            Ok(text) => {
                let mut scan = Scan::free(text).with(take(&mut self.shapes));
                let event = Event::read(&mut scan).filter(|_| scan.next().is_none());
                self.shapes = scan.into_shapes();
                if let Some(event) = event {
                    self.event(&event, || record);
                    return Ok(());
                }
                "invalid_json"
            }
        };
        self.parsed.records += 1;
        self.reject(("", wrong), record);
        Ok(())
    }

    fn reject(&mut self, (column, reason): Wrong, record: &[u8]) {
        let raw = String::from_utf8_lossy(record.trim_ascii());
        self.parsed.rejects.push(Reject::new(self.parsed.records, column, reason, &raw));
    }

    /// Takes an event; `record` gives it as it was written.
    fn event<'r>(&mut self, event: &Event<'_>, record: impl FnOnce() -> &'r [u8]) {
        self.parsed.records += 1;
        if let Err(wrong) = self.take(event) {
            self.reject(wrong, record());
        }
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), Wrong> {
        let mut texts = [None; TEXTS];
        if !event.texts.iter().any(|text| text.is_escaped) {
            for (filled_in, text) in texts.iter_mut().zip(&event.texts) {
                *filled_in = text.raw.and_then(filled);
            }
            return self.put(texts, event.published);
        }
        let mut values = [const { None }; TEXTS];
        for (value, text) in values.iter_mut().zip(&event.texts) {
            *value = text.value().ok_or(("", "invalid_json"))?;
            if text.is_escaped && value.as_deref().is_some_and(|value| value.contains('\0')) {
                return Err(("", "nul"));
            }
        }
        for (filled_in, value) in texts.iter_mut().zip(&values) {
            *filled_in = value.as_deref().and_then(filled);
        }
        self.put(texts, event.published)
    }

    /// Puts an event into the columns, when its type is kept and it has what it needs.
    fn put(&mut self, texts: [Option<&str>; TEXTS], published: Text<'_>) -> Result<(), Wrong> {
        let kind = texts[EVENT_TYPE];
        if let Some(kind) = kind
            && !self.keeps(kind)
        {
            self.parsed.filtered += 1;
            self.parsed.read += 1;
            return Ok(());
        }
        let Some(id) = texts[EVENT_ID] else { return Err(("event_id", "empty_key")) };
        let Some(kind) = kind else { return Err(("event_type", "missing_value")) };
        let at = self.published.read(published)?;
        let events = &mut self.parsed.events;
        if kind == SSO && texts[ACTOR_TYPE] == Some(PERSON) && texts[ACTOR].is_some() && texts[APP].is_some() {
            let is_success = texts[OUTCOME] == Some(SUCCESS);
            events.attempts.push((events.at.len() as u32, is_success));
        }
        self.parsed.ahead += u64::from(self.published.is_ahead(at));
        events.at.push(at);
        events.keys.push(hash_text(id));
        events.places.push(self.parsed.read);
        self.parsed.read += 1;
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        Ok(())
    }

    /// Whether the project keeps events of a type.
    fn keeps(&mut self, kind: &str) -> bool {
        if self.parser.keeps.is_empty() {
            return true;
        }
        if let Some(is_kept) = self.kinds.get(kind) {
            return *is_kept;
        }
        let letters: Vec<char> = kind.chars().collect();
        let is_kept = self.parser.keeps.iter().any(|pattern| glob(&letters, pattern, ['*', '?']));
        self.kinds.insert(kind.to_owned(), is_kept);
        is_kept
    }
}

/// A text without the blanks around it; absent and empty are one.
fn filled(text: &str) -> Option<&str> {
    let is_blank = |b: &u8| *b <= b' ' || *b >= 0x80;
    match text.as_bytes() {
        // Nothing to trim, as nearly always.
        [first, .., last] if !is_blank(first) && !is_blank(last) => Some(text),
        _ => Some(text.trim()).filter(|text| !text.is_empty()),
    }
}

/// Reads instants in the form that Okta writes without looking at all the forms there are.
struct Published<'r> {
    reader: &'r Reader,
    field: &'r Field,
    /// The last day that was read, as it was written, and its midnight.
    day: ([u8; 10], i64),
    first: NaiveDate,
    last: NaiveDate,
    /// The midnight after the day of extraction.
    ahead_from: i64,
}

impl<'r> Published<'r> {
    fn new(reader: &'r Reader) -> Self {
        let extract_date = reader.rules.extract_date;
        Self {
            reader,
            field: &reader.dataset.fields[1],
            day: ([0; 10], 0),
            first: NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(extract_date),
            last: extract_date.succ_opt().unwrap_or(extract_date),
            ahead_from: (i64::from(extract_date.to_epoch_days()) + 1) * DAY_MICROS,
        }
    }

    fn is_ahead(&self, at: i64) -> bool {
        at >= self.ahead_from
    }

    fn read(&mut self, text: Text<'_>) -> Result<i64, Wrong> {
        let value = text.value().ok_or(("", "invalid_json"))?;
        let value = value.as_deref();
        if let Some(at) = value.and_then(|text| self.fixed(text)) {
            return Ok(at);
        }
        match values::read(self.field, value.map_or(Raw::Missing, Raw::Text), &self.reader.rules) {
            Ok(Value::Time(at)) => Ok(at),
            Ok(_) => Err((self.field.name, "missing_value")),
            Err(Fault::Row(reason) | Fault::Feed(reason)) => Err((self.field.name, reason)),
        }
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ` of a day that needs no second look.
    fn fixed(&mut self, text: &str) -> Option<i64> {
        let [date @ .., b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', f1, f2, f3, b'Z'] = text.as_bytes() else {
            return None;
        };
        let date: &[u8; 10] = date.try_into().ok()?;
        if self.day.0 != *date {
            self.day = (*date, self.midnight(text.get(..10)?)?);
        }
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(*byte - b'0'));
        let (hour, minute, second) =
            (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?, digit(s1)? * 10 + digit(s2)?);
        let milli = (digit(f1)? * 10 + digit(f2)?) * 10 + digit(f3)?;
        let is_sound = hour < 24 && minute < 60 && second < 60 && self.reader.rules.null_tokens.is_empty();
        is_sound.then(|| self.day.1 + (((hour * 60 + minute) * 60 + second) * 1000 + milli) * 1000)
    }

    fn midnight(&self, date: &str) -> Option<i64> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date.as_bytes() else { return None };
        let number = |digits: &[&u8]| {
            digits.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(**b - b'0')))
        };
        let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
        let day = NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)?;
        (self.first..=self.last).contains(&day).then(|| i64::from(day.to_epoch_days()) * DAY_MICROS)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::super::super::tests::reader;
    use super::*;

    const SSO_EVENT: &str = r#"{"uuid":"u1","published":"2026-02-10T16:19:37.608Z","eventType":"user.authentication.sso","version":0,
        "actor":{"id":"00u1","type":"User","alternateId":"a\\@x","displayName":"A"},"outcome":{"result":"SUCCESS","reason":null},
        "target":[{"id":"au1","type":"AppUser"},{"id":"0oa1","type":"AppInstance","alternateId":"Slack","detailEntry":{"a":1}}],
        "authenticationContext":{"externalSessionId":"s1"},"debugContext":{"debugData":{"signOnMode":"SAML 2.0","risk":"{level=LOW}"}}}"#;
    const BARE: &str = r#"{"uuid":"u2","published":"2026-02-10T16:19:37Z","eventType":"x","outcome":null,"target":null,"client":{"zone":"null"}}"#;

    fn parse(text: &str, keeps: &[&str]) -> Parsed {
        let reader = reader("okta", "system_log");
        let parser = Parser {
            reader: &reader,
            keeps: keeps.iter().map(|k| k.chars().collect()).collect(),
            shapes: &Mutex::default(),
        };
        parser.read(&Piece::Whole { text: text.as_bytes().to_vec().into(), is_lines: false }).unwrap()
    }

    fn lines(text: &[u8]) -> Parsed {
        let reader = reader("okta", "system_log");
        let parser = Parser { reader: &reader, keeps: Vec::new(), shapes: &Mutex::default() };
        let mut found = Found::new(&parser, 0);
        found.lines(text).unwrap();
        found.finish()
    }

    fn column(parsed: &Parsed, name: &str) -> Vec<String> {
        let reader = reader("okta", "system_log");
        let place = reader.dataset.index(name).unwrap();
        let texts = &parsed.events.texts[if place > 1 { place - 1 } else { place }];
        texts.iter().map(|text| text.unwrap_or("-").to_owned()).collect()
    }

    fn reasons(parsed: &Parsed) -> Vec<(u64, &'static str)> {
        parsed.rejects.iter().map(|r| (r.number, r.reason)).collect()
    }

    #[test]
    fn targets_are_found_by_type_and_anything_may_be_null() {
        let line = SSO_EVENT.replace('\n', "");
        let on_lines = lines(format!("{line}\r\n\n{BARE}").as_bytes());
        for parsed in [parse(&format!("[{SSO_EVENT},{BARE}]"), &[]), parse(&format!("{line}\n{BARE}"), &[]), on_lines] {
            assert_eq!((parsed.records, parsed.rejects.len(), parsed.read), (2, 0, 2));
            assert_eq!(column(&parsed, "app_instance_id"), ["0oa1", "-"]);
            assert_eq!(column(&parsed, "app_instance_label"), ["Slack", "-"]);
            assert_eq!(column(&parsed, "app_user_id"), ["au1", "-"]);
            assert_eq!(column(&parsed, "actor_alternate_id"), ["a\\@x", "-"]);
            assert_eq!(column(&parsed, "session_id"), ["s1", "-"]);
            assert_eq!(column(&parsed, "sign_on_mode"), ["SAML 2.0", "-"]);
            assert_eq!(column(&parsed, "outcome_result"), ["SUCCESS", "-"]);
            assert_eq!(parsed.events.attempts, [(0, true)]);
            assert!(parsed.events.texts.iter().all(|texts| texts.len() == 2));
        }
    }

    #[test]
    fn the_first_target_of_a_type_counts_and_odd_forms_are_read() {
        let twice = SSO_EVENT.replace(
            r#"[{"id":"au1""#,
            r#"[{"id":null,"type":"App\u0055ser"},{"type":"Other"},{"id":"g","type":"UserGroup"},{"id":"au1""#,
        );
        let trimmed = BARE.replace("\"outcome\":null", r#""debugContext":{"debugData":""},"acto\u0072":{"id":"  "}"#);
        let parsed = parse(&format!("[{twice},{trimmed}]"), &[]);
        assert_eq!(column(&parsed, "app_user_id"), ["-", "-"], "the first has no id");
        assert_eq!(column(&parsed, "target_group_id"), ["g", "-"]);
        assert_eq!(column(&parsed, "actor_id"), ["00u1", "-"]);
    }

    #[test]
    fn bad_events_are_kept_apart() {
        let bad = [
            SSO_EVENT.replace("\"uuid\":\"u1\",", ""),
            SSO_EVENT.replace("2026-02-10T16:19:37.608Z", "2026-02-10 16:19:37"),
            SSO_EVENT.replace("2026-02-10T16:19:37.608Z", "2027-02-10T16:19:37Z"),
            SSO_EVENT.replace("\"version\":0", "\"version\":NaN"),
            SSO_EVENT.replace("\"uuid\":\"u1\"", "\"uuid\":\"u1\",\"uuid\":\"u9\""),
            SSO_EVENT.replace("\"s1\"", "\"s\\u0000\""),
            SSO_EVENT.replace("\"s1\"", "\"s\\ud800\""),
            SSO_EVENT.replace("user.authentication.sso", ""),
            SSO_EVENT.replace("\"00u1\"", "1"),
            "null".to_owned(),
            "{}".to_owned(),
        ];
        let expected = [
            "empty_key",
            "no_zone",
            "future_activity",
            "invalid_json",
            "invalid_json",
            "nul",
            "invalid_json",
            "missing_value",
            "invalid_json",
            "invalid_json",
            "empty_key",
        ];
        let expected: Vec<_> = (1..).zip(expected).collect();
        let parsed = parse(&format!("[{},{SSO_EVENT}]", bad.join(",")), &[]);
        assert_eq!(reasons(&parsed), expected);
        assert_eq!((column(&parsed, "event_id"), parsed.records), (vec!["u1".to_owned()], 12));
        let line = |text: &str| text.replace('\n', "");
        let parsed = lines(format!("{}\n{}", bad.map(|b| line(&b)).join("\n"), line(SSO_EVENT)).as_bytes());
        assert_eq!(reasons(&parsed), expected, "the same, one a line");
    }

    #[test]
    fn a_broken_line_is_alone() {
        let line = SSO_EVENT.replace('\n', "");
        let cut = &line[..line.len() - 5];
        let text = [line.as_bytes(), b"\n", cut.as_bytes(), b"\n", &line.as_bytes()[..300], b"\xff\n", BARE.as_bytes()]
            .concat();
        let parsed = lines(&text);
        assert_eq!(reasons(&parsed), [(2, "invalid_json"), (3, "invalid_utf8")]);
        assert_eq!(column(&parsed, "event_id"), ["u1", "u2"]);
        let twice = format!("{line}{line}\n{line} x\n\x0c{line}\x0c");
        let parsed = lines(twice.as_bytes());
        assert_eq!(reasons(&parsed), [(1, "invalid_json"), (2, "invalid_json")]);
        assert!(parsed.rejects.iter().all(|r| r.raw.starts_with("{\"uuid\"")), "what was written is kept");
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(64), "]".repeat(64));
        let reader = reader("okta", "system_log");
        let parser = Parser { reader: &reader, keeps: Vec::new(), shapes: &Mutex::default() };
        assert_eq!(Found::new(&parser, 0).lines(deep.as_bytes()).unwrap_err().reason, "too_deep");
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20));
        assert_eq!(Found::new(&parser, 0).lines(long.as_bytes()).unwrap_err().reason, "field_too_large");
    }

    #[test]
    fn events_are_filtered_by_type_and_need_not_be_complete() {
        let other = r#"{"eventType":"system.agent.ad.read_ldap","published":"whenever"}"#;
        let text = format!("[{other},{SSO_EVENT},{BARE},{}]", other.replace("system.agent.ad.read_ldap", ""));
        let parsed = parse(&text, &["user.authentication.*", "system.import.*"]);
        assert_eq!((parsed.records, parsed.filtered, parsed.read), (4, 2, 3));
        assert_eq!((column(&parsed, "event_id"), &parsed.events.places[..]), (vec!["u1".to_owned()], &[1][..]));
        assert_eq!(reasons(&parsed), [(4, "empty_key")]);
    }

    #[test]
    fn instants_of_the_usual_form_are_read_as_every_other() {
        let reader = reader("okta", "system_log");
        let mut published = Published::new(&reader);
        let field = &reader.dataset.fields[1];
        for text in [
            "2026-02-10T16:19:37.608Z",
            "2026-11-21T23:59:59.999Z",
            "2000-01-01T00:00:00.000Z",
            "2024-02-29T00:00:00.001Z",
            "1970-01-01T00:00:00.000Z",
            "1999-12-31T23:59:59.999Z",
            "2026-11-22T00:00:00.000Z",
            "2026-02-29T00:00:00.000Z",
            "2026-02-10T24:00:00.000Z",
            "2026-02-10T23:59:60.000Z",
            "2026-02-10T23:59:5x.000Z",
            "2026-13-10T00:00:00.000Z",
            "2026-02-10T16:19:37.608+",
            "x026-02-10T16:19:37.608Z",
            "2026-02-10T16:19:37,608Z",
            "",
        ] {
            let expected = match values::read(field, Raw::Text(text), &reader.rules) {
                Ok(Value::Time(at)) => Ok(at),
                Ok(_) => Err(("published_at", "missing_value")),
                Err(Fault::Row(reason) | Fault::Feed(reason)) => Err(("published_at", reason)),
            };
            assert_eq!(published.read(Text { raw: Some(text), is_escaped: false }), expected, "{text}");
        }
        assert!(published.is_ahead(published.ahead_from) && !published.is_ahead(published.ahead_from - 1));
    }
}
