//! Layer 5: what leaves the house. Rows as files: each exporter takes rows and returns bytes, and a column whose sidecar
//! does not disclose it is not in them. Tickets, notices and entries for a SIEM: each takes a small struct that holds what
//! may leave, and nothing else.

mod csv;
mod focus;
mod ics;
mod json;
pub mod notices;
pub mod siem;
pub mod tickets;
mod views;
mod workbook;
mod xlsx;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_options;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::schema::sidecar::Sidecar;
use crate::store::parquet;

pub use focus::{FOCUS_VERSION, focus_metadata, focus_rows};
pub use ics::{Deadline, calendar};
pub use json::rows;
pub use views::{View, views};
pub use workbook::{About, Data, workbook};

/// The forms in which rows are listed and exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal.
    Table,
    /// Comma-separated, quoted, inert in a spreadsheet.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Parquet, typed and unescaped.
    Parquet,
}

/// Rows in a form, as bytes. Text of a table or CSV is made safe for people; JSON and Parquet are exact.
///
/// # Errors
/// An internal error when a value cannot be written.
pub fn encode(format: Format, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    match format {
        Format::Table => table(schema, batches),
        Format::Csv => csv::encode(schema, batches),
        Format::Json => json::array(schema, batches),
        Format::Ndjson => json::lines(schema, batches),
        Format::Parquet => Ok(parquet::encode(schema, batches)?.to_vec()),
    }
}

/// The rows without the columns that may not leave the house.
///
/// # Errors
/// An internal error when rows and sidecar disagree.
pub fn disclosed(sidecar: &Sidecar, batch: &RecordBatch) -> Result<RecordBatch> {
    let kept: Vec<usize> = sidecar
        .column
        .iter()
        .filter(|c| c.disclosed())
        .map(|c| batch.schema().index_of(&c.name).map_err(|e| Error::internal(e.to_string())))
        .collect::<Result<_>>()?;
    batch.project(&kept).context(ErrorKind::Internal, "disclosed columns")
}

/// How a cell reads: dates `YYYY-MM-DD`, instants RFC 3339 in UTC, decimals with their places, nothing for null.
fn formatter<'a>(batch: &'a RecordBatch, column: usize) -> Result<ArrayFormatter<'a>> {
    const OPTIONS: FormatOptions<'static> =
        FormatOptions::new().with_null("").with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
    ArrayFormatter::try_new(batch.column(column), &OPTIONS).context(ErrorKind::Internal, "a cell")
}

fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let options = FormatOptions::new().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%SZ"));
    let empty = [RecordBatch::new_empty(schema.clone())];
    let shown = if batches.is_empty() { &empty } else { batches };
    let text = pretty_format_batches_with_options(shown, &options).context(ErrorKind::Internal, "a table")?.to_string();
    let visible: String =
        text.chars().filter(|c| *c == '\n' || !crate::base::text::is_invisible(*c)).chain(['\n']).collect();
    Ok(visible.into_bytes())
}
