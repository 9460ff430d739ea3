//! What is wrong with entries that were read somewhere.

use std::fmt;

use serde_json::Value;

use super::Entry;
use super::entry::entry_hash;

/// One thing that is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Number that the entry gives itself.
    pub seq: u64,
    /// In which way it is wrong.
    pub kind: FaultKind,
    /// Why this is known.
    pub detail: String,
}

/// The ways in which an entry can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Its hash is not that of its text.
    Altered,
    /// It does not hold the hash of the entry before.
    Broken,
    /// It does not have the number after that of the entry before.
    Gap,
    /// A column is not what the payload says, or the payload is not of the form in which it is written.
    Mismatch,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Broken => "broken",
            Self::Gap => "gap",
            Self::Mismatch => "mismatch",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}: {}", self.seq, self.kind, self.detail)
    }
}

/// Everything that is wrong with entries, in their order, when the first must be number `first_seq` and follow the
/// entry with hash `prev_hash`. Entries cut off at the end show only in a size or hash kept elsewhere.
pub fn check_entries(entries: &[Entry], first_seq: u64, prev_hash: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (mut seq, mut prev) = (first_seq, prev_hash);
    for entry in entries {
        let mut report = |kind, detail: String| faults.push(Fault { seq: entry.seq, kind, detail });
        if entry.seq != seq {
            report(FaultKind::Gap, format!("stands where entry {seq} must stand"));
        }
        if entry.prev_hash != prev {
            report(FaultKind::Broken, "does not hold the hash of the entry before".to_owned());
        }
        if entry_hash(&entry.prev_hash, &entry.payload) != entry.entry_hash {
            report(FaultKind::Altered, "its hash is not that of its payload".to_owned());
        }
        mismatches(entry).into_iter().for_each(|detail| report(FaultKind::Mismatch, detail));
        (seq, prev) = (entry.seq.saturating_add(1), &entry.entry_hash);
    }
    faults
}

fn mismatches(entry: &Entry) -> Vec<String> {
    let Ok(Value::Object(mut said)) = serde_json::from_str(&entry.payload) else {
        return vec!["its payload is no JSON object".to_owned()];
    };
    let differs = |(name, value): &(&'static str, Value)| said.get(*name) != Some(value);
    let wrong = entry.copies().into_iter().filter(differs);
    let wrong: Vec<_> = wrong.map(|(name, _)| format!("its column `{name}` is not what its payload says")).collect();
    if !wrong.is_empty() {
        return wrong;
    }
    let detail = said.remove("detail").filter(Value::is_object);
    match detail.map(|detail| entry.payload_with(detail)) {
        Some(Ok(payload)) if payload == entry.payload => Vec::new(),
        _ => vec!["its payload is not the canonical text of its columns and a detail".to_owned()],
    }
}
