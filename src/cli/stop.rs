//! `stop`: the kill switch.

use clap::{Args, Subcommand};

use super::terminal::Terminal;
use super::{ProjectArgs, parse_code};
use crate::base::{Clock, Result};
use crate::job::Job;

/// Set or clear the kill switch
#[derive(Debug, Subcommand)]
pub(super) enum Stop {
    /// From now on nothing goes outward
    Set(StopArgs),
    /// What is due goes outward again
    Clear(StopArgs),
}

/// Why, for the record.
#[derive(Debug, Args)]
pub(super) struct StopArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Why, a code such as incident_17; goes on record
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    reason: String,
    /// What else there is to say about it; kept in the private store
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Stop {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let (is_set, args) = match self {
            Self::Set(args) => (true, args),
            Self::Clear(args) => (false, args),
        };
        let job = Job::open(&args.project.project, clock).await?;
        job.stop(is_set, &args.reason, args.note.as_deref()).await?;
        terminal.say(match is_set {
            true => "STOP is set: nothing goes outward until `seatledger stop clear`",
            false => "STOP is cleared: the next review does what is due",
        });
        Ok(0)
    }
}
