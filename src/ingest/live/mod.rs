//! Reads the APIs of sources. A collector brings the pages of a stream, as the vendor wrote them, into files as a person
//! would have dropped them; what lands them is the code that lands dropped files.

mod atlassian;
mod bamboohr;
mod ecb;
mod feed;
mod github;
mod graph;
mod log;
mod login;
mod okta;
mod probe;
mod read;
mod reconcile;
mod salesforce;
mod servicenow;
mod slack;
mod spool;
mod table;
mod tail;
mod unchanged;
mod workday;
mod zoom;

#[cfg(test)]
mod tests;

pub use probe::{Answer, Probe, probe};

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use self::read::Api;
use self::spool::{Batch, Spool};
use self::table::{Nature, vendor};
use super::discover::{Control, Place};
use super::land::Stream;
use super::page::Refusal;
use super::report::{Landing, Outcome};
use crate::base::{Clock, Error, Progress, Result};
use crate::config::{Config, Source};
use crate::http::Limits;
use crate::store::RunId;

/// How the API of a source is read.
#[derive(Clone)]
pub(super) struct Collector {
    /// The API; or why it cannot be read.
    api: Result<Arc<Api>, Arc<Error>>,
    spool: Arc<Spool>,
}

/// What a collector knows of the files it brought, beside what they say.
#[derive(Debug, Clone, Default)]
pub(super) struct Brought {
    /// Which program read which API.
    pub collector: String,
    /// How much there should be, and which days it speaks for.
    pub control: Control,
    /// The last day that the stream is complete through; by default the day of extraction.
    pub complete_through: Option<NaiveDate>,
    /// Whether its days follow from what landed before: none of them is out of order.
    pub is_in_order: bool,
    /// Where reading began, and where it goes on once the last of these files has landed.
    pub cursor: Option<(Option<String>, Option<String>)>,
    /// Events up to here were compared with what the API has by now.
    pub reconciled_until: Option<DateTime<Utc>>,
    pub warnings: Vec<String>,
}

impl Brought {
    fn by(api: &Api) -> Self {
        let collector = format!("seatledger {} {}", env!("CARGO_PKG_VERSION"), api.vendor().kind);
        Self { collector, ..Self::default() }
    }
}

/// Why reading stopped.
enum Stop {
    /// The run cannot go on.
    Run(Error),
    /// This stream cannot be read; the others go on.
    Stream(Refusal),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Stream(refusal)
    }
}

/// Opens the APIs of sources that have one, in their order. One that cannot be opened is told of when it is read.
///
/// # Errors
/// Store, when pages cannot be kept on their way.
pub(super) fn open(
    config: &Config,
    run_id: &RunId,
    limits: Limits,
    clock: Clock,
    progress: &dyn Progress,
    is_wanted: impl Fn(&Source) -> bool,
) -> Result<Vec<Option<Collector>>> {
    let mut spool: Option<Arc<Spool>> = None;
    let mut open = |source: &Source| -> Result<Option<Collector>> {
        let Some((live, vendor)) = source.live.as_ref().zip(vendor(source.kind)).filter(|_| is_wanted(source)) else {
            return Ok(None);
        };
        if let Some(advice) = read::advice(&source.name, live) {
            progress.warn(&advice);
        }
        let spool = match &spool {
            Some(spool) => Arc::clone(spool),
            None => Arc::clone(spool.insert(Arc::new(Spool::open(config, run_id)?))),
        };
        let api = Api::open(config, live, vendor, limits, clock).map(Arc::new).map_err(Arc::new);
        Ok(Some(Collector { api, spool }))
    };
    config.project.sources.iter().map(&mut open).collect()
}

/// Reads a stream and lands what came.
///
/// # Errors
/// A store or conflict error; what went wrong at the source is in the landings.
pub(super) async fn land(stream: &Stream<'_>, collector: &Collector) -> Result<Vec<Landing>> {
    let api = match &collector.api {
        Ok(api) => api,
        Err(error) => return Ok(vec![stream.refused(None, Refusal::new("credential", error.to_string()))]),
    };
    let not_collected = |message: String| {
        // Named in the file, it is missed.
        let is_named = stream.source.streams.as_ref().is_some_and(|streams| streams.contains(&stream.name));
        is_named.then(|| stream.refused(None, Refusal::new("not_collected", message))).into_iter().collect()
    };
    let Some(table) = api.vendor().stream(&stream.name) else {
        let help = "drop its extracts into a folder that `from` names";
        return Ok(not_collected(format!("no collector reads this stream: {help}")));
    };
    if let Some(what) = api.unsaid(table) {
        return Ok(not_collected(what));
    }
    if matches!(table.nature, Nature::Log) {
        return log::land(stream, api, table, &collector.spool).await;
    }
    let batch = collector.spool.batch()?;
    let past = stream.past().await?;
    match feed::read(stream, api, table, &batch, &past).await {
        Ok(Some(brought)) => land_batch(stream, batch, &brought, false).await,
        Ok(None) => Ok(vec![stream.landing(past.complete_through(), Outcome::AlreadyLanded, Vec::new())]),
        Err(Stop::Stream(refusal)) => Ok(vec![stream.refused(None, refusal)]),
        Err(Stop::Run(error)) => Err(error),
    }
}

/// Lands the files of a batch as if they had been dropped; they are gone afterwards.
async fn land_batch(stream: &Stream<'_>, batch: Batch, brought: &Brought, is_backfill: bool) -> Result<Vec<Landing>> {
    let place = Place::Folder(batch.folder().to_owned());
    let spooled = Stream { place: &place, collector: None, brought: Some(brought), is_backfill, ..stream.clone() };
    let mut landings = spooled.land().await?;
    if let Some(last) = landings.last_mut().filter(|landing| landing.outcome == Outcome::AlreadyLanded) {
        last.warnings.extend(brought.warnings.iter().cloned());
    }
    Ok(landings)
}
