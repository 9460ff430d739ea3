//! Layer 5: publishes what people wrote as tables. Evaluation itself is SQL.

mod catalogue;
mod columns;
mod drops;
pub mod explain;
mod versions;

use crate::base::{Error, Result};
use crate::config::{Config, Freshness, PolicyFile};
use crate::schema::{self, Dataset, Role};
use columns::{Table, decimal, int, table, text};

/// The window of `core.seat_signals.feature_uses_90`.
const FEATURE_USES_DAYS: u32 = 90;

/// Every table of the schemas `config`, `seeds`, `drops` and `policies`, by full name; empty where nothing was written.
///
/// # Errors
/// An internal error when a value does not fit its column: validation should have refused it.
pub fn tables(config: &Config) -> Result<Vec<Table>> {
    let mut all = vec![project(config)?, automation(config)?, renewal(config)?, streams(config)?, windows(config)?];
    all.extend(catalogue::tables(&config.seeds)?);
    all.extend(drops::tables(&config.drops)?);
    all.extend(versions::tables(&config.policies)?);
    Ok(all)
}

/// The tables of the schema `policies` alone.
///
/// # Errors
/// As [`tables`].
pub fn rules(policies: &[PolicyFile]) -> Result<Vec<Table>> {
    versions::tables(policies)
}

fn project(config: &Config) -> Result<Table> {
    let one = std::slice::from_ref(&config.project);
    table(
        "config.project",
        [
            text("name", one, |p| p.name.as_str()),
            text("reporting_currency", one, |p| p.reporting_currency.as_str()),
            text("rate_set", one, |p| p.rate_set.as_str()),
            int("fiscal_year_start_month", one, |p| i64::from(p.fiscal_year_start_month)),
            int("fx_error_days", one, |p| i64::from(p.freshness.fx)),
        ],
    )
}

/// Who may change grants in the directory unasked.
fn automation(config: &Config) -> Result<Table> {
    table("config.automation_actors", [text("actor", &config.project.automation_actors, |actor| actor.as_str())])
}

/// By which shares a renewal is recommended, and how many seats it keeps in reserve.
fn renewal(config: &Config) -> Result<Table> {
    let one = std::slice::from_ref(&config.project.renewal);
    table(
        "config.renewal",
        [
            decimal("buffer_share", (9, 4), one, |r| r.buffer)?,
            decimal("renew_share", (9, 4), one, |r| r.renew_from)?,
            decimal("right_size_share", (9, 4), one, |r| r.right_size_from)?,
            decimal("downgrade_share", (9, 4), one, |r| r.downgrade_from)?,
        ],
    )
}

/// How many days of feature use somebody may ask for: the longest window of a tier rule, whichever version has it, or of a
/// column.
fn windows(config: &Config) -> Result<Table> {
    let versions = config.policies.iter().flat_map(|policy| &policy.versions);
    let rules = versions.flat_map(|version| version.tier_rules.iter().map(|rule| rule.within_days));
    let longest = rules.fold(FEATURE_USES_DAYS, u32::max);
    table("config.windows", [int("feature_days", &[longest], |days| i64::from(*days))])
}

struct Stream<'a> {
    source: &'a str,
    name: String,
    dataset: &'static Dataset,
    warn_days: u32,
    error_days: u32,
}

fn streams(config: &Config) -> Result<Table> {
    let mut all = Vec::new();
    for source in &config.project.sources {
        for name in source.configured(&config.root) {
            let dataset = source.dataset(&name).and_then(|stream| schema::dataset(source.kind.as_str(), stream));
            let dataset = dataset.ok_or_else(|| Error::internal(format!("no dataset for {}/{name}", source.name)))?;
            let (warn_days, class_error_days) = freshness_days(dataset.role, &config.project.freshness);
            let own_error_days = source.stream.get(&name).and_then(|options| options.freshness_error_days);
            let error_days = own_error_days.unwrap_or(class_error_days);
            let warn_days = warn_days.min(error_days);
            all.push(Stream { source: &source.name, name, dataset, warn_days, error_days });
        }
    }
    table(
        "config.streams",
        [
            text("source", &all, |s| s.source),
            text("kind", &all, |s| s.dataset.kind),
            text("stream", &all, |s| s.name.as_str()),
            text("feed", &all, |s| s.dataset.feed.as_str()),
            text("role", &all, |s| s.dataset.role.as_str()),
            int("freshness_warn_days", &all, |s| i64::from(s.warn_days)),
            int("freshness_error_days", &all, |s| i64::from(s.error_days)),
        ],
    )
}

/// From how many days on a stream is worth a warning, and from how many it is too old to act on.
fn freshness_days(role: Role, limits: &Freshness) -> (u32, u32) {
    match role {
        Role::Log => (1, limits.okta_log),
        Role::Hr => (1, limits.hr),
        Role::Directory | Role::Assignment | Role::Declared => (1, limits.assignments),
        Role::Report | Role::Activity => (3, limits.vendor_reports),
        Role::Itam => (7, limits.itam),
        Role::Fx => (4, limits.fx),
    }
}

#[cfg(test)]
mod tests;
