//! Seals a run: the tables that decide, without a name in them, beside the rules, the inputs and the log; then one
//! record of the index, the only step that publishes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use futures::TryStreamExt;
use serde_json::json;

use super::record::RunBody;
use super::{Job, Run, inputs};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config;
use crate::engine::{Catalogue, Settings};
use crate::identity::{IdentityMap, Shown, veil};
use crate::publish;
use crate::schema::sidecar::Sidecar;
use crate::snapshot::{self, SealInput, SealedLog, SealedTable, Sealing, Signer};
use crate::store::{Chain, Commit, Draft, Key, Kind, NO_HASH, Record, RunId};
use crate::{ingest, log};

/// Times a snapshot is sealed again when another took its place in the index.
const TRIES: u32 = 20;

/// The schemas whose models are sealed, with every table they read: from those they can be computed again.
pub(super) const CONCLUSIONS: &[&str] = &["policy", "review", "marts"];

/// A table that models read and no model makes.
struct Input {
    name: &'static str,
    /// What makes a row unique.
    grain: &'static [&'static str],
    /// The columns that name somebody.
    names: &'static [(&'static str, Shown)],
}

const INPUTS: &[Input] = &[
    Input { name: "audit.landings", grain: &["source", "stream", "landing"], names: &[] },
    Input {
        name: "audit.quarantine",
        grain: &["source", "stream", "landing", "position"],
        names: &[("natural_key", Shown::IdKeys)],
    },
    Input { name: "config.project", grain: &["name"], names: &[] },
    // Its names are keys already.
    Input { name: "log.entries", grain: &["seq"], names: &[] },
    Input { name: "config.renewal", grain: &["buffer_share"], names: &[] },
    Input { name: "config.streams", grain: &["source", "stream"], names: &[] },
    Input { name: "earlier.candidates", grain: &["candidate_id"], names: &[("account_id", Shown::IdKeys)] },
    Input {
        name: "policies.versions",
        grain: &["app_id", "policy_version_id"],
        names: &[("owner_email", Shown::IdentifierKeys), ("approved_by", Shown::IdentifierKeys)],
    },
    Input { name: "policies.overrides", grain: &["app_id", "policy_version_id", "override_index"], names: &[] },
    Input { name: "policies.tier_rules", grain: &["app_id", "policy_version_id", "rule_index"], names: &[] },
    Input {
        name: "policies.tier_rule_features",
        grain: &["app_id", "policy_version_id", "rule_index", "feature"],
        names: &[],
    },
];

impl Job {
    /// Seals a run into the store and publishes it in the index.
    ///
    /// # Errors
    /// A store error; Conflict when other runs seal all the time; Config when the key cannot sign.
    pub async fn seal(&self, run: &Run, identity: &Arc<IdentityMap>) -> Result<(snapshot::Sealed, Record)> {
        let aside = Settings::of(&self.config).spill.unwrap_or_else(std::env::temp_dir);
        let tables = tables(run, identity, &aside).await?;
        let runner = self.actor(identity)?;
        identity.commit(&run.record.run_id, &self.config.sha256).await?;
        let completeness = completeness(run).await?;
        let key = self.config.project.snapshot_key.as_ref();
        let signer = key.map(|key| Signer::of(key, &self.config.root, config::env("SSH_AUTH_SOCK"))).transpose()?;
        for _ in 0..TRIES {
            let before = self.store.head(&Chain::Snapshots).await?;
            let (log, log_after) = self.log_since(before.as_ref()).await?;
            let sealed = snapshot::seal(SealInput {
                as_of: run.session.as_of(),
                tenant: self.config.project.name.clone(),
                run_id: run.record.run_id.clone(),
                prev_index_sha256: before.as_ref().map_or(NO_HASH, |r| &r.sha256).to_owned(),
                runner: runner.clone(),
                approver: None,
                signer: signer.clone(),
                release: env!("CARGO_PKG_VERSION").to_owned(),
                config_sha256: self.config.sha256.clone(),
                policy_versions: RunBody::read(&run.record)?.policies,
                tables: tables.clone(),
                log: Some(log),
                policies: self.policy_texts(),
                sql: model_texts(&run.catalogue),
                inputs: ingest::inputs(&run.landings),
                completeness: completeness.clone(),
            })?;
            let seal_id = RunId::new(self.clock);
            let key = |file: &str| Key::Snapshot {
                as_of: run.session.as_of(),
                seal_id: seal_id.clone(),
                file: file.to_owned(),
            };
            for (file, bytes) in &sealed.files {
                let bytes =
                    bytes.get().context(ErrorKind::Store, format!("cannot read {file} where it was set aside"))?;
                self.store.put_file(&key(file), &bytes).await?;
            }
            let draft = Draft {
                commit_id: seal_id.to_string(),
                run_id: seal_id.clone(),
                kind: Kind::Seal,
                config_sha256: self.config.sha256.clone(),
                extract_date: None,
                reads: BTreeMap::from([("runs".to_owned(), run.record.version)]),
                files: Vec::new(),
                replaces: Vec::new(),
                body: json!({
                    "directory": key("").path()?.to_string(),
                    "sums_sha256": sealed.sums_sha256,
                    "as_of": run.session.as_of().to_string(),
                    "run": run.record.version,
                    "signer": sealed.signer,
                    "log": log_after,
                }),
            };
            if let Commit::Written(record) | Commit::AlreadyThere(record) =
                self.store.commit(&Chain::Snapshots, before.as_ref(), draft).await?
            {
                return Ok((sealed, record));
            }
        }
        Err(Error::new(ErrorKind::Conflict, "other runs seal snapshots all the time: run again"))
    }

    /// The log since the snapshot before, and where it ends: what the next snapshot begins with.
    async fn log_since(&self, before: Option<&Record>) -> Result<(SealedLog, serde_json::Value)> {
        let origin = log::origin(&self.store.id().await?);
        let said = |key: &str| before.and_then(|r| r.body.get("log")?.get(key)).cloned();
        let unreadable = || ErrorKind::Evidence;
        let first_seq = said("size").and_then(|v| v.as_u64()).unwrap_or_default();
        let frontier_before = match said("frontier") {
            Some(frontier) => serde_json::from_value(frontier)
                .context(unreadable(), "the newest snapshot does not say where its log ends")?,
            None => log::Frontier::default(),
        };
        let prev_hash = said("head_hash").and_then(|v| v.as_str().map(str::to_owned));
        let prev_hash = prev_hash.unwrap_or_else(|| NO_HASH.to_owned());
        let head = log::head(&self.store).await?;
        let entries = log::entries(&self.store, first_seq).await?;
        // What is appended from here on belongs to the next snapshot.
        let size = head.as_ref().map_or(first_seq, |h| h.size);
        let entries: Vec<_> = entries.into_iter().filter(|entry| entry.seq < size).collect();
        let after = match &head {
            Some(head) => json!({ "size": head.size, "head_hash": head.head_hash, "frontier": head.frontier }),
            None => json!({ "size": first_seq, "head_hash": prev_hash, "frontier": frontier_before }),
        };
        Ok((SealedLog { entries, frontier_before, prev_hash, first_seq, origin }, after))
    }

    fn policy_texts(&self) -> Vec<(String, Vec<u8>)> {
        self.config.policies.iter().map(|p| (format!("{}.toml", p.app_id), p.text.clone().into_bytes())).collect()
    }
}

/// Every table a verdict rests on, from the catalogue's own reads, without a name in it.
async fn tables(run: &Run, identity: &Arc<IdentityMap>, aside: &Path) -> Result<Vec<SealedTable>> {
    let mut tables = Vec::new();
    for name in sealed_tables(&run.catalogue) {
        let (shown, grain) = match run.catalogue.get(inputs::model_of(&name)) {
            Some(model) => (shown(&model.sidecar)?, model.sidecar.grain.clone()),
            None => input(&name, run.session.schema(&name).await?.as_ref())?,
        };
        let keys = Arc::clone(identity);
        let (schema, mut rows) = run.session.sorted(&name, &grain, move |rows| veil(rows, &shown, &keys)).await?;
        let mut table = Sealing::begin(&name, &schema, &grain, aside)?;
        while let Some(batch) = rows.try_next().await? {
            table.push(&batch)?;
        }
        tables.push(table.finish()?);
    }
    Ok(tables)
}

/// Control totals: what came of every landing, what spend ties to, what was evaluated.
async fn completeness(run: &Run) -> Result<serde_json::Value> {
    let rows = async |table: &str| json_rows(&run.session.table(table).await?);
    let count = async |table: &str| run.session.count(table).await;
    Ok(json!({
        "landings": rows("audit.landings").await?,
        "sources": rows("marts.source_freshness").await?,
        "spend": rows("marts.spend_reconciliation").await?,
        "seats": { "assigned": count("core.seats").await?, "evaluated": count("policy.evaluations").await? },
    }))
}

/// What becomes of each column of a model's table.
///
/// # Errors
/// Internal for a PII class that is not in the list.
pub(super) fn shown(sidecar: &Sidecar) -> Result<Vec<Shown>> {
    sidecar.column.iter().map(Shown::of).collect()
}

/// The models that conclude, and everything they read.
fn sealed_tables(catalogue: &Catalogue) -> BTreeSet<String> {
    let concluding = catalogue.models().iter().filter(|m| CONCLUSIONS.contains(&m.schema()));
    concluding.flat_map(|m| m.reads.iter().cloned().chain([m.name.clone()])).collect()
}

/// What becomes of the columns of a table that no model makes, and what makes its rows unique.
///
/// # Errors
/// Internal for a table that nobody described.
pub(super) fn input(name: &str, schema: &Schema) -> Result<(Vec<Shown>, Vec<String>)> {
    let found = INPUTS.iter().find(|input| input.name == name);
    let input = found.ok_or_else(|| Error::internal(format!("nobody said what of {name} may be sealed")))?;
    let shown = schema.fields().iter().map(|field| {
        input.names.iter().find(|(column, _)| column == field.name()).map_or(Shown::AsItIs, |(_, shown)| *shown)
    });
    Ok((shown.collect(), input.grain.iter().map(|column| (*column).to_owned()).collect()))
}

fn model_texts(catalogue: &Catalogue) -> Vec<(String, String)> {
    let texts = catalogue.models().iter().flat_map(|m| {
        let stem = m.name.replace('.', "/");
        [(format!("{stem}.sql"), m.sql.clone()), (format!("{stem}.toml"), m.sidecar_text.clone())]
    });
    texts.collect()
}

fn json_rows(batch: &RecordBatch) -> Result<serde_json::Value> {
    Ok(publish::rows(&batch.schema(), batch)?.collect())
}
