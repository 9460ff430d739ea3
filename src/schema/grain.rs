//! What makes a row of a table unique, proved of rows that come sorted by it: none is the one before.

use std::cmp::Ordering;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// Looks at rows, batch by batch; holds one of them.
#[derive(Debug)]
pub struct Grain {
    columns: Vec<usize>,
    converter: RowConverter,
    previous: Vec<u8>,
}

impl Grain {
    /// Of the columns that are unique together.
    ///
    /// # Errors
    /// Data when the schema has not these columns.
    pub fn new(schema: &Schema, names: &[String]) -> Result<Self> {
        let columns = names.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>();
        let columns = columns.context(ErrorKind::Data, "the grain names no column")?;
        let fields = columns.iter().map(|at| SortField::new(schema.field(*at).data_type().clone())).collect();
        let converter = RowConverter::new(fields).context(ErrorKind::Internal, "grain")?;
        Ok(Self { columns, converter, previous: Vec::new() })
    }

    /// Where the columns are.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The first row of the next batch that is one with the row before it.
    ///
    /// # Errors
    /// Internal when rows come in another order: ascending, nulls first.
    pub fn repeated(&mut self, batch: &RecordBatch) -> Result<Option<usize>> {
        let columns: Vec<_> = self.columns.iter().map(|at| batch.column(*at).clone()).collect();
        let rows = self.converter.convert_columns(&columns).context(ErrorKind::Internal, "grain")?;
        for (at, row) in rows.iter().enumerate() {
            match row.data().cmp(&self.previous) {
                Ordering::Greater => {
                    self.previous.clear();
                    self.previous.extend_from_slice(row.data());
                }
                Ordering::Equal => return Ok(Some(at)),
                Ordering::Less => return Err(Error::internal("rows do not come sorted by their grain")),
            }
        }
        Ok(None)
    }

    /// Forgets the rows so far: they come once more.
    pub fn restart(&mut self) {
        self.previous.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(rows: &[(Option<i64>, &str)]) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(rows.iter().map(|(number, _)| *number).collect::<Int64Array>());
        let words: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, word)| word)));
        RecordBatch::try_from_iter_with_nullable([("number", numbers, true), ("word", words, true)]).unwrap()
    }

    #[test]
    fn neighbours_tell_whether_rows_are_unique() {
        let first = batch(&[(None, "a"), (None, "b"), (Some(-3), "a"), (Some(2), "a")]);
        let mut grain = Grain::new(&first.schema(), &["number".into(), "word".into()]).unwrap();
        assert_eq!(grain.repeated(&first).unwrap(), None);
        assert_eq!(grain.repeated(&batch(&[(Some(2), "b"), (Some(2), "b")])).unwrap(), Some(1));
        assert_eq!(grain.repeated(&batch(&[(Some(2), "b")])).unwrap(), Some(0), "across batches, too");
        assert_eq!(grain.repeated(&first).unwrap_err().kind(), ErrorKind::Internal);
        grain.restart();
        assert_eq!(grain.repeated(&first).unwrap(), None);
        assert_eq!(Grain::new(&first.schema(), &["day".into()]).unwrap_err().kind(), ErrorKind::Data);
    }
}
