//! Adds to the log: one segment, one commit.

use std::collections::BTreeMap;

use super::columns::{schema, to_batch};
use super::segment::{Body, Segment, frontier, head_hash, size};
use super::{Entry, NewEntry};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::store::{Chain, Commit, Draft, Key, Kind, RunId, Store, hex};

/// Appends entries in their order, all or none, once for each `commit_id`. `reads` says how far the caller has seen
/// other chains, `notes` what later appenders should find at the head. On [`Commit::Conflict`] another run appended
/// meanwhile: the caller looks again before he tries again. Nothing to append: nothing is done, none is returned.
///
/// # Errors
/// Internal when an entry has no exact form; Store when the store fails; Evidence when the records of the log
/// contradict each other: nothing is appended to such a log. As [`Store::commit`] besides.
pub async fn append(
    store: &Store,
    entries: Vec<NewEntry>,
    reads: BTreeMap<String, u64>,
    notes: BTreeMap<String, String>,
    commit_id: &str,
    run_id: &RunId,
    config_sha256: &str,
) -> Result<Option<Commit>> {
    append_to(store, None, entries, reads, notes, commit_id, run_id, config_sha256).await
}

/// As [`append`], and only to the log as its record number `after` left it: entries that were concluded from it hold
/// for no other. Anything appended since is a [`Commit::Conflict`].
///
/// # Errors
/// As [`append`].
#[allow(clippy::too_many_arguments, reason = "the parts of one commit")]
pub async fn append_after(
    store: &Store,
    after: u64,
    entries: Vec<NewEntry>,
    reads: BTreeMap<String, u64>,
    notes: BTreeMap<String, String>,
    commit_id: &str,
    run_id: &RunId,
    config_sha256: &str,
) -> Result<Option<Commit>> {
    append_to(store, Some(after), entries, reads, notes, commit_id, run_id, config_sha256).await
}

#[allow(clippy::too_many_arguments, reason = "the parts of one commit")]
async fn append_to(
    store: &Store,
    after: Option<u64>,
    entries: Vec<NewEntry>,
    reads: BTreeMap<String, u64>,
    notes: BTreeMap<String, String>,
    commit_id: &str,
    run_id: &RunId,
    config_sha256: &str,
) -> Result<Option<Commit>> {
    if entries.is_empty() {
        return Ok(None);
    }
    // All records, not only the newest: others may have appended since this effect was committed.
    let records = store.records(&Chain::Log).await?;
    if let Some(record) = records.iter().find(|record| record.commit_id == commit_id) {
        return Ok(Some(Commit::AlreadyThere(record.clone())));
    }
    if let (Some(after), Some(newest)) = (after, records.last())
        && newest.version != after
    {
        return Ok(Some(Commit::Conflict(newest.clone())));
    }
    let segments = Segment::all(&records)?;
    let head = segments.last().map(|segment| &segment.head);

    let first = size(head);
    let mut tree = frontier(head);
    let mut written: Vec<Entry> = Vec::with_capacity(entries.len());
    for (seq, new) in (first..).zip(entries) {
        let prev_hash = written.last().map_or(head_hash(head), |entry| &entry.entry_hash);
        let entry = Entry::after(seq, prev_hash, new)?;
        tree.push(entry.payload.as_bytes());
        written.push(entry);
    }
    let last = tree.size() - 1;
    let mut all_notes = head.map(|head| head.notes.clone()).unwrap_or_default();
    all_notes.extend(notes);
    let key = |sha16: &str| Key::LogSegment { first, last, sha16: sha16.to_owned() };
    let mut file = store.put_parquet(key, &schema(), &[to_batch(&written)?]).await?;
    file.min_at = written.iter().map(|entry| entry.at).min();
    file.max_at = written.iter().map(|entry| entry.at).max();
    let body = Body {
        first,
        last,
        head_hash: written.last().map(|entry| entry.entry_hash.clone()).unwrap_or_default(),
        tree_size: tree.size(),
        root: hex(&tree.root()),
        frontier: tree,
        notes: all_notes,
    };
    let draft = Draft {
        commit_id: commit_id.to_owned(),
        run_id: run_id.clone(),
        config_sha256: config_sha256.to_owned(),
        kind: Kind::Append,
        extract_date: None,
        reads,
        files: vec![file],
        replaces: Vec::new(),
        body: serde_json::to_value(body).context(ErrorKind::Internal, "the body of an append has no JSON form")?,
    };
    store.commit(&Chain::Log, records.last(), draft).await.map(Some)
}
