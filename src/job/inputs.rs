//! What models may read of the past beside what has landed: the decision log, and conclusions of the run before.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{Date32Type, SchemaRef};
use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::Job;
use super::record::{self, RunBody};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::engine::{self, Catalogue, Session};
use crate::log::{self, Entry};
use crate::store::{Current, Kind, Record, parquet};

/// What the models call the entries of the decision log.
const ENTRIES: &str = "log.entries";
/// The chain of the decision log, as the record of a run names it.
pub(super) const LOG: &str = "log";

/// The members of an entry's detail that models can read as text, each under its own name.
const TEXTS: &[&str] = &[
    "candidate_id",
    "sku_id",
    "action",
    "target_sku_id",
    "reason_code",
    "reason",
    "channel",
    "audience",
    "approver_key",
    "ticket",
    "desk",
    "batch",
    "finding",
    "answer_id",
    "decision",
];
/// The same as days.
const DAYS: &[&str] = &["due_on", "effective_from", "expires_on", "confirmed_on", "executed_on"];
/// The same as whole numbers: the column, and the member where its name is a word of SQL.
const NUMBERS: &[(&str, &str)] =
    &[("step", "step"), ("run", "run"), ("approvals", "approvals"), ("counted", "count"), ("allowed", "limit")];

/// Where episodes began, and why: columns of [`PROPOSED`] alone.
const EPISODES: &str = "earlier.candidates";
/// What policies propose.
const PROPOSED: &str = "policy.candidates";
/// Tables of the run before that models read whole, and the model that made each.
const WHOLE: &[(&str, &str)] = &[
    ("earlier.review_candidates", "review.candidates"),
    ("earlier.review_holds", "review.holds"),
    ("earlier.contract_lines", "core.contract_lines"),
    ("earlier.contract_reductions", "review.contract_reductions"),
    ("earlier.access_findings", "marts.access_findings"),
    ("earlier.assignment_drift", "marts.assignment_drift"),
];

/// The model whose contract the rows of a table are under: its own, or that of the run before.
pub(super) fn model_of(table: &str) -> &str {
    WHOLE.iter().find(|(earlier, _)| *earlier == table).map_or(table, |(_, model)| model)
}

/// Columns of `earlier.candidates`: where episodes began, why, and what they save.
const EPISODE: &[&str] = &[
    "candidate_id",
    "app_id",
    "account_id",
    "sku_id",
    "action",
    "episode_from",
    "reason",
    "annual_saving_amount",
    "as_of",
];

/// Which run is the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The newest of a day before.
    Today,
    /// The newest of the day or before: what else would be concluded of the same day is compared with it.
    Tomorrow,
}

/// Makes `earlier.*` readable: conclusions of the newest run before, none where there was no such run. Columns that it did
/// not know yet are empty.
pub(super) async fn register_earlier(
    job: &Job,
    session: &Session,
    catalogue: &Catalogue,
    records: &[Record],
    before: Before,
) -> Result<()> {
    let is_before = |day: AsOf| match before {
        Before::Today => day < session.as_of(),
        Before::Tomorrow => day <= session.as_of(),
    };
    let newest = records
        .iter()
        .filter(|r| r.kind == Kind::Run)
        .filter_map(|r| Some((record::as_of(r)?, r)))
        .filter(|(day, _)| is_before(*day))
        .max_by_key(|(day, r)| (*day, r.version));
    let tables = newest.map(|(_, record)| RunBody::read(record)).transpose()?.map(|body| body.tables);
    let current = Current::of(records);
    for (name, model, schema) in earlier(catalogue)? {
        let file = tables.as_ref().and_then(|tables| tables.get(model)).and_then(|file| current.file(file));
        let batches = match file {
            Some(file) => parquet::decode(job.store.read(&file).await?)?.1,
            None => Vec::new(),
        };
        let rows = batches.iter().map(|batch| as_today(batch, &schema)).collect::<Result<Vec<_>>>();
        session.register_batches(name, Arc::clone(&schema), rows.map_err(|e| e.at(name))?)?;
    }
    Ok(())
}

/// The tables of the run before, the model that made each, and its columns.
fn earlier(catalogue: &Catalogue) -> Result<Vec<(&'static str, &'static str, SchemaRef)>> {
    let episodes = (EPISODES, PROPOSED, only(EPISODE, &schema_of(catalogue, PROPOSED)?)?);
    let whole = WHOLE.iter().map(|(name, model)| Ok((*name, *model, schema_of(catalogue, model)?)));
    std::iter::once(Ok(episodes)).chain(whole).collect()
}

/// The columns of what is read here, whatever it holds.
pub(super) fn shapes(catalogue: &Catalogue) -> Result<Vec<(String, SchemaRef)>> {
    let earlier = earlier(catalogue)?.into_iter().map(|(name, _, schema)| (name.to_owned(), schema));
    Ok(earlier.chain([(ENTRIES.to_owned(), rows(&[])?.schema())]).collect())
}

/// The model that made a table of the run before.
pub(super) fn model_of_earlier(table: &str) -> Option<&'static str> {
    let made = std::iter::once(&(EPISODES, PROPOSED)).chain(WHOLE).find(|(earlier, _)| *earlier == table);
    made.map(|(_, model)| *model)
}

fn schema_of(catalogue: &Catalogue, model: &str) -> Result<SchemaRef> {
    engine::schema_of(catalogue.get(model).ok_or_else(|| Error::internal(format!("no model {model}")))?)
}

fn only(columns: &[&str], schema: &SchemaRef) -> Result<SchemaRef> {
    let places = columns.iter().map(|column| schema.index_of(column)).collect::<Result<Vec<_>, _>>();
    let kept = places.and_then(|places| schema.project(&places));
    Ok(Arc::new(kept.context(ErrorKind::Internal, "columns of an earlier run")?))
}

/// Rows of an earlier release under the contract of today.
fn as_today(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| {
        let found = batch.column_by_name(field.name()).filter(|column| column.data_type() == field.data_type());
        found.cloned().unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).context(ErrorKind::Internal, "rows of an earlier run")
}

/// Makes `log.entries` readable: what the log held at one version, of the days up to the as-of date.
pub(super) async fn register_log(job: &Job, session: &Session, version: u64) -> Result<()> {
    let segments = log::segments(&job.store).await?;
    let size = segments.iter().filter(|segment| segment.head.version <= version).map(|segment| segment.last + 1).max();
    let is_read = |entry: &Entry| entry.seq < size.unwrap_or_default() && entry.at < session.as_of().end();
    let entries = if size.is_some() { log::entries(&job.store, 0).await? } else { Vec::new() };
    session.register_rows(ENTRIES, rows(&entries.into_iter().filter(is_read).collect::<Vec<_>>())?)
}

/// Entries as models read them: the columns of the log, and what details say as columns of their own.
fn rows(entries: &[Entry]) -> Result<RecordBatch> {
    let details: Vec<Map<String, Value>> = entries.iter().map(Entry::detail).collect();
    let text =
        |of: fn(&Entry) -> Option<&str>| -> ArrayRef { Arc::new(entries.iter().map(of).collect::<StringArray>()) };
    let seq = entries.iter().map(|e| i64::try_from(e.seq)).collect::<Result<Vec<_>, _>>();
    let day = |day: NaiveDate| Date32Type::from_naive_date(day);
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("seq", Arc::new(Int64Array::from(seq.context(ErrorKind::Internal, "entries as rows")?))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(entries.iter().map(|e| e.at.timestamp_micros()))
                    .with_timezone("UTC"),
            ),
        ),
        ("entry_on", Arc::new(Date32Array::from_iter_values(entries.iter().map(|e| day(e.at.date_naive()))))),
        ("type", text(|e| Some(e.kind.as_str()))),
        ("actor_key", text(|e| Some(&e.actor))),
        ("on_behalf_of_key", text(|e| e.on_behalf_of.as_deref())),
        ("subject_key", text(|e| e.subject_key.as_deref())),
        ("app_id", text(|e| e.app_id.as_deref())),
        ("policy_version_id", text(|e| e.policy_version.as_deref())),
        ("evidence_sha256", text(|e| e.evidence_sha256.as_deref())),
        ("entry_hash", text(|e| Some(&e.entry_hash))),
        // The name in the log says what it is a key of, the name here what it is for.
        ("idempotency_key", Arc::new(said(&details, "key").collect::<StringArray>())),
    ];
    for name in TEXTS {
        columns.push((name, Arc::new(said(&details, name).collect::<StringArray>())));
    }
    for name in DAYS {
        let days = said(&details, name).map(|text| Some(day(AsOf::parse(text?).ok()?.day())));
        columns.push((name, Arc::new(days.collect::<Date32Array>())));
    }
    for (name, member) in NUMBERS {
        let numbers = details.iter().map(|detail| detail.get(*member).and_then(Value::as_i64));
        columns.push((name, Arc::new(numbers.collect::<Int64Array>())));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .context(ErrorKind::Internal, "entries as rows")
}

fn said<'d>(details: &'d [Map<String, Value>], member: &str) -> impl Iterator<Item = Option<&'d str>> {
    details.iter().map(move |detail| detail.get(member).and_then(Value::as_str))
}
