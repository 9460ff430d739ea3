//! Which files of a chain count: what its records name, less what later ones took out, or put in its place.

use std::collections::BTreeMap;

use super::{Chain, Draft, FileEntry, Kind, Record, RunId, Store};
use crate::base::Result;

/// Files that fit one record with room to spare.
const FILES_OF_A_RECORD: usize = 1000;
/// The member of an erase record's body that says which file took the place of which.
const MOVED: &str = "moved";

/// The files of a chain that count, by path: what its records name, less what a later record takes out.
pub fn live_files(records: &[Record]) -> BTreeMap<&str, &FileEntry> {
    let mut live = BTreeMap::new();
    for record in records {
        for path in &record.replaces {
            live.remove(path.as_str());
        }
        live.extend(record.files.iter().map(|file| (file.path.as_str(), file)));
    }
    live
}

/// Where the files are that records of a chain name: an erasure may have put another in the place of one.
#[derive(Debug, Default)]
pub struct Current(BTreeMap<String, Option<FileEntry>>);

impl Current {
    /// Of all records of a chain.
    pub fn of(records: &[Record]) -> Self {
        let mut replaced = BTreeMap::new();
        for record in records {
            for path in &record.replaces {
                let new = record.body.get(MOVED).and_then(|moved| moved.get(path)?.as_str());
                let new = new.and_then(|new| record.files.iter().find(|file| file.path == new));
                replaced.insert(path.clone(), new.cloned());
            }
        }
        Self(replaced)
    }

    /// The file itself, or what took its place; none when nothing did.
    pub fn file(&self, named: &FileEntry) -> Option<FileEntry> {
        let mut file = named;
        while let Some(replaced) = self.0.get(&file.path) {
            file = replaced.as_ref()?;
        }
        Some(file.clone())
    }
}

impl Store {
    /// Puts files in the place of others, or nothing, by records of kind `erase`, and deletes the others at once.
    ///
    /// # Errors
    /// Conflict when another run committed to the chain meanwhile; a store error, among them a bucket that refuses to
    /// delete.
    pub async fn replace(
        &self,
        chain: &Chain,
        moves: &[(FileEntry, Option<FileEntry>)],
        run_id: &RunId,
        config_sha256: &str,
    ) -> Result<()> {
        let mut prev = self.head(chain).await?;
        for part in moves.chunks(FILES_OF_A_RECORD) {
            let moved =
                part.iter().filter_map(|(old, new)| Some((old.path.clone(), new.as_ref()?.path.clone().into())));
            let draft = Draft {
                commit_id: format!("erase {run_id} {}", prev.as_ref().map_or(0, |record| record.version)),
                run_id: run_id.clone(),
                config_sha256: config_sha256.to_owned(),
                kind: Kind::Erase,
                extract_date: None,
                reads: BTreeMap::new(),
                files: part.iter().filter_map(|(_, new)| new.clone()).collect(),
                replaces: part.iter().map(|(old, _)| old.path.clone()).collect(),
                body: serde_json::json!({ MOVED: moved.collect::<serde_json::Map<_, _>>() }),
            };
            let commit = self.commit(chain, prev.as_ref(), draft).await?;
            prev = Some(commit.settled(format_args!("committed to {chain}"))?);
        }
        // What an erasure that was cut off took out and left lying goes, too.
        for record in self.records(chain).await?.iter().filter(|record| record.kind == Kind::Erase) {
            for path in &record.replaces {
                self.delete(path).await?;
            }
        }
        Ok(())
    }
}
