//! `sources`: how fresh, how whole and how far back each stream is.

use clap::{Args, ValueEnum};

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, ErrorKind, Result};
use crate::job::{Hole, Job, Last, SourceLine};

/// For people: what fits on a screen.
const SHORT: [&str; 12] = [
    "stream",
    "feed",
    "status",
    "last_landing",
    "complete_through",
    "age_days",
    "limit_days",
    "covered_from",
    "horizon",
    "holes",
    "rows",
    "set_apart",
];

/// For machines: everything.
const WHOLE: [&str; 27] = [
    "source",
    "stream",
    "kind",
    "role",
    "feed",
    "status",
    "problem",
    "is_configured",
    "freshness_warn_days",
    "freshness_error_days",
    "complete_through",
    "age_days",
    "covered_from",
    "horizon",
    "reaches_back_to",
    "holes",
    "landing",
    "extract_date",
    "committed_at",
    "coverage",
    "fetched",
    "accepted",
    "duplicate",
    "filtered",
    "quarantined",
    "warnings",
    "used_by_apps",
];

/// How fresh, how whole and how far back each stream is
///
/// One line a stream that the project collects or an app rests on: its limit of age, the last landing with its control
/// totals (rows fetched = accepted + duplicate + filtered + quarantined), the day it is complete through, how far back
/// the source itself can tell, and the holes. CSV and JSON say more than the table.
#[derive(Debug, Args)]
pub(super) struct Sources {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// End with 3 when a collected stream is staler than its limit, or with 4 when one is partial or conceals names
    #[arg(long, value_name = "WHAT", value_enum)]
    fail_on: Option<FailOn>,
    /// How to list the streams
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// What a caller takes for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Staler than its limit, or never landed
    Stale,
    /// Any problem that keeps seats from being judged
    Error,
}

impl Sources {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::look(&self.project.project, clock).await?;
        let lines = job.sources(self.as_of.as_of.unwrap_or_else(|| clock.today())).await?;
        match output::form(self.format) {
            ListFormat::Json => output::object(&lines)?,
            ListFormat::Table => {
                output::texts(Some(ListFormat::Table), &SHORT, &lines.iter().map(short).collect::<Vec<_>>())?;
            }
            other => output::texts(Some(other), &WHOLE, &lines.iter().map(whole).collect::<Vec<_>>())?,
        }
        for remark in lines.iter().flat_map(remarks) {
            terminal.say(&remark);
        }
        Ok(self.fail_on.and_then(|fail_on| fail_on.kind(&lines)).map_or(0, ErrorKind::exit_code))
    }
}

impl FailOn {
    fn kind(self, lines: &[SourceLine]) -> Option<ErrorKind> {
        let mut bad = lines.iter().map(|l| &l.state).filter(|s| s.is_configured && s.status == "error").peekable();
        match self {
            Self::Stale => bad.any(|s| s.is_stale()).then_some(ErrorKind::Stale),
            Self::Error if bad.peek().is_none() => None,
            Self::Error => Some(if bad.all(|s| s.is_stale()) { ErrorKind::Stale } else { ErrorKind::Source }),
        }
    }
}

fn short(line: &SourceLine) -> Vec<String> {
    let state = &line.state;
    let totals = line.last.as_ref().map(|last| last.totals);
    vec![
        format!("{}/{}", state.source, state.stream),
        said(state.feed.as_ref()),
        state.problem.clone().unwrap_or_else(|| state.status.clone()),
        said(line.last.as_ref().map(|last| last.extract_date)),
        said(state.complete_through),
        said(state.age_days),
        state.freshness_error_days.to_string(),
        said(state.covered_from),
        said(line.horizon.as_ref()),
        line.holes.len().to_string(),
        said(totals.map(|t| t.fetched)),
        said(totals.map(|t| t.quarantined)),
    ]
}

fn whole(line: &SourceLine) -> Vec<String> {
    let (state, last) = (&line.state, line.last.as_ref());
    let total = |of: fn(&Last) -> u64| said(last.map(of));
    vec![
        state.source.clone(),
        state.stream.clone(),
        said(state.kind.as_ref()),
        said(state.role.as_ref()),
        said(state.feed.as_ref()),
        state.status.clone(),
        said(state.problem.as_ref()),
        state.is_configured.to_string(),
        said(state.freshness_warn_days),
        state.freshness_error_days.to_string(),
        said(state.complete_through),
        said(state.age_days),
        said(state.covered_from),
        said(line.horizon.as_ref()),
        said(line.reaches_back_to),
        line.holes.iter().map(hole).collect::<Vec<_>>().join("; "),
        total(|l| l.landing),
        said(last.map(|l| l.extract_date)),
        said(last.and_then(|l| l.committed_at).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ"))),
        said(last.map(|l| l.coverage)),
        total(|l| l.totals.fetched),
        total(|l| l.totals.accepted),
        total(|l| l.totals.duplicate),
        total(|l| l.totals.filtered),
        total(|l| l.totals.quarantined),
        last.map_or(String::new(), |l| l.warnings.join("; ")),
        said(state.used_by_apps.as_ref()),
    ]
}

/// What a line has no room for.
fn remarks(line: &SourceLine) -> Vec<String> {
    let name = format!("{}/{}", line.state.source, line.state.stream);
    let mut remarks: Vec<String> = line.holes.iter().map(|h| format!("{name}: no data {}", hole(h))).collect();
    if let Some((from, to)) = line.lost() {
        let horizon = said(line.horizon.as_ref());
        remarks.push(format!("{name}: lost for ever: {from} until before {to}; the source keeps {horizon}"));
    }
    if !line.state.is_configured {
        let apps = said(line.state.used_by_apps.as_ref());
        remarks.push(format!("{name}: not collected, and {apps} rests on it"));
    }
    if let Some(last) = &line.last {
        let newest = if last.is_in_force { "" } else { " (not in force)" };
        remarks.extend(last.warnings.iter().map(|warning| format!("{name} {}{newest}: {warning}", last.extract_date)));
    }
    remarks
}

fn hole(hole: &Hole) -> String {
    format!("{}..{} {}", hole.from, hole.to, hole.kind)
}

fn said(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}
