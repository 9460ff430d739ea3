//! What people open after a run: `outputs/<as_of>/` with candidates, the report and the sealed snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;

use super::outward_files::FOLDER as REVIEW;
use super::{Job, Run, dictionary, pages, renewal};
use crate::base::error::Context;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::engine::{Catalogue, Session};
use crate::publish::{self, Format, View};
use crate::report::{self, Report, RunMeta};
use crate::snapshot;
use crate::store::{Chain, Record};

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

/// The folder of what people open, a folder a day.
pub(super) const OUTPUTS: &str = "outputs";
/// The page of a day, and its candidates as sheets; reports lie beside them.
const FILES: &[&str; 4] = &["report.html", "candidates.csv", "candidates.json", "candidates.parquet"];

/// The statements that open the tables of the snapshot in DuckDB, beside it.
const VIEWS: &str = "views.sql";

impl Job {
    /// Seals the run and writes its outputs, a copy of the snapshot to hand out among them. Each file appears whole; a
    /// sealed snapshot is never overwritten.
    ///
    /// # Errors
    /// A store error when a file cannot be written; an internal error when a table is not as its contract says.
    pub async fn publish(&self, run: &Run) -> Result<Outputs> {
        let folder = self.outputs(run.session.as_of());
        std::fs::create_dir_all(&folder).context(ErrorKind::Store, format!("cannot make {}", folder.display()))?;
        let outputs = Outputs {
            report: folder.join("report.html"),
            snapshot: folder.join(format!("snapshot-{}", run.record.run_id)),
            candidates: folder.join("candidates.csv"),
            folder,
        };
        let (sealed, _) = self.seal(run, &run.identity).await?;
        self.settle_log(&run.identity).await?;
        snapshot::write_folder(&sealed.files, &outputs.snapshot)?;
        write(&outputs.folder.join(VIEWS), views(run, &sealed).as_bytes())?;
        // All of it is in its places now: what was set aside goes, before pages are made.
        drop(sealed);
        self.write_pages(&run.session, &run.catalogue, &run.record, &outputs.folder).await?;
        Ok(outputs)
    }

    /// Writes the files that people open from the tables of a run.
    ///
    /// # Errors
    /// As [`Job::publish`].
    pub(super) async fn write_pages(
        &self,
        session: &Session,
        catalogue: &Catalogue,
        record: &Record,
        folder: &Path,
    ) -> Result<()> {
        let [report, sheets @ ..] = FILES;
        write_candidates(session, catalogue, folder, sheets).await?;
        let meta = self.meta(session.as_of(), record).await?;
        let page = report::render(&conclusions(session, report::tables_of_run().iter().copied()).await?, &meta)?;
        write(&folder.join(report), page.as_bytes())?;
        write(&folder.join(dictionary::PAGE), dictionary::made_once().await?.as_bytes())?;
        let proofs = pages::proofs(catalogue, record)?;
        {
            let tables = conclusions(session, renewal::tables()).await?;
            let pack = renewal::pack(session, catalogue, &tables, &meta, &proofs).await?;
            renewal::put(&folder.join(renewal::FOLDER), pack.into_iter().map(Ok))?;
        }
        for report in Report::ALL {
            session.tidy();
            let tables = conclusions(session, report.tables()).await?;
            let written = renewal::put(folder, pages::files(*report, catalogue, &tables, &meta, &proofs)?)?;
            // Who has nothing to decide any more has no page any more.
            for left in below(&folder.join(report.name())).iter().filter(|file| !written.contains(file)) {
                std::fs::remove_file(left).context(ErrorKind::Store, format!("cannot remove {}", left.display()))?;
            }
        }
        Ok(())
    }

    /// The folder of what people open of a day.
    pub(super) fn outputs(&self, as_of: AsOf) -> PathBuf {
        self.config.root.join(OUTPUTS).join(as_of.to_string())
    }

    /// What pages say of a run.
    pub(super) async fn meta(&self, as_of: AsOf, record: &Record) -> Result<RunMeta> {
        let index = self.store.records(&Chain::Snapshots).await?;
        let said = |sealed: &Record, key: &str| sealed.body.get(key).cloned().unwrap_or_default();
        let sealed = index.iter().rev().find(|sealed| said(sealed, "run") == record.version);
        let sums = sealed.and_then(|sealed| said(sealed, "sums_sha256").as_str().map(str::to_owned));
        Ok(RunMeta {
            tenant: self.config.project.name.clone(),
            as_of,
            run_id: record.run_id.to_string(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            reporting_currency: self.config.project.reporting_currency.clone(),
            rate_set: self.config.project.rate_set.to_string(),
            snapshot_sha256: sums.unwrap_or_default(),
        })
    }
}

/// The candidates as sheets, one a format.
async fn write_candidates(session: &Session, catalogue: &Catalogue, folder: &Path, sheets: &[&str; 3]) -> Result<()> {
    let model = catalogue.get("policy.candidates").ok_or_else(|| Error::internal("no policy.candidates"))?;
    let rows = publish::disclosed(&model.sidecar, &session.table(&model.name).await?)?;
    for (name, format) in sheets.iter().zip([Format::Csv, Format::Json, Format::Parquet]) {
        write(&folder.join(name), &publish::encode(format, &rows.schema(), std::slice::from_ref(&rows))?)?;
    }
    Ok(())
}

/// The sealed tables of a run as views. They read the snapshot, not the store: it lies in the same folder and goes where
/// that goes, wherever the store is, and nobody's name is in it.
fn views(run: &Run, sealed: &snapshot::Sealed) -> String {
    let tables = sealed.files.iter().filter_map(|(path, _)| {
        let name = path.strip_prefix("data/")?.split('/').next()?;
        let sidecar = run.catalogue.get(name).map(|model| &model.sidecar);
        Some(View { name, file: format!("snapshot-{}/{path}", run.record.run_id), sidecar })
    });
    let tables: Vec<View<'_>> = tables.collect();
    publish::views(run.session.as_of(), run.record.run_id.as_str(), &tables)
}

/// The tables that pages show. None has a row a seat: reports cost what they show, however large the company.
pub(super) async fn conclusions(
    session: &Session,
    names: impl IntoIterator<Item = &'static str>,
) -> Result<BTreeMap<String, RecordBatch>> {
    let mut tables = BTreeMap::new();
    for name in names.into_iter().collect::<BTreeSet<_>>() {
        tables.insert(name.to_owned(), session.table(name).await?);
    }
    Ok(tables)
}

/// The files that people open of a day: all below its folder but what is sealed, and what a review keeps itself.
pub(super) fn opened(folder: &Path) -> Vec<PathBuf> {
    let is_kept = |path: &PathBuf| {
        let name = path.strip_prefix(folder).ok().and_then(|path| path.components().next());
        let name = name.map(|name| name.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("snapshot-") || name == REVIEW
    };
    below(folder).into_iter().filter(|path| !is_kept(path)).collect()
}

/// Every file below a folder, in order; none when it is not there.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Writes a file so that a reader sees the old one or the new one, never half of it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    // Writers at the same time, here and in other processes, do not share half a file.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let draft = format!("{}-{}.part", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
    let draft = path.with_extension(draft);
    std::fs::write(&draft, bytes)
        .and_then(|()| std::fs::rename(&draft, path))
        .context(ErrorKind::Store, format!("cannot write {}", path.display()))
}
