//! What need not be read again: lists whose parents say that they did not change, and records that are not among those
//! that changed. It lands again as it landed before, in files whose names say since when it stands.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::read::Listed;
use super::table::Change;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::ingest::body::Body;
use crate::ingest::land::Stream;
use crate::ingest::page::hash_text;
use crate::ingest::past::Past;
use crate::ingest::reader::{PATH, Reader};
use crate::ingest::write::is_raw;
use crate::schema::EXTRA;
use crate::store::{FileEntry, Record, parquet};

/// A list is read again within so many days, whatever is said of changes.
const MOST_DAYS: u32 = 7;
/// How names of files begin that hold what was not read again.
const UNCHANGED: &str = "unchanged-since-";

/// What landed of lists that have not changed since.
#[derive(Default)]
pub(super) struct Unchanged {
    /// The day of extraction of that landing.
    since: NaiveDate,
    /// By the id of the parent: the ids of the records.
    lists: HashMap<String, Vec<String>>,
    /// What a record calls its id.
    id: &'static str,
}

impl Unchanged {
    /// Those of some parents' lists that are as the last landing before `today` has them. What changed on the day of that
    /// landing may have changed after it. A list without records is not known from one that was not to be seen.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn of(
        stream: &Stream<'_>,
        past: &Past,
        parents: &[Listed],
        change: Change,
        today: NaiveDate,
    ) -> Result<Self> {
        let Some((since, record, _)) = landings(past, today).last() else { return Ok(Self::default()) };
        let is_older = |at: DateTime<Utc>| at.date_naive() < since;
        let is_as_it_was =
            |parent: &&Listed| parent.changed_at.is_some_and(is_older) && !is_due(&parent.id, since, today);
        let wanted: HashSet<&str> = parents.iter().filter(is_as_it_was).map(|parent| parent.id.as_str()).collect();
        let mut lists: HashMap<String, Vec<String>> = HashMap::new();
        for file in record.files.iter().filter(|file| is_raw(file)) {
            // Of a landing that is partly gone, nothing is known.
            let Some(file) = past.current.file(file) else { return Ok(Self::default()) };
            for batch in parquet::Batches::of_columns(stream.store.read(&file).await?, stream.dataset.key)? {
                let batch = batch?;
                let column = |name: &str| batch.column_by_name(name).map(|column| column.as_string::<i32>());
                let columns: Vec<&StringArray> = stream.dataset.key.iter().filter_map(|name| column(name)).collect();
                let [parents, ids] = columns[..] else {
                    return Err(Error::new(ErrorKind::Internal, "the key of a list is its parent and its record"));
                };
                for (parent, id) in parents.iter().flatten().zip(ids.iter().flatten()) {
                    if wanted.contains(parent) {
                        lists.entry(parent.to_owned()).or_default().push(id.to_owned());
                    }
                }
            }
        }
        Ok(Self { since, lists, id: change.id })
    }

    /// The list of a parent: the name of its file, and what is in it.
    pub(super) fn page(&self, parent: &str) -> Option<(String, Vec<u8>)> {
        let records = self.lists.get(parent)?.iter().map(|id| BTreeMap::from([(self.id, id)]));
        let page = serde_json::to_vec(&records.collect::<Vec<_>>()).ok()?;
        Some((format!("{UNCHANGED}{}.json", self.since.format("%Y%m%d")), page))
    }
}

/// What landed of a list of which only changes are read.
pub(super) struct Carried {
    /// The day of extraction of that landing.
    pub since: NaiveDate,
    files: Vec<FileEntry>,
}

impl Carried {
    /// What the last landing before `today` has; none when the list is to be read whole, as it was not for a week.
    pub(super) fn of(past: &Past, today: NaiveDate) -> Option<Self> {
        let landings: Vec<_> = landings(past, today).collect();
        let (since, record, _) = *landings.last()?;
        let is_whole = |body: &Body| !body.inputs.iter().any(|input| input.path.contains(UNCHANGED));
        let (whole, ..) = landings.iter().rfind(|(_, _, body)| is_whole(body))?;
        if (today - *whole).num_days() >= i64::from(MOST_DAYS) {
            return None;
        }
        // Of a landing that is partly gone, nothing is known.
        let files = record.files.iter().filter(|file| is_raw(file)).map(|file| past.current.file(file));
        Some(Self { since, files: files.collect::<Option<_>>()? })
    }

    /// Writes the records that are not among some as the API would send them, so that they land like others.
    ///
    /// # Errors
    /// A store error; what `write` refuses.
    pub(super) async fn write<E: From<Error>>(
        &self,
        stream: &Stream<'_>,
        but: &HashSet<String>,
        mut write: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let reader = Reader::new(stream.source, &stream.name, stream.dataset, self.since, None);
        let mut number = 0;
        for file in &self.files {
            for batch in parquet::Batches::open(stream.store.read(file).await?)? {
                let records = records(&batch?, &reader, but)?;
                if !records.is_empty() {
                    number += 1;
                    let name = format!("{UNCHANGED}{}-{number:06}.json", self.since.format("%Y%m%d"));
                    write(&name, Value::Array(records).to_string().as_bytes())?;
                }
            }
        }
        Ok(())
    }
}

/// Landings of earlier days that had all there was, by day.
fn landings(past: &Past, today: NaiveDate) -> impl Iterator<Item = (NaiveDate, &Record, &Body)> {
    let days = past.records.iter().filter_map(|(record, body)| Some((record.extract_date?, record, body)));
    let mut whole: Vec<_> = days
        .filter(|(day, _, body)| {
            *day < today && body.is_complete() && body.quarantined == 0 && body.collector.is_some()
        })
        .collect();
    whole.sort_by_key(|(day, ..)| *day);
    whole.into_iter()
}

/// Landed rows as records of the API, without those whose subject is among some.
fn records(batch: &RecordBatch, reader: &Reader, but: &HashSet<String>) -> Result<Vec<Value>> {
    let column = |name: &str| {
        let missing = || Error::store(format!("a landed file without `{name}`"));
        batch.column_by_name(name).ok_or_else(missing)
    };
    let subjects = column(reader.dataset.subject)?.as_string::<i32>();
    let extra = batch.column_by_name(EXTRA).map(|extra| extra.as_string::<i32>());
    let mut records = Vec::new();
    for row in (0..batch.num_rows()).filter(|row| !but.contains(subjects.value(*row))) {
        let mut record: Map<String, Value> = match extra.filter(|extra| extra.is_valid(row)) {
            Some(extra) => {
                serde_json::from_str(extra.value(row)).context(ErrorKind::Store, "`extra` of a landed row")?
            }
            None => Map::new(),
        };
        for (field, names) in reader.dataset.fields.iter().zip(&reader.names) {
            let name = names.iter().find(|name| !name.starts_with(PATH));
            if let (Some(name), Some(said)) = (name, said(column(field.name)?, row)?) {
                put(&mut record, name, said);
            }
        }
        records.push(Value::Object(record));
    }
    Ok(records)
}

/// What a column says in a row, as JSON.
fn said(column: &dyn Array, row: usize) -> Result<Option<Value>> {
    if column.is_null(row) {
        return Ok(None);
    }
    match column.data_type() {
        DataType::Utf8 => Ok(Some(column.as_string::<i32>().value(row).into())),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let at = DateTime::from_timestamp_micros(column.as_primitive::<TimestampMicrosecondType>().value(row));
            Ok(at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true).into()))
        }
        ty => Err(Error::internal(format!("a list with {ty} is not carried from day to day"))),
    }
}

/// Puts a value where a path says, by keys and dots.
fn put(record: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => _ = record.insert(path.to_owned(), value),
        Some((key, rest)) => {
            if let Value::Object(inner) = record.entry(key).or_insert_with(|| Map::new().into()) {
                put(inner, rest, value);
            }
        }
    }
}

/// Whether a list's turn comes on a day after one, up to another: every list has one day in [`MOST_DAYS`].
fn is_due(id: &str, after: NaiveDate, until: NaiveDate) -> bool {
    let turn = hash_text(id) % u128::from(MOST_DAYS);
    let mut days = after.iter_days().skip(1).take_while(|day| *day <= until).take(MOST_DAYS as usize);
    days.any(|day| u128::from(day.num_days_from_ce().unsigned_abs()) % u128::from(MOST_DAYS) == turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_read_again_within_a_week_and_not_all_on_one_day() {
        let day = |n: u32| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
        let groups: Vec<String> = (0..700).map(|n| format!("00g{n:017}")).collect();
        for today in 2..9 {
            let due = groups.iter().filter(|id| is_due(id, day(today - 1), day(today))).count();
            assert!((60..140).contains(&due), "{due} on {today}");
        }
        assert!(groups.iter().all(|id| is_due(id, day(1), day(8)) && !is_due(id, day(8), day(8))));
        let days = |id: &String| (2..9).filter(|today| is_due(id, day(today - 1), day(*today))).count();
        assert!(groups.iter().all(|id| days(id) == 1));
    }
}
