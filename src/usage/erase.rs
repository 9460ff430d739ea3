//! Takes accounts out of every state of the seats.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use super::files::{Of, seat_state_schema};
use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};
use crate::store::{Batches, Chain, Current, Encoder, FileEntry, Key, RunId, Store, seat_state};

/// Place of the account among the columns of a state.
const ACCOUNT: usize = 3;

/// Takes out the accounts that `is_gone` names. Counts the files that change; without `apply` that is all.
///
/// # Errors
/// A store error; Conflict when a run advances the state meanwhile.
pub async fn erase(
    store: &Store,
    of: Of<'_>,
    is_gone: &(dyn Fn(&str) -> bool + Sync),
    run_id: &RunId,
    config_sha256: &str,
    apply: bool,
) -> Result<usize> {
    let chain = Chain::Usage { source: of.source.to_owned(), stream: of.stream.to_owned() };
    let records = store.records(&chain).await?;
    let current = Current::of(&records);
    let mut moves: Vec<(FileEntry, Option<FileEntry>)> = Vec::new();
    for file in records.iter().flat_map(|record| &record.files).filter_map(|file| current.file(file)) {
        let Some((day, bucket)) = seat_state(&file.path) else { continue };
        if moves.iter().any(|(old, _)| old.path == file.path) || !knows(store, &file, is_gone).await? {
            continue;
        }
        let mut new = None;
        if apply {
            let mut encoder = Encoder::new(&seat_state_schema(), &super::merge::REPEATED)?;
            for batch in Batches::open(store.read(&file).await?)? {
                encoder.write(without(&batch?, is_gone)?)?;
            }
            let (bytes, rows) = encoder.finish()?;
            let key = |sha16: &str| Key::SeatState {
                source: of.source.to_owned(),
                stream: of.stream.to_owned(),
                as_of: AsOf::new(day),
                bucket,
                run_id: run_id.clone(),
                sha16: sha16.to_owned(),
            };
            // A file without rows stays: the state of that day holds, and tells of nobody.
            new = Some(store.put_encoded(key, bytes, rows).await?);
        }
        moves.push((file, new));
    }
    if apply {
        store.replace(&chain, &moves, run_id, config_sha256).await?;
    }
    Ok(moves.len())
}

/// Whether a file of a state tells of one of the accounts.
///
/// # Errors
/// A store error.
pub async fn knows(store: &Store, file: &FileEntry, is_gone: &(dyn Fn(&str) -> bool + Sync)) -> Result<bool> {
    for batch in Batches::open(store.read(file).await?)? {
        if batch?.column(ACCOUNT).as_string::<i32>().iter().flatten().any(is_gone) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn without(batch: &RecordBatch, is_gone: &(dyn Fn(&str) -> bool + Sync)) -> Result<RecordBatch> {
    let kept: BooleanArray =
        batch.column(ACCOUNT).as_string::<i32>().iter().map(|account| account.map(|a| !is_gone(a))).collect();
    filter_record_batch(batch, &kept).context(ErrorKind::Internal, "cannot drop rows")
}
