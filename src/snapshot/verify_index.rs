//! Whether a snapshot was published: one record of a chained index names it, in the place that it says itself.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{MANIFEST, SUMS};
use super::manifest::Manifest;
use super::report::Fault;
use super::verify::Check;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::store::{Chain, NO_HASH, Record, sha256_hex};

/// The records of an index as they lie in its folder, by version.
pub(super) type Index = BTreeMap<u64, Vec<u8>>;

/// Reads the folder of an index, `snapshots/index` of a store or a copy of it.
///
/// # Errors
/// Usage when it is no such folder.
pub(super) fn index_at(folder: &Path) -> Result<Index> {
    let unreadable = || format!("cannot read the index {}", folder.display());
    let mut index = Index::new();
    for entry in std::fs::read_dir(folder).context(ErrorKind::Usage, unreadable())? {
        let path = entry.context(ErrorKind::Usage, unreadable())?.path();
        let version = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(version) = version.filter(|_| path.extension().is_some_and(|e| e == "json")) {
            index.insert(version, std::fs::read(&path).context(ErrorKind::Usage, unreadable())?);
        }
    }
    Ok(index)
}

impl Check {
    /// Checks that the index is a chain, and that the snapshot is in it, after the one it names.
    pub(super) fn index(&mut self, index: &Index, list: Option<&[u8]>, manifest: Option<&Manifest>) {
        let sums_sha256 = list.map(sha256_hex);
        let (mut expected, mut before, mut is_listed) = (1, NO_HASH.to_owned(), false);
        for (version, bytes) in index {
            let file = format!("index/{version:020}.json");
            let sha256 = sha256_hex(bytes);
            if *version != expected {
                self.report(&file, Fault::Incomplete, format!("record {expected} is missing before it"));
            }
            match serde_json::from_slice::<Record>(bytes) {
                Err(e) => self.report(&file, Fault::Unreadable, e.to_string()),
                Ok(record) if record.chain != Chain::Snapshots.to_string() || record.version != *version => {
                    self.report(&file, Fault::Altered, "is a record of another place");
                }
                Ok(record) => {
                    if *version == expected && record.prev_sha256 != before {
                        self.report(
                            &file,
                            Fault::Altered,
                            "does not hold the hash of the record before: one was altered",
                        );
                    }
                    if record.body.get("sums_sha256").and_then(|v| v.as_str()) == sums_sha256.as_deref() {
                        is_listed = true;
                        if manifest.is_some_and(|manifest| manifest.prev_index_sha256 != record.prev_sha256) {
                            let detail = format!("names another snapshot before it than record {version} of the index");
                            self.report(MANIFEST, Fault::Inconsistent, detail);
                        }
                    }
                }
            }
            (expected, before) = (version + 1, sha256);
        }
        if !is_listed {
            self.report(
                SUMS,
                Fault::Inconsistent,
                "no record of the index names it: this snapshot was never published",
            );
        }
    }
}
