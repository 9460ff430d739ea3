//! The body of a run record: as-of date, tables written, policy versions that were in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::engine::{Catalogue, Session};
use crate::store::{Current, FileEntry, Record, Store};

/// What a run record tells beyond the chain's own fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunBody {
    /// The day the run speaks for.
    pub as_of: String,
    /// Every table of the run by name; a partial build carries the others over.
    pub tables: BTreeMap<String, FileEntry>,
    /// `<app>/<version>` of each policy version in force, with the hash of its content.
    pub policies: BTreeMap<String, String>,
    /// What the rows of each carried table rest on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<String, Carried>,
}

/// What the rows of a carried table rest on: a later run may go on from them as long as that is still so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Hash of the model's text and of the settings it reads.
    pub model_sha256: String,
    /// Hash of the landings it tells of, whether this run read them or one before.
    pub landings_sha256: String,
    /// The run whose rows it went on from; none when it read all landings.
    pub from: Option<u64>,
}

/// What a carried table of a run rests on, and its file as it was written; none when the run holds no such table.
///
/// # Errors
/// Evidence when the record cannot be understood.
pub(super) fn carried(run: &Record, table: &str) -> Result<Option<(Carried, FileEntry)>> {
    let member = |of: &str| run.body.get(of).and_then(|all| all.get(table)).cloned();
    let (Some(carried), Some(file)) = (member("carried"), member("tables")) else { return Ok(None) };
    let unreadable = || format!("run record {} is not readable", run.version);
    let carried = serde_json::from_value(carried).context(ErrorKind::Evidence, unreadable())?;
    let file = serde_json::from_value(file).context(ErrorKind::Evidence, unreadable())?;
    Ok(Some((carried, file)))
}

impl RunBody {
    pub(super) fn read(record: &Record) -> Result<Self> {
        serde_json::from_value(record.body.clone())
            .context(ErrorKind::Evidence, format!("run record {} is not readable", record.version))
    }
}

/// The as-of date of a run record.
pub(super) fn as_of(record: &Record) -> Option<AsOf> {
    AsOf::parse(record.body.get("as_of")?.as_str()?).ok()
}

impl RunBody {
    /// The body with its tables where they are by now; none when one of them has expired.
    pub(super) fn current(record: &Record, current: &Current) -> Result<Option<Self>> {
        let body = Self::read(record)?;
        let mut carried = body.carried;
        let tables = body.tables.into_iter().map(|(name, file)| {
            let now = current.file(&file)?;
            // Rows that an erasure wrote anew are no longer what the landings say.
            if now.path != file.path {
                carried.remove(&name);
            }
            Some((name, now))
        });
        let Some(tables) = tables.collect::<Option<_>>() else { return Ok(None) };
        Ok(Some(Self { tables, carried, as_of: body.as_of, policies: body.policies }))
    }
}

/// A table of an earlier run.
pub(super) struct RunTable {
    pub name: String,
    pub file: FileEntry,
}

impl RunTable {
    /// Makes the table readable in a session, with the schema it was written with.
    pub(super) async fn register(&self, session: &Session, store: &Store) -> Result<()> {
        session.register_encoded(&self.name, store.read(&self.file).await?)
    }
}

/// What the decision log notes of an activated policy version: `policy <app>/<version>`, its hash and the first day.
const POLICY_NOTE: &str = "policy ";

/// The name of the note about a policy version, `<app>/<version>`.
pub(super) fn policy_note(version: &str) -> String {
    format!("{POLICY_NOTE}{version}")
}

/// Refuses a policy version that the decision log has as activated and that was edited or removed since.
///
/// # Errors
/// A config error naming the file, the version and the first day it spoke for.
pub(super) fn check_policies_unchanged(notes: &BTreeMap<String, String>, current: &[PolicyVersion]) -> Result<()> {
    for (note, said) in notes {
        let (Some(key), Some((sha256, as_of))) = (note.strip_prefix(POLICY_NOTE), said.split_once(' ')) else {
            continue;
        };
        let now = current.iter().find(|v| v.key == key);
        if now.is_some_and(|v| v.sha256 == sha256) {
            continue;
        }
        let place = now.map_or(key.to_owned(), |v| v.place.clone());
        let what = if now.is_some() { "was edited" } else { "is gone" };
        return Err(Error::config(format!(
            "version `{key}` took effect (run of {as_of}) and {what} since: put it back and add a new [[version]]"
        ))
        .at(place));
    }
    Ok(())
}

/// A policy version as the project has it now.
pub(super) struct PolicyVersion {
    pub key: String,
    pub sha256: String,
    pub place: String,
    pub is_in_force: bool,
}

/// The models whose tables a run must hold.
pub(super) fn missing_tables(catalogue: &Catalogue, tables: &BTreeMap<String, FileEntry>) -> Vec<String> {
    catalogue
        .models()
        .iter()
        .filter(|m| m.is_table() && !tables.contains_key(&m.name))
        .map(|m| m.name.clone())
        .collect()
}
