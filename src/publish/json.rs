//! JSON for machines: exact text, decimals as strings so that no reader rounds money.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, SchemaRef};
use serde::Serializer;
use serde_json::{Map, Value};

use super::formatter;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

pub(super) fn array(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let rows = batches.iter().map(|batch| rows(schema, batch)).collect::<Result<Vec<_>>>()?;
    let mut array = serde_json::Serializer::pretty(&mut out);
    array.collect_seq(rows.into_iter().flatten()).context(ErrorKind::Internal, "JSON")?;
    out.push(b'\n');
    Ok(out)
}

pub(super) fn lines(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for batch in batches {
        for row in rows(schema, batch)? {
            serde_json::to_writer(&mut out, &row).context(ErrorKind::Internal, "JSON")?;
            out.push(b'\n');
        }
    }
    Ok(out)
}

/// The rows of a batch as objects, by the names of their columns; each is made when it is asked for.
///
/// # Errors
/// An internal error when a value cannot be written.
pub fn rows(schema: &SchemaRef, batch: &RecordBatch) -> Result<impl Iterator<Item = Map<String, Value>>> {
    let cells: Vec<_> = (0..batch.num_columns()).map(|c| formatter(batch, c)).collect::<Result<_>>()?;
    let value = move |c: usize, row: usize| {
        let column = batch.column(c);
        match column.data_type() {
            _ if column.is_null(row) => Value::Null,
            DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
            DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
            DataType::Boolean => column.as_boolean().value(row).into(),
            _ => cells[c].value(row).to_string().into(),
        }
    };
    let fields = schema.fields().iter().enumerate();
    let row = move |row| fields.clone().map(|(c, field)| (field.name().clone(), value(c, row))).collect();
    Ok((0..batch.num_rows()).map(row))
}
