//! Computes a snapshot's conclusions again from what it seals: its own tables, policies and models.

use std::fmt;
use std::path::Path;

use arrow::array::RecordBatch;
use serde::Serialize;

use super::seal;
use crate::base::error::Context;
use crate::base::progress::Quiet;
use crate::base::{ErrorKind, Result};
use crate::engine::{self, Built, Catalogue, Model, Session, Settings};
use crate::identity::{self, Shown, blank};
use crate::store::{parquet, sha256_hex};
use crate::{config, policy, snapshot};

/// What came of computing a snapshot again.
#[derive(Debug, Serialize)]
pub struct Replay {
    /// Whether every byte is the same.
    pub ok: bool,
    /// Tables computed again.
    pub tables: usize,
    /// Their rows.
    pub rows: usize,
    /// What differs, a line each.
    pub differences: Vec<String>,
}

/// Computes evaluations, candidates and every other conclusion of a snapshot again, and compares the bytes.
///
/// # Errors
/// Evidence when a part cannot be read; Config or Data when a sealed model does not run.
pub async fn replay(path: &Path, settings: &Settings) -> Result<Replay> {
    let contents = snapshot::open(path)?;
    let session = Session::without_store(contents.as_of, settings)?;
    let catalogue = Catalogue::of(&contents.sql)?;
    let concluding = |model: &&Model| seal::CONCLUSIONS.contains(&model.schema());
    let models: Vec<&Model> = catalogue.models().iter().filter(concluding).collect();
    for (name, bytes) in contents.tables.iter().filter(|(name, _)| !models.iter().any(|m| &m.name == *name)) {
        let (schema, batches) = parquet::decode(bytes.clone())?;
        session.register_batches(name, schema, batches)?;
    }
    let mut differences = policies_differ(&contents, &session).await?;
    let built = engine::compute(&session, &models, &Quiet).await?;
    for (table, model) in built.iter().zip(models.iter().filter(|m| m.is_table())) {
        let bytes = parquet::encode(&table.schema, &[as_sealed(table, model)?])?;
        match contents.tables.get(&table.name) {
            Some(sealed) if *sealed == bytes => {}
            Some(sealed) => differences.push(format!(
                "data/{}/part-00000.parquet: sealed {}, computed again {}",
                table.name,
                sha256_hex(sealed),
                sha256_hex(&bytes)
            )),
            None => differences.push(format!("{}: computed, and not in the snapshot", table.name)),
        }
    }
    let rows = built.iter().map(|table| table.rows).sum();
    Ok(Replay { ok: differences.is_empty(), tables: built.len(), rows, differences })
}

/// What is dropped at sealing is dropped here; keys are keys already.
fn as_sealed(table: &Built, model: &Model) -> Result<RecordBatch> {
    let rows = arrow::compute::concat_batches(&table.schema, &table.batches()?)
        .context(ErrorKind::Internal, format!("rows of {}", table.name))?;
    let shown: Vec<Shown> = seal::shown(&model.sidecar)?;
    blank(&rows, &shown)
}

/// Whether the rules in the sealed tables are those of the sealed policy files.
async fn policies_differ(contents: &snapshot::Contents, session: &Session) -> Result<Vec<String>> {
    let mut differ = Vec::new();
    for (name, said) in policy::rules(&config::policies_of(&contents.policies))? {
        let sealed = session.table(&name).await?;
        let (shown, grain) = seal::input(&name, &said.schema())?;
        // Names are keys on one side only.
        let compared = |rows: &RecordBatch| -> Result<RecordBatch> {
            let kept = shown.iter().enumerate().filter(|(_, shown)| **shown == Shown::AsItIs).map(|(i, _)| i);
            let rows = rows.project(&kept.collect::<Vec<_>>()).context(ErrorKind::Evidence, name.clone())?;
            identity::sorted(&rows, &grain)
        };
        if compared(&said)? != compared(&sealed)? {
            differ.push(format!("{name}: its rows are not what the files in policy/ say"));
        }
    }
    Ok(differ)
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "differs: {difference}")?;
        }
        let end = if self.ok { "every byte the same" } else { "not the same" };
        writeln!(f, "replayed: {} tables, {} rows computed again from what is sealed; {end}", self.tables, self.rows)
    }
}
