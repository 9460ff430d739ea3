//! JSON for machines: exact text, decimals as strings so that no reader rounds money.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, SchemaRef};
use serde_json::{Map, Value};

use super::formatter;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

pub(super) fn array(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = serde_json::to_vec_pretty(&objects(schema, batches)?).context(ErrorKind::Internal, "JSON")?;
    out.push(b'\n');
    Ok(out)
}

pub(super) fn lines(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for object in objects(schema, batches)? {
        serde_json::to_writer(&mut out, &object).context(ErrorKind::Internal, "JSON")?;
        out.push(b'\n');
    }
    Ok(out)
}

fn objects(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for batch in batches {
        let cells: Vec<_> = (0..batch.num_columns()).map(|c| formatter(batch, c)).collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            let mut object = Map::new();
            for (c, field) in schema.fields().iter().enumerate() {
                let column = batch.column(c);
                let value = match column.data_type() {
                    _ if column.is_null(row) => Value::Null,
                    DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
                    DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
                    DataType::Boolean => column.as_boolean().value(row).into(),
                    _ => cells[c].value(row).to_string().into(),
                };
                object.insert(field.name().clone(), value);
            }
            objects.push(Value::Object(object));
        }
    }
    Ok(objects)
}
