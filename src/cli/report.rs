//! `report`: pages for people, from a run that is there.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::job::Job;

/// Write the pages of a run again
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// The renewal pack: a page a contract in force, and one for all of them
    Renewal(Renewal),
}

/// Which contract, of which run, and where to.
#[derive(Debug, Args)]
pub(super) struct Renewal {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Only the page of this contract, by its number
    #[arg(long, value_name = "NUMBER")]
    contract: Option<String>,
    /// The folder to write to; outputs/<as_of>/renewal of the project when absent
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

impl Report {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let Self::Renewal(command) = self;
        let job = Job::open(&command.project.project, clock).await?;
        let pages = job.renewal(command.as_of.as_of, command.contract.as_deref(), command.to.as_deref()).await?;
        let lines: String = pages.iter().map(|path| format!("{}\n", path.display())).collect();
        output::write(lines.as_bytes())?;
        Ok(0)
    }
}
