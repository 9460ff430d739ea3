//! `ingest`: lands what is not landed yet.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::Args;

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{ProjectArgs, parse_day};
use crate::base::{AsOf, Clock, Result};
use crate::ingest::{AcceptedSize, LandOptions, LandReport, Landing, Outcome};
use crate::job::Job;

/// Land every extract that is not landed yet
#[derive(Debug, Args)]
pub(super) struct Ingest {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    land: LandArgs,
    /// How to list the landings
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// How extracts are landed.
#[derive(Debug, Args)]
pub(super) struct LandArgs {
    /// The day of files that name none, YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    extract_date: Option<AsOf>,
    /// Accept extracts older than the newest landed one
    #[arg(long)]
    backfill: bool,
    /// Only this source; may be given again
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Land a feed of half its usual rows or less, for a reason of seeds/reason_codes.csv; may be given again
    #[arg(long, value_name = "SOURCE/STREAM=REASON", value_parser = parse_accepted)]
    accept_row_count: Vec<AcceptedSize>,
    /// What else there is to say about that; kept in the private store, on record by a hash
    #[arg(long, value_name = "TEXT", requires = "accept_row_count")]
    note: Option<String>,
}

fn parse_accepted(text: &str) -> std::result::Result<AcceptedSize, String> {
    let parts = text.split_once('=').and_then(|(feed, reason)| Some((feed.split_once('/')?, reason)));
    let ((source, stream), reason) = parts.ok_or("write it as SOURCE/STREAM=REASON, such as okta/groups=divested")?;
    Ok(AcceptedSize { source: source.to_owned(), stream: stream.to_owned(), reason: reason.to_owned() })
}

impl LandArgs {
    pub(super) async fn options(&self, job: &Job, memory: Option<u64>) -> Result<LandOptions> {
        let extract_date: Option<NaiveDate> = self.extract_date.map(AsOf::day);
        let note_sha256 = match &self.note {
            Some(text) => Some(job.keep_note(text, None).await?),
            None => None,
        };
        Ok(LandOptions {
            extract_date,
            backfill: self.backfill,
            sources: self.source.clone(),
            actor: String::new(),
            accepted: self.accept_row_count.clone(),
            note_sha256,
            memory,
            ..LandOptions::default()
        })
    }
}

impl Ingest {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let report = job.ingest(&self.land.options(&job, job.config.project.engine.memory).await?, terminal).await?;
        list(self.format, &report)?;
        complain(&report, terminal);
        Ok(report.exit_kind().map_or(0, |kind| kind.exit_code()))
    }
}

fn list(format: Option<ListFormat>, report: &LandReport) -> Result<()> {
    let lines: Vec<Vec<String>> = report.landings.iter().map(line).collect();
    let headings =
        ["source", "stream", "extract_date", "outcome", "fetched", "accepted", "duplicate", "filtered", "quarantined"];
    output::texts(format, &headings, &lines)
}

fn line(landing: &Landing) -> Vec<String> {
    let outcome = match &landing.outcome {
        Outcome::Landed { version } => format!("landed @{version}"),
        Outcome::Partial { version } => format!("partial @{version}"),
        Outcome::AlreadyLanded => "already landed".to_owned(),
        Outcome::Refused { reason_code, .. } => format!("refused {reason_code}"),
    };
    vec![
        landing.source.clone(),
        landing.stream.clone(),
        landing.extract_date.map_or(String::new(), |d| d.to_string()),
        outcome,
        landing.fetched.to_string(),
        landing.accepted.to_string(),
        landing.duplicate.to_string(),
        landing.filtered.to_string(),
        landing.quarantined.to_string(),
    ]
}

/// Says what was refused or odd, with what to do. Of warnings of one kind in one stream the newest is shown.
pub(super) fn complain(report: &LandReport, terminal: &Terminal) {
    let mut kinds: BTreeMap<(&str, &str, &str), (usize, String)> = BTreeMap::new();
    for landing in &report.landings {
        let day = landing.extract_date.map_or(String::new(), |d| format!(" {d}"));
        for warning in &landing.warnings {
            let code = warning.split(':').next().unwrap_or_default();
            let (count, newest) = kinds.entry((&landing.source, &landing.stream, code)).or_default();
            *count += 1;
            *newest = format!("{}/{}{day}: {warning}", landing.source, landing.stream);
        }
        if let Outcome::Refused { reason_code, message } = &landing.outcome {
            let place = format!("{}/{}{day}", landing.source, landing.stream);
            terminal.error(&format!("{place}: refused ({reason_code}): {message}"));
        }
    }
    for (count, newest) in kinds.values() {
        let more = if *count > 1 { format!(" ({} earlier landings alike)", count - 1) } else { String::new() };
        terminal.say(&format!("warning: {newest}{more}"));
    }
}
