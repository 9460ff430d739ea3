//! Months that are over, summed up once: what reports of use over time read instead of days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    AsArray, Date32Array, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::advance::{Advance, Told};
use super::files::{Of, day_number, seat_month_schema};
use super::sorted::{Heap, Sorted};
use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};
use crate::store::parquet::Encoder;
use crate::store::{Chain, Current, Draft, FileEntry, Key, Kind, Record, Store, day_use, seat_month, sha256_hex};

/// Rows that are built up before they are handed to the encoder.
const BUILT_ROWS: usize = 65_536;
/// Columns whose values repeat.
pub(super) const REPEATED: [&str; 4] = ["source", "stream", "month", "app_instance_id"];
/// Months before the present one that are summed up anew when something of them comes late: as long as `raw/` is kept.
const OPEN_MONTHS: u32 = 12;

/// What the record of a month says beside its files.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    month: NaiveDate,
    /// The names of the files of `day_use` it sums up.
    inputs: BTreeSet<String>,
}

impl Advance<'_> {
    /// Sums up every month that is over at the day and has not been, or of which more became known since; gives the
    /// files of all months. What came late is added to what is there.
    ///
    /// # Errors
    /// A store error; Conflict when another run closes the same month otherwise at the same time.
    pub async fn months(&self, landings: &[Told]) -> Result<Vec<FileEntry>> {
        let chain = self.chain();
        let mut records = self.store.records(&chain).await?;
        let mut files = Vec::new();
        for (month, inputs) in self.over(landings) {
            let current = Current::of(&records);
            let closed = closed(&records, &current, month);
            let wanted: BTreeSet<String> = inputs.keys().cloned().collect();
            let is_settled =
                month.checked_add_months(Months::new(OPEN_MONTHS)).is_some_and(|end| end < self.as_of.day());
            let known = closed.iter().rev().find(|(body, _)| body.inputs == wanted || is_settled);
            if let Some((_, live)) = known.filter(|_| !self.rebuild) {
                files.extend(live.iter().cloned());
                continue;
            }
            let part = closed.iter().filter(|(body, _)| !self.rebuild && body.inputs.is_subset(&wanted));
            let base = part.max_by_key(|(body, _)| body.inputs.len());
            let summed = self.sum(month, base.map(|(body, live)| (&body.inputs, &live[..])), &inputs).await?;
            let hashes = |files: &[FileEntry]| files.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
            if let Some((_, live)) = closed.iter().find(|(_, live)| hashes(live) == hashes(&summed)) {
                files.extend(live.iter().cloned());
                continue;
            }
            let draft = self.draft(&chain, month, wanted, summed)?;
            let committed = self.store.commit(&chain, records.last(), draft).await?;
            let record = committed.settled(format!("closed a month of {chain}"))?;
            files.extend(record.files.iter().cloned());
            records.push(record);
        }
        Ok(files)
    }

    /// The months that are over, with the files that tell of them by what they are called in a record.
    fn over<'l>(&self, landings: &'l [Told]) -> BTreeMap<NaiveDate, BTreeMap<String, &'l FileEntry>> {
        let mut months: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let present = first_of_month(self.as_of.day());
        for file in landings.iter().flat_map(|landing| &landing.files) {
            let (Some(first), Some(last)) = (file.min_at, file.max_at) else { continue };
            if day_use(&file.path).is_none_or(|(known_on, _)| known_on > self.as_of.day()) {
                continue;
            }
            let mut month = first_of_month(first.date_naive());
            while month < present && month <= last.date_naive() {
                let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
                months.entry(month).or_default().insert(name, file);
                month = month + Months::new(1);
            }
        }
        months
    }

    /// The files of a month: those of `base` with what `inputs` tell beyond it.
    async fn sum(
        &self,
        month: NaiveDate,
        base: Option<(&BTreeSet<String>, &[FileEntry])>,
        inputs: &BTreeMap<String, &FileEntry>,
    ) -> Result<Vec<FileEntry>> {
        let mut buckets: BTreeMap<u32, Vec<(FileEntry, Kept)>> = BTreeMap::new();
        for file in base.iter().flat_map(|(_, files)| *files) {
            if let Some((_, bucket)) = seat_month(&file.path) {
                buckets.entry(bucket).or_default().push((file.clone(), Kept::Month));
            }
        }
        for (name, file) in inputs {
            let is_new = base.is_none_or(|(known, _)| !known.contains(name));
            if let Some((_, bucket)) = day_use(&file.path).filter(|_| is_new) {
                buckets.entry(bucket).or_default().push(((*file).clone(), Kept::Days));
            }
        }
        let mut files = Vec::new();
        for (bucket, parts) in buckets {
            let mut read = Vec::with_capacity(parts.len());
            for (file, kept) in parts {
                read.push((self.store.read(&file).await?, kept));
            }
            let of = (self.of.source.to_owned(), self.of.stream.to_owned());
            let work = move || sum(Of { source: &of.0, stream: &of.1 }, month, read);
            let done = tokio::task::spawn_blocking(work).await.context(ErrorKind::Internal, "a merge died")??;
            let Some((bytes, rows)) = done else { continue };
            let key = |sha16: &str| Key::SeatMonth {
                source: self.of.source.to_owned(),
                stream: self.of.stream.to_owned(),
                month,
                bucket,
                run_id: self.run_id.clone(),
                sha16: sha16.to_owned(),
            };
            files.push(self.store.put_encoded(key, bytes, rows).await?);
        }
        Ok(files)
    }

    fn draft(&self, chain: &Chain, month: NaiveDate, inputs: BTreeSet<String>, files: Vec<FileEntry>) -> Result<Draft> {
        let names: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(Draft {
            commit_id: sha256_hex(format!("{chain} {month} {}", names.join(",")).as_bytes()),
            run_id: self.run_id.clone(),
            config_sha256: self.config_sha256.to_owned(),
            kind: Kind::Close,
            extract_date: None,
            reads: BTreeMap::new(),
            files,
            replaces: Vec::new(),
            body: serde_json::to_value(Body { month, inputs }).context(ErrorKind::Internal, "the body of a month")?,
        })
    }
}

/// The months before a day as they are on record, for whoever only looks.
///
/// # Errors
/// A store error.
pub async fn months(store: &Store, of: Of<'_>, as_of: AsOf) -> Result<Vec<FileEntry>> {
    let records = store.records(&Chain::Usage { source: of.source.to_owned(), stream: of.stream.to_owned() }).await?;
    let current = Current::of(&records);
    let months: BTreeSet<NaiveDate> = records.iter().filter_map(month_of).collect();
    let over = months.range(..first_of_month(as_of.day()));
    let newest = over.filter_map(|month| closed(&records, &current, *month).pop());
    Ok(newest.flat_map(|(_, files)| files).collect())
}

/// The records of a month all of whose files are there, oldest first.
fn closed(records: &[Record], current: &Current, month: NaiveDate) -> Vec<(Body, Vec<FileEntry>)> {
    let of_month = |record: &Record| {
        let body: Body = serde_json::from_value(record.body.clone()).ok().filter(|_| record.kind == Kind::Close)?;
        let files: Option<Vec<FileEntry>> = record.files.iter().map(|file| current.file(file)).collect();
        Some((body, files?)).filter(|(body, _)| body.month == month)
    };
    records.iter().filter_map(of_month).collect()
}

/// The months of a record of kind `close`.
pub(super) fn month_of(record: &Record) -> Option<NaiveDate> {
    let body: Body = serde_json::from_value(record.body.clone()).ok().filter(|_| record.kind == Kind::Close)?;
    Some(body.month)
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Days,
    Month,
}

/// What is known of one account in one app in the month.
#[derive(Default)]
struct Row {
    days: i64,
    sign_ins: i64,
    last_at: Option<i64>,
}

impl Row {
    fn see(&mut self, rows: &RecordBatch, row: usize, kept: Kept, month: &std::ops::Range<i32>) {
        let int = |column: usize| rows.column(column).as_primitive::<Int64Type>().value(row);
        let at = |column: usize| rows.column(column).as_primitive::<TimestampMicrosecondType>().value(row);
        let (days, sign_ins, last_at) = match kept {
            Kept::Month => (int(5), int(6), at(7)),
            Kept::Days => {
                let day = rows.column(2).as_primitive::<Date32Type>().value(row);
                if !month.contains(&day) || int(3) == 0 {
                    return;
                }
                (1 << (day - month.start), int(3), at(5))
            }
        };
        self.days |= days;
        self.sign_ins += sign_ins;
        self.last_at = self.last_at.max(Some(last_at));
    }
}

fn sum(of: Of<'_>, month: NaiveDate, parts: Vec<(Bytes, Kept)>) -> Result<Option<(Bytes, u64)>> {
    let mut files = Vec::with_capacity(parts.len());
    for (bytes, kept) in parts {
        let key = match kept {
            Kept::Days => 0,
            Kept::Month => 3,
        };
        files.extend(Sorted::open(bytes, key)?.map(|rows| (rows, kept)));
    }
    let days = day_number(month)..day_number(month + Months::new(1));
    let (mut heap, mut encoder) = (Heap::of(files), Encoder::light(&seat_month_schema(), Vec::new(), &REPEATED)?);
    let (mut apps, mut accounts) = (StringBuilder::new(), StringBuilder::new());
    let mut numbers: [Vec<i64>; 3] = Default::default();
    loop {
        let mut told = Row::default();
        let key = heap.next(|rows, row, kept| told.see(rows, row, kept, &days))?;
        if let (Some((app, account)), Some(last_at)) = (&key, told.last_at) {
            apps.append_value(app);
            accounts.append_value(account);
            numbers.iter_mut().zip([told.days, told.sign_ins, last_at]).for_each(|(column, value)| column.push(value));
        }
        if key.is_none() || numbers[0].len() == BUILT_ROWS {
            let rows = numbers[0].len();
            let text = |text: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)));
            let [masks, sign_ins, last_at] = std::mem::take(&mut numbers);
            let columns: Vec<arrow::array::ArrayRef> = vec![
                text(of.source),
                text(of.stream),
                Arc::new(Date32Array::from_value(days.start, rows)),
                Arc::new(apps.finish()),
                Arc::new(accounts.finish()),
                Arc::new(Int64Array::from(masks)),
                Arc::new(Int64Array::from(sign_ins)),
                Arc::new(TimestampMicrosecondArray::from(last_at).with_timezone("UTC")),
            ];
            let batch = RecordBatch::try_new(seat_month_schema(), columns);
            encoder.push(&batch.context(ErrorKind::Internal, "rows of a month")?)?;
        }
        if key.is_none() {
            let rows = encoder.rows();
            return Ok(if rows > 0 { Some((encoder.finish()?.into(), rows)) } else { None });
        }
    }
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}
