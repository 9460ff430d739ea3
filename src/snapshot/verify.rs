//! Checks a snapshot: what the standard tools check, what the manifest says of tables and log, who signed, and whether
//! the log continues one that was published before. Contacts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::Value;

use super::allowed::{self, AllowedSigners, Refusal};
use super::files::{CHECKPOINT, COMPLETENESS, INPUTS, MANIFEST, SIGNATURE, SUMS, Sums, VERIFY, parse};
use super::manifest::{self, Log, Manifest, Table, UNSIGNED};
use super::report::{Fault, Finding, LogSegment, RowCheck, SignatureState, Verification};
use super::{FORMAT, hash, logical, sign};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::log::{self, Checkpoint, Entry, FaultKind};
use crate::store::parquet;

/// Tables of more bytes than these together are counted by default, not recomputed.
const RECOMPUTED_BYTES: u64 = 256 << 20;

/// What to check beyond the snapshot itself.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// An OpenSSH `allowed_signers` file: whose signatures count. With it, an unsigned snapshot fails.
    pub allowed_signers: Option<PathBuf>,
    /// The one principal of it that must have signed; anyone in it when absent.
    pub principal: Option<String>,
    /// A checkpoint that was published before, or the snapshot that holds it: the log must continue it.
    pub since: Option<PathBuf>,
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
    let (faults, readable, sound) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    let mut check = Check { root: path.to_owned(), faults, readable, sound };
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
    if sums.is_some() {
        check.totals(INPUTS);
        check.totals(COMPLETENESS);
    }
    found.ok = check.faults.is_empty();
    found.faults = check.faults.into_iter().collect();
    Ok(found)
}

/// The checkpoint in a file or in a snapshot.
fn checkpoint_at(path: &Path) -> Result<Checkpoint> {
    let file = if path.is_dir() { path.join(CHECKPOINT) } else { path.to_owned() };
    let text = std::fs::read_to_string(&file).context(ErrorKind::Usage, format!("cannot read {}", file.display()))?;
    Checkpoint::parse(&text).context(ErrorKind::Usage, format!("{} is no checkpoint", file.display()))
}

struct Check {
    root: PathBuf,
    faults: BTreeSet<Finding>,
    /// Listed files that are there.
    readable: BTreeSet<String>,
    /// Files that are as listed, and their length.
    sound: BTreeMap<String, u64>,
}

impl Check {
    fn report(&mut self, file: &str, fault: Fault, detail: impl Into<String>) {
        self.faults.insert(finding(file, fault, None, detail));
    }

    fn report_at(&mut self, file: &str, fault: Fault, at: String, detail: impl Into<String>) {
        self.faults.insert(finding(file, fault, Some(at), detail));
    }

    fn read(&mut self, file: &str) -> Option<Vec<u8>> {
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

    fn sound_bytes(&mut self, file: &str) -> Option<Vec<u8>> {
        if self.sound.contains_key(file) { self.read(file) } else { None }
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

    /// Who signed the list, and whether that counts.
    fn signature(
        &mut self,
        list: Option<&[u8]>,
        manifest: Option<&Manifest>,
        allowed: Option<&AllowedSigners>,
        principal: Option<&str>,
        found: &mut Verification,
    ) {
        let promised = manifest.is_some_and(|manifest| manifest.signature != UNSIGNED);
        if std::fs::symlink_metadata(self.root.join(SIGNATURE)).is_err() {
            if promised {
                self.report(SIGNATURE, Fault::Missing, "is not there, manifest.json says who signed");
            } else if allowed.is_some() {
                self.report(SIGNATURE, Fault::Unsigned, "is not there: nobody signed this snapshot");
            }
            return;
        }
        let (Some(signature), Some(list)) = (self.read(SIGNATURE), list) else {
            found.signature = SignatureState::Unreadable;
            return;
        };
        // The time at which the key must have been valid is the run's: its id says it, and the signature covers that.
        let at = manifest.and_then(Manifest::at);
        let checked = allowed::own_key(list, &signature).and_then(|key| {
            let key = sign::fingerprint(&key);
            let signer = manifest.and_then(|manifest| manifest.signer.as_ref());
            if let Some(signer) = signer.filter(|signer| **signer != key) {
                return Err(Refusal::Foreign(format!("it is by {key}, manifest.json says {signer}")));
            }
            found.signer = Some(key);
            let verify = |allowed| allowed::verify_signature(list, &signature, allowed, principal, at);
            allowed.map(verify).transpose()
        });
        found.signature = match checked {
            Ok(Some(principal)) => {
                found.principal = Some(principal);
                SignatureState::Valid
            }
            Ok(None) => SignatureState::Unchecked,
            Err(refusal) => {
                let (state, fault, detail) = match refusal {
                    Refusal::Unreadable(detail) => (SignatureState::Unreadable, Fault::Unreadable, detail),
                    Refusal::Altered(detail) => (SignatureState::Altered, Fault::Altered, detail),
                    Refusal::Foreign(detail) => (SignatureState::Foreign, Fault::Foreign, detail),
                    Refusal::Expired(detail) => (SignatureState::Expired, Fault::Foreign, detail),
                };
                self.report(SIGNATURE, fault, detail);
                state
            }
        };
    }

    /// Compares every sound table with what the manifest says of it.
    fn tables(&mut self, manifest: &Manifest, rows: Rows) -> RowCheck {
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
                RowCheck::Counted => counted(&self.root, table),
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

    /// Checks the entries of the decision log, its tree, and whether it continues what was published.
    fn log(&mut self, manifest: &Manifest, since: Option<&Checkpoint>) -> Option<LogSegment> {
        let named = manifest.log.as_ref().and_then(|log| log.file.as_ref());
        for file in manifest.files.keys().filter(|file| file.starts_with("log/") && Some(*file) != named) {
            self.report(file, Fault::Unlisted, "manifest.json does not name it as the log");
        }
        let Some(log) = &manifest.log else {
            if since.is_some() {
                self.report(MANIFEST, Fault::Incomplete, "seals no decision log, so it continues none");
            }
            return None;
        };
        if let Some(file) = log.file.as_ref().filter(|file| !manifest.files.contains_key(*file)) {
            self.report(MANIFEST, Fault::Altered, format!("names {file:?} as the log and does not list it"));
        }
        let segment = LogSegment { first_seq: log.first_seq, entries: log.entries, head_hash: log.head_hash.clone() };
        let entries = match &log.file {
            None => Some(Vec::new()),
            Some(file) => self.entries(file),
        };
        let Some(entries) = entries else { return Some(segment) };
        let file = log.file.as_deref().unwrap_or(MANIFEST);
        for fault in log::check_entries(&entries, log.first_seq, &log.prev_hash) {
            let word = if fault.kind == FaultKind::Gap { Fault::Incomplete } else { Fault::Altered };
            self.report_at(file, word, format!("entry {}", fault.seq), fault.detail);
        }
        if entries.len() as u64 != log.entries {
            let detail = format!("has {} entries, manifest.json says {}", entries.len(), log.entries);
            self.report(file, Fault::Incomplete, detail);
        }
        if entries.last().map_or(&log.prev_hash, |entry| &entry.entry_hash) != &log.head_hash {
            self.report(file, Fault::Altered, "does not end with the hash that manifest.json says");
        }
        if log.frontier_before.size() != log.first_seq {
            self.report(MANIFEST, Fault::Altered, "says of the log's tree another size than of its first entry");
        }
        self.tree(log, &entries, since);
        Some(segment)
    }

    /// The entries of a log file, whether it is as listed or not: an altered one may still tell where.
    fn entries(&mut self, file: &str) -> Option<Vec<Entry>> {
        if !self.readable.contains(file) {
            return None;
        }
        let is_sound = self.sound.contains_key(file);
        let bytes = self.read(file)?;
        let read = catch_unwind(AssertUnwindSafe(|| {
            parquet::decode(Bytes::from(bytes)).and_then(|(_, batches)| log::from_batches(&batches))
        }));
        match read {
            Ok(Ok(entries)) => return Some(entries),
            Ok(Err(e)) if is_sound => self.report(file, Fault::Unreadable, e.to_string()),
            Err(_) if is_sound => self.report(file, Fault::Unreadable, "its Parquet is malformed"),
            _ => {}
        }
        None
    }

    /// The tree that the entries grow must be that of the checkpoint, and must have been that of an earlier one.
    fn tree(&mut self, log: &Log, entries: &[Entry], since: Option<&Checkpoint>) {
        let mut tree = log.frontier_before.clone();
        let mut root_then = None;
        for entry in entries {
            if since.is_some_and(|since| since.size == tree.size()) {
                root_then = Some(tree.root());
            }
            tree.push(entry.payload.as_bytes());
        }
        if since.is_some_and(|since| since.size == tree.size()) {
            root_then = Some(tree.root());
        }
        let sealed = match self.sound_bytes(CHECKPOINT).map(String::from_utf8) {
            Some(Ok(text)) => Checkpoint::parse(&text).map_err(|e| e.to_string()),
            Some(Err(_)) => Err("is not text".to_owned()),
            None if self.readable.contains(CHECKPOINT) => return,
            None => Err("is not there, and manifest.json has a log".to_owned()),
        };
        let own = Checkpoint { origin: log.origin.clone(), size: tree.size(), root: tree.root() };
        match sealed {
            Err(detail) => self.report(CHECKPOINT, Fault::Unreadable, detail),
            Ok(sealed) if sealed.origin != own.origin => {
                self.report(CHECKPOINT, Fault::Altered, "is of another log than manifest.json says");
            }
            Ok(sealed) if sealed.size != own.size => {
                let detail = format!("has size {}, the entries make {}", sealed.size, own.size);
                self.report(CHECKPOINT, Fault::Altered, detail);
            }
            Ok(sealed) if sealed.root != own.root => {
                self.report(CHECKPOINT, Fault::Altered, "has not the Merkle root of the entries");
            }
            Ok(_) => {}
        }
        let Some(since) = since else { return };
        let file = log.file.as_deref().unwrap_or(MANIFEST);
        if since.origin != own.origin {
            let detail = format!("is of the log `{}`, the earlier checkpoint of `{}`", own.origin, since.origin);
            self.report(CHECKPOINT, Fault::Inconsistent, detail);
        } else if since.size > own.size {
            let detail = format!("has size {}, but the log had {} entries before", own.size, since.size);
            self.report(CHECKPOINT, Fault::Inconsistent, detail);
        } else if since.size < log.first_seq {
            let detail = format!(
                "begins with entry {}: give --since a checkpoint of that size or more, or verify the snapshot whose log \
                 holds entry {}",
                log.first_seq, since.size
            );
            self.report(file, Fault::Incomplete, detail);
        } else if root_then != Some(since.root) {
            let detail = format!("its first {} entries are not those of the earlier checkpoint", since.size);
            self.report(CHECKPOINT, Fault::Inconsistent, detail);
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

fn finding(file: &str, fault: Fault, at: Option<String>, detail: impl Into<String>) -> Finding {
    Finding { file: file.to_owned(), fault, at, detail: detail.into() }
}

/// Reads a table and counts, hashes and compares its rows.
fn recomputed(root: &Path, table: &Table) -> Result<Vec<Finding>> {
    let bytes = std::fs::read(root.join(&table.file)).context(ErrorKind::Data, "cannot be read")?;
    let (schema, batches) = parquet::decode(Bytes::from(bytes))?;
    let content = logical::content(&schema, &batches, &table.grain)?;
    let mut found = shape(table, content.rows, &manifest::columns(&schema)?);
    if content.sha256 != table.logical_sha256 {
        let detail = "its rows do not have the logical hash that manifest.json says";
        found.push(finding(&table.file, Fault::Altered, None, detail));
    }
    if let Some(row) = content.repeated {
        let detail = format!("{row} occurs twice, {} must be unique", table.grain.join(", "));
        found.push(finding(&table.file, Fault::Altered, None, detail));
    }
    Ok(found)
}

/// Compares a table's footer: its rows are those that were sealed when its hash is.
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
