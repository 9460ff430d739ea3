//! What people open after a run: `outputs/<as_of>/` with candidates, the report and the sealed snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use super::record::RunBody;
use super::{Job, Run};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config;
use crate::publish::{self, Format};
use crate::report::{self, RunMeta};
use crate::snapshot::{self, SealInput, Signer};

/// Where the files of a run are.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// The folder of the as-of date.
    pub folder: PathBuf,
    /// The offline page.
    pub report: PathBuf,
    /// The sealed snapshot.
    pub snapshot: PathBuf,
    /// The candidates as a sheet; JSON and Parquet lie beside it.
    pub candidates: PathBuf,
}

/// Tables an auditor needs to redo the verdicts, beside every table of `policy` and `marts`.
const SEALED_SCHEMAS: &[&str] = &["core.", "policy.", "marts."];

impl Job {
    /// Writes the outputs of a run. Each file appears whole; a sealed snapshot is never overwritten.
    ///
    /// # Errors
    /// A store error when a file cannot be written; an internal error when a table is not as its contract says.
    pub async fn publish(&self, run: &Run) -> Result<Outputs> {
        let folder = self.config.root.join("outputs").join(run.session.as_of().to_string());
        std::fs::create_dir_all(&folder).context(ErrorKind::Store, format!("cannot make {}", folder.display()))?;
        let outputs = Outputs {
            report: folder.join("report.html"),
            snapshot: folder.join(format!("snapshot-{}", run.record.run_id)),
            candidates: folder.join("candidates.csv"),
            folder,
        };
        self.write_candidates(run, &outputs).await?;
        let sealed = self.seal(run).await?;
        snapshot::write_folder(&sealed.files, &outputs.snapshot)?;
        let page = report::render(&tables_of(run, &["marts.", "policy."]).await?, &self.meta(run, &sealed))?;
        write(&outputs.report, page.as_bytes())?;
        Ok(outputs)
    }

    async fn write_candidates(&self, run: &Run, outputs: &Outputs) -> Result<()> {
        let model = run.catalogue.get("policy.candidates").ok_or_else(|| Error::internal("no policy.candidates"))?;
        let rows = publish::disclosed(&model.sidecar, &run.session.table(&model.name).await?)?;
        for (name, format) in [
            ("candidates.csv", Format::Csv),
            ("candidates.json", Format::Json),
            ("candidates.parquet", Format::Parquet),
        ] {
            let bytes = publish::encode(format, &rows.schema(), std::slice::from_ref(&rows))?;
            write(&outputs.folder.join(name), &bytes)?;
        }
        Ok(())
    }

    async fn seal(&self, run: &Run) -> Result<snapshot::Sealed> {
        let body = RunBody::read(&run.record)?;
        let grains = run
            .catalogue
            .models()
            .iter()
            .map(|m| (m.name.clone(), m.sidecar.grain.clone()))
            .collect::<BTreeMap<_, _>>();
        let mut tables = Vec::new();
        for (name, rows) in tables_of(run, SEALED_SCHEMAS).await? {
            let Some(model) = run.catalogue.get(&name) else { continue };
            // A table that is identified by what may not leave the house stays in it whole.
            if model.sidecar.column.iter().all(|c| c.disclosed() || !model.sidecar.grain.contains(&c.name)) {
                let rows = publish::disclosed(&model.sidecar, &rows)?;
                tables.push((name, rows.schema(), vec![rows]));
            }
        }
        let policies =
            self.config.policies.iter().map(|p| (format!("{}.toml", p.app_id), p.text.clone().into_bytes())).collect();
        let sql = run
            .catalogue
            .models()
            .iter()
            .flat_map(|m| {
                let stem = m.name.replace('.', "/");
                [(format!("{stem}.sql"), m.sql.clone()), (format!("{stem}.toml"), m.sidecar_text.clone())]
            })
            .collect();
        let landings = json_rows(&run.session.table("audit.landings").await?)?;
        let completeness = json_rows(&run.session.table("marts.source_freshness").await?)?;
        let key = self.config.project.snapshot_key.as_ref();
        let signer = key.map(|key| Signer::of(key, &self.config.root, config::env("SSH_AUTH_SOCK"))).transpose()?;
        snapshot::seal(SealInput {
            as_of: run.session.as_of(),
            tenant: self.config.project.name.clone(),
            run_id: run.record.run_id.clone(),
            prev_index_sha256: snapshot::NO_SNAPSHOT.to_owned(),
            runner: "seatledger".to_owned(),
            approver: None,
            signer,
            log: None,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            config_sha256: self.config.sha256.clone(),
            policy_versions: body.policies,
            grains,
            tables,
            policies,
            sql,
            inputs: landings,
            completeness,
        })
    }

    fn meta(&self, run: &Run, sealed: &snapshot::Sealed) -> RunMeta {
        RunMeta {
            tenant: self.config.project.name.clone(),
            as_of: run.session.as_of(),
            run_id: run.record.run_id.to_string(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            reporting_currency: self.config.project.reporting_currency.clone(),
            rate_set: self.config.project.rate_set.to_string(),
            snapshot_sha256: sealed.sums_sha256.clone(),
        }
    }
}

async fn tables_of(run: &Run, prefixes: &[&str]) -> Result<BTreeMap<String, RecordBatch>> {
    let mut tables = BTreeMap::new();
    for model in run.catalogue.models().iter().filter(|m| m.is_table()) {
        if prefixes.iter().any(|p| model.name.starts_with(p)) {
            tables.insert(model.name.clone(), run.session.table(&model.name).await?);
        }
    }
    Ok(tables)
}

fn json_rows(batch: &RecordBatch) -> Result<serde_json::Value> {
    let bytes = publish::encode(Format::Json, &batch.schema(), std::slice::from_ref(batch))?;
    serde_json::from_slice(&bytes).context(ErrorKind::Internal, "rows as JSON")
}

/// Writes a file so that a reader sees the old one or the new one, never half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension("part");
    std::fs::write(&draft, bytes)
        .and_then(|()| std::fs::rename(&draft, path))
        .context(ErrorKind::Store, format!("cannot write {}", path.display()))
}
