//! `review`: what is due after a run.

use clap::Args;

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, ErrorKind, Result};
use crate::job::{Job, Review, ReviewOptions};

/// Do what is due after a run: ask, remind, escalate, hand actions over
#[derive(Debug, Args)]
pub(super) struct ReviewCommand {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Say what is due, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// A rehearsal: send every question and notice to this address alone, and put nothing on record
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// How to list what happened
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl ReviewCommand {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let options = ReviewOptions { dry_run: self.dry_run, rehearse_to: self.to, as_of: self.as_of.as_of };
        let review = job.review(&options).await?;
        let headings = ["what", "candidate", "app", "action", "to", "due_on", "ticket"];
        let cells = review.lines.iter().map(|line| {
            let cells =
                [line.what, &line.candidate_id, &line.app_id, &line.action, &line.to, &line.due_on, &line.ticket];
            cells.map(str::to_owned).to_vec()
        });
        output::texts(self.format, &headings, &cells.collect::<Vec<_>>())?;
        complain(&review, terminal);
        Ok(exit_code(&review))
    }
}

/// Says what waits, what is held, and what could not be done.
pub(super) fn complain(review: &Review, terminal: &Terminal) {
    for refused in &review.refused {
        terminal.say(&format!("warning: {refused}"));
    }
    for (why, count) in &review.waiting {
        terminal.say(&format!("{count} candidates wait: {why}"));
    }
    for held in &review.held {
        terminal.error(held);
    }
    for failed in &review.failed {
        terminal.error(failed);
    }
}

/// 5 when a limit holds a batch of the run, 4 when something could not be sent.
pub(super) fn exit_code(review: &Review) -> u8 {
    match (review.held.is_empty(), review.failed.is_empty()) {
        (false, _) => ErrorKind::Data.exit_code(),
        (true, false) => ErrorKind::Source.exit_code(),
        (true, true) => 0,
    }
}
