//! Layer 3: lands dropped extracts. It reads what vendors write, lands it as committed Parquet, and never models.

mod body;
mod checks;
mod csv;
mod decode;
mod discover;
mod ecb;
mod explode;
mod facts;
mod json;
mod land;
mod okta_log;
mod page;
mod parse;
mod reader;
mod report;
#[cfg(test)]
mod tests;
mod values;
mod write;

pub use facts::{LandingFact, RawTable, audit_tables, files_in_force, landings};
pub use report::{LandOptions, LandReport, Landing, Outcome};

use crate::base::{Clock, Error, Progress, Result};
use crate::config::Config;
use crate::schema::dataset;
use crate::store::{RunId, Store};

/// Lands every extract of the configured sources that is not landed yet. A feed that is refused commits nothing and
/// leaves its former landing in force; the others go on.
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
    let run_id = RunId::new(clock);
    let mut report = LandReport::default();
    for source in &config.project.sources {
        if !options.sources.is_empty() && !options.sources.contains(&source.name) {
            continue;
        }
        let place = discover::Place::of(config, source)?;
        for name in source.configured(&config.root) {
            let Some(dataset) = source.dataset(&name).and_then(|d| dataset(source.kind.as_str(), d)) else { continue };
            let stream = land::Stream {
                config,
                store,
                source,
                name: &name,
                dataset,
                place: &place,
                is_backfill: options.backfill,
                default_date: options.extract_date,
                run_id: &run_id,
            };
            report.landings.extend(stream.land(progress).await?);
        }
    }
    Ok(report)
}
