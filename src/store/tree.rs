//! The store as it lies there: every chain with its records, every object, and which record names what.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;

use super::fsck::{Finding, FindingKind};
use super::{FileEntry, Record, Store, key};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// Where records lie.
const RECORDS: [&str; 2] = ["commits", "snapshots/index"];
/// Where the files lie that records name.
const DATA: [&str; 11] = [
    "raw/",
    "usage/",
    "claims/shard/",
    "tables/",
    "quarantine/",
    "inputs/",
    "log/",
    "keys/",
    "notes/",
    "scratch/",
    SEALED,
];
/// Where the first answer lies to what may be answered once: for ever, or a thing could happen twice.
const CLAIMS: [&str; 5] =
    ["claims/decision/", "claims/export/", "claims/link/", "claims/link-miss/", "claims/link-answer/"];
/// Below it, records name directories.
const SEALED: &str = "snapshots/data/";
/// Records read at once.
const READS_AT_ONCE: usize = 16;

/// What one look at a store finds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Every chain by its name, its readable records oldest first.
    pub chains: BTreeMap<String, Vec<Record>>,
    /// Every object by its path.
    pub objects: BTreeMap<String, ObjectMeta>,
    /// Every file that a record names, by its path.
    pub named: BTreeMap<String, Named>,
    /// The directories of sealed snapshots.
    pub sealed: BTreeSet<String>,
    /// What is wrong with the records, and what nobody knows.
    pub findings: Vec<Finding>,
}

/// A file that a record names.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub entry: FileEntry,
    /// The record, for people.
    pub by: String,
    /// The day its rows became known.
    pub extract_date: Option<NaiveDate>,
    /// The record that took it out of the live set; none while it counts.
    pub replaced_by: Option<String>,
}

impl Tree {
    /// Looks through a store. Records are read before the files are listed: what is committed meanwhile looks
    /// like an orphan that is seconds old, never like a file that is missing.
    ///
    /// # Errors
    /// Store, when the store cannot be listed or a record not be fetched.
    pub(super) async fn of(store: &Store) -> Result<Self> {
        let mut tree = Self::default();
        for folder in RECORDS {
            for object in store.listed(Some(folder)).await? {
                tree.objects.insert(object.location.to_string(), object);
            }
        }
        tree.read_records(store).await?;
        for object in store.listed(None).await? {
            let path = object.location.to_string();
            if !tree.objects.contains_key(&path) && RECORDS.iter().any(|r| path.starts_with(&format!("{r}/"))) {
                continue;
            }
            tree.objects.insert(path, object);
        }
        tree.name_files();
        tree.find_unknown();
        Ok(tree)
    }

    async fn read_records(&mut self, store: &Store) -> Result<()> {
        let places: Vec<(String, String, u64)> = self
            .objects
            .keys()
            .filter_map(|path| key::record_at(path).map(|(chain, version)| (path.clone(), chain.to_owned(), version)))
            .collect();
        let mut reads = Vec::with_capacity(places.len());
        for (path, ..) in &places {
            reads.push(store.get(path));
        }
        let bytes: Vec<_> = futures::stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
        for ((path, chain, version), bytes) in places.iter().zip(bytes) {
            let records = self.chains.entry(chain.clone()).or_default();
            let expected = records.last().map_or(1, |r: &Record| r.version + 1);
            let found = Record::parse_named(&bytes, chain, *version);
            let fault = match &found {
                Err(error) => Some(error.to_string()),
                Ok(_) if *version != expected => Some(format!("record {expected} of {chain} is missing before it")),
                Ok(record) if !record.follows(records.last()) => Some(format!(
                    "does not hold the hash of record {} of {chain}: one of the two was altered",
                    version - 1
                )),
                Ok(_) => None,
            };
            self.findings.extend(fault.map(|detail| self.finding(FindingKind::Break, path, detail)));
            // What a broken record names still is named: nothing of it may look like an orphan.
            self.chains.entry(chain.clone()).or_default().extend(found);
        }
        Ok(())
    }

    fn name_files(&mut self) {
        for (chain, records) in &self.chains {
            let mut named: BTreeMap<String, Named> = BTreeMap::new();
            for record in records {
                let by = format!("record {} of {chain}", record.version);
                for path in &record.replaces {
                    if let Some(file) = named.get_mut(path) {
                        file.replaced_by = Some(by.clone());
                    }
                }
                for entry in &record.files {
                    let extract_date = record.extract_date.or_else(|| key::day_in(&entry.path));
                    let file = Named { entry: entry.clone(), by: by.clone(), extract_date, replaced_by: None };
                    named.insert(entry.path.clone(), file);
                }
                let directory = record.body.get("directory").and_then(|d| d.as_str());
                self.sealed.extend(directory.map(|d| format!("{}/", d.trim_end_matches('/'))));
            }
            for (path, file) in named {
                // A file that one chain gave up may count in another.
                if file.replaced_by.is_none() || !self.named.contains_key(&path) {
                    self.named.insert(path, file);
                }
            }
        }
    }

    fn find_unknown(&mut self) {
        let is_known = |path: &str| {
            matches!(path, "store.json" | "STOP" | "erasure.json")
                || is_probe(path)
                || key::record_at(path).is_some()
                || DATA.iter().chain(&CLAIMS).any(|folder| path.starts_with(folder))
        };
        let unknown: Vec<&String> = self.objects.keys().filter(|path| !is_known(path)).collect();
        let found = |path: &String| self.finding(FindingKind::Unknown, path, "nothing of this release lies here");
        let found: Vec<Finding> = unknown.into_iter().map(found).collect();
        self.findings.extend(found);
    }

    /// The objects below the folders of data that no record names, nor the directory they are in.
    pub(super) fn orphans(&self) -> impl Iterator<Item = (&String, &ObjectMeta)> {
        self.objects.iter().filter(|(path, _)| {
            let is_data = DATA.iter().any(|folder| path.starts_with(folder));
            (is_data && !self.named.contains_key(*path) && !self.is_sealed(path)) || is_probe(path)
        })
    }

    /// Whether an object lies in the directory of a sealed snapshot.
    pub(super) fn is_sealed(&self, path: &str) -> bool {
        let folder = path.starts_with(SEALED).then(|| path.splitn(5, '/').take(4).collect::<Vec<_>>().join("/"));
        folder.is_some_and(|folder| self.sealed.contains(&format!("{folder}/")))
    }

    pub(super) fn finding(&self, kind: FindingKind, path: &str, detail: impl Into<String>) -> Finding {
        Finding { kind, path: path.to_owned(), detail: detail.into(), modified_at: self.modified_at(path) }
    }

    pub(super) fn modified_at(&self, path: &str) -> Option<DateTime<Utc>> {
        self.objects.get(path).map(|object| object.last_modified)
    }
}

impl Store {
    /// Every object, or those below a folder.
    async fn listed(&self, folder: Option<&str>) -> Result<Vec<ObjectMeta>> {
        let prefix = folder.map(Path::from);
        let listed = self.objects.list(prefix.as_ref()).try_collect().await;
        listed.context(ErrorKind::Store, format!("cannot list {}", folder.unwrap_or(&self.name)))
    }
}

/// What a look at put-if-absent left behind when it died.
fn is_probe(path: &str) -> bool {
    path.starts_with("probe-") && path.ends_with(".json")
}
