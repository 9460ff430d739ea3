//! Checks a snapshot: what the standard tools check, what the manifest says of tables and log, who signed, and whether
//! the log continues one that was published before. Contacts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use serde_json::Value;

use super::allowed;
use super::files::{COMPLETENESS, INPUTS, MANIFEST, SIGNATURE, SUMS, Sums, VERIFY, parse};
use super::manifest::Manifest;
use super::report::{Fault, Finding, RowCheck, SignatureState, Verification};
use super::verify_index::index_at;
use super::verify_log::checkpoint_at;
use super::{FORMAT, hash};
use crate::base::{Error, Result};
use crate::store::parquet;

/// What to check beyond the snapshot itself.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// An OpenSSH `allowed_signers` file: whose signatures count. With it, an unsigned snapshot fails.
    pub allowed_signers: Option<PathBuf>,
    /// The one principal of it that must have signed; anyone in it when absent.
    pub principal: Option<String>,
    /// A checkpoint that was published before, or the snapshot that holds it: the log must continue it.
    pub since: Option<PathBuf>,
    /// The folder of the index, `snapshots/index` of the store or a copy: the snapshot must be in it.
    pub index: Option<PathBuf>,
    /// Whether rows are read and hashed again.
    pub rows: Rows,
}

/// How far to look at the rows of the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rows {
    /// Recompute up to 256 MB of tables, count beyond.
    #[default]
    Auto,
    /// Read, hash and compare every row.
    All,
    /// Compare counts and columns only: as fast as hashing.
    Count,
}

/// Checks the snapshot in a folder. Whatever is wrong inside is in the result, not an error.
///
/// # Errors
/// Usage when there is no such folder, or a file named in the options cannot be read; Config when `allowed_signers` is
/// not in OpenSSH's form.
pub fn verify(path: &Path, options: &VerifyOptions) -> Result<Verification> {
    if !path.is_dir() {
        return Err(Error::usage(format!("{} is no folder: name that of a sealed snapshot", path.display())));
    }
    let allowed = options.allowed_signers.as_deref().map(allowed::load).transpose()?;
    let since = options.since.as_deref().map(checkpoint_at).transpose()?;
    let index = options.index.as_deref().map(index_at).transpose()?;
    let mut check = Check {
        root: path.to_owned(),
        faults: BTreeSet::new(),
        readable: BTreeSet::new(),
        sound: BTreeMap::new(),
        footers: BTreeMap::new(),
    };
    let mut found = Verification {
        ok: false,
        checked: 0,
        bytes: 0,
        signature: SignatureState::Unsigned,
        signer: None,
        principal: None,
        log: None,
        rows: RowCheck::Counted,
        faults: Vec::new(),
    };
    let list = check.read(SUMS);
    let sums = list.as_deref().and_then(|list| check.sums(list));
    let mut manifest = None;
    if let Some(sums) = &sums {
        found.checked = sums.len();
        check.unlisted(sums);
        let hashed = check.hashes(sums);
        manifest = check.manifest();
        check.compare(sums, &hashed, manifest.as_ref());
        found.bytes = hashed.values().map(|(_, bytes)| bytes).sum();
    }
    check.signature(list.as_deref(), manifest.as_ref(), allowed.as_ref(), options.principal.as_deref(), &mut found);
    if let Some(manifest) = &manifest {
        found.rows = check.tables(manifest, options.rows);
        found.log = check.log(manifest, since.as_ref());
    }
    if let Some(index) = &index {
        check.index(index, list.as_deref(), manifest.as_ref());
    }
    if sums.is_some() {
        check.totals(INPUTS);
        check.totals(COMPLETENESS);
    }
    found.ok = check.faults.is_empty();
    found.faults = check.faults.into_iter().collect();
    Ok(found)
}

/// A check under way.
pub(super) struct Check {
    pub(super) root: PathBuf,
    pub(super) faults: BTreeSet<Finding>,
    /// Listed files that are there.
    pub(super) readable: BTreeSet<String>,
    /// Files that are as listed, and their length.
    pub(super) sound: BTreeMap<String, u64>,
    /// Columns and rows of those that are Parquet, where they were seen in passing.
    pub(super) footers: BTreeMap<String, (SchemaRef, u64)>,
}

impl Check {
    pub(super) fn report(&mut self, file: &str, fault: Fault, detail: impl Into<String>) {
        self.faults.insert(finding(file, fault, None, detail));
    }

    pub(super) fn report_at(&mut self, file: &str, fault: Fault, at: String, detail: impl Into<String>) {
        self.faults.insert(finding(file, fault, Some(at), detail));
    }

    pub(super) fn read(&mut self, file: &str) -> Option<Vec<u8>> {
        let place = self.root.join(file);
        let bytes = std::fs::symlink_metadata(&place).and_then(|meta| match meta.is_file() {
            true => std::fs::read(&place),
            false => Err(std::io::Error::other("not a regular file")),
        });
        bytes.map_err(|e| self.unread(file, &e)).ok()
    }

    fn unread(&mut self, file: &str, error: &std::io::Error) {
        match error.kind() {
            std::io::ErrorKind::NotFound => self.report(file, Fault::Missing, "is not there"),
            _ => self.report(file, Fault::Unreadable, error.to_string()),
        }
    }

    fn sums(&mut self, list: &[u8]) -> Option<Sums> {
        match parse(list) {
            Err((line, what)) => {
                self.report_at(SUMS, Fault::Unreadable, format!("line {line}"), what);
                None
            }
            Ok(sums) => {
                for file in [MANIFEST, INPUTS, COMPLETENESS, VERIFY].into_iter().filter(|f| !sums.contains_key(*f)) {
                    self.report(SUMS, Fault::Incomplete, format!("does not list {file}"));
                }
                Some(sums)
            }
        }
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
                } else if name != SUMS && name != SIGNATURE && !sums.contains_key(&name) {
                    self.report(&name, Fault::Unlisted, "SHA256SUMS does not list it");
                }
            }
        }
    }

    /// The hash and length of every listed file that can be read.
    fn hashes(&mut self, sums: &Sums) -> BTreeMap<String, (String, u64)> {
        let mut hashed = BTreeMap::new();
        for (file, read) in hash::files(&self.root, sums.keys()) {
            match read {
                Err(e) => self.unread(file, &e),
                Ok(read) => {
                    if sums.get(file) == Some(&read.sha256) {
                        self.sound.insert(file.clone(), read.bytes);
                        self.footers.extend(read.footer.map(|footer| (file.clone(), footer)));
                    }
                    self.readable.insert(file.clone());
                    hashed.insert(file.clone(), (read.sha256, read.bytes));
                }
            }
        }
        hashed
    }

    /// Files, list and manifest must agree; where two of them do, the third is at fault.
    fn compare(&mut self, sums: &Sums, hashed: &BTreeMap<String, (String, u64)>, manifest: Option<&Manifest>) {
        let named = manifest.map(Manifest::named).unwrap_or_default();
        for (file, listed) in sums {
            let is_as_named = |sha256: &String| named.get(file) == Some(sha256);
            match hashed.get(file) {
                Some((sha256, _)) if sha256 != listed && is_as_named(sha256) => {
                    let detail = format!("lists {file} with another hash than the file and manifest.json have");
                    self.report(SUMS, Fault::Altered, detail);
                }
                Some((sha256, _)) if sha256 != listed => self.altered(file),
                _ if manifest.is_some() && named.contains_key(file) && !is_as_named(listed) => {
                    let detail = format!("lists {file} with another hash than manifest.json");
                    self.report(SUMS, Fault::Altered, detail);
                }
                _ => {}
            }
        }
        if manifest.is_none() {
            return;
        }
        for file in named.keys().filter(|file| !sums.contains_key(*file)) {
            self.report(SUMS, Fault::Incomplete, format!("does not list {file}, which manifest.json names"));
        }
        for file in sums.keys().filter(|file| *file != MANIFEST && !named.contains_key(*file)) {
            self.report(file, Fault::Unlisted, "manifest.json does not name it");
        }
    }

    /// Says where an altered file is altered, as far as that can be known.
    fn altered(&mut self, file: &str) {
        const DETAIL: &str = "its SHA-256 is not the one in SHA256SUMS";
        let groups = match File::open(self.root.join(file)) {
            Ok(opened) if file.ends_with(".parquet") => {
                let damaged = catch_unwind(AssertUnwindSafe(|| parquet::damaged_row_groups(&opened)));
                damaged.unwrap_or_else(|_| Err(Error::data("its footer cannot be read")))
            }
            _ => Ok(Vec::new()),
        };
        match groups {
            Ok(groups) if groups.is_empty() => self.report(file, Fault::Altered, DETAIL),
            Ok(groups) => {
                for group in groups {
                    let detail = format!("{DETAIL}, and these rows do not decode");
                    self.report_at(file, Fault::Altered, format!("row group {group}"), detail);
                }
            }
            Err(_) => self.report_at(file, Fault::Altered, "footer".to_owned(), DETAIL),
        }
    }

    pub(super) fn sound_bytes(&mut self, file: &str) -> Option<Vec<u8>> {
        if self.sound.contains_key(file) { self.read(file) } else { None }
    }

    fn manifest(&mut self) -> Option<Manifest> {
        let bytes = self.sound_bytes(MANIFEST)?;
        match serde_json::from_slice::<Manifest>(&bytes) {
            Ok(manifest) if manifest.format == FORMAT => {
                if manifest.at().is_none() {
                    self.report(MANIFEST, Fault::Unreadable, "its run_id holds no time");
                }
                Some(manifest)
            }
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

    /// Wherever rows are counted, none got lost: fetched = accepted + duplicate + filtered + quarantined.
    fn totals(&mut self, file: &str) {
        let Some(bytes) = self.sound_bytes(file) else { return };
        match serde_json::from_slice::<Value>(&bytes) {
            Err(e) => self.report(file, Fault::Unreadable, e.to_string()),
            Ok(value) => unbalanced(&value, &mut |detail| self.report(file, Fault::Incomplete, detail)),
        }
    }
}

/// One finding.
pub(super) fn finding(file: &str, fault: Fault, at: Option<String>, detail: impl Into<String>) -> Finding {
    Finding { file: file.to_owned(), fault, at, detail: detail.into() }
}

fn unbalanced(value: &Value, report: &mut impl FnMut(String)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| unbalanced(item, report)),
        Value::Object(members) => {
            let count = |name: &str| members.get(name).and_then(Value::as_i64).map(i128::from);
            // Snapshots of an earlier release do not say it: nothing was filtered.
            let filtered = count("filtered").unwrap_or_default();
            if let (Some(fetched), Some(accepted), Some(duplicate), Some(quarantined)) =
                (count("fetched"), count("accepted"), count("duplicate"), count("quarantined"))
                && fetched != accepted + duplicate + filtered + quarantined
            {
                let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
                report(format!(
                    "{}/{}: fetched {fetched} is not accepted {accepted} + duplicate {duplicate} + filtered {filtered} + quarantined {quarantined}",
                    text("source"),
                    text("stream")
                ));
            }
            members.values().for_each(|member| unbalanced(member, report));
        }
        _ => {}
    }
}
