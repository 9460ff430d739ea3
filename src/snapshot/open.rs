//! What a snapshot holds, read back: for who wants to compute it again.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;

use super::FORMAT;
use super::files::MANIFEST;
use super::manifest::Manifest;
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};

/// The parts of a snapshot from which its conclusions follow, and the conclusions.
#[derive(Debug)]
pub struct Contents {
    /// The day it speaks for.
    pub as_of: AsOf,
    /// Version of the program that sealed it.
    pub release: String,
    /// The Parquet file of each table by `schema.table`.
    pub tables: BTreeMap<String, Bytes>,
    /// Models and their contracts, by path below `sql/`.
    pub sql: BTreeMap<String, String>,
    /// Policy files by name.
    pub policies: BTreeMap<String, String>,
}

/// Reads a snapshot. It is believed: verify it first.
///
/// # Errors
/// Evidence when a part cannot be read.
pub fn open(path: &Path) -> Result<Contents> {
    let read = |file: &str| {
        std::fs::read(path.join(file)).context(ErrorKind::Evidence, format!("cannot read {file} of the snapshot"))
    };
    let manifest: Manifest = serde_json::from_slice(&read(MANIFEST)?)
        .context(ErrorKind::Evidence, format!("{MANIFEST} of the snapshot is unreadable"))?;
    if manifest.format != FORMAT {
        let what = format!("the snapshot has format `{}`, this release reads `{FORMAT}`", manifest.format);
        return Err(Error::new(ErrorKind::Evidence, what));
    }
    let texts = |below: &str| {
        let paths = manifest.files.keys().filter_map(|file| Some((file, file.strip_prefix(below)?)));
        paths
            .map(|(file, name)| {
                let text = String::from_utf8(read(file)?);
                Ok((name.to_owned(), text.context(ErrorKind::Evidence, format!("{file} is not UTF-8"))?))
            })
            .collect::<Result<BTreeMap<_, _>>>()
    };
    let tables = manifest.tables.iter().map(|(name, table)| Ok((name.clone(), read(&table.file)?.into())));
    Ok(Contents {
        as_of: AsOf::parse(&manifest.as_of)?,
        tables: tables.collect::<Result<_>>()?,
        sql: texts("sql/")?,
        policies: texts("policy/")?,
        release: manifest.release,
    })
}
