//! What has landed, as of a day: which landings there are, which are in force, and the tables that say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field as ArrowField, Schema};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::body::{Body, Coverage, Override};
use super::expire::{expired, is_landing};
use super::values::days_since_epoch;
use super::write::{is_apart, is_day_use, is_raw};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::config::{Config, Kind, Source};
use crate::schema::{Dataset, Feed, Role, dataset, datasets};
use crate::store::{self, Chain, Current, FileEntry, Record, Store};

/// One committed landing.
#[derive(Debug, Clone)]
pub struct LandingFact {
    /// The source.
    pub source: String,
    /// The stream.
    pub stream: String,
    /// What its rows are.
    pub dataset: &'static Dataset,
    /// Its version in the chain of the stream.
    pub version: u64,
    /// The day of extraction.
    pub extract_date: NaiveDate,
    /// When it was committed.
    pub committed_at: Option<DateTime<Utc>>,
    /// Whether its rows count: of a full feed the newest complete landing, of events every one.
    pub is_in_force: bool,
    /// The files with its rows.
    pub files: Vec<FileEntry>,
    /// The files with the sign-ins among them, by day; of a System Log only.
    pub day_use: Vec<FileEntry>,
    record_sha256: String,
    body: Body,
    /// The files with the rows set apart, while those are kept.
    apart: Vec<FileEntry>,
    /// Whom those rows are about.
    subjects: Vec<Option<String>>,
}

impl LandingFact {
    /// Whether its rows are told of as history: of a full feed those of every complete landing, of events all.
    pub fn counts(&self) -> bool {
        self.dataset.feed == Feed::Events || self.is_complete()
    }

    /// Whether it holds everything the source had.
    pub fn is_complete(&self) -> bool {
        self.body.is_complete()
    }

    /// `complete`, or `partial` where the source had more than came.
    pub fn coverage(&self) -> &'static str {
        self.body.coverage.as_str()
    }

    /// Its control totals.
    pub fn totals(&self) -> Totals {
        let Body { fetched, accepted, duplicate, filtered, quarantined, .. } = self.body;
        Totals { fetched, accepted, duplicate, filtered, quarantined }
    }

    /// What was odd about it and what it lacks, each `code: words`.
    pub fn warnings(&self) -> Vec<String> {
        let lacks = self.body.lacks.iter().map(|lack| format!("partial: {lack}"));
        self.body.warnings.iter().cloned().chain(lacks).collect()
    }
}

/// The control totals of a landing, in rows: fetched = accepted + duplicate + filtered + quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows that came.
    pub fetched: u64,
    /// Rows that landed.
    pub accepted: u64,
    /// Rows that were there already.
    pub duplicate: u64,
    /// Events whose type the project does not keep.
    pub filtered: u64,
    /// Rows set apart.
    pub quarantined: u64,
}

/// A table to register for the models: the files with the rows of one dataset.
#[derive(Debug, Clone)]
pub struct RawTable {
    /// `raw` or `history`.
    pub schema: &'static str,
    /// `<kind>_<stream>`.
    pub table: String,
    /// What its rows are.
    pub dataset: &'static Dataset,
    /// Where they are; empty when nothing landed.
    pub files: Vec<FileEntry>,
}

/// Every landing of the configured sources with an extract date up to the as-of date.
///
/// # Errors
/// A store error.
pub async fn landings(config: &Config, store: &Store, as_of: AsOf) -> Result<Vec<LandingFact>> {
    let mut facts = Vec::new();
    for source in &config.project.sources {
        for stream in streams(source) {
            let known = source.dataset(&stream).and_then(|name| dataset(source.kind.as_str(), name));
            let Some(dataset) = known else { continue };
            let chain = Chain::Raw { source: source.name.clone(), stream: stream.clone() };
            let mut of_stream = Vec::new();
            let records = store.records(&chain).await?;
            let (current, expired) = (Current::of(&records), expired(&records)?);
            for record in records.iter().filter(|r| is_landing(r) && !expired.contains(&r.version)) {
                if let Some(extract_date) = record.extract_date.filter(|day| *day <= as_of.day()) {
                    let live: Vec<FileEntry> = record.files.iter().filter_map(|file| current.file(file)).collect();
                    let of = |is: fn(&FileEntry) -> bool| live.iter().filter(|file| is(file)).cloned().collect();
                    let body = Body::whole(store, record).await?;
                    of_stream.push(LandingFact {
                        source: source.name.clone(),
                        stream: stream.clone(),
                        dataset,
                        version: record.version,
                        extract_date,
                        committed_at: record.run_id.made_at(),
                        is_in_force: false,
                        record_sha256: record.sha256.clone(),
                        body,
                        files: of(is_raw),
                        day_use: of(is_day_use),
                        apart: of(is_apart),
                        subjects: Vec::new(),
                    });
                }
            }
            put_in_force(dataset, &mut of_stream);
            for fact in of_stream.iter_mut().filter(|fact| fact.is_in_force) {
                fact.subjects = subjects(store, &fact.apart).await?;
            }
            facts.extend(of_stream);
        }
    }
    Ok(facts)
}

/// Whom the rows of quarantine files are about, in their order: kept with the rows, since records are for ever.
async fn subjects(store: &Store, files: &[FileEntry]) -> Result<Vec<Option<String>>> {
    let mut subjects = Vec::new();
    for file in files {
        let (_, batches) = store::parquet::decode(store.read(file).await?)?;
        for batch in &batches {
            let column = batch.column_by_name("natural_key").and_then(|c| c.as_string_opt::<i32>());
            let column = column.ok_or_else(|| Error::store(format!("{} is no quarantine", file.path)))?;
            subjects.extend(column.iter().map(|subject| subject.map(str::to_owned)));
        }
    }
    Ok(subjects)
}

/// What a source may have landed: what it declares, else every stream of its kind, whether or not its folder still is
/// there.
pub(super) fn streams(source: &Source) -> Vec<String> {
    match &source.streams {
        Some(streams) => streams.clone(),
        None if source.kind == Kind::Mapped => source.stream.keys().cloned().collect(),
        None => source.kind.streams().map(|s| s.name.to_owned()).collect(),
    }
}

/// The System Logs of the project: source and stream of each.
pub fn logs(config: &Config) -> Vec<(String, String)> {
    let of_source = |source: &Source| {
        let is_log = |stream: &String| {
            let known = source.dataset(stream).and_then(|name| dataset(source.kind.as_str(), name));
            known.is_some_and(|dataset| dataset.role == Role::Log)
        };
        streams(source).into_iter().filter(is_log).map(|stream| (source.name.clone(), stream)).collect::<Vec<_>>()
    };
    config.project.sources.iter().flat_map(of_source).collect()
}

/// The checks that somebody set aside for a landing.
///
/// # Errors
/// A store error when its record is of another release.
pub fn overrides(landing: &Record) -> Result<Vec<Override>> {
    if matches!(landing.kind, store::Kind::Land | store::Kind::Backfill) {
        return Ok(Body::of(landing)?.overrides);
    }
    Ok(Vec::new())
}

/// Every input file of the landings in force, with what became of its rows: which landing, which bytes.
pub fn inputs(facts: &[LandingFact]) -> serde_json::Value {
    let landing = |f: &LandingFact| {
        serde_json::json!({
            "source": f.source,
            "stream": f.stream,
            "landing": format!("raw/{}/{}@{}", f.source, f.stream, f.version),
            "record_sha256": f.record_sha256,
            "extract_date": f.extract_date,
            "complete_through": f.body.complete_through,
            "coverage": f.body.coverage.as_str(),
            "fetched": f.body.fetched,
            "accepted": f.body.accepted,
            "duplicate": f.body.duplicate,
            "filtered": f.body.filtered,
            "quarantined": f.body.quarantined,
            "min_at": f.files.iter().filter_map(|e| e.min_at).min(),
            "max_at": f.files.iter().filter_map(|e| e.max_at).max(),
            "inputs": f.body.inputs,
            "landed_files": f.files.iter().map(|e| (e.path.clone(), e.sha256.clone().into())).collect::<serde_json::Map<_, _>>(),
        })
    };
    facts.iter().filter(|f| f.is_in_force).map(landing).collect()
}

fn put_in_force(dataset: &Dataset, landings: &mut [LandingFact]) {
    if dataset.feed == Feed::Full {
        let complete = landings.iter_mut().filter(|l| l.body.is_complete());
        if let Some(newest) = complete.max_by_key(|l| (l.extract_date, l.version)) {
            newest.is_in_force = true;
        }
        return;
    }
    // Pages that came later complete the landing that lacked them.
    for i in 0..landings.len() {
        let (early, late) = landings.split_at_mut(i + 1);
        let repaired = late.iter().any(|l| {
            l.extract_date == early[i].extract_date && l.body.is_complete() && l.body.includes(&early[i].body)
        });
        if repaired {
            early[i].body.coverage = Coverage::Complete;
        }
        early[i].is_in_force = true;
    }
}

/// The tables `raw.*` and `history.*` of every dataset there is, with the files of these landings that count.
pub fn files_in_force(facts: &[LandingFact]) -> Vec<RawTable> {
    let files = |dataset: &Dataset, counts: &dyn Fn(&LandingFact) -> bool| {
        let of_dataset = facts.iter().filter(|f| f.dataset.table() == dataset.table() && counts(f));
        of_dataset.flat_map(|f| f.files.iter().cloned()).collect()
    };
    let mut tables = Vec::new();
    for dataset in datasets() {
        let table = dataset.table();
        let in_force = files(dataset, &|f| f.is_in_force);
        tables.push(RawTable { schema: "raw", table: table.clone(), dataset, files: in_force });
        if dataset.feed == Feed::Full {
            let complete = files(dataset, &|f| f.body.is_complete());
            tables.push(RawTable { schema: "history", table, dataset, files: complete });
        }
    }
    tables
}

/// The tables `audit.landings`, `audit.coverage_holes` and `audit.quarantine` of these landings.
///
/// # Errors
/// An internal error when the columns of a table disagree.
pub fn audit_tables(facts: &[LandingFact]) -> Result<Vec<(String, RecordBatch)>> {
    Ok(vec![
        ("audit.landings".to_owned(), landings_table(facts)?),
        ("audit.coverage_holes".to_owned(), holes_table(facts)?),
        ("audit.quarantine".to_owned(), quarantine_table(facts)?),
    ])
}

fn landings_table(facts: &[LandingFact]) -> Result<RecordBatch> {
    let count = |n: fn(&Body) -> u64| ints(facts.iter().map(|f| n(&f.body)));
    let instant = |pick: fn(&LandingFact) -> Option<DateTime<Utc>>| {
        let at = facts.iter().map(|f| pick(f).map(|at| at.timestamp_micros()));
        Arc::new(at.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as ArrayRef
    };
    let flags = |flag: fn(&LandingFact) -> bool| {
        Arc::new(BooleanArray::from_iter(facts.iter().map(|f| Some(flag(f))))) as ArrayRef
    };
    let inputs = |f: &LandingFact| f.body.inputs.iter().map(|i| i.path.as_str()).collect::<Vec<_>>().join(";");
    table(vec![
        ("source", texts(facts.iter().map(|f| Some(f.source.clone())))),
        ("kind", texts(facts.iter().map(|f| Some(f.dataset.kind.to_owned())))),
        ("stream", texts(facts.iter().map(|f| Some(f.stream.clone())))),
        ("feed", texts(facts.iter().map(|f| Some(f.dataset.feed.as_str().to_owned())))),
        ("landing", ints(facts.iter().map(|f| f.version))),
        ("extract_date", days(facts.iter().map(|f| Some(f.extract_date)))),
        ("complete_through", days(facts.iter().map(|f| Some(f.body.complete_through)))),
        ("covers_from", days(facts.iter().map(|f| f.body.covers_from))),
        ("coverage", texts(facts.iter().map(|f| Some(f.body.coverage.as_str().to_owned())))),
        ("is_in_force", flags(|f| f.is_in_force)),
        ("fetched", count(|b| b.fetched)),
        ("accepted", count(|b| b.accepted)),
        ("duplicate", count(|b| b.duplicate)),
        ("filtered", count(|b| b.filtered)),
        ("quarantined", count(|b| b.quarantined)),
        ("min_at", instant(|f| f.files.iter().filter_map(|e| e.min_at).min())),
        ("max_at", instant(|f| f.files.iter().filter_map(|e| e.max_at).max())),
        ("has_concealed", flags(|f| f.body.has_concealed)),
        ("input_files", texts(facts.iter().map(|f| Some(inputs(f))))),
    ])
}

fn holes_table(facts: &[LandingFact]) -> Result<RecordBatch> {
    // The same hole is declared anew by every landing: once is enough.
    let mut holes = BTreeMap::new();
    for fact in facts {
        for (from, to) in &fact.body.holes {
            let end = holes.entry((fact.source.clone(), fact.stream.clone(), *from)).or_insert(*to);
            *end = (*end).max(*to);
        }
    }
    table(vec![
        ("source", texts(holes.keys().map(|(source, _, _)| Some(source.clone())))),
        ("stream", texts(holes.keys().map(|(_, stream, _)| Some(stream.clone())))),
        ("hole_from", days(holes.keys().map(|(_, _, from)| Some(*from)))),
        ("hole_to", days(holes.values().map(|to| Some(*to)))),
    ])
}

fn quarantine_table(facts: &[LandingFact]) -> Result<RecordBatch> {
    let in_force = facts.iter().filter(|f| f.is_in_force);
    let rows: Vec<_> =
        in_force.flat_map(|f| (1..).zip(&f.body.quarantined_rows).map(move |(i, row)| (f, i, row))).collect();
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    table(vec![
        ("source", texts(rows.iter().map(|(f, ..)| Some(f.source.clone())))),
        ("stream", texts(rows.iter().map(|(f, ..)| Some(f.stream.clone())))),
        ("landing", ints(rows.iter().map(|(f, ..)| f.version))),
        ("extract_date", days(rows.iter().map(|(f, ..)| Some(f.extract_date)))),
        ("position", ints(rows.iter().map(|(_, i, _)| *i))),
        ("row_number", ints(rows.iter().map(|(.., r)| r.row_number))),
        ("column_name", texts(rows.iter().map(|(.., r)| filled(&r.column)))),
        ("reason_code", texts(rows.iter().map(|(.., r)| Some(r.reason_code.clone())))),
        ("natural_key", texts(rows.iter().map(|(f, i, _)| f.subjects.get(*i as usize - 1).cloned().flatten()))),
    ])
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn ints(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(values.map(|n| n as i64).collect::<Int64Array>())
}

fn days(values: impl Iterator<Item = Option<NaiveDate>>) -> ArrayRef {
    Arc::new(values.map(|day| day.map(days_since_epoch)).collect::<Date32Array>())
}

fn table(columns: Vec<(&'static str, ArrayRef)>) -> Result<RecordBatch> {
    let fields: Vec<_> = columns.iter().map(|(name, a)| ArrowField::new(*name, a.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).context(ErrorKind::Internal, "an audit table")
}
