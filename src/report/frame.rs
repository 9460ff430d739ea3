//! Published tables as Polars frames: handed over as Arrow IPC bytes, sorted and cut there, read cell by cell.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::ipc::writer::StreamWriter;
use polars::prelude::{AnyValue, ChunkCompareEq, DataFrame, IpcStreamReader, SerReader, SortMultipleOptions};
use rust_decimal::Decimal;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// The tables of a run, as frames on demand.
pub(super) struct Frames<'a> {
    tables: &'a BTreeMap<String, RecordBatch>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(tables: &'a BTreeMap<String, RecordBatch>) -> Self {
        Self { tables }
    }

    /// A published table.
    pub(super) fn get(&self, name: &str) -> Result<Frame> {
        let batch = self.tables.get(name).ok_or_else(|| Error::internal(format!("the report needs {name}")))?;
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).context(ErrorKind::Internal, name)?;
        writer.write(batch).and_then(|()| writer.finish()).context(ErrorKind::Internal, name)?;
        drop(writer);
        let frame = IpcStreamReader::new(Cursor::new(bytes)).finish().context(ErrorKind::Internal, name)?;
        Ok(Frame { frame })
    }
}

/// One table.
#[derive(Clone)]
pub(super) struct Frame {
    frame: DataFrame,
}

impl Frame {
    /// The number of rows.
    pub(super) fn height(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is a column of this name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.frame.column(column).is_ok()
    }

    /// The rows in another order: by these columns, each rising or falling.
    pub(super) fn sorted(&self, by: &[(&str, bool)]) -> Result<Self> {
        let options = SortMultipleOptions::default()
            .with_order_descending_multi(by.iter().map(|(_, falling)| *falling))
            .with_nulls_last(true)
            .with_maintain_order(true);
        let names = by.iter().map(|(name, _)| *name);
        let frame = self.frame.sort(names, options).context(ErrorKind::Internal, "a report's order")?;
        Ok(Self { frame })
    }

    /// The rows in which a column holds a text.
    pub(super) fn only(&self, column: &str, text: &str) -> Result<Self> {
        let texts =
            self.frame.column(column).and_then(|c| c.str()).context(ErrorKind::Internal, "a report's column")?;
        let frame = self.frame.filter(&texts.equal(text)).context(ErrorKind::Internal, "a report's rows")?;
        Ok(Self { frame })
    }

    /// The rows of each text of a column, in the order of the texts; all of them are found in one pass, and cut out one
    /// after the other.
    pub(super) fn by(&self, column: &str) -> Result<impl Iterator<Item = (String, Self)> + use<>> {
        let sorted = self.sorted(&[(column, false)])?;
        let (mut parts, mut from) = (Vec::new(), 0);
        for row in 1..=sorted.height() {
            let text = sorted.text(column, from)?;
            if row == sorted.height() || sorted.text(column, row)? != text {
                parts.push((text, i64::try_from(from).unwrap_or_default(), row - from));
                from = row;
            }
        }
        let cut = move |(text, from, rows)| (text, Self { frame: sorted.frame.slice(from, rows) });
        Ok(parts.into_iter().map(cut))
    }

    /// The different texts of a column, in order.
    pub(super) fn texts(&self, column: &str) -> Result<Vec<String>> {
        let texts = (0..self.height()).map(|row| self.text(column, row));
        Ok(texts.collect::<Result<std::collections::BTreeSet<_>>>()?.into_iter().collect())
    }

    fn value(&self, column: &str, row: usize) -> Result<AnyValue<'_>> {
        let column = self.frame.column(column).context(ErrorKind::Internal, "a report's column")?;
        column.get(row).context(ErrorKind::Internal, "a report's row")
    }

    /// A cell as text; empty for null.
    pub(super) fn text(&self, column: &str, row: usize) -> Result<String> {
        Ok(match self.value(column, row)? {
            AnyValue::Null => String::new(),
            AnyValue::String(text) => crate::base::text::display(text),
            AnyValue::StringOwned(text) => crate::base::text::display(&text),
            AnyValue::Boolean(yes) => if yes { "yes" } else { "no" }.to_owned(),
            other => other.to_string(),
        })
    }

    /// A whole number; 0 for null.
    pub(super) fn int(&self, column: &str, row: usize) -> Result<i64> {
        Ok(self.value(column, row)?.extract::<i64>().unwrap_or_default())
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, column: &str, row: usize) -> Result<bool> {
        Ok(matches!(self.value(column, row)?, AnyValue::Boolean(true)))
    }

    /// An amount; `None` for null.
    pub(super) fn amount(&self, column: &str, row: usize) -> Result<Option<Decimal>> {
        Ok(match self.value(column, row)? {
            AnyValue::Decimal(mantissa, _, scale) => {
                Some(Decimal::from_i128_with_scale(mantissa, u32::try_from(scale).unwrap_or_default()))
            }
            AnyValue::Null => None,
            other => return Err(Error::internal(format!("`{column}` holds {other}, which is no amount"))),
        })
    }

    /// The sum of an amount over all rows; null counts as nothing.
    pub(super) fn total(&self, column: &str) -> Result<Decimal> {
        (0..self.height()).try_fold(Decimal::ZERO, |sum, row| Ok(sum + self.amount(column, row)?.unwrap_or_default()))
    }

    /// The sum of a count over all rows.
    pub(super) fn count(&self, column: &str) -> Result<i64> {
        (0..self.height()).try_fold(0, |sum, row| Ok(sum + self.int(column, row)?))
    }
}
