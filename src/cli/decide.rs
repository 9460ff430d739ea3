//! `decide`: what people say about candidates.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::output::{self, ListFormat};
use super::{ProjectArgs, parse_code, parse_day};
use crate::base::{AsOf, Clock, Error, Result};
use crate::config::{self, Decision};
use crate::job::{Answered, Given, Job};

/// Say what becomes of a candidate, take a hold back, let a held batch go
#[derive(Debug, Subcommand)]
pub(super) enum Decide {
    /// Agree: the action may go out
    Accept(DecideArgs),
    /// Refuse, with a reason
    Deny(DecideArgs),
    /// Keep the seat for a time, with a reason
    Hold(DecideArgs),
    /// Keep a held seat for longer, with a reason
    Extend(DecideArgs),
    /// Say that you need your own seat
    Confirm(DecideArgs),
    /// Agree as the second person
    Approve(DecideArgs),
    /// Refuse as the second person
    Reject(DecideArgs),
    /// Take a hold back before its end, or let a batch go that a limit holds: that needs two persons within 24 hours
    Release(DecideArgs),
    /// Take decisions from a file, or say what would become of each
    Import(ImportArgs),
}

/// What is decided, by whom and why.
#[derive(Debug, Args)]
pub(super) struct DecideArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// A candidate, the app and account of one (APP/ACCOUNT, by id or address), or a held batch
    #[arg(value_name = "CANDIDATE|APP/ACCOUNT|BATCH")]
    about: String,
    /// Who decides: an address or a worker id; you, when absent
    #[arg(long = "as", value_name = "ADDRESS")]
    by: Option<String>,
    /// Why: a code of seeds/reason_codes.csv
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    reason: Option<String>,
    /// Of a hold the first day outside, YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<AsOf>,
    /// What else there is to say; kept in the private store, on record by a hash
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// How to list what became of it
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// A file of decisions.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// CSV or NDJSON: candidate_id, decision, reason_code, expires_on, decided_by, decided_on, answer_id
    file: PathBuf,
    /// Put them on record; without this, only say what would become of each
    #[arg(long)]
    apply: bool,
    /// How to list the rows
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Decide {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let (decision, args) = match self {
            Self::Import(args) => return args.run(clock).await,
            Self::Release(args) => return args.release(clock).await,
            Self::Accept(args) => (Decision::Accept, args),
            Self::Deny(args) => (Decision::Deny, args),
            Self::Hold(args) | Self::Extend(args) => (Decision::Hold, args),
            Self::Confirm(args) => (Decision::Confirm, args),
            Self::Approve(args) => (Decision::Approve, args),
            Self::Reject(args) => (Decision::Reject, args),
        };
        args.run(decision, clock).await
    }
}

impl DecideArgs {
    async fn run(self, decision: Decision, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let given = Given {
            about: self.about.clone(),
            decision,
            reason_code: self.reason,
            expires_on: self.until.map(AsOf::day),
            by: self.by,
            note: self.note,
        };
        let answered = job.decide(&given).await?;
        // One candidate that cannot be decided is what the command was about; of several, each is told of.
        if let [(candidate, Answered::Refused(refusal))] = &answered[..] {
            return Err(Error::usage(refusal.message.clone()).at(candidate.clone()));
        }
        let lines = answered.iter().map(|(candidate, answered)| {
            let (outcome, why) = told(answered);
            vec![candidate.clone(), decision.to_string(), outcome.to_owned(), why]
        });
        output::texts(self.format, &["candidate", "decision", "outcome", "why"], &lines.collect::<Vec<_>>())?;
        Ok(code(answered.iter().map(|(_, answered)| answered)))
    }

    async fn release(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let reason =
            self.reason.ok_or_else(|| Error::usage("to release needs --reason, a code of seeds/reason_codes.csv"))?;
        let said = job.release(&self.about, self.by.as_deref(), &reason, self.note.as_deref()).await?;
        output::write(format!("{said}\n").as_bytes())?;
        Ok(0)
    }
}

impl ImportArgs {
    async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let (rows, rejected) = config::decisions_of(&self.file, &job.config.seeds).map_err(config::to_error)?;
        let answered = job.import(&rows, self.apply).await?;
        let mut lines: Vec<(usize, Vec<String>)> = Vec::new();
        for (row, answered) in rows.iter().zip(&answered) {
            let (outcome, why) = told(answered);
            let day = |day: Option<NaiveDate>| day.map_or(String::new(), |day| day.to_string());
            let (candidate, decision, until) =
                (row.candidate_id.clone(), row.decision.to_string(), day(row.expires_on));
            lines.push((row.line, vec![candidate, decision, until, outcome.to_owned(), why]));
        }
        for row in &rejected {
            let why = format!("{} ({})", row.message, row.reason_code);
            lines.push((row.line, vec![String::new(), String::new(), String::new(), "refused".to_owned(), why]));
        }
        lines.sort_by_key(|(line, _)| *line);
        let cells = lines.into_iter().map(|(line, cells)| [vec![line.to_string()], cells].concat());
        let headings = ["line", "candidate", "decision", "until", "outcome", "why"];
        output::texts(self.format, &headings, &cells.collect::<Vec<_>>())?;
        Ok(if rejected.is_empty() { code(answered.iter()) } else { 2 })
    }
}

fn told(answered: &Answered) -> (&'static str, String) {
    match answered {
        Answered::Counts => ("counts", String::new()),
        Answered::Late(why) => ("late", format!("{why}: kept, and without effect")),
        Answered::Known(seq) => ("known", format!("entry {seq} has it")),
        Answered::Refused(refusal) => ("refused", format!("{refusal} ({})", refusal.code)),
    }
}

/// 2 when one of them cannot be given.
fn code<'a>(mut answered: impl Iterator<Item = &'a Answered>) -> u8 {
    if answered.any(|answered| matches!(answered, Answered::Refused(_))) { 2 } else { 0 }
}
