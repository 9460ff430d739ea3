//! Entries as rows and back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use chrono::DateTime;

use super::{Entry, EntryKind};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// The columns of the log, in their order.
pub fn schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("seq", DataType::Int64, false),
        Field::new("at", instant, false),
        text("type", false),
        text("actor", false),
        text("on_behalf_of", true),
        text("subject_key", true),
        text("app_id", true),
        text("policy_version", true),
        text("evidence_sha256", true),
        text("payload", false),
        text("prev_hash", false),
        text("entry_hash", false),
    ]))
}

/// Entries as rows of [`schema`].
///
/// # Errors
/// Internal, when a number does not fit its column.
pub fn to_batch(entries: &[Entry]) -> Result<RecordBatch> {
    let unfit = "entries do not fit the columns of the log";
    let seq = entries.iter().map(|e| i64::try_from(e.seq)).collect::<Result<Vec<_>, _>>();
    let at = entries.iter().map(|e| e.at.timestamp_micros());
    let text = |of: fn(&Entry) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(entries.iter().map(of))) };
    let some =
        |of: fn(&Entry) -> Option<&str>| -> ArrayRef { Arc::new(entries.iter().map(of).collect::<StringArray>()) };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(seq.context(ErrorKind::Internal, unfit)?)),
        Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC")),
        text(|e| e.kind.as_str()),
        text(|e| &e.actor),
        some(|e| e.on_behalf_of.as_deref()),
        some(|e| e.subject_key.as_deref()),
        some(|e| e.app_id.as_deref()),
        some(|e| e.policy_version.as_deref()),
        some(|e| e.evidence_sha256.as_deref()),
        text(|e| &e.payload),
        text(|e| &e.prev_hash),
        text(|e| &e.entry_hash),
    ];
    RecordBatch::try_new(schema(), columns).context(ErrorKind::Internal, unfit)
}

/// The entries in rows that were read, in their order; what they say is not checked.
///
/// # Errors
/// Evidence, naming the row, when the rows are not of a decision log.
pub fn from_batches(batches: &[RecordBatch]) -> Result<Vec<Entry>> {
    let expected = schema();
    let mut entries = Vec::new();
    for batch in batches {
        let found = batch.schema();
        let is_same = |(a, b): (&Arc<Field>, &Arc<Field>)| a.name() == b.name() && a.data_type() == b.data_type();
        let is_log = found.fields().len() == expected.fields().len();
        if !is_log || !found.fields().iter().zip(expected.fields()).all(is_same) {
            return Err(Error::new(ErrorKind::Evidence, "has not the columns of a decision log"));
        }
        for row in 0..batch.num_rows() {
            entries.push(entry(batch, row).map_err(|e| e.at(format!("row {}", entries.len() + 1)))?);
        }
    }
    Ok(entries)
}

/// One row of a batch that has the columns of [`schema`].
fn entry(batch: &RecordBatch, row: usize) -> Result<Entry> {
    let fault = |what: String| Error::new(ErrorKind::Evidence, what);
    let some = |column: usize| {
        let column = batch.column(column).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let schema = batch.schema();
    let absent = |column: usize| fault(format!("has no `{}`", schema.field(column).name()));
    let text = |column: usize| some(column).ok_or_else(|| absent(column));
    let (seq, at) = (batch.column(0), batch.column(1));
    let seq = seq.is_valid(row).then(|| seq.as_primitive::<Int64Type>().value(row));
    let at = at.is_valid(row).then(|| at.as_primitive::<TimestampMicrosecondType>().value(row));
    let kind = text(2)?;
    Ok(Entry {
        seq: seq.and_then(|seq| u64::try_from(seq).ok()).ok_or_else(|| absent(0))?,
        at: at.and_then(DateTime::from_timestamp_micros).ok_or_else(|| absent(1))?,
        kind: EntryKind::parse(&kind)
            .ok_or_else(|| fault(format!("has type `{kind}`, which this release does not know")))?,
        actor: text(3)?,
        on_behalf_of: some(4),
        subject_key: some(5),
        app_id: some(6),
        policy_version: some(7),
        evidence_sha256: some(8),
        payload: text(9)?,
        prev_hash: text(10)?,
        entry_hash: text(11)?,
    })
}
