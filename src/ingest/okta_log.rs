//! The Okta System Log, by far the largest feed: events are parsed straight into columns, borrowing from the file.
//! Targets come in any order and are found by their type.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder, TimestampMicrosecondBuilder};
use rayon::prelude::*;
use serde::Deserialize;

use super::json;
use super::page::{Chunk, Page, Refusal, Reject, Value, batch, hash_text};
use super::reader::Reader;
use super::values::{self, Fault, Raw};
use crate::schema::Field;

/// Events parsed by one task.
const TASK_EVENTS: usize = 8192;
/// Columns of text; the second column of the dataset is the instant.
const TEXTS: usize = 13;

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    uuid: Option<Text<'a>>,
    #[serde(borrow)]
    published: Option<Text<'a>>,
    #[serde(borrow)]
    event_type: Option<Text<'a>>,
    #[serde(borrow)]
    actor: Option<Party<'a>>,
    #[serde(borrow)]
    outcome: Option<Outcome<'a>>,
    #[serde(borrow)]
    target: Option<Vec<Party<'a>>>,
    #[serde(borrow)]
    authentication_context: Option<Authentication<'a>>,
    #[serde(borrow)]
    debug_context: Option<Debug<'a>>,
}

/// An actor or a target.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    alternate_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow)]
    result: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    #[serde(borrow)]
    external_session_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Debug<'a> {
    #[serde(borrow)]
    debug_data: Option<DebugData<'a>>,
}

/// An object by the documentation; an empty text in events that people trimmed.
#[derive(Default)]
struct DebugData<'a> {
    sign_on_mode: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for DebugData<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyShape<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> serde::de::Visitor<'de> for AnyShape<'a> {
            type Value = DebugData<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a text")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut data = DebugData::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if key.0 == "signOnMode" {
                        data.sign_on_mode = map.next_value()?;
                    } else {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(data)
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(DebugData::default())
            }
        }

        deserializer.deserialize_any(AnyShape(std::marker::PhantomData))
    }
}

impl<'a> Text<'a> {
    fn get(text: &'a Option<Self>) -> Option<&'a str> {
        text.as_ref().map(|t| t.0.as_ref())
    }
}

impl<'a> Event<'a> {
    fn target(&'a self, kind: &str) -> Option<&'a Party<'a>> {
        self.target.as_deref()?.iter().find(|t| Text::get(&t.kind) == Some(kind))
    }

    /// The columns of text in the order of the dataset, without the instant.
    fn texts(&'a self) -> [Option<&'a str>; TEXTS] {
        let id = |party: Option<&'a Party<'a>>| Text::get(&party?.id);
        let (actor, app) = (self.actor.as_ref(), self.target("AppInstance"));
        [
            Text::get(&self.uuid),
            Text::get(&self.event_type),
            self.outcome.as_ref().and_then(|o| Text::get(&o.result)),
            id(actor),
            actor.and_then(|a| Text::get(&a.kind)),
            actor.and_then(|a| Text::get(&a.alternate_id)),
            id(app),
            app.and_then(|a| Text::get(&a.alternate_id)),
            id(self.target("AppUser")),
            id(self.target("User")),
            id(self.target("UserGroup")),
            self.authentication_context.as_ref().and_then(|a| Text::get(&a.external_session_id)),
            self.debug_context.as_ref().and_then(|d| Text::get(&d.debug_data.as_ref()?.sign_on_mode)),
        ]
    }
}

/// Reads a file of events: a page of the API (an array) or one event a line.
///
/// # Errors
/// A refusal of the whole file.
pub(super) fn read(bytes: &[u8], is_lines: bool, reader: &Reader) -> Result<Page, Refusal> {
    let found = match whole(bytes) {
        Some(slices) => json::Records { slices, ..json::Records::default() },
        None => json::records(bytes, is_lines)?,
    };
    let published = &reader.dataset.fields[1];
    let tasks: Vec<Result<Page, Refusal>> = found
        .slices
        .par_chunks(TASK_EVENTS)
        .enumerate()
        .map(|(task, events)| read_events(events, task * TASK_EVENTS, published, reader))
        .collect();
    let mut all = Page { seen: vec![true; reader.dataset.fields.len()], ..Page::default() };
    for page in tasks {
        let page = page?;
        all.chunks.extend(page.chunks);
        all.rejects.extend(page.rejects);
        page.counts.into_iter().for_each(|(what, n)| *all.counts.entry(what).or_default() += n);
    }
    all.records = found.slices.len() as u64;
    all.paging = found.paging;
    Ok(all)
}

/// The events of a sound array, found by vector instructions; none when anything about it is odd.
fn whole(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if !text.starts_with('[') || !text.ends_with(']') {
        return None;
    }
    let mut slices = Vec::new();
    let mut end = 0;
    for event in sonic_rs::to_array_iter(text) {
        let event = event.ok()?;
        let raw = event.as_raw_str();
        // The value borrows from the iterator; its place in the text is what outlives it.
        let at = (raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        end = at + raw.len();
        slices.push(text.get(at..end).filter(|same| *same == raw)?.as_bytes());
    }
    slices.iter().try_for_each(|s| json::check_size(s)).ok()?;
    text.get(end..).is_some_and(|rest| rest.trim() == "]" || slices.is_empty()).then_some(slices)
}

fn read_events(events: &[&[u8]], before: usize, published: &Field, reader: &Reader) -> Result<Page, Refusal> {
    let mut page = Page::default();
    let mut texts: [StringBuilder; TEXTS] = std::array::from_fn(|_| StringBuilder::new());
    let mut instants = TimestampMicrosecondBuilder::with_capacity(events.len()).with_timezone("UTC");
    let mut keys = Vec::with_capacity(events.len());
    for (i, slice) in events.iter().enumerate() {
        let number = (before + i + 1) as u64;
        match read_event(slice, published, reader) {
            Ok((event, at)) => {
                if values::is_ahead(published, &at, &reader.rules) {
                    page.note("activity_ahead");
                }
                let columns = event.texts();
                keys.push(hash_text(filled(columns[0]).unwrap_or_default()));
                texts.iter_mut().zip(columns).for_each(|(builder, text)| builder.append_option(filled(text)));
                instants.append_option(match at {
                    Value::Time(at) => Some(at),
                    _ => None,
                });
            }
            Err((column, reason)) => {
                page.rejects.push(Reject::new(number, column, reason, &String::from_utf8_lossy(slice)));
            }
        }
    }
    let mut columns: Vec<ArrayRef> = texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
    columns.insert(1, Arc::new(instants.finish()));
    let batch = batch(reader.dataset, columns).map_err(|e| Refusal::new("corrupt", e.to_string()))?;
    page.chunks.push(Chunk { batch, keys });
    Ok(page)
}

/// Absent and empty are one.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// One event, and when it was published.
fn read_event<'a>(
    slice: &'a [u8],
    published: &Field,
    reader: &Reader,
) -> Result<(Event<'a>, Value), (&'static str, &'static str)> {
    let text = std::str::from_utf8(slice).map_err(|_| ("", "invalid_utf8"))?;
    let event: Event<'a> = sonic_rs::from_str(text).map_err(|_| ("", "invalid_json"))?;
    if event.texts().iter().flatten().any(|t| t.contains('\0')) {
        return Err(("", "nul"));
    }
    for (column, value) in [("event_id", &event.uuid), ("event_type", &event.event_type)] {
        if filled(Text::get(value)).is_none() {
            return Err((column, if column == "event_id" { "empty_key" } else { "missing_value" }));
        }
    }
    let at = values::read(published, Text::get(&event.published).map_or(Raw::Missing, Raw::Text), &reader.rules);
    match at {
        Ok(Value::Null) => Err((published.name, "missing_value")),
        Ok(at) => Ok((event, at)),
        Err(Fault::Row(reason) | Fault::Feed(reason)) => Err((published.name, reason)),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::super::tests::reader;
    use super::*;

    const SSO: &str = r#"{"uuid":"u1","published":"2026-02-10T16:19:37.608Z","eventType":"user.authentication.sso","version":0,
        "actor":{"id":"00u1","type":"User","alternateId":"a\\@x","displayName":"A"},"outcome":{"result":"SUCCESS","reason":null},
        "target":[{"id":"au1","type":"AppUser"},{"id":"0oa1","type":"AppInstance","alternateId":"Slack","detailEntry":{"a":1}}],
        "authenticationContext":{"externalSessionId":"s1"},"debugContext":{"debugData":{"signOnMode":"SAML 2.0","risk":"{level=LOW}"}}}"#;
    const BARE: &str = r#"{"uuid":"u2","published":"2026-02-10T16:19:37Z","eventType":"x","outcome":null,"target":null,"client":{"zone":"null"}}"#;

    fn column(page: &Page, name: &str) -> Vec<String> {
        let values = page.chunks.iter().flat_map(|c| {
            let array = c.batch.column_by_name(name).unwrap().as_string::<i32>();
            array.iter().map(|v| v.unwrap_or("-").to_owned()).collect::<Vec<_>>()
        });
        values.collect()
    }

    #[test]
    fn targets_are_found_by_type_and_anything_may_be_null() {
        for text in [format!("[{SSO},{BARE}]"), format!("{}\n{BARE}", SSO.replace('\n', ""))] {
            let page = read(text.as_bytes(), false, &reader("okta", "system_log")).unwrap();
            assert_eq!((page.records, page.rejects.len()), (2, 0));
            assert_eq!(column(&page, "app_instance_id"), ["0oa1", "-"]);
            assert_eq!(column(&page, "app_user_id"), ["au1", "-"]);
            assert_eq!(column(&page, "actor_alternate_id"), ["a\\@x", "-"]);
            assert_eq!(column(&page, "sign_on_mode"), ["SAML 2.0", "-"]);
            assert_eq!(column(&page, "outcome_result"), ["SUCCESS", "-"]);
            assert_eq!(page.chunks[0].batch.column(1).null_count(), 0);
        }
    }

    #[test]
    fn bad_events_are_kept_apart() {
        let bad = [
            SSO.replace("\"uuid\":\"u1\",", ""),
            SSO.replace("2026-02-10T16:19:37.608Z", "2026-02-10 16:19:37"),
            SSO.replace("2026-02-10T16:19:37.608Z", "2027-02-10T16:19:37Z"),
            SSO.replace("\"version\":0", "\"version\":NaN"),
            SSO.replace("\"uuid\":\"u1\"", "\"uuid\":\"u1\",\"uuid\":\"u9\""),
            SSO.replace("\"s1\"", "\"s\\u0000\""),
        ];
        let text = format!("[{},{SSO}]", bad.join(","));
        let page = read(text.as_bytes(), false, &reader("okta", "system_log")).unwrap();
        let reasons: Vec<_> = page.rejects.iter().map(|r| r.reason).collect();
        assert_eq!(reasons, ["empty_key", "no_zone", "future_activity", "invalid_json", "invalid_json", "nul"]);
        assert_eq!((column(&page, "event_id"), page.fetched()), (vec!["u1".to_owned()], 7));
    }
}
