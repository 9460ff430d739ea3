//! Takes a person out of what landed: rows about them go, and in the rows of others what names them is emptied.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use super::facts::streams;
use super::write::{is_apart, is_raw};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::config::{Config, Source};
use crate::schema::{Dataset, EXTRA, Person, Pii, Role, dataset, without_texts};
use crate::store::{self, Chain, Current, FileEntry, Key, Record, RunId, Store, parquet};

/// Takes a person out of every landing of the configured sources. Counts the files that change; without `apply` that is
/// all.
///
/// # Errors
/// A store error; Conflict when an extract lands meanwhile.
pub async fn erase(config: &Config, store: &Store, person: &Person, run_id: &RunId, apply: bool) -> Result<usize> {
    let mut changed = 0;
    for source in &config.project.sources {
        for stream in streams(source) {
            let known = source.dataset(&stream).and_then(|name| dataset(source.kind.as_str(), name));
            let Some(dataset) = known else { continue };
            let chain = Chain::Raw { source: source.name.clone(), stream: stream.clone() };
            let records = store.records(&chain).await?;
            let current = Current::of(&records);
            let mut moves = Vec::new();
            for record in &records {
                for file in record.files.iter().filter_map(|file| current.file(file)) {
                    if moves.iter().any(|(old, _): &(FileEntry, _)| old.path == file.path) {
                        continue;
                    }
                    let Some(rows) = without(store, person, dataset, names_of(dataset, source), &file).await? else {
                        continue;
                    };
                    let place = Place { source: &source.name, stream: &stream, record, n: moves.len() as u32 };
                    let new = if apply { place.write(store, &file, rows, run_id).await? } else { None };
                    moves.push((file, new));
                }
            }
            changed += moves.len();
            if apply {
                store.replace(&chain, &moves, run_id, &config.sha256).await?;
            }
        }
    }
    Ok(changed)
}

/// Whether a file of a landing knows a person.
///
/// # Errors
/// A store error.
pub async fn knows(config: &Config, store: &Store, person: &Person, chain: &Chain, file: &FileEntry) -> Result<bool> {
    let Chain::Raw { source: name, stream } = chain else { return Ok(false) };
    let Some(source) = config.project.sources.iter().find(|source| source.name == *name) else { return Ok(false) };
    let known = source.dataset(stream).and_then(|kind| dataset(source.kind.as_str(), kind));
    let Some(dataset) = known else { return Ok(false) };
    Ok(without(store, person, dataset, names_of(dataset, source), file).await?.is_some())
}

/// The source by whose ids a dataset names people: its own, but Terraform names them as the directory does; none: any.
fn names_of<'s>(dataset: &Dataset, source: &'s Source) -> Option<&'s str> {
    (dataset.role != Role::Declared).then_some(source.name.as_str())
}

/// The rows of a file without the person; none when they are not in it.
async fn without(
    store: &Store,
    person: &Person,
    dataset: &Dataset,
    source: Option<&str>,
    file: &FileEntry,
) -> Result<Option<Vec<RecordBatch>>> {
    let (_, batches) = parquet::decode(store.read(file).await?)?;
    let mut is_changed = false;
    let mut kept = Vec::with_capacity(batches.len());
    for batch in batches {
        let rows = if is_raw(file) {
            without_rows(person, dataset, source, &batch)?
        } else if is_apart(file) {
            without_mentions(person, source, &batch)?
        } else {
            keep(&batch, "account_id", |text| !person.is_named(text, Pii::Identifier, source))?
        };
        is_changed |= rows != batch;
        kept.push(rows);
    }
    Ok(is_changed.then_some(kept))
}

fn without_rows(person: &Person, dataset: &Dataset, source: Option<&str>, batch: &RecordBatch) -> Result<RecordBatch> {
    let class = |column: &str| dataset.index(column).map_or(Pii::None, |i| dataset.fields[i].pii);
    // The id by which a row is about somebody may be of any class.
    let is_subject = |text: &str| person.is_named(text, Pii::Identifier, source);
    let rows = keep(batch, dataset.subject, |text| !is_subject(text))?;
    without_texts(&rows, |column, text| match class(column) {
        Pii::None => column == EXTRA && person.is_mentioned(text),
        pii => person.is_named(text, pii, source),
    })
}

fn without_mentions(person: &Person, source: Option<&str>, batch: &RecordBatch) -> Result<RecordBatch> {
    let rows = keep(batch, "natural_key", |text| !person.is_named(text, Pii::Identifier, source))?;
    keep(&rows, "raw", |text| !person.is_mentioned(text))
}

/// The rows whose text in a column is kept; those without one are.
fn keep(batch: &RecordBatch, column: &str, is_kept: impl Fn(&str) -> bool) -> Result<RecordBatch> {
    let Some(texts) = batch.column_by_name(column).and_then(|c| c.as_string_opt::<i32>()) else {
        return Ok(batch.clone());
    };
    let mask: BooleanArray = texts.iter().map(|text| Some(text.is_none_or(&is_kept))).collect();
    filter_record_batch(batch, &mask).context(ErrorKind::Internal, "cannot drop rows")
}

/// Where the file of a landing lies.
struct Place<'a> {
    source: &'a str,
    stream: &'a str,
    record: &'a Record,
    n: u32,
}

impl Place<'_> {
    /// Writes what is left of a file; nothing when no row is.
    async fn write(
        &self,
        store: &Store,
        old: &FileEntry,
        rows: Vec<RecordBatch>,
        run_id: &RunId,
    ) -> Result<Option<FileEntry>> {
        let Some(first) = rows.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
        let (source, stream, run_id) = (self.source.to_owned(), self.stream.to_owned(), run_id.clone());
        let key = |sha16: &str| {
            let sha16 = sha16.to_owned();
            match (store::day_use(&old.path), self.record.extract_date.filter(|_| is_raw(old))) {
                (Some((known_on, bucket)), _) => {
                    Key::DayUse { source, stream, known_on, bucket, run_id, n: self.n, sha16 }
                }
                (None, Some(extract_date)) => Key::Raw { source, stream, extract_date, run_id, n: self.n, sha16 },
                (None, None) => Key::Quarantine { source, stream, run_id, n: self.n, sha16 },
            }
        };
        let new = store.put_parquet(key, &first.schema(), &rows).await?;
        Ok(Some(FileEntry { min_at: old.min_at, max_at: old.max_at, ..new }))
    }
}
