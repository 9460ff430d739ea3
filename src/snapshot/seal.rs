//! Writes a snapshot: into a folder beside its place, then renamed as a whole.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::FORMAT;
use super::files::{COMPLETENESS, Folder, INPUTS, MANIFEST, VERIFY};
use super::logical;
use super::manifest::{self, Manifest, Table, UNSIGNED};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::store::{RunId, parquet, sha256_hex};

/// Every dependency of this program with its hash, as it was built.
const CARGO_LOCK: &[u8] = include_bytes!("../../Cargo.lock");

/// What is sealed.
#[derive(Debug)]
pub struct SealInput {
    /// The day the snapshot speaks for.
    pub as_of: AsOf,
    /// Name of the project.
    pub tenant: String,
    /// The run that concluded it.
    pub run_id: RunId,
    /// Version of the program.
    pub release: String,
    /// Hash of the configuration the run read.
    pub config_sha256: String,
    /// `<app>/<version>` of each policy version in force, with the hash of its content.
    pub policy_versions: BTreeMap<String, String>,
    /// Tables by `schema.table`, sorted by their grain.
    pub tables: Vec<(String, SchemaRef, Vec<RecordBatch>)>,
    /// The columns that are unique together, by table.
    pub grains: BTreeMap<String, Vec<String>>,
    /// Policy files as they were read, by file name below `policy/`.
    pub policies: Vec<(String, Vec<u8>)>,
    /// Models and their contracts as text, by path below `sql/`.
    pub sql: Vec<(String, String)>,
    /// What each input was. Every object in it (or in `completeness`) that has `fetched`, `accepted`, `duplicate` and
    /// `quarantined` must add up, or `verify` reports it.
    pub inputs: serde_json::Value,
    /// Control totals and reconciliations.
    pub completeness: serde_json::Value,
}

/// A snapshot in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSnapshot {
    /// Its folder.
    pub path: PathBuf,
    /// SHA-256 of `SHA256SUMS`, which stands for the whole: keep it outside.
    pub sums_sha256: String,
    /// Files listed.
    pub files: usize,
    /// Rows in all tables.
    pub rows: u64,
}

/// Seals a snapshot at `target`, which must not exist: evidence is never overwritten.
///
/// # Errors
/// Store when it cannot be written; Data, naming the table, when its grain repeats or a type cannot be sealed.
pub fn seal(target: &Path, input: SealInput) -> Result<SealedSnapshot> {
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Error::internal(format!("{} names no folder", target.display())))?;
    if target.exists() {
        return Err(Error::store(format!("{} exists: a sealed snapshot is never overwritten", target.display())));
    }
    let draft = target.with_file_name(format!(".{name}.part"));
    let sealed = write(&draft, target, input).and_then(|sealed| {
        std::fs::rename(&draft, target).context(ErrorKind::Store, format!("cannot rename to {}", target.display()))?;
        Ok(sealed)
    });
    if sealed.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    sealed
}

fn write(draft: &Path, target: &Path, input: SealInput) -> Result<SealedSnapshot> {
    let mut folder = Folder::make(draft)?;
    let mut tables = BTreeMap::new();
    for (name, schema, batches) in &input.tables {
        let sealed = put_table(&mut folder, name, schema, batches, input.grains.get(name)).map_err(|e| e.at(name))?;
        tables.insert(name.clone(), sealed);
    }
    let data = folder.sums.clone();
    for (name, bytes) in &input.policies {
        folder.put(&format!("policy/{name}"), bytes)?;
    }
    for (path, text) in &input.sql {
        folder.put(&format!("sql/{path}"), text.as_bytes())?;
    }
    folder.put(INPUTS, &pretty(&input.inputs)?)?;
    folder.put(COMPLETENESS, &pretty(&input.completeness)?)?;
    folder.put(VERIFY, instructions(&input, &tables).as_bytes())?;

    let rows = tables.values().map(|t| t.rows).sum();
    let mut files = folder.sums.clone();
    files.retain(|path, _| !data.contains_key(path));
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        tenant: input.tenant,
        as_of: input.as_of.to_string(),
        run_id: input.run_id.to_string(),
        release: input.release,
        cargo_lock_sha256: sha256_hex(CARGO_LOCK),
        config_sha256: input.config_sha256,
        policy_versions: input.policy_versions,
        writer: serde_json::to_value(parquet::SETTINGS).context(ErrorKind::Internal, "writer settings")?,
        signature: UNSIGNED.to_owned(),
        tables,
        files,
    };
    folder.put(MANIFEST, &pretty(&manifest)?)?;
    let files = folder.sums.len();
    Ok(SealedSnapshot { path: target.to_owned(), sums_sha256: folder.finish()?, files, rows })
}

fn put_table(
    folder: &mut Folder,
    name: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    grain: Option<&Vec<String>>,
) -> Result<Table> {
    let grain = grain.ok_or_else(|| Error::internal("has no declared grain"))?;
    let columns = manifest::columns(schema)?;
    let content = logical::content(schema, batches, grain)?;
    if let Some(row) = content.repeated {
        return Err(Error::data(format!("{row} occurs twice: {} must be unique", grain.join(", "))));
    }
    let bytes = parquet::encode(schema, batches)?;
    let file = format!("data/{name}/part-00000.parquet");
    folder.put(&file, &bytes)?;
    Ok(Table {
        file,
        sha256: sha256_hex(&bytes),
        rows: content.rows,
        logical_sha256: content.sha256,
        grain: grain.clone(),
        schema: columns,
    })
}

/// The text of `VERIFY.txt`.
fn instructions(input: &SealInput, tables: &BTreeMap<String, Table>) -> String {
    let counts = tables.iter().map(|(name, t)| {
        format!("select '{name}' as sealed, count(*) as n, count(*) = {} as holds from '{}'", t.rows, t.file)
    });
    let counts: Vec<String> = counts.collect();
    let mut text = format!(
        "{FORMAT} of {tenant} for {as_of}, run {run}, seatledger {release}\n\n\
         This snapshot is NOT SIGNED: it proves that nothing changed since it was sealed only to someone who kept the\n\
         SHA-256 of SHA256SUMS elsewhere. The decision log is not part of it yet.\n\n\
         Check it without seatledger: bash, GNU coreutils and, for 4, duckdb. Run in this folder.\n\n\
         1. The list is the one that was kept (compare with the value on the report of the run)\n\
         sha256sum SHA256SUMS\n\n\
         2. Every listed file is as it was sealed (exit code 0)\n\
         sha256sum -c --strict SHA256SUMS\n\n\
         3. There is no other file (prints nothing)\n\
         find . ! -type d ! -path ./SHA256SUMS | sed 's|^\\./||' | LC_ALL=C sort | \
         comm -13 <(awk '{{print $2}}' SHA256SUMS | LC_ALL=C sort) -\n",
        tenant = input.tenant,
        as_of = input.as_of,
        run = input.run_id,
        release = input.release,
    );
    if !counts.is_empty() {
        let _ = write!(
            text,
            "\n4. Every table has the rows that manifest.json says (holds is true in each line)\n\
             duckdb -c \"{}\"\n",
            counts.join("\n  union all ")
        );
    }
    text
}

/// JSON for people and machines: indented, keys of every object sorted, a line feed at the end.
fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let unwritable = "a part of the snapshot has no JSON form";
    let mut value = serde_json::to_value(value).context(ErrorKind::Internal, unwritable)?;
    value.sort_all_objects();
    let mut bytes = serde_json::to_vec_pretty(&value).context(ErrorKind::Internal, unwritable)?;
    bytes.push(b'\n');
    Ok(bytes)
}
