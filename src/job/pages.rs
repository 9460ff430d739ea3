//! The reports of a run as files: pages that work offline, and beside each the tables it shows as sheets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use super::Job;
use super::outputs::conclusions;
use super::record::RunBody;
use super::renewal::{File, put};
use crate::base::{AsOf, Error, Result};
use crate::engine::Catalogue;
use crate::publish::{self, Format};
use crate::report::{Proofs, Report, RunMeta};
use crate::store::Record;

/// The table of FOCUS.
const FOCUS: &str = "marts.focus_cost_and_usage";

impl Job {
    /// Writes a report of the newest run of a day, or of any, to a folder.
    ///
    /// # Errors
    /// A usage error for a day without a run; a store error when it cannot be written.
    pub async fn report(&self, report: Report, as_of: Option<AsOf>, to: Option<&Path>) -> Result<Vec<PathBuf>> {
        let (session, record) = self.reader(as_of).await?;
        let catalogue = Catalogue::load()?;
        let tables = conclusions(&session, report.tables()).await?;
        let meta = self.meta(session.as_of(), &record).await?;
        let folder = match to {
            Some(folder) => folder.to_owned(),
            None => self.outputs(session.as_of()),
        };
        put(&folder, files(report, &catalogue, &tables, &meta, &proofs(&catalogue, &record)?)?)
    }
}

/// The files of a report, named from the folder of the day; each is made when the one before is written.
pub(super) fn files<'a>(
    report: Report,
    catalogue: &'a Catalogue,
    tables: &'a BTreeMap<String, RecordBatch>,
    meta: &'a RunMeta,
    proofs: &'a Proofs,
) -> Result<impl Iterator<Item = Result<File>> + 'a> {
    let pages = report.pages(tables, meta, proofs)?.map(|page| page.map(|(name, page)| (name, page.into_bytes())));
    let sheets = report.sheets().iter().map(move |name| {
        let missing = || Error::internal(format!("no {name}"));
        let model = catalogue.get(name).ok_or_else(missing)?;
        let rows = publish::disclosed(&model.sidecar, tables.get(*name).ok_or_else(missing)?)?;
        let bytes = publish::encode(Format::Csv, &rows.schema(), std::slice::from_ref(&rows))?;
        let table = name.split_once('.').map_or(*name, |(_, table)| table);
        Ok((format!("{}/{table}.csv", report.name()), bytes))
    });
    let focus = if report == Report::Spend { focus(tables, meta)? } else { Vec::new() };
    Ok(pages.chain(sheets).chain(focus.into_iter().map(Ok)))
}

/// The contract lines in the columns of FOCUS.
fn focus(tables: &BTreeMap<String, RecordBatch>, meta: &RunMeta) -> Result<Vec<File>> {
    let batch = tables.get(FOCUS).ok_or_else(|| Error::internal(format!("no {FOCUS}")))?;
    let rows = publish::focus_rows(batch)?;
    let encoded = |format| publish::encode(format, &rows.schema(), std::slice::from_ref(&rows));
    Ok(vec![
        ("focus/cost_and_usage.csv".to_owned(), encoded(Format::Csv)?),
        ("focus/cost_and_usage.parquet".to_owned(), encoded(Format::Parquet)?),
        ("focus/metadata.json".to_owned(), publish::focus_metadata(&rows, meta.as_of, &meta.run_id, &meta.release)?),
    ])
}

/// What the footnotes of a page rest on.
pub(super) fn proofs(catalogue: &Catalogue, record: &Record) -> Result<Proofs> {
    let body = RunBody::read(record)?;
    Ok(Proofs {
        sql: catalogue.models().iter().map(|model| (model.name.clone(), model.sql.clone())).collect(),
        files: body.tables.into_iter().map(|(name, file)| (name, (file.rows, file.sha256))).collect(),
        reads: record.reads.clone(),
    })
}
