//! The files of a snapshot and their list, `SHA256SUMS`: one line a file, in `LC_ALL=C` order of the paths.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tempfile::SpooledTempFile;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::sha256_hex;

/// The list of all other files.
pub(super) const SUMS: &str = "SHA256SUMS";
/// The signature of the list; not in it.
pub(super) const SIGNATURE: &str = "SHA256SUMS.sig";
/// What the snapshot says of itself.
pub(super) const MANIFEST: &str = "manifest.json";
/// What each input file was.
pub(super) const INPUTS: &str = "inputs.json";
/// Control totals.
pub(super) const COMPLETENESS: &str = "completeness.json";
/// The size and root of the decision log.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The commands that check the snapshot without this program.
pub(super) const VERIFY: &str = "VERIFY.txt";

/// SHA-256 by path below the snapshot.
pub(super) type Sums = BTreeMap<String, String>;

/// The bytes of a file of a snapshot.
#[derive(Debug, Clone)]
pub enum FileBytes {
    /// At hand.
    Held(Bytes),
    /// Set aside, on disk where it is much, until it is written to its place.
    SetAside(Arc<Mutex<SpooledTempFile>>),
}

impl FileBytes {
    /// All of them.
    ///
    /// # Errors
    /// What was set aside cannot be read.
    pub fn get(&self) -> io::Result<Bytes> {
        match self {
            Self::Held(bytes) => Ok(bytes.clone()),
            Self::SetAside(file) => {
                let (mut file, mut bytes) = (file.lock().unwrap_or_else(PoisonError::into_inner), Vec::new());
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }
}

/// The files of a snapshot while it is made, in the order in which they were put.
#[derive(Default)]
pub(super) struct Files {
    files: Vec<(String, FileBytes)>,
    pub(super) sums: Sums,
}

impl Files {
    /// Adds one file and lists it.
    pub(super) fn put(&mut self, path: &str, bytes: Bytes) -> Result<()> {
        let sha256 = sha256_hex(&bytes);
        self.add(path, FileBytes::Held(bytes), sha256)
    }

    /// Adds one file whose hash is known.
    pub(super) fn add(&mut self, path: &str, bytes: FileBytes, sha256: String) -> Result<()> {
        if !is_plain(path) {
            return Err(Error::internal(format!("{path:?} cannot name a file of a snapshot")));
        }
        match self.sums.insert(path.to_owned(), sha256) {
            None => self.files.push((path.to_owned(), bytes)),
            Some(_) => return Err(Error::internal(format!("{path} was sealed twice"))),
        }
        Ok(())
    }

    /// All files, the list last; its bytes stand for the whole snapshot.
    pub(super) fn finish(mut self) -> (Vec<(String, FileBytes)>, Bytes) {
        let list = Bytes::from(render(&self.sums));
        self.files.push((SUMS.to_owned(), FileBytes::Held(list.clone())));
        (self.files, list)
    }
}

/// Writes the files of a snapshot as a folder that appears whole: into a folder beside its place, then renamed. A torn
/// file is found by `verify`, so nothing waits for the disk here.
///
/// # Errors
/// Store when it cannot be written, or when something is at `target`: evidence is never overwritten.
pub fn write_folder(files: &[(String, FileBytes)], target: &Path) -> Result<()> {
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Error::internal(format!("{} names no folder", target.display())))?;
    if target.exists() {
        return Err(Error::store(format!("{} exists: a sealed snapshot is never overwritten", target.display())));
    }
    let draft = target.with_file_name(format!(".{name}.part"));
    let written = fill(&draft, files)
        .and_then(|()| std::fs::rename(&draft, target))
        .context(ErrorKind::Store, format!("cannot write {}", target.display()));
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    written
}

/// Fills an empty folder, made in place of what an aborted attempt may have left.
fn fill(root: &Path, files: &[(String, FileBytes)]) -> io::Result<()> {
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    std::fs::create_dir_all(root)?;
    for (path, bytes) in files {
        if !is_plain(path) {
            return Err(io::Error::other(format!("{path:?} cannot name a file of a snapshot")));
        }
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(root))?;
        std::fs::write(&file, bytes.get()?)?;
    }
    Ok(())
}

/// Reads the list, in exactly the form in which it is written.
///
/// # Errors
/// The line that is not, and why.
pub(super) fn parse(bytes: &[u8]) -> Result<Sums, (usize, &'static str)> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        (before.iter().filter(|b| **b == b'\n').count() + 1, "is not text")
    })?;
    let mut sums = Sums::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (sha256, path) = line.split_once("  ").ok_or((number, "is not a hash, two blanks and a path"))?;
        if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err((number, "does not begin with 64 lower-case hex digits"));
        }
        if !is_plain(path) {
            return Err((number, "names no plain path below the snapshot"));
        }
        if sums.last_key_value().is_some_and(|(last, _)| last.as_str() >= path) {
            return Err((number, "is not after the line before it, in LC_ALL=C order of the paths"));
        }
        sums.insert(path.to_owned(), sha256.to_owned());
    }
    // A lost last line feed, a carriage return.
    if render(&sums) == text { Ok(sums) } else { Err((sums.len(), "does not end as it was written")) }
}

fn render(sums: &Sums) -> String {
    sums.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect()
}

/// Whether a path stays below the snapshot and survives any shell, `awk '{print $2}'` and `sha256sum -c`.
fn is_plain(path: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name != "." && name != "..";
    path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._=-/".contains(&b)) && path.split('/').all(is_name)
}
