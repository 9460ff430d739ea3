//! `manifest.json`: what a snapshot says of itself.

use std::collections::BTreeMap;

use arrow::datatypes::Schema;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::files::Sums;
use super::logical;
use crate::base::Result;
use crate::log::Frontier;

/// What stands for a signature in a snapshot that has none.
pub(super) const UNSIGNED: &str = "none";

/// A signature by an SSH key, in `SHA256SUMS.sig`.
pub(super) const SSH: &str = "ssh";

/// The whole of it. `tables` and `files` together are `SHA256SUMS` without the manifest itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) tenant: String,
    /// SHA-256 of the index record of the snapshot before.
    pub(super) prev_index_sha256: String,
    pub(super) as_of: String,
    pub(super) run_id: String,
    pub(super) runner: String,
    pub(super) approver: Option<String>,
    pub(super) release: String,
    pub(super) cargo_lock_sha256: String,
    pub(super) config_sha256: String,
    pub(super) policy_versions: BTreeMap<String, String>,
    pub(super) writer: serde_json::Value,
    /// The part of the decision log in this snapshot.
    pub(super) log: Option<Log>,
    /// [`UNSIGNED`] or [`SSH`].
    pub(super) signature: String,
    /// The fingerprint of the key that signs.
    pub(super) signer: Option<String>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) files: Sums,
}

/// The entries of the decision log since the snapshot before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// Where they are; nowhere when there are none.
    pub(super) file: Option<String>,
    /// The number of the first, or of the next when there are none.
    pub(super) first_seq: u64,
    pub(super) entries: u64,
    /// Hash of the entry before the first.
    pub(super) prev_hash: String,
    /// Hash of the newest entry of the log.
    pub(super) head_hash: String,
    /// The Merkle tree of all entries before the first.
    pub(super) frontier_before: Frontier,
    pub(super) origin: String,
}

impl Manifest {
    /// Every file it names, with its hash.
    pub(super) fn named(&self) -> Sums {
        let tables = self.tables.values().map(|table| (table.file.clone(), table.sha256.clone()));
        self.files.clone().into_iter().chain(tables).collect()
    }

    /// When the run began: its id holds the time.
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        run_time(&self.run_id)
    }
}

/// The time in a run's id.
pub(super) fn run_time(run_id: &str) -> Option<DateTime<Utc>> {
    let millis = Ulid::from_string(run_id).ok()?.timestamp_ms();
    DateTime::from_timestamp_millis(i64::try_from(millis).ok()?)
}

/// One sealed table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) rows: u64,
    pub(super) logical_sha256: String,
    pub(super) grain: Vec<String>,
    pub(super) schema: Vec<Column>,
}

/// One column of a sealed table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    nullable: bool,
}

/// The columns of a schema.
///
/// # Errors
/// Data when a type has no place in a sealed table.
pub(super) fn columns(schema: &Schema) -> Result<Vec<Column>> {
    let column = |field: &arrow::datatypes::FieldRef| {
        Ok(Column {
            name: field.name().clone(),
            type_name: logical::type_name(field.data_type()).map_err(|e| e.at(field.name()))?,
            nullable: field.is_nullable(),
        })
    };
    schema.fields().iter().map(column).collect()
}
