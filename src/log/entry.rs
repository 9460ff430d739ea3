//! One entry: its columns, the canonical text that is the truth, and the hash that ties it to the entry before.

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Map, Value};

use super::EntryKind;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::{canonical, sha256_hex, unhex};

/// The largest whole number that every reader of JSON takes exactly.
pub(super) const MAX_EXACT: u64 = (1 << 53) - 1;
/// The member of a detail that commits to what somebody said in their own words: `sha256(salt || text)` in hex, with a
/// random salt of 32 bytes. Both are kept elsewhere, and can be taken away.
pub const NOTE: &str = "note_sha256";
/// Arrays and objects within each other in a detail: a reader must not run out of stack.
const MAX_DEPTH: usize = 32;

/// What a caller wants in the log. Free text never enters: a caller gives a commitment to it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// When it happened; kept to the microsecond.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: EntryKind,
    /// Who did it.
    pub actor: String,
    /// For whom the actor acted, when not for himself.
    pub on_behalf_of: Option<String>,
    /// The random key of the person, account or candidate it is about.
    pub subject_key: Option<String>,
    /// The app it is about.
    pub app_id: Option<String>,
    /// The policy version it rests on.
    pub policy_version: Option<String>,
    /// SHA-256 of the file it rests on, 64 hex digits.
    pub evidence_sha256: Option<String>,
    /// An object: what else the kind has to say. No fractions: an amount is a string.
    pub detail: Value,
}

impl NewEntry {
    /// An entry about nothing in particular; the other fields are set where they apply.
    pub fn new(at: DateTime<Utc>, kind: EntryKind, actor: impl Into<String>, detail: Value) -> Self {
        Self {
            at,
            kind,
            actor: actor.into(),
            on_behalf_of: None,
            subject_key: None,
            app_id: None,
            policy_version: None,
            evidence_sha256: None,
            detail,
        }
    }

    /// The same, committing to what somebody said with it.
    #[must_use]
    pub fn with_note(mut self, commitment: Option<&str>) -> Self {
        if let (Some(commitment), Some(detail)) = (commitment, self.detail.as_object_mut()) {
            detail.insert(NOTE.to_owned(), commitment.into());
        }
        self
    }
}

/// One entry as the log holds it. The payload is the truth, the columns before it are copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Place in the log, from 0.
    pub seq: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened; column `type`.
    pub kind: EntryKind,
    /// Who did it.
    pub actor: String,
    /// For whom the actor acted, when not for himself.
    pub on_behalf_of: Option<String>,
    /// The random key of the person, account or candidate it is about.
    pub subject_key: Option<String>,
    /// The app it is about.
    pub app_id: Option<String>,
    /// The policy version it rests on.
    pub policy_version: Option<String>,
    /// SHA-256 of the file it rests on.
    pub evidence_sha256: Option<String>,
    /// RFC 8785 JSON text of all the columns before and of `detail`.
    pub payload: String,
    /// Hash of the entry before; [`NO_HASH`](crate::store::NO_HASH) in the first.
    pub prev_hash: String,
    /// [`entry_hash`] of this one.
    pub entry_hash: String,
}

impl Entry {
    /// The entry that a caller's words become at a place of the log.
    ///
    /// # Errors
    /// Internal, when the words have no exact canonical form or are not of the form their field asks for.
    pub(super) fn after(seq: u64, prev_hash: &str, new: NewEntry) -> Result<Self> {
        let fault = |what: &str| Error::internal(what).at(format!("new entry {seq}, {}", new.kind));
        // What has no exact place in the column is cut here, so that column and payload agree.
        let at =
            DateTime::from_timestamp_micros(new.at.timestamp_micros()).filter(|at| (0..=9999).contains(&at.year()));
        let at = at.ok_or_else(|| fault("its time is not of the years 0 to 9999"))?;
        if seq > MAX_EXACT || !is_exact(&new.detail, MAX_DEPTH) {
            return Err(fault("its detail holds a fraction, a number beyond 2^53 - 1 or more than 32 levels"));
        }
        if !new.detail.is_object() {
            return Err(fault("its detail is no object"));
        }
        if new.evidence_sha256.as_deref().is_some_and(|hash| unhex::<32>(hash).is_none()) {
            return Err(fault("its evidence is not named by 64 lower-case hex digits"));
        }
        if new.detail.get(NOTE).is_some_and(|note| note.as_str().and_then(unhex::<32>).is_none()) {
            return Err(fault("its note is no commitment: free text never enters"));
        }
        let mut entry = Self {
            seq,
            at,
            kind: new.kind,
            actor: new.actor,
            on_behalf_of: new.on_behalf_of,
            subject_key: new.subject_key,
            app_id: new.app_id,
            policy_version: new.policy_version,
            evidence_sha256: new.evidence_sha256,
            payload: String::new(),
            prev_hash: prev_hash.to_owned(),
            entry_hash: String::new(),
        };
        entry.payload = entry.payload_with(new.detail)?;
        entry.entry_hash = entry_hash(prev_hash, &entry.payload);
        Ok(entry)
    }

    /// What the payload says beyond the columns.
    pub fn detail(&self) -> Map<String, Value> {
        match serde_json::from_str::<Map<String, Value>>(&self.payload).map(|mut said| said.remove("detail")) {
            Ok(Some(Value::Object(detail))) => detail,
            _ => Map::new(),
        }
    }

    /// The commitment to what somebody said with it in their own words.
    pub fn note(&self) -> Option<String> {
        self.detail().get(NOTE)?.as_str().map(str::to_owned)
    }

    /// The columns that copy the payload, by name, as the payload has them.
    pub(super) fn copies(&self) -> [(&'static str, Value); 9] {
        let text = |column: &Option<String>| column.clone().map_or(Value::Null, Value::String);
        [
            ("seq", self.seq.into()),
            ("at", self.at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into()),
            ("type", self.kind.as_str().into()),
            ("actor", self.actor.clone().into()),
            ("on_behalf_of", text(&self.on_behalf_of)),
            ("subject_key", text(&self.subject_key)),
            ("app_id", text(&self.app_id)),
            ("policy_version", text(&self.policy_version)),
            ("evidence_sha256", text(&self.evidence_sha256)),
        ]
    }

    /// The payload that belongs to the columns and a detail.
    pub(super) fn payload_with(&self, detail: Value) -> Result<String> {
        let mut members: Map<String, Value> = self.copies().into_iter().map(|(name, v)| (name.to_owned(), v)).collect();
        members.insert("detail".to_owned(), detail);
        String::from_utf8(canonical(&members)?).context(ErrorKind::Internal, "a payload is no text")
    }
}

/// The hash of an entry: `sha256(prev_hash || "\n" || payload)`, 64 hex digits.
pub fn entry_hash(prev_hash: &str, payload: &str) -> String {
    sha256_hex(format!("{prev_hash}\n{payload}").as_bytes())
}

/// Whether a value means the same to every reader of JSON.
fn is_exact(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_EXACT),
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_exact(item, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| is_exact(member, levels - 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::NO_HASH;

    fn new(detail: Value) -> NewEntry {
        let at = DateTime::from_timestamp(1_795_000_000, 123_456_789).unwrap();
        NewEntry { app_id: Some("figma".into()), ..NewEntry::new(at, EntryKind::DecisionDeny, "p-\u{fc}", detail) }
    }

    #[test]
    fn the_payload_is_the_documented_text_and_the_hash_covers_it() {
        let entry = Entry::after(0, NO_HASH, new(json!({ "seats": 3, "a": [true, null] }))).unwrap();
        let text = "{\"actor\":\"p-\u{fc}\",\"app_id\":\"figma\",\"at\":\"2026-11-18T11:06:40.123456Z\",\
                    \"detail\":{\"a\":[true,null],\"seats\":3},\"evidence_sha256\":null,\"on_behalf_of\":null,\
                    \"policy_version\":null,\"seq\":0,\"subject_key\":null,\"type\":\"decision.deny\"}";
        assert_eq!(entry.payload, text);
        assert_eq!(entry.at.timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(entry.entry_hash, sha256_hex(format!("{}\n{text}", "0".repeat(64)).as_bytes()));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let deep = (0..40).fold(json!({}), |inner, _| json!({ "a": inner }));
        let too_large = MAX_EXACT + 1;
        for detail in [
            json!({ "a": 1.0 }),
            json!({ "a": [{ "b": -0.5 }] }),
            json!({ "a": too_large }),
            json!({ "a": u64::MAX }),
            json!({ "a": i64::MIN }),
            deep,
            json!([]),
            json!("free text"),
        ] {
            let error = Entry::after(0, NO_HASH, new(detail.clone())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{detail}");
        }
        Entry::after(0, NO_HASH, new(json!({ "a": [MAX_EXACT, -1, 0] }))).unwrap();
        let evidence = NewEntry { evidence_sha256: Some("abc".into()), ..new(json!({})) };
        assert!(Entry::after(0, NO_HASH, evidence).is_err());
        let note = "ab".repeat(32);
        let entry = Entry::after(0, NO_HASH, new(json!({})).with_note(Some(&note))).unwrap();
        assert_eq!((entry.note(), entry.detail()[NOTE].as_str()), (Some(note.clone()), Some(&*note)));
        assert_eq!(Entry::after(0, NO_HASH, new(json!({})).with_note(None)).unwrap().note(), None);
        for text in [json!("Ada left"), json!(7), json!(null)] {
            assert!(Entry::after(0, NO_HASH, new(json!({ NOTE: text }))).is_err(), "free text never enters");
        }
        let ever = NewEntry { at: DateTime::<Utc>::MAX_UTC, ..new(json!({})) };
        assert!(Entry::after(0, NO_HASH, ever).is_err());
    }
}
