//! Once a day an older day of the System Log is read again, bounded and in full, and compared event by event with what
//! has landed: a poll skips nothing, and this proves it. What is missing lands as a backfill, and is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};

use super::log::array;
use super::read::{Api, Pages, Values, at};
use super::spool::Spool;
use super::table::Pass;
use super::tail::published;
use super::{Brought, Stop, land_batch};
use crate::base::text::glob;
use crate::ingest::land::Stream;
use crate::ingest::page::hash_text;
use crate::ingest::past::Past;
use crate::ingest::report::Landing;
use crate::ingest::write::Keys;
use crate::ingest::{decode, json};

/// Events older than this have long been stored, however late they came.
const SETTLED: TimeDelta = TimeDelta::hours(48);
/// How much is compared at once.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Compares one window, when it is time: up to when it was done, and what had to land.
///
/// # Errors
/// Why it could not be done.
pub(super) async fn land(
    stream: &Stream<'_>,
    api: &Arc<Api>,
    pass: &'static Pass,
    spool: &Arc<Spool>,
    past: &Past,
) -> Result<Option<(DateTime<Utc>, Vec<Landing>)>, Stop> {
    let is_due = |now: DateTime<Utc>| past.reconciled_until().is_none_or(|until| until + WINDOW <= now - SETTLED);
    if past.cursor().is_none() || !is_due(api.clock().now()) {
        return Ok(None);
    }
    let now = api.server_now(pass).await?;
    let (since, until) = (now - SETTLED - WINDOW, now - SETTLED);
    let has_polled = past.first_day().is_some_and(|first| first < since.date_naive())
        && past.watermark().is_some_and(|newest| newest >= until);
    if !is_due(now) || !has_polled {
        return Ok(None);
    }
    let since = past.reconciled_until().map_or(since, |before| before.max(since));
    let landed = past.keys(stream.store, stream.dataset, (since, until)).await?;
    let batch = spool.batch()?;
    let keeps: Vec<Vec<char>> = stream.options().keep_events.iter().map(|one| one.chars().collect()).collect();
    let mut compared = Compared { landed, keeps, missing: 0 };
    let times = [since, until].map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let mut pages = Pages::new(api, pass, Values::new(), &[("since", &times[0]), ("until", &times[1])])?;
    let mut number = 0;
    while let Some(page) = pages.page().await? {
        number += 1;
        let text = decode::decode(&page.bytes)?;
        for (day, records) in compared.missing(json::records(&text, false)?.slices) {
            batch.write(&format!("{}/{day}/reconciled-{number:06}.json", stream.name), &array(&records))?;
        }
    }
    if compared.missing == 0 {
        return Ok(Some((until, Vec::new())));
    }
    let warning = format!("reconciled: {} events had not come by polling; they land as a backfill", compared.missing);
    let cursor = past.cursor().map(str::to_owned);
    let brought = Brought {
        warnings: vec![warning],
        cursor: Some((cursor.clone(), cursor)),
        reconciled_until: Some(until),
        ..Brought::by(api)
    };
    Ok(Some((until, land_batch(stream, batch, &brought, true).await?)))
}

/// What has landed, beside what the API has.
struct Compared {
    landed: Keys,
    /// The types of events that the project keeps; all when there are none.
    keeps: Vec<Vec<char>>,
    missing: usize,
}

impl Compared {
    /// The records that should have landed and did not, by the day they happened.
    fn missing<'r>(&mut self, records: Vec<&'r [u8]>) -> BTreeMap<NaiveDate, Vec<&'r [u8]>> {
        let mut days: BTreeMap<NaiveDate, Vec<&[u8]>> = BTreeMap::new();
        let text =
            |record: &[u8], pointer: &str| at(record, pointer).and_then(|value| value.as_str().map(str::to_owned));
        for record in records {
            let (Some(id), Some(at)) = (text(record, "/uuid"), published(record)) else { continue };
            let kind: Vec<char> = text(record, "/eventType").unwrap_or_default().chars().collect();
            let is_kept = self.keeps.is_empty() || self.keeps.iter().any(|keep| glob(&kind, keep, ['*', '?']));
            if is_kept && self.landed.insert(hash_text(&id)) {
                self.missing += 1;
                days.entry(at.date_naive()).or_default().push(record);
            }
        }
        days
    }
}
