//! Columns and tables from the rows of a list.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// A named column.
pub(super) type Column = (&'static str, ArrayRef);
/// A named table.
pub(super) type Table = (String, RecordBatch);

/// A table of nullable columns.
pub(super) fn table(name: &str, columns: impl IntoIterator<Item = Column>) -> Result<Table> {
    let columns = columns.into_iter().map(|(column, values)| (column, values, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns)
        .context(ErrorKind::Internal, format!("cannot build the table {name}"))?;
    Ok((name.to_owned(), batch))
}

/// A column of text.
pub(super) fn text<'a, T, V: Into<Option<&'a str>>>(
    name: &'static str,
    rows: &'a [T],
    get: impl Fn(&'a T) -> V,
) -> Column {
    (name, Arc::new(rows.iter().map(|row| get(row).into()).collect::<StringArray>()))
}

/// A column of whole numbers.
pub(super) fn int<'a, T, V: Into<Option<i64>>>(name: &'static str, rows: &'a [T], get: impl Fn(&'a T) -> V) -> Column {
    (name, Arc::new(rows.iter().map(|row| get(row).into()).collect::<Int64Array>()))
}

/// A column of flags.
pub(super) fn flag<'a, T, V: Into<Option<bool>>>(
    name: &'static str,
    rows: &'a [T],
    get: impl Fn(&'a T) -> V,
) -> Column {
    (name, Arc::new(rows.iter().map(|row| get(row).into()).collect::<BooleanArray>()))
}

/// A column of days.
pub(super) fn day<'a, T, V: Into<Option<NaiveDate>>>(
    name: &'static str,
    rows: &'a [T],
    get: impl Fn(&'a T) -> V,
) -> Column {
    let days = rows.iter().map(|row| get(row).into().map(Date32Type::from_naive_date));
    (name, Arc::new(days.collect::<Date32Array>()))
}

/// A column of decimals of so many digits, so many of them after the point.
pub(super) fn decimal<'a, T, V: Into<Option<Decimal>>>(
    name: &'static str,
    (precision, scale): (u8, i8),
    rows: &'a [T],
    get: impl Fn(&'a T) -> V,
) -> Result<Column> {
    let exact = |number: Decimal| -> Result<i128> {
        let number = number.normalize();
        let missing = u32::try_from(scale).ok().and_then(|scale| scale.checked_sub(number.scale()));
        let units = missing.and_then(|places| number.mantissa().checked_mul(10_i128.checked_pow(places)?));
        units.ok_or_else(|| Error::config(format!("{number} does not fit decimal({precision},{scale})")))
    };
    let units: Vec<Option<i128>> =
        rows.iter().map(|row| get(row).into().map(exact).transpose()).collect::<Result<_>>()?;
    let values = Decimal128Array::from(units)
        .with_precision_and_scale(precision, scale)
        .context(ErrorKind::Internal, format!("cannot build the column {name}"))?;
    Ok((name, Arc::new(values)))
}

/// A count or position as a table holds it.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
