//! What people open after a run: `outputs/<as_of>/` with candidates, the report and the sealed snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use super::{Job, Run};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::publish::{self, Format};
use crate::report::{self, RunMeta};
use crate::snapshot;

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

impl Job {
    /// Seals the run and writes its outputs, a copy of the snapshot to hand out among them. Each file appears whole; a
    /// sealed snapshot is never overwritten.
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
        let (sealed, _) = self.seal(run).await?;
        self.settle_log(&run.identity).await?;
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

/// Writes a file so that a reader sees the old one or the new one, never half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension("part");
    std::fs::write(&draft, bytes)
        .and_then(|()| std::fs::rename(&draft, path))
        .context(ErrorKind::Store, format!("cannot write {}", path.display()))
}
