//! What a commit says: one small record that names the files it makes visible and the record before it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::base::{Clock, Error, ErrorKind, Result};

/// The format every record names.
pub const FORMAT: &str = "seatledger-commit/1";

/// What the first of a chain (a record, an entry, a snapshot) names as the hash of the one before.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The name of one run: a ULID, so names sort by time and never meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// A new name; the time in it is the clock's.
    pub fn new(clock: Clock) -> Self {
        Self(Ulid::from_datetime(clock.now().into()).to_string())
    }

    /// The instant in the name, when it is one that [`RunId::new`] made.
    pub fn made_at(&self) -> Option<DateTime<Utc>> {
        let ulid = Ulid::from_string(&self.0).ok()?;
        DateTime::from_timestamp_millis(i64::try_from(ulid.timestamp_ms()).ok()?)
    }

    /// The 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A line of numbered records, each holding the hash of the one before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// The landings of one stream.
    Raw {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
    },
    /// The state of the seats that the sign-ins of one stream tell of.
    Usage {
        /// Source as the project names it.
        source: String,
        /// Stream of the source.
        stream: String,
    },
    /// The runs of the project.
    Runs,
    /// The sealed snapshots.
    Snapshots,
    /// The identity map, in a store of its own.
    Identity,
    /// What people said in their own words, beside the identity map.
    Notes,
    /// The appends to the decision log.
    Log,
    /// How far the decision log was handed over by one transport.
    Siem {
        /// Its name.
        transport: String,
    },
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw { source, stream } => write!(f, "raw/{source}/{stream}"),
            Self::Usage { source, stream } => write!(f, "usage/{source}/{stream}"),
            Self::Runs => f.write_str("runs"),
            Self::Snapshots => f.write_str("snapshots"),
            Self::Identity => f.write_str("identity"),
            Self::Notes => f.write_str("notes"),
            Self::Log => f.write_str("log"),
            Self::Siem { transport } => write!(f, "siem/{transport}"),
        }
    }
}

impl Chain {
    /// The chain whose name this is, as [`Chain`] displays it.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split('/').collect::<Vec<_>>()[..] {
            ["runs"] => Some(Self::Runs),
            ["log"] => Some(Self::Log),
            ["snapshots"] => Some(Self::Snapshots),
            ["identity"] => Some(Self::Identity),
            ["notes"] => Some(Self::Notes),
            ["siem", transport] if !transport.is_empty() => Some(Self::Siem { transport: transport.to_owned() }),
            ["raw", source, stream] if !source.is_empty() && !stream.is_empty() => {
                Some(Self::Raw { source: source.to_owned(), stream: stream.to_owned() })
            }
            ["usage", source, stream] if !source.is_empty() && !stream.is_empty() => {
                Some(Self::Usage { source: source.to_owned(), stream: stream.to_owned() })
            }
            _ => None,
        }
    }

    /// Whether it is a chain of the private store.
    pub fn is_private(&self) -> bool {
        matches!(self, Self::Identity | Self::Notes)
    }
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Landed an extract.
    Land,
    /// Landed an extract older than the newest.
    Backfill,
    /// Brought the state of the seats to a later day.
    Advance,
    /// Summed up the use of a month that is over.
    Close,
    /// Recorded a run.
    Run,
    /// Published a sealed snapshot.
    Seal,
    /// Took files out of the live set that their class allows no longer.
    Expire,
    /// Took files out of the live set because they held an erased person.
    Erase,
    /// Added entries to the decision log, keys to the identity map, or notes.
    Append,
}

/// One file that a commit makes visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path below the root of the store.
    pub path: String,
    /// SHA-256 of the bytes, 64 hex digits.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Earliest event in the file; none when its rows have no time.
    pub min_at: Option<DateTime<Utc>>,
    /// Latest event in the file; none when its rows have no time.
    pub max_at: Option<DateTime<Utc>>,
}

/// What the caller knows of a commit before it has a place in the chain.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Names the effect: the same id means the same landing or run, whoever commits it.
    pub commit_id: String,
    /// The run that commits.
    pub run_id: RunId,
    /// Hash of the configuration the run read.
    pub config_sha256: String,
    /// What the commit does.
    pub kind: Kind,
    /// The day the files became known; none for a run.
    pub extract_date: Option<NaiveDate>,
    /// Chain (as [`Chain`] displays) and version of everything the run read.
    pub reads: BTreeMap<String, u64>,
    /// Files that become visible.
    pub files: Vec<FileEntry>,
    /// Paths of files that stop being live.
    pub replaces: Vec<String>,
    /// What else the kind of commit has to say.
    pub body: serde_json::Value,
}

/// One committed record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// The chain, as [`Chain`] displays.
    pub chain: String,
    /// Place in the chain, from 1.
    pub version: u64,
    /// SHA-256 of the bytes of the record before; 64 zeros in the first.
    pub prev_sha256: String,
    /// Names the effect.
    pub commit_id: String,
    /// The run that committed.
    pub run_id: RunId,
    /// Version of the program that committed.
    pub release: String,
    /// Hash of the configuration the run read.
    pub config_sha256: String,
    /// What the commit did.
    pub kind: Kind,
    /// The day the files became known; none for a run.
    pub extract_date: Option<NaiveDate>,
    /// Chain and version of everything the run read.
    pub reads: BTreeMap<String, u64>,
    /// Files that became visible.
    pub files: Vec<FileEntry>,
    /// Paths of files that stopped being live.
    pub replaces: Vec<String>,
    /// What else the kind of commit has to say.
    pub body: serde_json::Value,
    /// SHA-256 of this record's bytes as stored; not part of them.
    #[serde(skip)]
    pub sha256: String,
}

impl Record {
    /// The record that follows `prev` with what `draft` says, and its bytes.
    pub(super) fn after(chain: &Chain, prev: Option<&Record>, draft: Draft) -> Result<(Self, Vec<u8>)> {
        let mut record = Self {
            format: FORMAT.to_owned(),
            chain: chain.to_string(),
            version: prev.map_or(1, |p| p.version + 1),
            prev_sha256: prev.map_or(NO_HASH, |p| &p.sha256).to_owned(),
            commit_id: draft.commit_id,
            run_id: draft.run_id,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            config_sha256: draft.config_sha256,
            kind: draft.kind,
            extract_date: draft.extract_date,
            reads: draft.reads,
            files: draft.files,
            replaces: draft.replaces,
            body: draft.body,
            sha256: String::new(),
        };
        let bytes = canonical(&record)?;
        record.sha256 = sha256_hex(&bytes);
        Ok((record, bytes))
    }

    /// Reads the bytes found at `version` of `chain`.
    ///
    /// # Errors
    /// Evidence, when they are not a record of that place.
    pub(super) fn parse(bytes: &[u8], chain: &Chain, version: u64) -> Result<Self> {
        Self::parse_named(bytes, &chain.to_string(), version)
    }

    /// As [`Record::parse`], of a chain that is known by its name only.
    pub(super) fn parse_named(bytes: &[u8], chain: &str, version: u64) -> Result<Self> {
        let fault = |what: String| Error::new(ErrorKind::Evidence, what).at(format!("record {version} of {chain}"));
        let mut record: Self = serde_json::from_slice(bytes)
            .map_err(|e| fault("unreadable: restore it from a backup of the store".to_owned()).because(e))?;
        if record.format != FORMAT {
            return Err(fault(format!("has format `{}`, this release reads `{FORMAT}`", record.format)));
        }
        if record.chain != chain || record.version != version {
            return Err(fault(format!("says it is record {} of {}", record.version, record.chain)));
        }
        record.sha256 = sha256_hex(bytes);
        Ok(record)
    }

    /// Whether this record was written right after `prev`.
    pub(super) fn follows(&self, prev: Option<&Record>) -> bool {
        self.prev_sha256 == prev.map_or(NO_HASH, |p| &p.sha256)
    }
}

/// The canonical bytes of a value: JSON without spaces, keys of every object in the order of their UTF-16 code units.
/// That is RFC 8785 for every value without fractions and without numbers beyond 2^53 - 1.
///
/// # Errors
/// Internal, when the value has no JSON form.
pub fn canonical(value: &impl Serialize) -> Result<Vec<u8>> {
    let unwritable = |e| Error::internal("a value has no JSON form").because(e);
    let mut value = serde_json::to_value(value).map_err(unwritable)?;
    sort_keys(&mut value);
    serde_json::to_vec(&value).map_err(unwritable)
}

fn sort_keys(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(sort_keys),
        serde_json::Value::Object(members) => {
            let mut sorted: Vec<_> = std::mem::take(members).into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            sorted.iter_mut().for_each(|(_, member)| sort_keys(member));
            members.extend(sorted);
        }
        _ => {}
    }
}

/// SHA-256 as 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes that [`hex`] shows so; none for any other text.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_digits_are_a_hash() {
        assert_eq!(unhex(&hex(&[0xaf; 32])), Some([0xaf; 32]));
        for text in [&"AF".repeat(32), &"af".repeat(31), &"a".repeat(63), &"0g".repeat(32), ""] {
            assert_eq!(unhex::<32>(text), None, "{text}");
        }
    }

    #[test]
    fn canonical_bytes_do_not_depend_on_the_order_of_keys() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":[{"y":1,"x":"ü"}],"a":null}"#).unwrap();
        assert_eq!(canonical(&one).unwrap(), r#"{"a":null,"b":[{"x":"ü","y":1}]}"#.as_bytes());
    }

    #[test]
    fn keys_and_escapes_are_those_of_rfc_8785() {
        // The example of its section 3.2.3: by code point, the last two keys would change places.
        let one = serde_json::json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let text = String::from_utf8(canonical(&one).unwrap()).unwrap();
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let places: Vec<_> = order.iter().map(|word| text.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        let escapes = canonical(&"\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}\u{1f}").unwrap();
        assert_eq!(escapes, "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\u001f\"".as_bytes());
    }
}
