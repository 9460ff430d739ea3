//! What a record of the log's chain says: one segment, and the log as it stands after it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::MAX_EXACT;
use super::{Frontier, Hash};
use crate::base::{Error, ErrorKind, Result};
use crate::store::{Chain, FileEntry, Key, Kind, NO_HASH, Record, Store, hex, unhex};

/// The log as it stands after one append.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The record of the append.
    pub version: u64,
    /// Number of entries.
    pub size: u64,
    /// Hash of the last entry.
    pub head_hash: String,
    /// Root of the Merkle tree.
    pub root: Hash,
    /// The tree itself, ready to grow.
    pub frontier: Frontier,
    /// Chain and version of everything the appending run had read.
    pub reads: BTreeMap<String, u64>,
    /// What appenders want to find again without reading the log; later ones add to it.
    pub notes: BTreeMap<String, String>,
}

/// The file one append wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Number of its first entry.
    pub first: u64,
    /// Number of its last entry.
    pub last: u64,
    /// The file.
    pub file: FileEntry,
    /// The log after it.
    pub head: Head,
}

/// The body of a record. It carries the tree's frontier: an append need not read what was appended before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) head_hash: String,
    pub(super) tree_size: u64,
    pub(super) root: String,
    pub(super) frontier: Frontier,
    #[serde(default)]
    pub(super) notes: BTreeMap<String, String>,
}

/// The newest state of the log; none when nothing was ever appended.
///
/// # Errors
/// Store when a record cannot be fetched; Evidence when it contradicts itself or the one before.
pub async fn head(store: &Store) -> Result<Option<Head>> {
    let record = store.head(&Chain::Log).await?;
    record.map(|record| Segment::of(&record).map(|segment| segment.head)).transpose()
}

impl Segment {
    /// Reads a record.
    ///
    /// # Errors
    /// Evidence, naming it, when it contradicts itself.
    fn of(record: &Record) -> Result<Self> {
        let fault = |what: &str| Error::new(ErrorKind::Evidence, what).at(format!("record {} of log", record.version));
        let body: Body = serde_json::from_value(record.body.clone())
            .map_err(|e| fault("does not say what was appended").because(e))?;
        let [file] = &record.files[..] else { return Err(fault("does not name one file")) };
        let rows = body.last.checked_sub(body.first).and_then(|n| n.checked_add(1));
        let sha16 = file.sha256.get(..16).unwrap_or_default().to_owned();
        let path = Key::LogSegment { first: body.first, last: body.last, sha16 }.path();
        if record.kind != Kind::Append || rows != Some(file.rows) || !path.is_ok_and(|path| path.as_ref() == file.path)
        {
            return Err(fault("does not name the file of its entries"));
        }
        let is_sized = body.last <= MAX_EXACT
            && body.last.checked_add(1) == Some(body.tree_size)
            && body.frontier.size() == body.tree_size;
        let root = body.frontier.root();
        if !is_sized || hex(&root) != body.root || unhex::<32>(&body.head_hash).is_none() {
            return Err(fault(
                "contradicts itself on the size, root or last hash of the log: restore it from a backup",
            ));
        }
        Ok(Self {
            first: body.first,
            last: body.last,
            file: file.clone(),
            head: Head {
                version: record.version,
                size: body.tree_size,
                head_hash: body.head_hash,
                root,
                frontier: body.frontier,
                reads: record.reads.clone(),
                notes: body.notes,
            },
        })
    }

    /// Reads all records of the chain, oldest first.
    ///
    /// # Errors
    /// Evidence, naming it, when one contradicts itself or the one before.
    pub(super) fn all(records: &[Record]) -> Result<Vec<Self>> {
        let mut segments: Vec<Self> = Vec::with_capacity(records.len());
        for record in records {
            let segment = Self::of(record)?;
            let size = size(segments.last().map(|s| &s.head));
            if segment.first != size {
                let what = format!("begins with entry {}, the log had {size} entries", segment.first);
                return Err(Error::new(ErrorKind::Evidence, what).at(format!("record {} of log", record.version)));
            }
            segments.push(segment);
        }
        Ok(segments)
    }
}

/// Number of entries before the next.
pub(super) fn size(head: Option<&Head>) -> u64 {
    head.map_or(0, |head| head.size)
}

/// What the next entry names as the hash of the one before.
pub(super) fn head_hash(head: Option<&Head>) -> &str {
    head.map_or(NO_HASH, |head| &head.head_hash)
}

/// The tree before the next entry.
pub(super) fn frontier(head: Option<&Head>) -> Frontier {
    head.map(|head| head.frontier.clone()).unwrap_or_default()
}
