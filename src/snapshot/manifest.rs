//! `manifest.json`: what a snapshot says of itself.

use std::collections::BTreeMap;

use arrow::datatypes::Schema;
use serde::{Deserialize, Serialize};

use super::files::Sums;
use super::logical;
use crate::base::Result;

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
    /// [`UNSIGNED`] or [`SSH`].
    pub(super) signature: String,
    /// The fingerprint of the key that signs.
    pub(super) signer: Option<String>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) files: Sums,
}

/// One sealed table.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, PartialEq, Serialize, Deserialize)]
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
