//! Makes the files of a snapshot. Where they go is up to the caller: a folder, the store, or both.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use tempfile::{SpooledTempFile, spooled_tempfile_in};

use super::FORMAT;
use super::files::{CHECKPOINT, COMPLETENESS, FileBytes, Files, INPUTS, MANIFEST, SIGNATURE, VERIFY};
use super::instructions::instructions;
use super::logical::Content;
use super::manifest::{self, Log, Manifest, SSH, Table, UNSIGNED};
use super::sign::{Signer, fingerprint};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::log::{self, Checkpoint, Entry, Frontier};
use crate::store::parquet::{self, Encoder};
use crate::store::{RunId, sha256_hex};

/// Every dependency of this program with its hash, as it was built.
const CARGO_LOCK: &[u8] = include_bytes!("../../Cargo.lock");

/// A table of more bytes is set aside on disk while the others are made.
const SET_ASIDE_BYTES: usize = 1 << 20;

/// What is sealed.
#[derive(Debug)]
pub struct SealInput {
    /// The day the snapshot speaks for.
    pub as_of: AsOf,
    /// Name of the project.
    pub tenant: String,
    /// The run that concluded it.
    pub run_id: RunId,
    /// SHA-256 of the index record of the snapshot before; [`NO_HASH`](crate::store::NO_HASH) in the first.
    pub prev_index_sha256: String,
    /// Who or what ran the job.
    pub runner: String,
    /// Who approved the run, where somebody must.
    pub approver: Option<String>,
    /// Who signs; nobody is allowed, and the snapshot says so.
    pub signer: Option<Signer>,
    /// Version of the program.
    pub release: String,
    /// Hash of the configuration the run read.
    pub config_sha256: String,
    /// `<app>/<version>` of each policy version in force, with the hash of its content.
    pub policy_versions: BTreeMap<String, String>,
    /// The tables, as they were made.
    pub tables: Vec<SealedTable>,
    /// The decision log since the snapshot before; none seals no log.
    pub log: Option<SealedLog>,
    /// Policy files as they were read, by file name below `policy/`.
    pub policies: Vec<(String, Vec<u8>)>,
    /// Models and their contracts as text, by path below `sql/`.
    pub sql: Vec<(String, String)>,
    /// What each input was. Every object in it (or in `completeness`) that has `fetched`, `accepted`, `duplicate` and
    /// `quarantined` (and `filtered`, where it is said) must add up, or `verify` reports it.
    pub inputs: serde_json::Value,
    /// Control totals and reconciliations.
    pub completeness: serde_json::Value,
}

/// A table as a snapshot holds it: one after the other is made and set aside.
#[derive(Debug, Clone)]
pub struct SealedTable {
    name: String,
    said: Table,
    bytes: FileBytes,
}

/// A table whose rows still come.
pub struct Sealing {
    name: String,
    grain: Vec<String>,
    schema: Vec<manifest::Column>,
    content: Content,
    encoder: Encoder<SpooledTempFile>,
}

impl Sealing {
    /// Begins the file of a `schema.table` whose rows come sorted by their grain, the columns that are unique together.
    /// What is much waits in the folder `aside` for its place.
    ///
    /// # Errors
    /// Data, naming the table, when a type cannot be sealed or the grain names no column.
    pub fn begin(name: &str, schema: &SchemaRef, grain: &[String], aside: &Path) -> Result<Self> {
        let begin = || -> Result<Self> {
            Ok(Self {
                name: name.to_owned(),
                grain: grain.to_vec(),
                schema: manifest::columns(schema)?,
                content: Content::sorted(schema, grain)?,
                encoder: Encoder::new(schema, spooled_tempfile_in(SET_ASIDE_BYTES, aside))?,
            })
        };
        begin().map_err(|error| error.at(name))
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// Internal, naming the table, when they do not fit its schema; Store when they cannot be set aside.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let taken = self.content.push(batch).and_then(|()| self.encoder.push(batch));
        taken.map_err(|error| error.at(self.name.clone()))
    }

    /// The file.
    ///
    /// # Errors
    /// Data, naming the table, when its grain repeats; Store when it cannot be set aside.
    pub fn finish(self) -> Result<SealedTable> {
        let Self { name, grain, schema, content, encoder } = self;
        if let Some(row) = &content.repeated {
            return Err(Error::data(format!("{row} occurs twice: {} must be unique", grain.join(", "))).at(name));
        }
        let file = encoder.finish().map_err(|error| error.at(name.clone()))?;
        let bytes = FileBytes::SetAside(Arc::new(Mutex::new(file)));
        let written = bytes.get().context(ErrorKind::Store, format!("cannot read {name} where it was set aside"))?;
        let said = Table {
            file: format!("data/{name}/part-00000.parquet"),
            sha256: sha256_hex(&written),
            rows: content.rows,
            logical_sha256: content.sha256(),
            grain,
            schema,
        };
        Ok(SealedTable { name, said, bytes })
    }
}

/// The part of the decision log that is sealed.
#[derive(Debug, Clone)]
pub struct SealedLog {
    /// The entries since the snapshot before, in their order.
    pub entries: Vec<Entry>,
    /// The Merkle tree of all entries before them.
    pub frontier_before: Frontier,
    /// Hash of the entry before the first; [`NO_HASH`](crate::store::NO_HASH) in the first snapshot.
    pub prev_hash: String,
    /// The number of the first entry, or of the next when there are none.
    pub first_seq: u64,
    /// Names the log.
    pub origin: String,
}

/// The files of a snapshot.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Every file by its path below the snapshot; `SHA256SUMS` and its signature are the last.
    pub files: Vec<(String, FileBytes)>,
    /// SHA-256 of `SHA256SUMS`, which stands for the whole: keep it outside.
    pub sums_sha256: String,
    /// Files that `SHA256SUMS` lists.
    pub listed: usize,
    /// Rows in all tables.
    pub rows: u64,
    /// The fingerprint of the key that signed.
    pub signer: Option<String>,
}

/// Makes the files of a snapshot and signs them.
///
/// # Errors
/// Config when the key cannot sign; Evidence when the log is not whole; Internal for a file that is sealed twice.
pub fn seal(input: SealInput) -> Result<Sealed> {
    let mut files = Files::default();
    let mut tables = BTreeMap::new();
    for SealedTable { name, said, bytes } in &input.tables {
        files.add(&said.file, bytes.clone(), said.sha256.clone())?;
        tables.insert(name.clone(), said.clone());
    }
    let data = files.sums.clone();
    for (name, bytes) in &input.policies {
        files.put(&format!("policy/{name}"), Bytes::copy_from_slice(bytes))?;
    }
    for (path, text) in &input.sql {
        files.put(&format!("sql/{path}"), Bytes::copy_from_slice(text.as_bytes()))?;
    }
    let log = input.log.as_ref().map(|log| put_log(&mut files, log)).transpose()?;
    files.put(INPUTS, pretty(&input.inputs)?)?;
    files.put(COMPLETENESS, pretty(&input.completeness)?)?;
    let signer = input.signer.as_ref().map(Signer::public_key).transpose()?.map(|key| fingerprint(&key));
    let text = instructions(&input, &tables, log.as_ref(), signer.as_deref());
    files.put(VERIFY, text.into())?;

    let rows = tables.values().map(|t| t.rows).sum();
    let mut others = files.sums.clone();
    others.retain(|path, _| !data.contains_key(path));
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        tenant: input.tenant,
        prev_index_sha256: input.prev_index_sha256,
        as_of: input.as_of.to_string(),
        run_id: input.run_id.to_string(),
        runner: input.runner,
        approver: input.approver,
        release: input.release,
        cargo_lock_sha256: sha256_hex(CARGO_LOCK),
        config_sha256: input.config_sha256,
        policy_versions: input.policy_versions,
        writer: serde_json::to_value(parquet::SETTINGS).context(ErrorKind::Internal, "writer settings")?,
        log,
        signature: if signer.is_some() { SSH } else { UNSIGNED }.to_owned(),
        signer: signer.clone(),
        tables,
        files: others,
    };
    files.put(MANIFEST, pretty(&manifest)?)?;
    let listed = files.sums.len();
    let (mut files, sums) = files.finish();
    if let Some(signer) = &input.signer {
        files.push((SIGNATURE.to_owned(), FileBytes::Held(signer.sign(&sums)?.into())));
    }
    Ok(Sealed { files, sums_sha256: sha256_hex(&sums), listed, rows, signer })
}

/// Adds the entries and the checkpoint of the log.
fn put_log(files: &mut Files, sealed: &SealedLog) -> Result<Log> {
    let fault = |what: String| Error::new(ErrorKind::Evidence, what).at("decision log");
    if sealed.frontier_before.size() != sealed.first_seq {
        return Err(fault("its tree has not the size of what came before".to_owned()));
    }
    if let Some(found) = log::check_entries(&sealed.entries, sealed.first_seq, &sealed.prev_hash).first() {
        return Err(fault(found.to_string()));
    }
    let mut tree = sealed.frontier_before.clone();
    sealed.entries.iter().for_each(|entry| tree.push(entry.payload.as_bytes()));
    let file = match sealed.entries.last() {
        None => None,
        Some(last) => {
            let path = format!("log/{:020}-{:020}.parquet", sealed.first_seq, last.seq);
            files.put(&path, parquet::encode(&log::schema(), &[log::to_batch(&sealed.entries)?])?)?;
            Some(path)
        }
    };
    let checkpoint = Checkpoint { origin: sealed.origin.clone(), size: tree.size(), root: tree.root() };
    files.put(CHECKPOINT, checkpoint.render().into())?;
    Ok(Log {
        file,
        first_seq: sealed.first_seq,
        entries: sealed.entries.len() as u64,
        prev_hash: sealed.prev_hash.clone(),
        head_hash: sealed.entries.last().map_or(&sealed.prev_hash, |last| &last.entry_hash).clone(),
        frontier_before: sealed.frontier_before.clone(),
        origin: sealed.origin.clone(),
    })
}

/// JSON for people and machines: indented, keys of every object sorted, a line feed at the end.
fn pretty(value: &impl serde::Serialize) -> Result<Bytes> {
    let unwritable = "a part of the snapshot has no JSON form";
    let mut value = serde_json::to_value(value).context(ErrorKind::Internal, unwritable)?;
    value.sort_all_objects();
    let mut bytes = serde_json::to_vec_pretty(&value).context(ErrorKind::Internal, unwritable)?;
    bytes.push(b'\n');
    Ok(bytes.into())
}
