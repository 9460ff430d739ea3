//! What people said in their own words. The log holds a commitment to each text, and no text; a text is here, with the
//! salt that keeps its commitment from being guessed, until somebody it is about is erased.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rows::{random, take_out};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::{Chain, Commit, Draft, FileEntry, Key, Kind, Record, RunId, Store, hex, live_files, parquet};

/// Times notes are committed again when others keep notes, too.
const TRIES: u32 = 20;

/// One text and what commits to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// `sha256(salt || text)`, 64 hex digits: what goes on record.
    pub commitment: String,
    /// 32 random bytes, as 64 hex digits.
    pub salt: String,
    /// The words.
    pub text: String,
    /// The key of the person or account it is about; none when it is about nobody that is known.
    pub subject_key: Option<String>,
}

impl Note {
    /// A text under a new salt.
    ///
    /// # Errors
    /// Internal when the system gives no random numbers.
    pub fn new(text: &str, subject_key: Option<&str>) -> Result<Self> {
        let salt: [u8; 32] = random()?;
        Ok(Self {
            commitment: commitment(&salt, text),
            salt: hex(&salt),
            text: text.to_owned(),
            subject_key: subject_key.map(str::to_owned),
        })
    }

    /// Whether the commitment is to this text.
    pub fn is_genuine(&self) -> bool {
        let digits = self.salt.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let salt: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
        salt.is_some_and(|salt| salt.len() == 32 && commitment(&salt, &self.text) == self.commitment)
    }
}

fn commitment(salt: &[u8], text: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(text).finalize())
}

/// The texts of a private store.
#[derive(Debug, Clone)]
pub struct Notes {
    store: Store,
}

/// The notes of one file, and what of them is left.
#[derive(Debug, Clone)]
pub struct NoteFile {
    /// The file; none when nothing of it is left.
    pub file: Option<FileEntry>,
    /// The run that kept them.
    pub run_id: RunId,
    /// Every commitment, whether its text is still there or not.
    pub commitments: BTreeSet<String>,
    /// The texts that are there.
    pub notes: Vec<Note>,
}

/// The body of a record.
#[derive(Serialize, Deserialize)]
struct Body {
    /// The commitments of its notes: they outlive the texts, and tell one that was taken away from one that never was.
    kept: BTreeSet<String>,
}

impl Notes {
    /// The notes of a private store; reads nothing yet.
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Keeps texts, before any entry of the log commits to them. What is kept in one go must go on record in one append:
    /// `gc` takes the texts of a file that no entry commits to.
    ///
    /// # Errors
    /// A store error; Conflict when others keep notes all the time.
    pub async fn keep(&self, notes: &[Note], run_id: &RunId, config_sha256: &str) -> Result<()> {
        let texts = |of: fn(&Note) -> Option<&str>| Arc::new(notes.iter().map(of).collect::<StringArray>()) as _;
        let rows = RecordBatch::try_new(
            schema(),
            vec![
                texts(|note| Some(&note.commitment)),
                texts(|note| Some(&note.salt)),
                texts(|note| Some(&note.text)),
                texts(|note| note.subject_key.as_deref()),
            ],
        )
        .context(ErrorKind::Internal, "notes")?;
        let file = self.store.put_parquet(place(run_id), &schema(), &[rows]).await?;
        let kept = notes.iter().map(|note| note.commitment.clone()).collect();
        let body = serde_json::to_value(Body { kept }).context(ErrorKind::Internal, "the body of a record of notes")?;
        for _ in 0..TRIES {
            let head = self.store.head(&Chain::Notes).await?;
            let draft = Draft {
                commit_id: file.sha256.clone(),
                run_id: run_id.clone(),
                config_sha256: config_sha256.to_owned(),
                kind: Kind::Append,
                extract_date: None,
                reads: BTreeMap::new(),
                files: vec![file.clone()],
                replaces: Vec::new(),
                body: body.clone(),
            };
            // Whoever came first took nothing away: these notes go after his.
            if !matches!(self.store.commit(&Chain::Notes, head.as_ref(), draft).await?, Commit::Conflict(_)) {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Conflict, "others keep notes all the time: run again"))
    }

    /// The chain of the notes, oldest record first.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn records(&self) -> Result<Vec<Record>> {
        self.store.records(&Chain::Notes).await
    }

    /// Every note there ever was, by the file that brought it.
    ///
    /// # Errors
    /// A store error; Evidence when a committed file is not what its record says.
    pub async fn files(&self) -> Result<Vec<NoteFile>> {
        let records = self.records().await?;
        let mut texts: BTreeMap<String, (FileEntry, Note)> = BTreeMap::new();
        for file in live_files(&records).into_values() {
            for batch in &parquet::decode(self.store.read(file).await?)?.1 {
                texts.extend(rows(batch)?.into_iter().map(|note| (note.commitment.clone(), (file.clone(), note))));
            }
        }
        let mut files = Vec::new();
        for record in records.iter().filter(|record| record.kind == Kind::Append) {
            let Body { kept } = serde_json::from_value(record.body.clone())
                .context(ErrorKind::Evidence, format!("record {} of notes says not what it keeps", record.version))?;
            let (found, notes): (Vec<_>, Vec<_>) =
                kept.iter().filter_map(|commitment| texts.remove(commitment)).unzip();
            let file = found.into_iter().next();
            files.push(NoteFile { file, run_id: record.run_id.clone(), commitments: kept, notes });
        }
        Ok(files)
    }

    /// Takes texts away; what they had stays on record and commits to nothing that anybody has. Counts them.
    ///
    /// # Errors
    /// As [`Notes::files`]; Conflict when somebody keeps a note meanwhile.
    pub async fn erase(&self, is_gone: impl Fn(&Note) -> bool, run_id: &RunId, config_sha256: &str) -> Result<usize> {
        let is_kept = |batch: &RecordBatch| -> Result<BooleanArray> {
            Ok(rows(batch)?.iter().map(|note| Some(!is_gone(note))).collect())
        };
        take_out(&self.store, &Chain::Notes, is_kept, || place(run_id), run_id, config_sha256).await
    }
}

fn place(run_id: &RunId) -> impl FnOnce(&str) -> Key {
    |sha16| Key::Notes { run_id: run_id.clone(), sha16: sha16.to_owned() }
}

fn schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("commitment", false),
        text("salt", false),
        text("text", false),
        text("subject_key", true),
    ]))
}

fn rows(batch: &RecordBatch) -> Result<Vec<Note>> {
    let column = |name: &str| {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        column.ok_or_else(|| Error::new(ErrorKind::Evidence, "a file of notes is not one"))
    };
    let (commitments, salts, texts, subjects) =
        (column("commitment")?, column("salt")?, column("text")?, column("subject_key")?);
    let note = |i: usize| Note {
        commitment: commitments.value(i).to_owned(),
        salt: salts.value(i).to_owned(),
        text: texts.value(i).to_owned(),
        subject_key: subjects.is_valid(i).then(|| subjects.value(i).to_owned()),
    };
    Ok((0..batch.num_rows()).map(note).collect())
}
