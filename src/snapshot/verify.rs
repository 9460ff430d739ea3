//! Checks a snapshot: what the standard tools check, and what the manifest says of the tables. Contacts nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::FORMAT;
use super::files::{COMPLETENESS, INPUTS, MANIFEST, SUMS, Sums, VERIFY, parse};
use super::logical;
use super::manifest::{self, Manifest, Table, UNSIGNED};
use crate::base::{Error, Result};
use crate::store::{parquet, sha256_hex};

/// What a check found, for people (`Display`) and machines (JSON).
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Files that were hashed.
    pub checked: usize,
    /// How the snapshot is signed: `none`; absent when the manifest cannot be read.
    pub signature: Option<String>,
    /// What is wrong, file by file.
    pub faults: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Path below the snapshot.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// Why this is known.
    pub detail: String,
}

/// The ways in which a file can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// It is not what was sealed.
    Altered,
    /// It was sealed and is gone.
    Missing,
    /// It was not sealed.
    Unlisted,
    /// It does not hold all it must.
    Incomplete,
    /// It cannot be read.
    Unreadable,
    /// Its signature is absent or cannot be checked.
    Unsigned,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Unlisted => "unlisted",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
            Self::Unsigned => "unsigned",
        })
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.faults {
            writeln!(f, "{:<10}  {}: {}", finding.fault.to_string(), finding.file, finding.detail)?;
        }
        let signature = match self.signature.as_deref() {
            Some(UNSIGNED) => "; the snapshot is not signed",
            _ => "",
        };
        let verdict = if self.ok { "verified" } else { "NOT VERIFIED" };
        writeln!(f, "{verdict}: {} files checked, {} faults{signature}", self.checked, self.faults.len())
    }
}

/// Checks the snapshot in a folder. Whatever is wrong inside is in the result, not an error.
///
/// # Errors
/// Usage when there is no such folder.
pub fn verify(path: &Path) -> Result<Verification> {
    if !path.is_dir() {
        return Err(Error::usage(format!("{} is no folder: name that of a sealed snapshot", path.display())));
    }
    let mut check = Check { root: path.to_owned(), faults: BTreeSet::new(), sound: BTreeSet::new() };
    let (mut checked, mut signature) = (0, None);
    if let Some(sums) = check.sums() {
        checked = sums.len();
        check.unlisted(&sums);
        check.hashes(&sums);
        if let Some(manifest) = check.manifest() {
            check.agreement(&manifest, &sums);
            for table in manifest.tables.values() {
                check.table(table);
            }
            signature = Some(manifest.signature);
        }
        check.totals(INPUTS);
        check.totals(COMPLETENESS);
    }
    Ok(Verification { ok: check.faults.is_empty(), checked, signature, faults: check.faults.into_iter().collect() })
}

struct Check {
    root: PathBuf,
    faults: BTreeSet<Finding>,
    /// Files that are as listed: only these are looked into.
    sound: BTreeSet<String>,
}

impl Check {
    fn report(&mut self, file: &str, fault: Fault, detail: impl Into<String>) {
        self.faults.insert(Finding { file: file.to_owned(), fault, detail: detail.into() });
    }

    fn read(&mut self, file: &str) -> Option<Vec<u8>> {
        let place = self.root.join(file);
        let bytes = std::fs::symlink_metadata(&place).and_then(|meta| match meta.is_file() {
            true => std::fs::read(&place),
            false => Err(std::io::Error::other("not a regular file")),
        });
        bytes
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => self.report(file, Fault::Missing, "is not there"),
                _ => self.report(file, Fault::Unreadable, e.to_string()),
            })
            .ok()
    }

    fn sums(&mut self) -> Option<Sums> {
        let bytes = self.read(SUMS)?;
        let sums = parse(&bytes);
        match &sums {
            None => self.report(SUMS, Fault::Unreadable, "is not in the form in which it was written"),
            Some(sums) => {
                for file in [MANIFEST, INPUTS, COMPLETENESS, VERIFY].into_iter().filter(|f| !sums.contains_key(*f)) {
                    self.report(SUMS, Fault::Incomplete, format!("does not list {file}"));
                }
            }
        }
        sums
    }

    /// Looks for files that nobody listed, links among them.
    fn unlisted(&mut self, sums: &Sums) {
        let mut folders = vec![(self.root.clone(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
            let entries = entries.unwrap_or_else(|e| {
                self.report(&prefix, Fault::Unreadable, e.to_string());
                Vec::new()
            });
            for entry in entries {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    folders.push((entry.path(), format!("{name}/")));
                } else if name != SUMS && !sums.contains_key(&name) {
                    self.report(&name, Fault::Unlisted, "SHA256SUMS does not list it");
                }
            }
        }
    }

    fn hashes(&mut self, sums: &Sums) {
        for (file, sha256) in sums {
            let Some(bytes) = self.read(file) else { continue };
            if sha256_hex(&bytes) == *sha256 {
                self.sound.insert(file.clone());
            } else {
                self.report(file, Fault::Altered, "its SHA-256 is not the one in SHA256SUMS");
            }
        }
    }

    fn sound_bytes(&mut self, file: &str) -> Option<Vec<u8>> {
        if self.sound.contains(file) { self.read(file) } else { None }
    }

    fn manifest(&mut self) -> Option<Manifest> {
        let bytes = self.sound_bytes(MANIFEST)?;
        match serde_json::from_slice::<Manifest>(&bytes) {
            Ok(manifest) if manifest.format == FORMAT => Some(manifest),
            Ok(manifest) => {
                let detail = format!("has format `{}`, this release reads `{FORMAT}`", manifest.format);
                self.report(MANIFEST, Fault::Unreadable, detail);
                None
            }
            Err(e) => {
                self.report(MANIFEST, Fault::Unreadable, e.to_string());
                None
            }
        }
    }

    /// `tables` and `files` of the manifest are the list, without the manifest itself.
    fn agreement(&mut self, manifest: &Manifest, sums: &Sums) {
        if manifest.signature != UNSIGNED {
            let detail = format!("this release cannot check the signature `{}`", manifest.signature);
            self.report(SUMS, Fault::Unsigned, detail);
        }
        let mut named = manifest.files.clone();
        named.extend(manifest.tables.values().map(|t| (t.file.clone(), t.sha256.clone())));
        for (file, sha256) in &named {
            match sums.get(file) {
                None => {
                    self.report(SUMS, Fault::Incomplete, format!("does not list {file}, which manifest.json names"))
                }
                Some(listed) if listed != sha256 => {
                    self.report(SUMS, Fault::Altered, format!("lists {file} with another hash than manifest.json"));
                }
                Some(_) => {}
            }
        }
        for file in sums.keys().filter(|f| *f != MANIFEST && !named.contains_key(*f)) {
            self.report(file, Fault::Unlisted, "manifest.json does not name it");
        }
    }

    /// Reads a table and counts, hashes and compares its rows.
    fn table(&mut self, table: &Table) {
        let Some(bytes) = self.sound_bytes(&table.file) else { return };
        // A file made to deceive may trip the reader; that is a finding, not the end of the check.
        let read = catch_unwind(AssertUnwindSafe(|| -> Result<_> {
            let (schema, batches) = parquet::decode(Bytes::from(bytes))?;
            Ok((manifest::columns(&schema)?, logical::content(&schema, &batches, &table.grain)?))
        }));
        let (columns, content) = match read {
            Ok(Ok(found)) => found,
            Ok(Err(e)) => return self.report(&table.file, Fault::Unreadable, e.to_string()),
            Err(_) => return self.report(&table.file, Fault::Unreadable, "its Parquet is malformed"),
        };
        if content.rows != table.rows {
            let detail = format!("has {} rows, manifest.json says {}", content.rows, table.rows);
            self.report(&table.file, Fault::Incomplete, detail);
        }
        if columns != table.schema {
            self.report(&table.file, Fault::Altered, "has not the columns that manifest.json says");
        }
        if content.sha256 != table.logical_sha256 {
            self.report(&table.file, Fault::Altered, "its rows do not have the logical hash that manifest.json says");
        }
        if let Some(row) = content.repeated {
            let detail = format!("{row} occurs twice, {} must be unique", table.grain.join(", "));
            self.report(&table.file, Fault::Altered, detail);
        }
    }

    /// Wherever rows are counted, none got lost: fetched = accepted + duplicate + quarantined.
    fn totals(&mut self, file: &str) {
        let Some(bytes) = self.sound_bytes(file) else { return };
        match serde_json::from_slice::<Value>(&bytes) {
            Err(e) => self.report(file, Fault::Unreadable, e.to_string()),
            Ok(value) => unbalanced(&value, &mut |detail| self.report(file, Fault::Incomplete, detail)),
        }
    }
}

fn unbalanced(value: &Value, report: &mut impl FnMut(String)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| unbalanced(item, report)),
        Value::Object(members) => {
            let count = |name: &str| members.get(name).and_then(Value::as_i64).map(i128::from);
            if let (Some(fetched), Some(accepted), Some(duplicate), Some(quarantined)) =
                (count("fetched"), count("accepted"), count("duplicate"), count("quarantined"))
                && fetched != accepted + duplicate + quarantined
            {
                let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
                report(format!(
                    "{}/{}: fetched {fetched} is not accepted {accepted} + duplicate {duplicate} + quarantined {quarantined}",
                    text("source"),
                    text("stream")
                ));
            }
            members.values().for_each(|member| unbalanced(member, report));
        }
        _ => {}
    }
}
