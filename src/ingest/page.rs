//! What a file becomes: rows that are good, rows that are not, and what the source says about its own pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringArray, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Field as ArrowField, Schema};
use sha2::{Digest, Sha256};

use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::schema::{Dataset, EXTRA, Type};

/// Rows that are turned into columns at once.
const CHUNK_ROWS: usize = 65_536;
/// A raw row in quarantine is cut here.
const RAW_BYTES: usize = 65_536;

/// One parsed value. Days count from 1970-01-01, instants are microseconds since, decimals are scaled by their field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Int(i64),
    Bool(bool),
    Date(i32),
    Time(i64),
    Decimal(i128),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn day(&self) -> Option<i32> {
        match self {
            Self::Date(day) => Some(*day),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

/// One row of a dataset: a value per field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The record of the file it came from, from 1.
    pub number: u64,
    pub values: Vec<Value>,
    /// What the record holds in columns that are new at the source: a JSON object.
    pub extra: Option<String>,
}

/// A row that is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reject {
    /// The record of the file, from 1.
    pub number: u64,
    /// The column that is wrong; empty when it is the whole record.
    pub column: &'static str,
    pub reason: &'static str,
    /// What the source wrote; of an HR row only the columns that may land.
    pub raw: String,
    /// Whose row it is, where that much could be read.
    pub subject: Option<String>,
}

impl Reject {
    pub(super) fn new(number: u64, column: &'static str, reason: &'static str, raw: &str) -> Self {
        let end = raw.floor_char_boundary(RAW_BYTES);
        Self { number, column, reason, raw: raw[..end].to_owned(), subject: None }
    }
}

/// Why a whole feed is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub reason: &'static str,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The same, told of the file or request it is about.
    pub(super) fn within(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }
}

/// What a page of an API says about its pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paging {
    /// Whether it says that more pages follow; none when it does not speak of pages.
    pub more: Option<bool>,
    /// How many records the source counts in all.
    pub total: Option<u64>,
    /// Whether it says that the call failed, although records came.
    pub is_failed: bool,
}

/// Rows as columns, with the hash of each row's key.
#[derive(Debug)]
pub(super) struct Chunk {
    pub batch: RecordBatch,
    pub keys: Vec<u128>,
}

/// What one file holds.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Records in the file, good or not.
    pub records: u64,
    pub rows: Vec<Row>,
    pub chunks: Vec<Chunk>,
    pub rejects: Vec<Reject>,
    /// By reason and column, how many more are set apart than are kept: there are so many that the feed is refused.
    pub more_rejects: BTreeMap<(&'static str, &'static str), u64>,
    /// Rows that are not held here: written already, there before, or of no interest.
    pub written: u64,
    pub paging: Paging,
    /// The names the source uses: headers, or the keys of its records.
    pub columns: BTreeSet<String>,
    /// For each field whether the file has it.
    pub seen: Vec<bool>,
    /// Things worth a warning, with the number of rows they concern.
    pub counts: BTreeMap<&'static str, u64>,
    pub warnings: Vec<String>,
}

impl Page {
    pub(super) fn note(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Rows that came: every one is accepted, a duplicate, filtered or quarantined.
    pub(super) fn fetched(&self) -> u64 {
        let rows: usize = self.chunks.iter().map(|c| c.keys.len()).sum();
        (rows + self.rows.len()) as u64 + self.written + self.quarantined()
    }

    /// Rows that are set apart.
    pub(super) fn quarantined(&self) -> u64 {
        self.rejects.len() as u64 + self.more_rejects.values().sum::<u64>()
    }

    /// Turns the rows into columns.
    pub(super) fn settle(&mut self, dataset: &Dataset) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        for rows in rows.chunks(CHUNK_ROWS) {
            self.chunks.push(Chunk::from_rows(dataset, rows)?);
        }
        Ok(())
    }
}

impl Chunk {
    fn from_rows(dataset: &Dataset, rows: &[Row]) -> Result<Self> {
        let mut columns =
            (0..dataset.fields.len()).map(|i| column(dataset.fields[i].ty, rows, i)).collect::<Result<Vec<_>>>()?;
        if dataset.keeps_extra() {
            columns.push(Arc::new(StringArray::from_iter(rows.iter().map(|row| row.extra.as_deref()))));
        }
        let key: Vec<usize> = dataset.key.iter().filter_map(|k| dataset.index(k)).collect();
        let hash = |row: &Row| match (&key[..], key.first().map(|i| &row.values[*i])) {
            ([_], Some(Value::Text(text))) => hash_text(text),
            _ => hash_key(key.iter().map(|i| key_part(&row.values[*i]))),
        };
        let keys = rows.iter().map(hash).collect();
        Ok(Self { batch: batch(dataset, columns)?, keys })
    }
}

/// Columns of a dataset's fields, and what is new beside them, as a batch.
pub(super) fn batch(dataset: &Dataset, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    let extra = dataset.keeps_extra().then_some((EXTRA, Type::Text));
    let fields = dataset.fields.iter().map(|f| (f.name, f.ty)).chain(extra);
    let fields = fields.map(|(name, ty)| ArrowField::new(name, ty.arrow(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = columns.first().map_or(0, |c| c.len());
    RecordBatch::try_new_with_options(schema, columns, &RecordBatchOptions::new().with_row_count(Some(rows)))
        .context(ErrorKind::Internal, format!("columns of {} do not fit its fields", dataset.table()))
}

/// The hash of a key of one text; a UUID is its own hash.
pub(super) fn hash_text(text: &str) -> u128 {
    uuid(text).unwrap_or_else(|| hash_key([Some(text)].into_iter()))
}

/// The number that a UUID writes in lower-case digits.
fn uuid(text: &str) -> Option<u128> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let dashes = [8, 13, 18, 23].map(|at| text[at] == b'-');
    let mut digits = [0; 32];
    for (to, from) in [(0..8, 0), (8..12, 9), (12..16, 14), (16..20, 19), (20..32, 24)] {
        let length = to.len();
        digits[to].copy_from_slice(&text[from..from + length]);
    }
    // No branch in it, so that all digits are looked at together.
    let mut is_sound = true;
    for digit in &mut digits {
        let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        is_sound &= (number < 10) | (letter < 6);
        *digit = if number < 10 { number } else { letter.wrapping_add(10) };
    }
    let bytes = std::array::from_fn(|at| digits[2 * at] << 4 | digits[2 * at + 1]);
    (is_sound & (dashes == [true; 4])).then(|| u128::from_be_bytes(bytes))
}

/// The hash of a row's key; a null part differs from any text.
pub(super) fn hash_key<S: AsRef<str>>(parts: impl Iterator<Item = Option<S>>) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        match part {
            Some(text) => {
                hash.update([1]);
                hash.update(text.as_ref().as_bytes());
            }
            None => hash.update([0]),
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest[..16].iter().fold(0, |all, byte| (all << 8) | u128::from(*byte))
}

fn key_part(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Date(day) => Some(day.to_string()),
        Value::Int(n) | Value::Time(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Decimal(n) => Some(n.to_string()),
        Value::Null => None,
    }
}

fn column(ty: Type, rows: &[Row], i: usize) -> Result<ArrayRef> {
    macro_rules! build {
        ($builder:expr, $variant:ident) => {{
            let mut builder = $builder;
            for row in rows {
                match &row.values[i] {
                    Value::$variant(value) => builder.append_value(value.clone()),
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Ok(match ty {
        Type::Text => build!(StringBuilder::new(), Text),
        Type::Int => build!(Int64Builder::new(), Int),
        Type::Bool => build!(BooleanBuilder::new(), Bool),
        Type::Date => build!(Date32Builder::new(), Date),
        Type::Timestamp => build!(TimestampMicrosecondBuilder::new().with_timezone("UTC"), Time),
        Type::Decimal(precision, scale) => {
            let builder = Decimal128Builder::new().with_precision_and_scale(precision, scale);
            build!(builder.context(ErrorKind::Internal, "a field's decimal type")?, Decimal)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_in_a_key_is_not_an_empty_text() {
        let key = |parts: &[Option<&str>]| hash_key(parts.iter().copied());
        assert_ne!(key(&[Some("a"), None]), key(&[Some("a"), Some("")]));
        assert_ne!(key(&[Some("ab"), Some("c")]), key(&[Some("a"), Some("bc")]));
        assert_eq!(key(&[Some("a")]), key(&[Some("a")]));
        assert_eq!(hash_text("00000000-0000-11f0-aaaa-00000000000f"), 0x11f0_aaaa_0000_0000_000f);
        assert_eq!(hash_text("a"), key(&[Some("a")]));
    }
}
