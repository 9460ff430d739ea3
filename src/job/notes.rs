//! What people said in their own words: kept before anything commits to it, shown with the entry that does, and taken
//! away where nothing does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Utc};
use serde_json::json;

use super::Job;
use crate::base::text::is_invisible;
use crate::base::{Error, Result};
use crate::identity::{Note, Notes};
use crate::ingest;
use crate::log::{self, Entry, EntryKind, NewEntry};
use crate::schema::Person;
use crate::store::{Chain, Expiry, FileEntry, Finding, FindingKind, RunId};

/// The longest note, bytes.
const MAX_BYTES: usize = 10_000;
/// A text waits this many days for what commits to it.
const GRACE_DAYS: u64 = 7;

/// What is left of the words that an entry commits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// They are there, and are those that the entry commits to.
    Kept(Note),
    /// They were taken away, with a person they were about.
    Erased,
    /// What is there are other words.
    Altered,
    /// This private store never had them.
    Missing,
}

impl Job {
    /// Keeps what somebody said, about a person or account whose key is given or about nobody in particular, and gives
    /// the commitment for the entry that is to be appended next ([`NewEntry::with_note`]). A text that no entry commits
    /// to within a week goes with `gc`.
    ///
    /// # Errors
    /// Usage when there are no words, or too many; a store error.
    pub async fn keep_note(&self, text: &str, subject_key: Option<&str>) -> Result<String> {
        // What nobody sees was not said.
        let text: String = text.chars().filter(|c| !is_invisible(*c) || matches!(c, '\n' | '\t')).collect();
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(Error::usage(format!("a note has 1 to {MAX_BYTES} bytes, this one has {}", text.len())));
        }
        let note = Note::new(text, subject_key)?;
        let run_id = RunId::new(self.clock);
        Notes::of(&self.private).keep(std::slice::from_ref(&note), &run_id, &self.config.sha256).await?;
        Ok(note.commitment)
    }

    /// The entries of the log from a number on, each with the words it commits to. That somebody asked goes on record
    /// before the answer, so it is the last of them.
    ///
    /// # Errors
    /// Evidence when log or notes are not what was committed; a store error, among them a private store that whoever
    /// asks may not read.
    pub async fn read_notes(&self, from: u64, reason: &str) -> Result<Vec<(Entry, Option<Words>)>> {
        self.put_access_on_record("notes", reason, None, None).await?;
        let words = self.words().await?;
        let told = |entry: Entry| {
            let told = entry.note().map(|commitment| words.get(&commitment).cloned().unwrap_or(Words::Missing));
            (entry, told)
        };
        Ok(log::entries(&self.store, from).await?.into_iter().map(told).collect())
    }

    /// That somebody reads what names people: what, why, and whom it is about.
    pub(super) async fn put_access_on_record(
        &self,
        table: &str,
        reason: &str,
        subject_key: Option<&str>,
        note: Option<&str>,
    ) -> Result<()> {
        let identity = self.identity().await?;
        let (actor, run_id) = (self.actor(&identity)?, RunId::new(self.clock));
        identity.commit(&run_id, &self.config.sha256).await?;
        let commitment = match note {
            Some(text) => Some(self.keep_note(text, subject_key).await?),
            None => None,
        };
        let detail = json!({ "table": table, "reason": reason });
        let entry = NewEntry {
            subject_key: subject_key.map(str::to_owned),
            ..NewEntry::new(self.clock.now(), EntryKind::AccessRead, actor, detail)
        };
        let entry = entry.with_note(commitment.as_deref());
        self.append_entry(entry, &format!("read {table} {run_id}"), &run_id).await
    }

    async fn words(&self) -> Result<BTreeMap<String, Words>> {
        let mut words = BTreeMap::new();
        for file in Notes::of(&self.private).files().await? {
            words.extend(file.commitments.into_iter().map(|commitment| (commitment, Words::Erased)));
            words.extend(file.notes.into_iter().map(|note| match note.is_genuine() {
                true => (note.commitment.clone(), Words::Kept(note)),
                false => (note.commitment, Words::Altered),
            }));
        }
        Ok(words)
    }

    /// What log and notes do not say alike: a commitment to words that never were here or are others, words that
    /// nothing commits to.
    pub(super) async fn check_notes(&self) -> Result<Vec<Finding>> {
        let mut found = Vec::new();
        let words = self.words().await?;
        for entry in log::entries(&self.store, 0).await? {
            let (kind, detail) = match entry.note().map(|commitment| words.get(&commitment)) {
                Some(None) => (FindingKind::Missing, "this store never had the words it commits to"),
                Some(Some(Words::Altered)) => (FindingKind::Altered, "it commits to other words than are kept for it"),
                _ => continue,
            };
            let (path, detail) = (format!("log entry {}", entry.seq), detail.to_owned());
            found.push(Finding { kind, path, detail, modified_at: None });
        }
        let unsaid = self.unsaid_notes(self.clock.now()).await?;
        let unsaid = unsaid.iter().flat_map(|expiry| &expiry.files);
        found.extend(unsaid.map(|(file, _)| Finding {
            kind: FindingKind::Orphan,
            path: file.path.clone(),
            detail: "no entry commits to its words: `gc` takes them".to_owned(),
            modified_at: None,
        }));
        Ok(found)
    }

    /// The files of notes to which nothing commits after a week: whoever kept them died, or was refused.
    pub(super) async fn unsaid_notes(&self, now: DateTime<Utc>) -> Result<Vec<Expiry>> {
        let notes = Notes::of(&self.private);
        let Some(prev) = notes.records().await?.pop() else { return Ok(Vec::new()) };
        let (files, committed) = (notes.files().await?, self.commitments().await?);
        let unsaid = files.into_iter().filter(|file| file.commitments.is_disjoint(&committed)).filter_map(|file| {
            let made_at = file.run_id.made_at().filter(|at| *at < now - Days::new(GRACE_DAYS))?;
            Some(Expiry {
                chain: Chain::Notes,
                prev: prev.clone(),
                files: vec![(file.file?, made_at.date_naive())],
                why: "no entry commits to its words".to_owned(),
                body: json!({}),
            })
        });
        Ok(unsaid.collect())
    }

    /// The commitments on record, and those that will be: a landing's record and an erasure that was cut off name
    /// theirs until the log does.
    async fn commitments(&self) -> Result<BTreeSet<String>> {
        let mut commitments: BTreeSet<String> =
            log::entries(&self.store, 0).await?.iter().filter_map(Entry::note).collect();
        for chain in self.store.chains().await?.iter().filter(|chain| matches!(chain, Chain::Raw { .. })) {
            for landing in &self.store.records(chain).await? {
                commitments
                    .extend(ingest::overrides(landing)?.into_iter().filter_map(|set_aside| set_aside.note_sha256));
            }
        }
        commitments.extend(self.pending_erasure().await?.and_then(|pending| pending.note_sha256));
        Ok(commitments)
    }

    /// Whether a file of notes tells of a person.
    pub(super) async fn notes_tell_of(&self, person: &Person, file: &FileEntry) -> Result<bool> {
        let keys = self.identity().await?.keys_of(&super::erase::names_of(person));
        let files = Notes::of(&self.private).files().await?;
        let mut notes = files.iter().filter(|found| found.file.as_ref() == Some(file)).flat_map(|found| &found.notes);
        Ok(notes.any(|note| is_about(person, &keys, note)))
    }

    /// Takes away what was said about a person; without `apply`, counts it. The keys are those the person has or had.
    pub(super) async fn erase_notes(
        &self,
        person: &Person,
        keys: &BTreeSet<String>,
        run_id: &RunId,
        apply: bool,
    ) -> Result<usize> {
        let notes = Notes::of(&self.private);
        if apply {
            return notes.erase(|note| is_about(person, keys, note), run_id, &self.config.sha256).await;
        }
        let files = notes.files().await?;
        Ok(files.iter().flat_map(|file| &file.notes).filter(|note| is_about(person, keys, note)).count())
    }
}

/// Whether a note is about a person: by the key it was kept with, or by what it says.
fn is_about(person: &Person, keys: &BTreeSet<String>, note: &Note) -> bool {
    note.subject_key.as_ref().is_some_and(|key| keys.contains(key)) || person.is_told_of(&note.text)
}
