//! Which landings have been kept as long as their class allows.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::facts::streams;
use super::write::is_apart;
use crate::base::Result;
use crate::base::error::{Context, ErrorKind};
use crate::config::Config;
use crate::schema::{Feed, dataset};
use crate::store::{Chain, Current, Expiry, FileEntry, Kind, Record, Store, is_inputs};

/// The body of a record of kind `expire` in the chain of a stream.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ExpireBody {
    /// The landings whose rows are gone: they no longer count as landed for any day.
    #[serde(default)]
    landings: BTreeSet<u64>,
}

/// The landings of a chain whose rows are gone.
///
/// # Errors
/// Store, when a record cannot be understood.
pub(super) fn expired(records: &[Record]) -> Result<BTreeSet<u64>> {
    let mut landings = BTreeSet::new();
    for record in records.iter().filter(|r| r.kind == Kind::Expire) {
        let body: ExpireBody = serde_json::from_value(record.body.clone())
            .context(ErrorKind::Store, format!("record {} has a body this release does not read", record.version))?;
        landings.extend(body.landings);
    }
    Ok(landings)
}

/// What of the landings of the configured sources may expire: one entry a landing. Of a full feed a landing goes when
/// another one was in force through all the days that are kept; of events when its day is older than those. Rows set
/// apart go by the day they landed.
///
/// # Errors
/// A store error.
pub async fn expirable(config: &Config, store: &Store, now: DateTime<Utc>) -> Result<Vec<Expiry>> {
    let retention = &config.project.retention;
    let kept_from = |days: u32| now.date_naive() - Days::new(u64::from(days));
    let (raw_from, quarantine_from) = (kept_from(retention.raw_days), kept_from(retention.quarantine_days));
    let mut found = Vec::new();
    for source in &config.project.sources {
        for stream in streams(source) {
            let known = source.dataset(&stream).and_then(|name| dataset(source.kind.as_str(), name));
            let Some(dataset) = known else { continue };
            let chain = Chain::Raw { source: source.name.clone(), stream };
            let records = store.records(&chain).await?;
            let (Some(prev), current, gone) = (records.last(), Current::of(&records), expired(&records)?) else {
                continue;
            };
            let landings: Vec<(&Record, NaiveDate)> = records
                .iter()
                .filter(|r| is_landing(r) && !gone.contains(&r.version))
                .filter_map(|r| Some((r, r.extract_date?)))
                .collect();
            let kept = match dataset.feed {
                Feed::Full => in_force_on(&landings, raw_from)?,
                Feed::Events => None,
            };
            for (record, day) in &landings {
                // What was read stays on record as long as the record: it must not land again.
                let rows = record.files.iter().filter(|file| !is_inputs(&file.path));
                let (apart, raw): (Vec<FileEntry>, Vec<FileEntry>) =
                    rows.filter_map(|file| current.file(file)).partition(is_apart);
                let expiry = |files: Vec<FileEntry>, days: u32, what: &str, landings: BTreeSet<u64>| {
                    Ok::<_, crate::base::Error>(Expiry {
                        chain: chain.clone(),
                        prev: prev.clone(),
                        files: files.into_iter().map(|file| (file, *day)).collect(),
                        why: format!("{what} of landing {} is older than {days} days", record.version),
                        body: serde_json::to_value(ExpireBody { landings })
                            .context(ErrorKind::Internal, "the body of an expire record")?,
                    })
                };
                if *day < raw_from && kept != Some(record.version) {
                    found.push(expiry(raw, retention.raw_days, "extract", [record.version].into())?);
                }
                let landed = record.run_id.made_at().map_or(*day, |at| at.date_naive());
                if landed < quarantine_from && !apart.is_empty() {
                    found.push(expiry(apart, retention.quarantine_days, "quarantine", BTreeSet::new())?);
                }
            }
        }
    }
    Ok(found)
}

/// The landing of a full feed that was in force at the end of the last day before the kept ones.
fn in_force_on(landings: &[(&Record, NaiveDate)], kept_from: NaiveDate) -> Result<Option<u64>> {
    let mut newest: Option<(NaiveDate, u64)> = None;
    for (record, day) in landings.iter().filter(|(_, day)| *day < kept_from) {
        if Body::of(record)?.is_complete() {
            newest = newest.max(Some((*day, record.version)));
        }
    }
    Ok(newest.map(|(_, version)| version))
}

/// Whether a record landed an extract.
pub(super) fn is_landing(record: &Record) -> bool {
    matches!(record.kind, Kind::Land | Kind::Backfill)
}
