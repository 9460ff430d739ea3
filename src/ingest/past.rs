//! What of a stream has landed before, and where reading it stands.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::body::Body;
use super::expire::is_landing;
use super::reader::{PATH, path_part};
use super::write;
use crate::base::Result;
use crate::schema::{Dataset, Feed, Role};
use crate::store::{Chain, Current, FileEntry, Record, Store, parquet};

/// What has landed before.
pub(super) struct Past {
    /// The landings, oldest first.
    pub records: Vec<(Record, Body)>,
    /// The newest record of the chain, whatever it did.
    pub head: Option<Record>,
    /// Where their files are by now.
    pub current: Current,
}

impl Past {
    /// What is on record of a stream.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn of(store: &Store, chain: &Chain) -> Result<Self> {
        let records = store.records(chain).await?;
        let current = Current::of(&records);
        let head = records.last().cloned();
        let mut landings = Vec::new();
        for record in records.into_iter().filter(is_landing) {
            let body = Body::whole(store, &record).await?;
            landings.push((record, body));
        }
        Ok(Self { records: landings, head, current })
    }

    fn newest(&self) -> Option<&Body> {
        self.records.last().map(|(_, body)| body)
    }

    /// Where a collector goes on reading.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.records.iter().rev().find_map(|(_, body)| body.collector.as_ref().map(|_| body.cursor_after.as_deref()))?
    }

    /// The newest event.
    pub(super) fn watermark(&self) -> Option<DateTime<Utc>> {
        self.newest()?.watermark_at
    }

    /// The last day that is complete.
    pub(super) fn complete_through(&self) -> Option<NaiveDate> {
        self.records.iter().map(|(_, body)| body.complete_through).max()
    }

    /// The first day that is spoken for.
    pub(super) fn first_day(&self) -> Option<NaiveDate> {
        self.records.iter().filter_map(|(_, body)| body.covers_from).min()
    }

    /// Up to when events were compared with what the source has.
    pub(super) fn reconciled_until(&self) -> Option<DateTime<Utc>> {
        self.newest()?.reconciled_until
    }

    pub(super) fn newest_day(&self) -> Option<NaiveDate> {
        self.records.iter().filter_map(|(record, _)| record.extract_date).max()
    }

    /// The names of the first landing that had any: what came later is new.
    pub(super) fn known_columns(&self) -> Option<BTreeSet<String>> {
        self.records.iter().map(|(_, body)| &body.columns).find(|columns| !columns.is_empty()).cloned()
    }

    pub(super) fn on(&self, day: NaiveDate) -> impl Iterator<Item = &(Record, Body)> {
        self.records.iter().filter(move |(record, _)| record.extract_date == Some(day))
    }

    /// The files that count as landed for a day, by hash and what their path says: a full feed may bring the same bytes
    /// anew, an event drop may not.
    pub(super) fn landed<'p>(&'p self, dataset: &Dataset, day: NaiveDate) -> BTreeSet<(&'p str, Vec<&'p str>)> {
        let counts = |record: &Record| dataset.feed == Feed::Events || record.extract_date == Some(day);
        let bodies = self.records.iter().filter(|(record, _)| counts(record)).map(|(_, body)| body);
        let inputs = bodies.flat_map(|body| &body.inputs);
        inputs.map(|input| (input.sha256.as_str(), told_by_path(dataset, &input.path))).collect()
    }

    /// The keys of landed events as far as they lie in files that reach into a span.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn keys(
        &self,
        store: &Store,
        dataset: &Dataset,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<write::Keys> {
        let mut keys = write::Keys::default();
        let reaches = |file: &&FileEntry| {
            file.min_at.is_none_or(|first| first <= to) && file.max_at.is_none_or(|last| last >= from)
        };
        for (record, _) in &self.records {
            for file in record.files.iter().filter(|file| write::is_raw(file)).filter(reaches) {
                let Some(file) = self.current.file(file) else { continue };
                for batch in parquet::Batches::of_columns(store.read(&file).await?, dataset.key)? {
                    keys.extend(write::keys(dataset, &batch?)?);
                }
            }
        }
        Ok(keys)
    }
}

/// What the path of a file says about its rows: two files of the same bytes may hold different ones.
pub(super) fn told_by_path<'p>(dataset: &Dataset, path: &'p str) -> Vec<&'p str> {
    // The path of a state names its workspace.
    if dataset.role == Role::Declared {
        return vec![path];
    }
    let prefixes = dataset.fields.iter().flat_map(|field| field.from).filter_map(|name| name.strip_prefix(PATH));
    prefixes.filter_map(|prefix| path_part(prefix, path)).collect()
}
