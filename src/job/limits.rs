//! Whether a run proposes too much at once: its new candidates against the last good state. What it finds belongs to the
//! run, as the candidates it opens do, so that no abort lets a batch slip by.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::Job;
use super::facts::acting;
use super::record::RunBody;
use crate::base::Result;
use crate::identity::IdentityMap;
use crate::log::{EntryKind, NewEntry};
use crate::review::{self, Batch, Book, Measures, Scope};
use crate::store::{Chain, Current, Kind, Record, parquet};

/// Seats by app.
const SEATS: &str = "marts.app_utilization";
/// Who has left.
const PERSONS: &str = "core.persons";
/// What policies propose.
const PROPOSED: &str = "policy.candidates";

impl Job {
    /// The entries about limits that a run passes; none while no policy may have any effect.
    pub(super) async fn trips(
        &self,
        run: &Record,
        body: &RunBody,
        identity: &IdentityMap,
        book: &Book,
        at: DateTime<Utc>,
        actor: &str,
    ) -> Result<Vec<NewEntry>> {
        let records = self.store.records(&Chain::Runs).await?;
        let current = Current::of(&records);
        let candidates = acting(&self.table(body, &current, PROPOSED).await?, identity)?;
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let before: Vec<&Record> =
            records.iter().rev().filter(|r| r.kind == Kind::Run && r.version < run.version).collect();
        let good = |app: Option<&str>| before.iter().find(|r| review::is_good(book, r.version, app)).copied();
        let seats_now = seats(&self.table(body, &current, SEATS).await?);
        let mut measures = Measures::default();
        for (app, now) in &seats_now {
            let earlier = match good(Some(app)) {
                Some(record) => seats(&self.table_of(record, &current, SEATS).await?).get(app).copied(),
                None => None,
            };
            measures.seats.insert(app.clone(), earlier.unwrap_or(*now));
        }
        if let Some(record) = good(None) {
            let persons = left(&self.table_of(record, &current, PERSONS).await?);
            let now = left(&self.table(body, &current, PERSONS).await?);
            let stayed = persons.iter().filter(|(_, has_left)| !**has_left);
            measures.workers = stayed.clone().count() as u64;
            measures.terminated =
                stayed.filter(|(person, _)| now.get(*person).is_some_and(|left| *left)).count() as u64;
        }
        let trips = review::trips(&candidates, book, &self.config.project.rails, &measures, at);
        let entry = |trip: review::Trip| {
            let detail = json!({
                "batch": Batch::name(run.version, &trip.scope),
                "rail": trip.rail,
                "run": run.version,
                "count": trip.count,
                "limit": trip.limit,
            });
            let app_id = if let Scope::App(app) = trip.scope { Some(app) } else { None };
            NewEntry { app_id, ..NewEntry::new(at, EntryKind::BreakerTripped, actor, detail) }
        };
        Ok(trips.into_iter().map(entry).collect())
    }

    async fn table_of(&self, run: &Record, current: &Current, table: &str) -> Result<Vec<RecordBatch>> {
        self.table(&RunBody::read(run)?, current, table).await
    }

    /// The rows of a table of a run; none when they have expired.
    async fn table(&self, body: &RunBody, current: &Current, table: &str) -> Result<Vec<RecordBatch>> {
        match body.tables.get(table).and_then(|file| current.file(file)) {
            Some(file) => Ok(parquet::decode(self.store.read(&file).await?)?.1),
            None => Ok(Vec::new()),
        }
    }
}

/// Seats by app.
fn seats(batches: &[RecordBatch]) -> BTreeMap<String, u64> {
    let of = |batch: &RecordBatch| {
        let apps = batch.column_by_name("app_id").and_then(|c| c.as_string_opt::<i32>()).cloned();
        let counts = batch.column_by_name("seat_count").and_then(|c| c.as_primitive_opt::<Int64Type>()).cloned();
        let rows = apps.zip(counts).map(|(apps, counts)| {
            let row = |row: usize| (apps.value(row).to_owned(), counts.value(row).unsigned_abs());
            (0..apps.len()).map(row).collect::<Vec<_>>()
        });
        rows.unwrap_or_default()
    };
    batches.iter().flat_map(of).collect()
}

/// Persons, and whether they have left.
fn left(batches: &[RecordBatch]) -> BTreeMap<String, bool> {
    let of = |batch: &RecordBatch| {
        let persons = batch.column_by_name("person_key").and_then(|c| c.as_string_opt::<i32>()).cloned();
        let left = batch.column_by_name("is_terminated").and_then(|c| c.as_boolean_opt()).cloned();
        let rows = persons.zip(left).map(|(persons, left)| {
            let row = |row: usize| (persons.value(row).to_owned(), left.is_valid(row) && left.value(row));
            (0..persons.len()).map(row).collect::<Vec<_>>()
        });
        rows.unwrap_or_default()
    };
    batches.iter().flat_map(of).collect()
}
