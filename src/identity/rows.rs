//! What the two chains of a private store have in common: random bytes, and rows that are taken out of committed files.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::{Chain, Key, RunId, Store, live_files, parquet};

/// Bytes that nobody can guess.
///
/// # Errors
/// Internal when the system gives none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes).map_err(|e| Error::internal("the system gives no random numbers").because(e))?;
    Ok(bytes)
}

/// Takes rows out of the files of a chain: each file that holds one is replaced by one without, and deleted at once.
/// Counts the rows.
///
/// # Errors
/// A store error; Conflict when somebody commits to the chain meanwhile.
pub(super) async fn take_out<K: FnOnce(&str) -> Key>(
    store: &Store,
    chain: &Chain,
    is_kept: impl Fn(&RecordBatch) -> Result<BooleanArray>,
    key: impl Fn() -> K,
    run_id: &RunId,
    config_sha256: &str,
) -> Result<usize> {
    let records = store.records(chain).await?;
    let (mut taken, mut moves) = (0, Vec::new());
    for file in live_files(&records).into_values() {
        let (schema, batches) = parquet::decode(store.read(file).await?)?;
        let mut kept = Vec::with_capacity(batches.len());
        for batch in &batches {
            let rows = filter_record_batch(batch, &is_kept(batch)?).context(ErrorKind::Internal, "cannot drop rows")?;
            kept.push(rows);
        }
        let count = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        let (before, after) = (count(&batches), count(&kept));
        if after < before {
            taken += before - after;
            let new = if after == 0 { None } else { Some(store.put_parquet(key(), &schema, &kept).await?) };
            moves.push((file.clone(), new));
        }
    }
    store.replace(chain, &moves, run_id, config_sha256).await?;
    Ok(taken)
}
