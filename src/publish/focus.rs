//! Cost and usage as FOCUS has it: the rows of `marts.focus_cost_and_usage` under the names of the specification, and what
//! it asks to be told of such a file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};

use crate::base::error::Context;
use crate::base::{AsOf, ErrorKind, Result};

/// The version of the specification whose columns these are.
pub const FOCUS_VERSION: &str = "1.2";

/// The rows with their columns named as FOCUS names them: `billed_cost` is `BilledCost`, `x_seats_active` is ours.
///
/// # Errors
/// An internal error when two columns come to one name.
pub fn focus_rows(batch: &RecordBatch) -> Result<RecordBatch> {
    let named = |field: &Arc<Field>| Field::clone(field).with_name(focus_name(field.name()));
    let schema = Schema::new(batch.schema().fields().iter().map(named).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).context(ErrorKind::Internal, "FOCUS columns")
}

/// The metadata of the file as JSON: who made it, of which day, under which version, with which columns.
///
/// # Errors
/// An internal error when it cannot be written.
pub fn focus_metadata(batch: &RecordBatch, as_of: AsOf, run_id: &str, release: &str) -> Result<Vec<u8>> {
    let columns: Vec<Value> = batch.schema().fields().iter().map(|field| column(field)).collect();
    let metadata = json!({
        "DataGenerator": { "DataGenerator": "seatledger" },
        "Schema": [{
            "SchemaId": run_id,
            "CreationDate": format!("{as_of}T00:00:00Z"),
            "FocusVersion": FOCUS_VERSION,
            "DataGeneratorVersion": release,
            "ColumnDefinition": columns,
        }],
    });
    let mut bytes = serde_json::to_vec_pretty(&metadata).context(ErrorKind::Internal, "FOCUS metadata")?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn column(field: &Field) -> Value {
    match field.data_type() {
        DataType::Decimal128(precision, scale) => json!({
            "ColumnName": field.name(),
            "DataType": "DECIMAL",
            "NumericPrecision": precision,
            "NumberScale": scale,
        }),
        DataType::Timestamp(..) => json!({ "ColumnName": field.name(), "DataType": "DATETIME" }),
        DataType::Int64 => json!({ "ColumnName": field.name(), "DataType": "INTEGER" }),
        _ => json!({ "ColumnName": field.name(), "DataType": "STRING" }),
    }
}

fn focus_name(name: &str) -> String {
    let (prefix, rest) = name.strip_prefix("x_").map_or(("", name), |rest| ("x_", rest));
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    format!("{prefix}{}", rest.split('_').map(word).collect::<String>())
}
