//! The logical hash of a table: the same for the same rows, whatever wrote the file.
//!
//! SHA-256 over one line a row, in the table's order: the cells as an RFC 8785 (JCS) JSON array and a line feed. Text is
//! a string, a whole number a number (a string beyond 2^53 - 1, where JSON numbers stop being exact), a day
//! `"2026-11-20"`, an instant `"2026-11-20T08:30:00.000000Z"`, a decimal a string with all its places (`"12.5000"`).

use std::collections::HashSet;
use std::io::Write;

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, Schema, TimestampMicrosecondType};
use sha2::{Digest, Sha256};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::schema::{Grain, sidecar};
use crate::store::hex;

/// The largest whole number that every reader of JSON takes exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// What is found in the rows of a table, batch by batch.
pub(super) struct Content {
    /// The columns of the grain, and all.
    key: Vec<usize>,
    all: Vec<usize>,
    hash: Sha256,
    keys: Keys,
    line: Vec<u8>,
    pub(super) rows: u64,
    /// The first row whose grain another row had before, as JSON.
    pub(super) repeated: Option<String>,
}

/// How it is known whether a grain occurs twice.
enum Keys {
    /// Rows come sorted by it.
    Sorted(Grain),
    /// Rows come as somebody wrote them. Half of a hash tells keys apart, and long ones take no more memory.
    Any(HashSet<[u8; 16]>),
}

impl Content {
    /// Of no rows yet; they come in any order.
    ///
    /// # Errors
    /// Data when the grain names no column.
    pub(super) fn new(schema: &Schema, grain: &[String]) -> Result<Self> {
        Ok(Self { keys: Keys::Any(HashSet::new()), ..Self::sorted(schema, grain)? })
    }

    /// Of no rows yet; they come sorted by the grain.
    ///
    /// # Errors
    /// As [`Content::new`].
    pub(super) fn sorted(schema: &Schema, grain: &[String]) -> Result<Self> {
        let grain = Grain::new(schema, grain)?;
        Ok(Self {
            key: grain.columns().to_vec(),
            all: (0..schema.fields().len()).collect(),
            hash: Sha256::new(),
            keys: Keys::Sorted(grain),
            line: Vec::new(),
            rows: 0,
            repeated: None,
        })
    }

    /// Hashes the next rows and looks for a grain that occurs twice.
    ///
    /// # Errors
    /// Data when a column has no place in a sealed table; Internal when rows that come sorted do not.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let cells = batch.columns().iter().map(Cells::of).collect::<Result<Vec<_>>>()?;
        let mut repeated = None;
        if let Keys::Sorted(grain) = &mut self.keys
            && self.repeated.is_none()
        {
            repeated = grain.repeated(batch)?;
        }
        for row in 0..batch.num_rows() {
            if let Keys::Any(seen) = &mut self.keys {
                write_row(&cells, &self.key, row, &mut self.line)?;
                let digest = Sha256::digest(&self.line);
                let half: [u8; 16] = std::array::from_fn(|at| digest[at]);
                if !seen.insert(half) && self.repeated.is_none() {
                    repeated = repeated.or(Some(row));
                }
            }
            write_row(&cells, &self.all, row, &mut self.line)?;
            self.line.push(b'\n');
            self.hash.update(&self.line);
            self.rows += 1;
        }
        if let Some(row) = repeated {
            write_row(&cells, &self.key, row, &mut self.line)?;
            self.repeated = Some(String::from_utf8_lossy(&self.line).into_owned());
        }
        Ok(())
    }

    /// The logical hash.
    pub(super) fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

/// The SHA-256 of each row: of the line that the logical hash of its table takes, without the line feed.
///
/// # Errors
/// Data when a column has no place in a sealed table.
pub fn row_hashes(batch: &RecordBatch) -> Result<Vec<String>> {
    let all: Vec<usize> = (0..batch.num_columns()).collect();
    let cells = batch.columns().iter().map(Cells::of).collect::<Result<Vec<_>>>()?;
    let mut line = Vec::new();
    (0..batch.num_rows())
        .map(|row| {
            write_row(&cells, &all, row, &mut line)?;
            Ok(hex(&Sha256::digest(&line)))
        })
        .collect()
}

/// The name of a column's type in the manifest.
///
/// # Errors
/// Data when a column of the type has no place in a sealed table.
pub(super) fn type_name(data_type: &DataType) -> Result<String> {
    sidecar::type_name(data_type).ok_or_else(|| Error::data(format!("a sealed table cannot hold {data_type}")))
}

/// One column of a batch.
enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Bool(&'a BooleanArray),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMicrosecondArray),
    Decimal(&'a Decimal128Array),
}

impl<'a> Cells<'a> {
    fn of(column: &'a arrow::array::ArrayRef) -> Result<Self> {
        type_name(column.data_type())?;
        Ok(match column.data_type() {
            DataType::Utf8 => Self::Text(column.as_string::<i32>()),
            DataType::Int64 => Self::Int(column.as_primitive::<Int64Type>()),
            DataType::Boolean => Self::Bool(column.as_boolean()),
            DataType::Date32 => Self::Date(column.as_primitive::<Date32Type>()),
            DataType::Timestamp(..) => Self::Timestamp(column.as_primitive::<TimestampMicrosecondType>()),
            _ => Self::Decimal(column.as_primitive::<Decimal128Type>()),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Text(c) => c.is_null(row),
            Self::Int(c) => c.is_null(row),
            Self::Bool(c) => c.is_null(row),
            Self::Date(c) => c.is_null(row),
            Self::Timestamp(c) => c.is_null(row),
            Self::Decimal(c) => c.is_null(row),
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
        let out_of_range = || std::io::Error::other("a day or instant is out of range");
        if self.is_null(row) {
            return out.write_all(b"null");
        }
        match self {
            Self::Text(c) => serde_json::to_writer(out, c.value(row)).map_err(Into::into),
            Self::Int(c) if c.value(row).unsigned_abs() <= MAX_EXACT => write!(out, "{}", c.value(row)),
            Self::Int(c) => write!(out, "\"{}\"", c.value(row)),
            Self::Bool(c) => write!(out, "{}", c.value(row)),
            Self::Date(c) => {
                write!(out, "\"{}\"", c.value_as_date(row).ok_or_else(out_of_range)?.format("%Y-%m-%d"))
            }
            Self::Timestamp(c) => {
                let instant = c.value_as_datetime(row).ok_or_else(out_of_range)?;
                write!(out, "\"{}\"", instant.format("%Y-%m-%dT%H:%M:%S%.6fZ"))
            }
            Self::Decimal(c) => write!(out, "\"{}\"", c.value_as_string(row)),
        }
    }
}

fn write_row(cells: &[Cells<'_>], columns: &[usize], row: usize, line: &mut Vec<u8>) -> Result<()> {
    line.clear();
    line.push(b'[');
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        cells[*column].write(row, line).context(ErrorKind::Data, "a cell has no JSON form")?;
    }
    line.push(b']');
    Ok(())
}
