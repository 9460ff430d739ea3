//! Whether the decision log in a snapshot is whole, is that of its checkpoint, and continues one published before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;

use super::files::{CHECKPOINT, MANIFEST};
use super::manifest::{Log, Manifest};
use super::report::{Fault, LogSegment};
use super::verify::Check;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::log::{self, Checkpoint, Entry, FaultKind};
use crate::store::parquet;

/// The checkpoint in a file or in a snapshot.
pub(super) fn checkpoint_at(path: &Path) -> Result<Checkpoint> {
    let file = if path.is_dir() { path.join(CHECKPOINT) } else { path.to_owned() };
    let text = std::fs::read_to_string(&file).context(ErrorKind::Usage, format!("cannot read {}", file.display()))?;
    Checkpoint::parse(&text).context(ErrorKind::Usage, format!("{} is no checkpoint", file.display()))
}

impl Check {
    /// Checks the entries of the decision log, its tree, and whether it continues what was published.
    pub(super) fn log(&mut self, manifest: &Manifest, since: Option<&Checkpoint>) -> Option<LogSegment> {
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
}
