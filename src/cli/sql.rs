//! `sql`: any table of the newest run, in SQL that only reads.

use clap::Args;

use super::output::{self, ListFormat};
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::job::Job;

/// Ask any table in SQL
///
/// Tables are `<schema>.<table>`: published ones as `marts.spend`, the models behind them, and what was landed as
/// `raw.okta_users`. `seatledger describe` lists them.
#[derive(Debug, Args)]
pub(super) struct Sql {
    /// One SELECT; `$as_of` is the as-of date
    query: String,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// How to print the rows
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Sql {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let (session, _) = job.reader(self.as_of.as_of).await?;
        let (schema, batches) = session.query(&self.query).await?;
        output::rows(self.format, &schema, &batches)?;
        Ok(0)
    }
}
