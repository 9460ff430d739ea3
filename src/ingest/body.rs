//! What the commit record of a landing says beside the files: counts, coverage, inputs, what was set apart.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::base::error::{Context, ErrorKind};
use crate::base::{Error, Result};
use crate::store::{Record, Store, is_inputs, parquet};

/// Input files that a record names itself; the list of more is a file of the landing, for a record is small.
pub(super) const MOST_NAMED: usize = 1000;

/// Whether a landing holds everything the source had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Coverage {
    Complete,
    Partial,
}

impl Coverage {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
        }
    }
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Input {
    /// Its path below the stream's folder.
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    /// Records in it.
    pub rows: u64,
}

/// A row set apart: where and why, never what it says or whom it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct QuarantinedRow {
    pub row_number: u64,
    pub column: String,
    pub reason_code: String,
}

/// A check that somebody set aside for this landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The reason code under which the feed would have been refused.
    pub check: String,
    /// What the check found.
    pub finding: String,
    /// Why it was set aside, a code of `seeds/reason_codes.csv`.
    pub reason: String,
    /// Who did.
    pub actor: String,
    /// The commitment to what that person said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_sha256: Option<String>,
}

/// The body of a landing's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub fetched: u64,
    pub accepted: u64,
    pub duplicate: u64,
    /// Events whose type the project does not keep.
    #[serde(default)]
    pub filtered: u64,
    pub quarantined: u64,
    pub coverage: Coverage,
    /// Why it is partial.
    pub lacks: Vec<String>,
    /// The first day an event drop covers.
    pub covers_from: Option<NaiveDate>,
    /// The last day it speaks for.
    pub complete_through: NaiveDate,
    /// The newest event that has landed in the stream so far; none where rows have no time.
    #[serde(default)]
    pub watermark_at: Option<DateTime<Utc>>,
    /// Days, half-open, that the source itself does not hold.
    pub holes: Vec<(NaiveDate, NaiveDate)>,
    pub has_concealed: bool,
    pub inputs: Vec<Input>,
    /// The names the source uses.
    pub columns: BTreeSet<String>,
    /// Hash of those names.
    pub schema_fp: String,
    pub warnings: Vec<String>,
    pub quarantined_rows: Vec<QuarantinedRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Of an HR feed of workers, those who had not left on the day of extraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employed: Option<u64>,
    /// What read it, when it was read from an API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<String>,
    /// Where reading began: path and query, as the server gave them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_before: Option<String>,
    /// Where it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_after: Option<String>,
    /// Events up to here were compared with what the source has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled_until: Option<DateTime<Utc>>,
}

impl Body {
    /// The body, with the list of input files wherever it is.
    ///
    /// # Errors
    /// A store error.
    pub(super) async fn whole(store: &Store, record: &Record) -> Result<Self> {
        let mut body = Self::of(record)?;
        for file in record.files.iter().filter(|file| is_inputs(&file.path)) {
            let (_, batches) = parquet::decode(store.read(file).await?)?;
            for batch in &batches {
                let found = inputs(batch).ok_or_else(|| Error::store(format!("{} is no list of inputs", file.path)))?;
                body.inputs.extend(found);
            }
        }
        Ok(body)
    }

    /// The body as the record has it: without the input files when they are too many for a record.
    pub(super) fn of(record: &Record) -> Result<Self> {
        serde_json::from_value(record.body.clone())
            .context(ErrorKind::Store, format!("landing {} has a body this release does not read", record.version))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.coverage == Coverage::Complete
    }

    /// Whether it landed all files of another landing.
    pub(super) fn includes(&self, other: &Self) -> bool {
        other.inputs.iter().all(|i| self.inputs.iter().any(|mine| mine.sha256 == i.sha256))
    }
}

/// The input files that rows of a list name.
fn inputs(batch: &RecordBatch) -> Option<Vec<Input>> {
    let texts = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let counts = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let (paths, hashes, bytes, rows) = (texts("path")?, texts("sha256")?, counts("bytes")?, counts("rows")?);
    let input = |i: usize| Input {
        path: paths.value(i).to_owned(),
        sha256: hashes.value(i).to_owned(),
        bytes: bytes.value(i).cast_unsigned(),
        rows: rows.value(i).cast_unsigned(),
    };
    Some((0..batch.num_rows()).map(input).collect())
}
