//! Which rows of a landing are kept, and the files they are written to.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, Int64Builder, RecordBatch, StringArray,
    StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Date32Type, Field as ArrowField, Schema, SchemaRef, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, Utc};

use super::body::Input;
use super::page::{Page, hash_key, hash_text};
use super::values::days_since_epoch;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::schema::{Dataset, Feed};
use crate::store::{self, FileEntry, Key, RunId, Store};

/// Rows of one Parquet file.
const FILE_ROWS: usize = 4_000_000;

/// A set of hashes: they need no further hashing.
pub(super) type Keys = HashSet<u128, BuildHasherDefault<Truncate>>;

/// Takes the low half of a hash as its hash.
#[derive(Debug, Default)]
pub(super) struct Truncate(u64);

impl Hasher for Truncate {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |all, b| (all << 8) | u64::from(*b));
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

/// The rows that are kept, and where in the landing each stood.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub batches: Vec<RecordBatch>,
    numbers: Vec<Int64Array>,
    pub accepted: u64,
    pub duplicate: u64,
    /// Rows of no interest, which their pages count and do not hold.
    pub filtered: u64,
}

/// Keeps each key once: of a full feed the last row, of events the first, and none that is committed already.
pub(super) fn keep(dataset: &Dataset, pages: &[Page], committed: Keys) -> Result<Kept> {
    let chunks: Vec<_> = pages.iter().flat_map(|p| &p.chunks).collect();
    let mut seen = committed;
    let mut masks: Vec<Vec<bool>> = chunks.iter().map(|c| vec![false; c.keys.len()]).collect();
    let mut mark = |(mask, chunk): (&mut Vec<bool>, &&super::page::Chunk), is_reverse: bool| {
        let mut each = |i: usize| mask[i] = seen.insert(chunk.keys[i]);
        if is_reverse {
            (0..chunk.keys.len()).rev().for_each(&mut each)
        } else {
            (0..chunk.keys.len()).for_each(&mut each)
        }
    };
    match dataset.feed {
        Feed::Full => masks.iter_mut().zip(&chunks).rev().for_each(|pair| mark(pair, true)),
        Feed::Events => masks.iter_mut().zip(&chunks).for_each(|pair| mark(pair, false)),
    }
    let mut kept = Kept { filtered: pages.iter().map(|page| page.written).sum(), ..Kept::default() };
    let mut number = 0i64;
    for (mask, chunk) in masks.into_iter().zip(chunks) {
        let places = (number + 1..).zip(&mask).filter(|(_, keep)| **keep).map(|(n, _)| n);
        let places: Int64Array = places.collect::<Vec<_>>().into();
        number += mask.len() as i64;
        kept.accepted += places.len() as u64;
        kept.duplicate += (mask.len() - places.len()) as u64;
        let batch = filter_record_batch(&chunk.batch, &BooleanArray::from(mask));
        kept.batches.push(batch.context(ErrorKind::Internal, "cannot drop duplicates")?);
        kept.numbers.push(places);
    }
    Ok(kept)
}

/// Where a landing is written.
pub(super) struct Target<'a> {
    pub store: &'a Store,
    pub dataset: &'static Dataset,
    pub source: &'a str,
    pub stream: &'a str,
    pub extract_date: NaiveDate,
    pub version: u64,
    pub run_id: &'a RunId,
}

impl Target<'_> {
    /// Writes the rows, with where they come from before them.
    pub(super) async fn rows(&self, kept: &Kept) -> Result<Vec<FileEntry>> {
        let schema = self.dataset.arrow_schema();
        let mut batches = Vec::with_capacity(kept.batches.len());
        for (batch, numbers) in kept.batches.iter().zip(&kept.numbers).filter(|(batch, _)| batch.num_rows() > 0) {
            batches.push(self.with_origin(&schema, batch, numbers)?);
        }
        let mut entries = Vec::new();
        let mut rest = &batches[..];
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = rest.iter().take_while(|b| {
                let fits = rows == 0 || rows + b.num_rows() <= FILE_ROWS;
                rows += b.num_rows();
                fits
            });
            let (file, later) = rest.split_at(fits.count());
            let key = self.raw(entries.len() as u32);
            let mut entry = self.store.put_parquet(key, &schema, file).await?;
            let span = self.dataset.event_at.and_then(|column| span(file.iter(), column));
            (entry.min_at, entry.max_at) = span.unzip();
            entries.push(entry);
            rest = later;
        }
        Ok(entries)
    }

    /// The place of a file with rows, by the first digits of its hash.
    pub(super) fn raw(&self, n: u32) -> impl FnOnce(&str) -> Key {
        let (source, stream, run_id) = (self.source.to_owned(), self.stream.to_owned(), self.run_id.clone());
        let extract_date = self.extract_date;
        move |sha16| Key::Raw { source, stream, extract_date, run_id, n, sha16: sha16.to_owned() }
    }

    fn with_origin(&self, schema: &SchemaRef, batch: &RecordBatch, numbers: &Int64Array) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let text = |t: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(t, rows))) as ArrayRef;
        let mut columns = vec![
            text(self.source),
            text(self.stream),
            Arc::new(Date32Array::from_value(days_since_epoch(self.extract_date), rows)),
            Arc::new(Int64Array::from_value(self.version as i64, rows)),
            Arc::new(numbers.clone()),
        ];
        columns.extend(batch.columns().iter().cloned());
        RecordBatch::try_new(Arc::clone(schema), columns)
            .context(ErrorKind::Internal, "landed rows do not fit their schema")
    }

    /// Writes which files were read.
    pub(super) async fn inputs(&self, inputs: &[Input]) -> Result<FileEntry> {
        let texts =
            |of: fn(&Input) -> &String| Arc::new(StringArray::from_iter_values(inputs.iter().map(of))) as ArrayRef;
        let counts = |of: fn(&Input) -> u64| {
            Arc::new(Int64Array::from_iter_values(inputs.iter().map(|input| of(input).cast_signed()))) as ArrayRef
        };
        let columns = [
            ("path", texts(|input| &input.path)),
            ("sha256", texts(|input| &input.sha256)),
            ("bytes", counts(|input| input.bytes)),
            ("rows", counts(|input| input.rows)),
        ];
        let batch = RecordBatch::try_from_iter(columns).context(ErrorKind::Internal, "a list of inputs")?;
        let (source, stream, run_id) = (self.source.to_owned(), self.stream.to_owned(), self.run_id.clone());
        let key = |sha16: &str| Key::Inputs { source, stream, run_id, sha16: sha16.to_owned() };
        self.store.put_parquet(key, &batch.schema(), &[batch]).await
    }

    /// Writes the rows that are set apart, when there are any. `inputs` are path and hash of each page's file.
    pub(super) async fn quarantine(&self, inputs: &[(&str, &str)], pages: &[Page]) -> Result<Option<FileEntry>> {
        if pages.iter().all(|p| p.rejects.is_empty()) {
            return Ok(None);
        }
        const TEXTS: [&str; 8] =
            ["source", "stream", "input_file", "file_sha256", "column_name", "reason_code", "raw", "natural_key"];
        let mut texts = TEXTS.map(|_| StringBuilder::new());
        let mut numbers = Int64Builder::new();
        for ((path, sha256), page) in inputs.iter().zip(pages) {
            for r in &page.rejects {
                let row = [self.source, self.stream, path, sha256, r.column, r.reason, &r.raw];
                texts.iter_mut().zip(row).for_each(|(builder, text)| builder.append_value(text));
                texts[7].append_option(r.subject.as_deref());
                numbers.append_value(r.number as i64);
            }
        }
        let mut fields: Vec<_> = TEXTS.map(|name| ArrowField::new(name, DataType::Utf8, true)).into();
        let mut columns: Vec<ArrayRef> = texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
        fields.insert(4, ArrowField::new("row_number", DataType::Int64, true));
        columns.insert(4, Arc::new(numbers.finish()));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .context(ErrorKind::Internal, "quarantined rows do not fit their schema")?;
        let key = |sha16: &str| Key::Quarantine {
            source: self.source.to_owned(),
            stream: self.stream.to_owned(),
            run_id: self.run_id.clone(),
            n: u32::try_from(self.version).unwrap_or(u32::MAX),
            sha16: sha16.to_owned(),
        };
        self.store.put_parquet(key, &schema, &[batch]).await.map(Some)
    }
}

/// Whether a file of a landing holds its rows.
pub(super) fn is_raw(file: &FileEntry) -> bool {
    file.path.starts_with("raw/")
}

/// Whether it holds rows that were set apart.
pub(super) fn is_apart(file: &FileEntry) -> bool {
    file.path.starts_with("quarantine/")
}

/// Whether it holds the sign-ins of the rows, by day.
pub(super) fn is_day_use(file: &FileEntry) -> bool {
    store::day_use(&file.path).is_some()
}

/// The first and last instant (a day is its midnight) of a column.
pub(super) fn span<'b>(
    batches: impl Iterator<Item = &'b RecordBatch>,
    column: &str,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let ranges = batches.filter_map(|batch| {
        let array = batch.column_by_name(column)?;
        Some(match array.data_type() {
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                let at = |day: i32| i64::from(day) * 86_400_000_000;
                (at(arrow::compute::min(days)?), at(arrow::compute::max(days)?))
            }
            _ => {
                let instants = array.as_primitive::<TimestampMicrosecondType>();
                (arrow::compute::min(instants)?, arrow::compute::max(instants)?)
            }
        })
    });
    let (first, last) = ranges.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))?;
    Some((DateTime::from_timestamp_micros(first)?, DateTime::from_timestamp_micros(last)?))
}

/// Whether a flag is set in any row.
pub(super) fn has_true<'b>(mut batches: impl Iterator<Item = &'b RecordBatch>, column: &str) -> bool {
    batches.any(|batch| batch.column_by_name(column).is_some_and(|a| a.as_boolean().true_count() > 0))
}

/// Of how many rows a day is absent or not before another one; none where rows have no such day.
pub(super) fn not_before<'b>(
    batches: impl Iterator<Item = &'b RecordBatch>,
    column: &str,
    day: NaiveDate,
) -> Option<u64> {
    let day = Date32Type::from_naive_date(day);
    let mut count = None;
    for batch in batches {
        let days = batch.column_by_name(column)?.as_primitive_opt::<Date32Type>()?;
        *count.get_or_insert(0) += days.iter().filter(|found| found.is_none_or(|found| found >= day)).count() as u64;
    }
    count
}

/// The hashes of the keys of landed rows.
pub(super) fn keys(dataset: &Dataset, batch: &RecordBatch) -> Result<Vec<u128>> {
    let columns: Vec<&ArrayRef> = dataset.key.iter().filter_map(|k| batch.column_by_name(k)).collect();
    let part = |array: &ArrayRef, row: usize| {
        array.is_valid(row).then(|| match array.data_type() {
            DataType::Date32 => array.as_primitive::<Date32Type>().value(row).to_string(),
            _ => array.as_string::<i32>().value(row).to_owned(),
        })
    };
    let hash = |row: usize| match columns[..] {
        [only] if *only.data_type() == DataType::Utf8 && only.is_valid(row) => {
            hash_text(only.as_string::<i32>().value(row))
        }
        _ => hash_key(columns.iter().map(|array| part(array, row))),
    };
    Ok((0..batch.num_rows()).map(hash).collect())
}

#[cfg(test)]
mod tests {
    use super::super::page::{Row, Value};
    use super::*;
    use crate::schema::dataset;

    fn page(dataset: &Dataset, rows: &[(&str, &str)]) -> Page {
        let row = |(i, (a, b)): (usize, &(&str, &str))| Row {
            number: i as u64 + 1,
            values: vec![Value::Text((*a).to_owned()), Value::Text((*b).to_owned())],
            extra: None,
        };
        let mut page = Page { rows: rows.iter().enumerate().map(row).collect(), ..Page::default() };
        page.settle(dataset).unwrap();
        page
    }

    #[test]
    fn a_repeated_key_counts_once_and_the_sum_holds() {
        let members = dataset("okta", "group_members").unwrap();
        let pages = [page(members, &[("g", "a"), ("g", "b"), ("g", "a")]), page(members, &[("g", "b"), ("h", "a")])];
        let kept = keep(members, &pages, Keys::default()).unwrap();
        assert_eq!((kept.accepted, kept.duplicate), (3, 2));
        let numbers: Vec<i64> = kept.numbers.iter().flat_map(|n| n.values().to_vec()).collect();
        assert_eq!(numbers, [3, 4, 5], "of a full feed the last row stays");
        let fresh = keys(members, &kept.batches[1]).unwrap();
        assert_eq!(fresh, pages[1].chunks[0].keys, "landed keys hash as parsed ones");
        let events = Dataset { feed: Feed::Events, ..*members };
        let kept = keep(&events, &pages, fresh.into_iter().collect()).unwrap();
        assert_eq!((kept.accepted, kept.duplicate), (1, 4), "of events the first stays, and none that is committed");
    }
}
