//! Reads the log back; nothing in it is believed before its hashes are.

use futures::{StreamExt, TryStreamExt};

use super::segment::{Segment, frontier, head_hash};
use super::{Entry, Head, check_entries, from_batches};
use crate::base::{Error, ErrorKind, Result};
use crate::store::{Chain, Store, parquet};

/// Segments read at once.
const READS_AT_ONCE: usize = 8;

/// Every segment of the log, oldest first, as the records tell; the files are not opened.
///
/// # Errors
/// Store when a record cannot be fetched; Evidence, naming it, when one contradicts itself or the one before.
pub async fn segments(store: &Store) -> Result<Vec<Segment>> {
    Segment::all(&store.records(&Chain::Log).await?)
}

/// The entries from number `from_seq` to the end, in order. Segments that end before it are not opened.
///
/// # Errors
/// Store when a file cannot be fetched; Evidence, naming segment and entry, when one is not what was appended.
pub async fn entries(store: &Store, from_seq: u64) -> Result<Vec<Entry>> {
    let segments = segments(store).await?;
    let before = std::iter::once(None).chain(segments.iter().map(|segment| Some(&segment.head)));
    let wanted = before.zip(&segments).filter(|(_, segment)| segment.last >= from_seq);
    let reads: Vec<_> = wanted.map(|(before, segment)| read(store, before, segment)).collect();
    let read: Vec<Vec<Entry>> = futures::stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
    Ok(read.into_iter().flatten().filter(|entry| entry.seq >= from_seq).collect())
}

async fn read(store: &Store, before: Option<&Head>, segment: &Segment) -> Result<Vec<Entry>> {
    let bytes = store.read(&segment.file).await?;
    let fault = |what: String| Error::new(ErrorKind::Evidence, what).at(&segment.file.path);
    let (_, batches) = parquet::decode(bytes).map_err(|e| fault("cannot be read".to_owned()).because(e))?;
    let entries = from_batches(&batches).map_err(|e| e.at(&segment.file.path))?;
    if let Some(first) = check_entries(&entries, segment.first, head_hash(before)).first() {
        return Err(fault(first.to_string()));
    }
    let mut tree = frontier(before);
    entries.iter().for_each(|entry| tree.push(entry.payload.as_bytes()));
    let is_head = entries.last().is_some_and(|e| e.seq == segment.last && e.entry_hash == segment.head.head_hash);
    if !is_head || tree != segment.head.frontier {
        let what = format!("does not end in entry {} and root as record {} says", segment.last, segment.head.version);
        return Err(fault(what));
    }
    Ok(entries)
}
