//! Whether the tables of a snapshot are what its manifest says.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::logical::Content;
use super::manifest::{self, Manifest, Table};
use super::report::{Fault, Finding, RowCheck};
use super::verify::{Check, Rows, finding};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::store::parquet::{self, Batches};

/// Tables of more bytes than these together are counted by default, not recomputed.
const RECOMPUTED_BYTES: u64 = 256 << 20;

impl Check {
    /// Compares every sound table with what the manifest says of it.
    pub(super) fn tables(&mut self, manifest: &Manifest, rows: Rows) -> RowCheck {
        let size = |table: &Table| self.sound.get(&table.file).copied();
        let bytes: u64 = manifest.tables.values().filter_map(size).sum();
        let how = match rows {
            Rows::Auto if bytes <= RECOMPUTED_BYTES => RowCheck::Recomputed,
            Rows::All => RowCheck::Recomputed,
            Rows::Auto | Rows::Count => RowCheck::Counted,
        };
        let tables: Vec<&Table> = manifest.tables.values().filter(|table| size(table).is_some()).collect();
        let look = |table: &&Table| {
            // A file made to deceive may trip the reader; that is a finding, not the end of the check.
            let found = catch_unwind(AssertUnwindSafe(|| match how {
                RowCheck::Recomputed => recomputed(&self.root, table),
                RowCheck::Counted => match self.footers.get(&table.file) {
                    Some((schema, rows)) => Ok(shape(table, *rows, &manifest::columns(schema)?)),
                    None => counted(&self.root, table),
                },
            }));
            let unreadable = |detail: String| vec![finding(&table.file, Fault::Unreadable, None, detail)];
            match found {
                Ok(Ok(found)) => found,
                Ok(Err(e)) => unreadable(e.to_string()),
                Err(_) => unreadable("its Parquet is malformed".to_owned()),
            }
        };
        let found: Vec<Vec<Finding>> = tables.par_iter().map(look).collect();
        self.faults.extend(found.into_iter().flatten());
        how
    }
}

/// Reads a table and counts, hashes and compares its rows.
fn recomputed(root: &Path, table: &Table) -> Result<Vec<Finding>> {
    let bytes = std::fs::read(root.join(&table.file)).context(ErrorKind::Data, "cannot be read")?;
    let rows = Batches::open(Bytes::from(bytes))?;
    let schema = rows.schema();
    let mut content = Content::new(&schema, &table.grain)?;
    for batch in rows {
        content.push(&batch?)?;
    }
    let mut found = shape(table, content.rows, &manifest::columns(&schema)?);
    if content.sha256() != table.logical_sha256 {
        let detail = "its rows do not have the logical hash that manifest.json says";
        found.push(finding(&table.file, Fault::Altered, None, detail));
    }
    if let Some(row) = content.repeated {
        let detail = format!("{row} occurs twice, {} must be unique", table.grain.join(", "));
        found.push(finding(&table.file, Fault::Altered, None, detail));
    }
    Ok(found)
}

/// Compares a table's footer, where it was not seen in passing: its rows are those that were sealed when its hash is.
fn counted(root: &Path, table: &Table) -> Result<Vec<Finding>> {
    let file = File::open(root.join(&table.file)).context(ErrorKind::Data, "cannot be read")?;
    let (schema, rows) = parquet::footer(file)?;
    Ok(shape(table, rows, &manifest::columns(&schema)?))
}

fn shape(table: &Table, rows: u64, columns: &[manifest::Column]) -> Vec<Finding> {
    let mut found = Vec::new();
    if rows != table.rows {
        let detail = format!("has {rows} rows, manifest.json says {}", table.rows);
        found.push(finding(&table.file, Fault::Incomplete, None, detail));
    }
    if columns != table.schema {
        let detail = "has not the columns that manifest.json says";
        found.push(finding(&table.file, Fault::Altered, None, detail));
    }
    found
}
