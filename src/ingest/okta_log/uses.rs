//! The sign-ins of a landing counted once more, from its rows: what tests compare the rollup with.

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;

use super::parse::{PERSON, SSO, SUCCESS};
use crate::base::{Error, Result};
use crate::ingest::facts::LandingFact;
use crate::schema::Role;
use crate::store::{Store, parquet};
use crate::usage::{DayUse, Rollup};

/// The columns that tell of sign-ins.
const COLUMNS: [&str; 5] = ["event_type", "actor_type", "outcome_result", "app_instance_id", "actor_id"];
/// When they were.
const AT: &str = "published_at";

/// The sign-ins to apps among the rows of a landing, by day: what was committed beside the rows. Rows are read batch by
/// batch. Nothing for a landing that is no System Log.
pub(in super::super) async fn uses_of_landing(
    store: &Store,
    landing: &LandingFact,
    buckets: u32,
) -> Result<Vec<DayUse>> {
    let mut uses = Vec::new();
    if landing.dataset.role != Role::Log {
        return Ok(uses);
    }
    let mut rollup = Rollup::new(landing.extract_date, buckets);
    for file in &landing.files {
        let names = [&COLUMNS[..], &[AT]].concat();
        for batch in parquet::Batches::of_columns(store.read(file).await?, &names)? {
            let batch = batch?;
            let missing = || Error::store(format!("{} is no file of a System Log", file.path));
            let text = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
            let texts = COLUMNS.map(text);
            let [Some(kinds), Some(actor_types), Some(outcomes), Some(apps), Some(actors)] = texts else {
                return Err(missing());
            };
            let at = batch.column_by_name(AT).and_then(|at| at.as_primitive_opt::<TimestampMicrosecondType>());
            let at = at.ok_or_else(missing)?;
            for row in 0..batch.num_rows() {
                let is = |texts: &arrow::array::StringArray, word| texts.is_valid(row) && texts.value(row) == word;
                if !(is(kinds, SSO) && is(actor_types, PERSON) && apps.is_valid(row) && actors.is_valid(row)) {
                    continue;
                }
                if rollup.add(apps.value(row), actors.value(row), at.value(row), is(outcomes, SUCCESS)) {
                    uses.extend(rollup.take()?);
                }
            }
        }
    }
    uses.extend(rollup.take()?);
    Ok(uses)
}
