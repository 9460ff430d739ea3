//! `report`: pages for people, from a run that is there.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::job::Job;
use crate::report;

/// Write the pages of a run again
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// The renewal pack: a page a contract in force, and one for all of them
    Renewal(Renewal),
    /// Candidates and decisions: how far they got, who is waited for, what came back
    Programme(Whole),
    /// Access reviews: a page for everybody who must decide something, and one for all of it
    Access(Whole),
    /// Spend and allocation, with the lines in the columns of FOCUS
    Spend(Whole),
    /// Data quality and freshness
    Quality(Whole),
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

/// Of which run, and where to.
#[derive(Debug, Args)]
pub(super) struct Whole {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// The folder to write to; outputs/<as_of> of the project when absent
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

impl Report {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let pages = match self {
            Self::Renewal(Renewal { project, as_of, contract, to }) => {
                let job = Job::open(&project.project, clock).await?;
                job.renewal(as_of.as_of, contract.as_deref(), to.as_deref()).await?
            }
            Self::Programme(which) => which.write(report::Report::Programme, clock).await?,
            Self::Access(which) => which.write(report::Report::Access, clock).await?,
            Self::Spend(which) => which.write(report::Report::Spend, clock).await?,
            Self::Quality(which) => which.write(report::Report::Quality, clock).await?,
        };
        let lines: String = pages.iter().map(|path| format!("{}\n", path.display())).collect();
        output::write(lines.as_bytes())?;
        Ok(0)
    }
}

impl Whole {
    async fn write(self, report: report::Report, clock: Clock) -> Result<Vec<PathBuf>> {
        let job = Job::open(&self.project.project, clock).await?;
        job.report(report, self.as_of.as_of, self.to.as_deref()).await
    }
}
