//! Lists that need not be read again: their parents say when they last changed, and what landed before is younger. It
//! lands again, in a file whose name says since when it stands.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{AsArray, StringArray};
use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::read::Listed;
use super::table::Change;
use crate::base::{Error, ErrorKind, Result};
use crate::ingest::land::Stream;
use crate::ingest::page::hash_text;
use crate::ingest::past::Past;
use crate::ingest::write::is_raw;
use crate::store::parquet;

/// A list is read again within so many days, whatever its parent says.
const MOST_DAYS: u32 = 7;

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
        let days = past.records.iter().filter_map(|landed| Some((landed.0.extract_date?, landed)));
        let whole = days.filter(|(day, (_, body))| {
            *day < today && body.is_complete() && body.quarantined == 0 && body.collector.is_some()
        });
        let Some((since, (record, _))) = whole.max_by_key(|(day, _)| *day) else { return Ok(Self::default()) };
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
        Some((format!("unchanged-since-{}.json", self.since.format("%Y%m%d")), page))
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
