//! What would keep the next run from going well, or its results from being complete: one small check a question, each
//! finding with what to do about it. Nothing is changed; of a store it makes one key and takes it away again.

use std::fmt;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Job;
use super::doctor_apis::apis;
use super::sources::{SourceLine, typed};
use crate::base::{AsOf, Clock, Error, ErrorKind, Result};
use crate::config::{self, Config, Diagnostic};
use crate::http::Secret;
use crate::snapshot::{Signer, fingerprint};
use crate::store::{Key, Store};

/// The models that convert contracts.
const CONTRACTS: &str = "+core.contract_lines";
const CURRENCIES: &str = "select annual_currency as currency, rate_set, count(*) as lines, \
    sum(case when reporting_annual_amount is null then 1 else 0 end) as unconverted, max(fx_rate_on) as rate_on \
    from core.contract_lines where is_in_force and annual_amount is not null and annual_currency <> reporting_currency \
    group by annual_currency, rate_set order by annual_currency, rate_set";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Runs go on, and say less than they could.
    Warning,
    /// A run fails, or what it says of a source is void.
    Problem,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// The check: `project`, `store`, `secret`, `stream`, ..
    pub check: &'static str,
    /// What it looked at.
    pub of: String,
    /// What it found.
    pub found: String,
    /// What to do about it; none when all is well.
    pub fix: Option<String>,
    /// Who must act on a problem.
    #[serde(skip)]
    pub kind: Option<ErrorKind>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, of: impl Into<String>, found: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, check, of: of.into(), found: found.into(), fix: None, kind: None }
    }

    pub(super) fn warning(
        check: &'static str,
        of: impl Into<String>,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { grade: Grade::Warning, fix: Some(fix.into()), ..Self::ok(check, of, found) }
    }

    pub(super) fn problem(check: &'static str, of: impl Into<String>, error: &Error, fix: impl Into<String>) -> Self {
        let finding = Self::warning(check, of, error.to_string(), fix);
        Self { grade: Grade::Problem, kind: Some(error.kind()), ..finding }
    }
}

/// Looks through a project.
pub async fn doctor(project: &Path, clock: Clock) -> Vec<Finding> {
    let config = match config::load(project) {
        Ok(config) => config,
        Err(found) => return found.iter().map(diagnosed).collect(),
    };
    let mut findings = vec![valid(&config)];
    findings.extend(config.warnings.iter().map(diagnosed));
    findings.extend(secrets(&config));
    findings.push(signature(&config));
    let job = match Job::of(config, clock) {
        Ok(job) => job,
        Err(error) => {
            let fix = "correct `store` and `private` in seatledger.toml, or make the place usable";
            findings.push(Finding::problem("store", project.display().to_string(), &error, fix));
            return findings;
        }
    };
    let stores = [put_if_absent("store", &job.store, clock).await, put_if_absent("private", &job.private, clock).await];
    let are_usable = stores.iter().all(|finding| finding.grade == Grade::Ok);
    findings.extend(stores);
    findings.extend(privacy(&job));
    findings.extend(apis(&job.config, clock).await);
    if are_usable {
        findings.extend(landed(&job, clock.today()).await);
        findings.extend(rates(&job, clock.today()).await);
    }
    findings
}

fn valid(config: &Config) -> Finding {
    let (project, seeds) = (&config.project, &config.seeds);
    let counted =
        format!("{} sources, {} policies, {} apps", project.sources.len(), config.policies.len(), seeds.apps.len());
    Finding::ok("project", project.name.clone(), counted)
}

fn diagnosed(found: &Diagnostic) -> Finding {
    let place = format!("{}:{}:{}", found.file, found.line, found.column);
    let fix = found.help.as_deref().unwrap_or("`seatledger validate` shows the line");
    match found.is_error() {
        true => Finding::problem("project", place, &Error::config(&found.message), fix),
        false => Finding::warning("project", place, &found.message, fix),
    }
}

/// Whether each secret is where the project says; what it is stays unsaid.
fn secrets(config: &Config) -> Vec<Finding> {
    let look = |(section, reference): (String, &config::SecretRef)| match Secret::fetch(reference, &config.root) {
        Ok(_) => Finding::ok("secret", section, "is where the project says"),
        Err(error) => {
            let fix = format!("put it there, or change `secret` of [{section}]");
            Finding::problem("secret", section, &error, fix)
        }
    };
    config.project.outward.secrets().into_iter().map(look).collect()
}

/// Whether snapshots can be signed.
fn signature(config: &Config) -> Finding {
    let Some(key) = &config.project.snapshot_key else {
        return Finding::ok("signature", "[snapshot]", "no key is named: snapshots say that they are not signed");
    };
    let signer = Signer::of(key, &config.root, config::env("SSH_AUTH_SOCK"));
    match signer.and_then(|signer| signer.public_key()) {
        Ok(key) => Finding::ok("signature", "[snapshot]", fingerprint(&key)),
        Err(error) => Finding::problem("signature", "[snapshot]", &error, "make the key usable, or name another one"),
    }
}

/// Whether a store refuses to create a key twice: every commit rests on that.
async fn put_if_absent(check: &'static str, store: &Store, clock: Clock) -> Finding {
    if let Err(error) = store.probe(clock).await {
        let fix = "check the address, its credentials and that it may be written; use a store with conditional puts";
        return Finding::problem(check, store.name(), &error, fix);
    }
    match (store.find(&Key::Store).await, store.check().await) {
        (Ok(None), _) => {
            let found = "can be written, and holds nothing yet";
            Finding::warning(check, store.name(), found, "`seatledger run` makes it; else check the address")
        }
        (_, Err(error)) => {
            Finding::problem(check, store.name(), &error, "use the release that wrote it, or restore it")
        }
        _ => Finding::ok(check, store.name(), "can be written, and refuses to create a key twice"),
    }
}

/// Whether the names that keys stand for are kept from those who may read the evidence.
fn privacy(job: &Job) -> Vec<Finding> {
    let Some(folder) = job.private.local() else { return Vec::new() };
    let place = folder.display().to_string();
    if job.store.local().is_some_and(|store| folder.starts_with(store)) {
        let error = Error::config("lies in the store: whoever reads the evidence reads the names");
        let fix = "move it beside the store and change `private` in seatledger.toml";
        return vec![Finding::problem("private", place, &error, fix)];
    }
    match is_open_to_others(folder) {
        true => {
            let fix = format!("chmod 700 {place}");
            vec![Finding::warning("private", place, "other users of this machine may read it", fix)]
        }
        false => Vec::new(),
    }
}

#[cfg(unix)]
fn is_open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Whether every stream has landed, and is fit to be judged on.
async fn landed(job: &Job, as_of: AsOf) -> Vec<Finding> {
    let lines = match job.sources(as_of).await {
        Ok(lines) => lines,
        Err(error) => return vec![Finding::problem("stream", job.store.name(), &error, "see `seatledger fsck`")],
    };
    let findings: Vec<Finding> = lines.iter().flat_map(|line| stream(job, line)).collect();
    match findings.is_empty() {
        true => vec![Finding::ok("stream", format!("{} streams", lines.len()), "are fresh and whole")],
        false => findings,
    }
}

fn stream(job: &Job, line: &SourceLine) -> Vec<Finding> {
    let state = &line.state;
    let name = format!("{}/{}", state.source, state.stream);
    let source = job.config.project.sources.iter().find(|s| s.name == state.source);
    let warn = |found: String, fix: &str| Finding::warning("stream", name.clone(), found, fix);
    let mut findings = Vec::new();
    if let Some((from, to)) = line.lost() {
        let found = format!("the source cannot tell any more of {from} until before {to}, and nobody collected it");
        findings.push(warn(found, "collect it from now on: whatever needs those days stays unknown"));
    }
    if state.is_concealed {
        let error = Error::new(ErrorKind::Source, "the newest report conceals names: its use is nobody's");
        let fix = "clear \"Display concealed user, group, and site names in all reports\" in the Microsoft 365 admin \
                   center (Settings, Org settings, Reports); reports change within 48 hours";
        findings.push(Finding::problem("stream", name.clone(), &error, fix));
    }
    let through = state.complete_through.map_or_else(|| "no day".to_owned(), |day| day.to_string());
    let apps = state.used_by_apps.as_deref().unwrap_or("no app");
    findings.extend(match state.problem.as_deref() {
        Some("never_landed") if !state.is_configured => {
            let fix = "add it as a [[source]], or take what names it out of seeds/apps.csv";
            Some(warn(format!("the project does not collect it, and seats of {apps} need it"), fix))
        }
        Some("never_landed") => {
            let fix = match source.and_then(|source| source.from.as_ref()) {
                Some(from) => format!("put an extract below {from}/{}/ and ingest it", state.stream),
                None => "`seatledger ingest` reads it".to_owned(),
            };
            Some(warn("nothing ever landed".to_owned(), &format!("{fix}, or leave it out of `streams`")))
        }
        Some("stale") => {
            let found = format!("complete through {through}; the limit is {} d", state.freshness_error_days);
            Some(warn(found, "land a newer extract: what rests on it is unknown until then"))
        }
        Some("partial") => Some(warn(
            "pages are missing from all that landed".to_owned(),
            "land the pages that are missing, or correct _control.json",
        )),
        _ => None,
    });
    findings
}

#[derive(Deserialize)]
struct Currency {
    currency: String,
    rate_set: String,
    lines: u64,
    unconverted: u64,
    rate_on: Option<NaiveDate>,
}

/// Whether the currency of every contract line in force converts.
async fn rates(job: &Job, as_of: AsOf) -> Vec<Finding> {
    let currencies = match currencies(job, as_of).await {
        Ok(currencies) => currencies,
        Err(error) => return vec![Finding::problem("rates", job.store.name(), &error, "see `seatledger fsck`")],
    };
    currencies.iter().map(|currency| rate(job, currency)).collect()
}

async fn currencies(job: &Job, as_of: AsOf) -> Result<Vec<Currency>> {
    let (session, _) = job.models(as_of, CONTRACTS).await?;
    typed(&session, CURRENCIES).await
}

fn rate(job: &Job, currency: &Currency) -> Finding {
    let Currency { currency, rate_set, lines, unconverted, rate_on } = currency;
    let reporting = &job.config.project.reporting_currency;
    let of = format!("{currency} to {reporting}");
    match rate_on {
        Some(day) if *unconverted == 0 => {
            Finding::ok("rates", of, format!("{rate_set} rate of {day}, contract lines: {lines}"))
        }
        _ => {
            let limit = job.config.project.freshness.fx;
            let fix = match rate_set.as_str() {
                "budget" => "add the fiscal year and currency to seeds/budget_rates.csv".to_owned(),
                _ => format!("land rates of the last {limit} days (a source of kind ecb)"),
            };
            let found =
                format!("no {rate_set} rate within its limit; contract lines that do not convert: {unconverted}");
            Finding::warning("rates", of, found, fix)
        }
    }
}
