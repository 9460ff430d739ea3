//! What goes to stdout: data, in the form that was asked for.

use std::io::{IsTerminal, Write};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use clap::ValueEnum;

use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::publish::{self, Format};

/// The forms a listing can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Aligned columns (the default on a terminal)
    Table,
    /// Comma-separated values (the default in a pipe)
    Csv,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
    /// Parquet
    Parquet,
}

impl From<ListFormat> for Format {
    fn from(format: ListFormat) -> Self {
        match format {
            ListFormat::Table => Self::Table,
            ListFormat::Csv => Self::Csv,
            ListFormat::Json => Self::Json,
            ListFormat::Ndjson => Self::Ndjson,
            ListFormat::Parquet => Self::Parquet,
        }
    }
}

/// The form a listing takes: a table for people, CSV for pipes, unless one was named.
pub(super) fn form(format: Option<ListFormat>) -> ListFormat {
    format.unwrap_or(if std::io::stdout().is_terminal() { ListFormat::Table } else { ListFormat::Csv })
}

/// Prints rows.
pub(super) fn rows(format: Option<ListFormat>, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    write(&publish::encode(form(format).into(), schema, batches)?)
}

/// Prints rows of text under headings.
pub(super) fn texts(format: Option<ListFormat>, headings: &[&str], lines: &[Vec<String>]) -> Result<()> {
    let columns = headings.iter().enumerate().map(|(at, heading)| {
        let cells: StringArray = lines.iter().map(|l| l.get(at).map(String::as_str)).collect();
        (*heading, std::sync::Arc::new(cells) as ArrayRef)
    });
    let batch = RecordBatch::try_from_iter(columns).context(ErrorKind::Internal, "a listing")?;
    rows(format, &batch.schema(), std::slice::from_ref(&batch))
}

/// Prints one value as a JSON object.
pub(super) fn object(value: &impl serde::Serialize) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(value).context(ErrorKind::Internal, "JSON")?;
    json.push(b'\n');
    write(&json)
}

/// Writes bytes to stdout. A reader that went away (`| head`) is no error.
pub(super) fn write(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context(ErrorKind::Internal, "cannot write to stdout"),
    }
}
