//! What of a table may be sealed: names give way to keys, so that the rows still join and nobody can be read from them.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use arrow::datatypes::DataType;

use super::{IdentityMap, Name};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::schema::sidecar::Column;

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It says nothing that names a person.
    AsItIs,
    /// Ids of a source: a key each.
    IdKeys,
    /// Logins and addresses: a key each.
    IdentifierKeys,
    /// A person's own words or name: nothing.
    Nothing,
}

impl Shown {
    /// By how personal the column is. A day or a count of a person stays: under a key it is evidence and names nobody.
    ///
    /// # Errors
    /// Internal for a class that is not in the list.
    pub fn of(column: &Column) -> Result<Self> {
        Ok(match (column.pii.as_str(), column.arrow_type()?) {
            ("none", _) => Self::AsItIs,
            ("pseudonym", DataType::Utf8) => Self::IdKeys,
            ("identifier", DataType::Utf8) => Self::IdentifierKeys,
            ("personal", DataType::Utf8) => Self::Nothing,
            ("personal", _) => Self::AsItIs,
            (pii, ty) => return Err(Error::internal(format!("`{}`: {pii} {ty} cannot be sealed", column.name))),
        })
    }
}

/// The rows as they may be sealed. Keys sort otherwise than names.
///
/// # Errors
/// Internal when the columns do not fit the batch, or no key can be made.
pub fn veil(rows: &RecordBatch, shown: &[Shown], map: &IdentityMap) -> Result<RecordBatch> {
    let keyed = |column: &ArrayRef, name: fn(&str) -> Name| -> Result<ArrayRef> {
        let texts = column.as_string_opt::<i32>().ok_or_else(|| Error::internal("a name that is no text"))?;
        let keys = texts.iter().map(|text| text.map(|t| map.key(name(t))).transpose());
        Ok(Arc::new(keys.collect::<Result<StringArray>>()?))
    };
    let columns = rows.columns().iter().zip(shown).map(|(column, shown)| match shown {
        Shown::AsItIs => Ok(Arc::clone(column)),
        Shown::IdKeys => keyed(column, Name::id),
        Shown::IdentifierKeys => keyed(column, Name::identifier),
        Shown::Nothing => Ok(new_null_array(column.data_type(), column.len())),
    });
    RecordBatch::try_new(rows.schema(), columns.collect::<Result<_>>()?)
        .context(ErrorKind::Internal, "sealed rows do not fit their schema")
}

/// The rows without what [`veil`] drops; keys stay as they are, and so does the order.
///
/// # Errors
/// Internal when the columns do not fit the batch.
pub fn blank(rows: &RecordBatch, shown: &[Shown]) -> Result<RecordBatch> {
    let columns = rows.columns().iter().zip(shown).map(|(column, shown)| match shown {
        Shown::Nothing => new_null_array(column.data_type(), column.len()),
        _ => Arc::clone(column),
    });
    RecordBatch::try_new(rows.schema(), columns.collect())
        .context(ErrorKind::Internal, "sealed rows do not fit their schema")
}

/// The rows in the order of their grain.
///
/// # Errors
/// Internal when a column of it cannot be sorted.
pub fn sorted(rows: &RecordBatch, grain: &[String]) -> Result<RecordBatch> {
    let options = Some(SortOptions { descending: false, nulls_first: true });
    let columns: Vec<SortColumn> = grain
        .iter()
        .filter_map(|name| rows.column_by_name(name))
        .map(|values| SortColumn { values: Arc::clone(values), options })
        .collect();
    if columns.is_empty() {
        return Ok(rows.clone());
    }
    let order = lexsort_to_indices(&columns, None).context(ErrorKind::Internal, "the order of sealed rows")?;
    take_record_batch(rows, &order).context(ErrorKind::Internal, "the order of sealed rows")
}
