//! Layer 4: lands extracts, dropped by people or read from APIs. It reads what vendors write, lands it as committed
//! Parquet, and never models.

mod body;
mod checks;
mod csv;
mod decode;
mod discover;
mod ecb;
mod erase;
mod expire;
mod explode;
mod facts;
mod json;
mod land;
mod live;
mod okta_log;
mod page;
mod parse;
mod past;
mod reader;
mod report;
mod terraform;
#[cfg(test)]
mod terraform_tests;
#[cfg(test)]
mod tests;
mod values;
mod write;

pub use body::Override;
pub use erase::{erase, knows};
pub use expire::expirable;
pub use facts::{LandingFact, RawTable, Totals, audit_tables, files_in_force, inputs, landings, logs, overrides};
pub use live::{Answer, Probe, probe};
pub use report::{AcceptedSize, LandOptions, LandReport, Landing, Outcome};

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::{Clock, Error, Progress, Result};
use crate::config::{Config, Source};
use crate::schema::dataset;
use crate::store::{RunId, Store};

/// Lands every extract of the configured sources that is not landed yet, and what their APIs have. A feed that is
/// refused commits nothing and leaves its former landing in force; the others go on.
///
/// # Errors
/// Usage for an unknown source, Store and Conflict errors; what a feed got wrong is in the report.
pub async fn land(
    config: &Config,
    store: &Store,
    options: &LandOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> Result<LandReport> {
    let known = || config.project.sources.iter().map(|s| s.name.as_str());
    if let Some(unknown) = options.sources.iter().find(|name| !known().any(|k| k == name.as_str())) {
        let names: Vec<&str> = known().collect();
        return Err(Error::usage(format!("no source is called `{unknown}`: there are {}", names.join(", "))));
    }
    for accepted in &options.accepted {
        check_reason(config, accepted)?;
    }
    let run_id = RunId::new(clock);
    let places = config.project.sources.iter().map(|s| discover::Place::of(config, s)).collect::<Result<Vec<_>>>()?;
    let is_wanted = |source: &Source| options.sources.is_empty() || options.sources.contains(&source.name);
    let collectors = live::open(config, &run_id, options.limits, clock, progress, is_wanted)?;
    let kept = okta_log::Kept::within(options.memory);
    let mut streams = Vec::new();
    for ((source, place), collector) in config.project.sources.iter().zip(&places).zip(&collectors) {
        if !is_wanted(source) {
            continue;
        }
        for name in source.configured(&config.root) {
            let Some(dataset) = source.dataset(&name).and_then(|d| dataset(source.kind.as_str(), d)) else { continue };
            let accepted = options.accepted.iter().find(|a| a.source == source.name && a.stream == name);
            streams.push(land::Stream {
                accepted: accepted.map(|a| report::Acceptance {
                    reason: &a.reason,
                    actor: &options.actor,
                    note_sha256: options.note_sha256.as_deref(),
                }),
                config,
                store,
                source,
                name,
                dataset,
                place,
                is_backfill: options.backfill,
                default_date: options.extract_date,
                run_id: &run_id,
                collector: collector.as_ref(),
                brought: None,
                kept: &kept,
            });
        }
    }
    progress.start("ingest", streams.len() as u64);
    let report = LandReport { landings: each(&streams, progress)? };
    progress.finish(&report.to_string());
    Ok(report)
}

/// A size is accepted for a reason that the project knows.
fn check_reason(config: &Config, accepted: &AcceptedSize) -> Result<()> {
    let AcceptedSize { source, stream, reason } = accepted;
    if !config.project.sources.iter().any(|s| s.name == *source && s.configured(&config.root).contains(stream)) {
        return Err(Error::usage(format!("--accept-row-count: there is no stream {source}/{stream}")));
    }
    if config.seeds.reason_codes.iter().any(|r| r.kind == "override" && r.code == *reason) {
        return Ok(());
    }
    let help = "list it in seeds/reason_codes.csv with the kind `override`";
    Err(Error::usage(format!("--accept-row-count: `{reason}` is no reason to set a check aside: {help}")))
}

/// Lands the streams side by side, a thread a core: each has a chain of its own. The landings keep their order.
fn each(streams: &[land::Stream<'_>], progress: &dyn Progress) -> Result<Vec<Landing>> {
    let runtime = tokio::runtime::Handle::current();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, stream)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, streams.get(i)?)))
        {
            done.push((at, runtime.block_on(stream.land_all())));
            progress.advance(1);
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut done: Vec<(usize, Result<Vec<Landing>>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    if done.len() != streams.len() {
        return Err(Error::internal("a thread died while landing"));
    }
    let landed = done.into_iter().map(|(_, landings)| landings).collect::<Result<Vec<_>>>()?;
    Ok(landed.into_iter().flatten().collect())
}
