//! Takes accounts out of every state of the seats and every month.

use arrow::array::{AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use chrono::NaiveDate;

use super::files::{Of, seat_month_schema, seat_state_schema};
use super::{merge, month};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::store::parquet::{Batches, Encoder};
use crate::store::{Chain, Current, FileEntry, Key, RunId, Store, seat_month, seat_state};

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
        if moves.iter().any(|(old, _)| old.path == file.path) || !knows(store, &file, is_gone).await? {
            continue;
        }
        let mut new = None;
        if apply {
            let place = Place::of(&file).ok_or_else(|| Error::internal("no file of usage/").at(file.path.clone()))?;
            let mut encoder = place.encoder()?;
            for batch in Batches::open(store.read(&file).await?)? {
                encoder.push(&without(&batch?, is_gone)?)?;
            }
            let rows = encoder.rows();
            let bytes = encoder.finish()?.into();
            let key = |sha16: &str| place.key(of, run_id, sha16);
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
        let batch = batch?;
        if accounts(&batch).is_some_and(|accounts| accounts.iter().flatten().any(is_gone)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn without(batch: &RecordBatch, is_gone: &(dyn Fn(&str) -> bool + Sync)) -> Result<RecordBatch> {
    let Some(accounts) = accounts(batch) else { return Ok(batch.clone()) };
    let kept: BooleanArray = accounts.iter().map(|account| account.map(|account| !is_gone(account))).collect();
    filter_record_batch(batch, &kept).context(ErrorKind::Internal, "cannot drop rows")
}

fn accounts(batch: &RecordBatch) -> Option<&StringArray> {
    batch.column_by_name("account_id")?.as_string_opt::<i32>()
}

/// What a file is and of which day (or month) and bucket.
enum Place {
    State(NaiveDate, u32),
    Month(NaiveDate, u32),
}

impl Place {
    fn of(file: &FileEntry) -> Option<Self> {
        let state = seat_state(&file.path).map(|(day, bucket)| Self::State(day, bucket));
        state.or_else(|| seat_month(&file.path).map(|(month, bucket)| Self::Month(month, bucket)))
    }

    fn encoder(&self) -> Result<Encoder<Vec<u8>>> {
        match self {
            Self::State(..) => Encoder::light(&seat_state_schema(), Vec::new(), &merge::REPEATED),
            Self::Month(..) => Encoder::light(&seat_month_schema(), Vec::new(), &month::REPEATED),
        }
    }

    fn key(&self, of: Of<'_>, run_id: &RunId, sha16: &str) -> Key {
        let (source, stream) = (of.source.to_owned(), of.stream.to_owned());
        let (run_id, sha16) = (run_id.clone(), sha16.to_owned());
        match *self {
            Self::State(day, bucket) => Key::SeatState { source, stream, as_of: AsOf::new(day), bucket, run_id, sha16 },
            Self::Month(month, bucket) => Key::SeatMonth { source, stream, month, bucket, run_id, sha16 },
        }
    }
}
