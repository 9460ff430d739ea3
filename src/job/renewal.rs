//! The renewal pack of a run as files: pages, one workbook, and the last days of notice as a calendar. None names anybody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use serde_json::Value;

use super::Job;
use super::explain::rows;
use super::outputs::{conclusions, write};
use super::pages::proofs;
use crate::base::error::Context;
use crate::base::text::nearest;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::engine::{Catalogue, Session};
use crate::publish::{self, About, Data, Deadline};
use crate::report::{self, Proofs, RunMeta};

/// The folder of the pack, in the outputs of a day.
pub(super) const FOLDER: &str = "renewal";
/// The workbook in it.
const WORKBOOK: &str = "renewal.xlsx";
/// The calendar in it.
const CALENDAR: &str = "notice.ics";

/// The tables of the workbook, in the order of its sheets.
const SHEETS: &[&str] = &[
    "marts.renewal_decisions",
    "marts.renewal_pools",
    "marts.renewal_bridge",
    "marts.renewal_pool_costs",
    "marts.renewal_months",
    "marts.renewal_lines",
    "marts.renewal_showback",
    "marts.renewal_sensitivity",
    "marts.renewal_weeks",
    "marts.renewal_candidates",
    "marts.renewal_clauses",
    "marts.renewal_steps",
    "marts.renewal_risks",
    "marts.spend",
];

/// The tables the pack is made from.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    report::tables_of_renewal().chain(SHEETS.iter().copied())
}

/// A file by its name, a slash between folder and file.
pub(super) type File = (String, Vec<u8>);

impl Job {
    /// Writes the renewal pack of the newest run of a day, or of any, to a folder; of a named contract its page alone.
    ///
    /// # Errors
    /// A usage error for a day without a run or a contract that is not in force; a store error when it cannot be written.
    pub async fn renewal(
        &self,
        as_of: Option<AsOf>,
        contract: Option<&str>,
        to: Option<&Path>,
    ) -> Result<Vec<PathBuf>> {
        let (session, record) = self.reader(as_of).await?;
        let catalogue = Catalogue::load()?;
        let tables = conclusions(&session, tables()).await?;
        let meta = self.meta(session.as_of(), &record).await?;
        let mut files = pack(&session, &catalogue, &tables, &meta, &proofs(&catalogue, &record)?).await?;
        if let Some(contract) = contract {
            let numbers: Vec<String> =
                files.iter().filter_map(|(name, _)| name.strip_suffix(".html").map(str::to_owned)).collect();
            files.retain(|(name, _)| name.strip_suffix(".html") == Some(contract));
            if files.is_empty() {
                let near = nearest(contract, numbers.iter().map(String::as_str));
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                return Err(Error::usage(format!("no contract in force has the number `{contract}`{hint}")));
            }
        }
        let folder = match to {
            Some(folder) => folder.to_owned(),
            None => self.outputs(session.as_of()).join(FOLDER),
        };
        put(&folder, files.into_iter().map(Ok))
    }
}

/// Writes files into a folder, making it and those below it.
pub(super) fn put(folder: &Path, files: impl Iterator<Item = Result<File>>) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for file in files {
        let (name, bytes) = file?;
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).context(ErrorKind::Store, format!("cannot make {}", parent.display()))?;
        write(&path, &bytes)?;
        written.push(path);
    }
    Ok(written)
}

/// The files of the pack.
pub(super) async fn pack(
    session: &Session,
    catalogue: &Catalogue,
    tables: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<Vec<File>> {
    let pages = report::render_renewal(tables, meta, proofs)?.into_iter();
    let mut files: Vec<File> = pages.map(|(name, page)| (name, page.into_bytes())).collect();
    files.push((WORKBOOK.into(), workbook(session, catalogue, tables, meta, proofs).await?));
    files.push((CALENDAR.into(), calendar(session, meta).await?.into_bytes()));
    Ok(files)
}

async fn workbook(
    session: &Session,
    catalogue: &Catalogue,
    tables: &BTreeMap<String, RecordBatch>,
    meta: &RunMeta,
    proofs: &Proofs,
) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for name in SHEETS {
        let model = catalogue.get(name).ok_or_else(|| Error::internal(format!("no {name}")))?;
        let rows = tables.get(*name).ok_or_else(|| Error::internal(format!("no {name}")))?;
        let sha256 = proofs.files.get(*name).map(|(_, sha256)| sha256.clone()).unwrap_or_default();
        data.push(Data { name, sidecar: &model.sidecar, rows: publish::disclosed(&model.sidecar, rows)?, sha256 });
    }
    let versions = rows(
        session,
        "select app_id || ' ' || policy_version_id as version from policy.effective_policies order by app_id",
    )
    .await?;
    let policies: Vec<&str> = versions.iter().filter_map(|row| row.get("version")?.as_str()).collect();
    let about = About {
        tenant: meta.tenant.clone(),
        as_of: meta.as_of,
        run_id: meta.run_id.clone(),
        release: meta.release.clone(),
        currency: meta.reporting_currency.clone(),
        rate_set: meta.rate_set.clone(),
        snapshot_sha256: meta.snapshot_sha256.clone(),
        policies: policies.join(", "),
    };
    publish::workbook(&about, &data)
}

/// The last days of notice that are still to come.
async fn calendar(session: &Session, meta: &RunMeta) -> Result<String> {
    let found = rows(
        session,
        "select contract_id, contract_number, vendor, notice_on, renewal_on, is_auto_renew \
         from marts.renewal_decisions where notice_on >= $as_of order by notice_on, contract_id",
    )
    .await?;
    let deadlines: Vec<Deadline> = found
        .iter()
        .filter_map(|row| {
            let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
            let renews = match row.get("is_auto_renew").and_then(Value::as_bool) {
                Some(true) => "It renews by itself unless notice is given.",
                Some(false) => "It ends unless it is renewed.",
                None => "Whether it renews by itself is unproved.",
            };
            Some(Deadline {
                id: text("contract_id"),
                day: text("notice_on").parse().ok()?,
                title: format!("Last day of notice: {} {}", text("vendor"), text("contract_number")),
                text: format!("Renews on {}. {renews}", text("renewal_on")),
            })
        })
        .collect();
    Ok(publish::calendar(&meta.tenant, meta.as_of, &deadlines))
}
