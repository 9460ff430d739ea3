//! `build`: the models, from what is landed.

use clap::Args;

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::engine::Settings;
use crate::job::{Job, RunOptions};

/// Build the models from what is landed, and commit the run
#[derive(Debug, Args)]
pub(super) struct Build {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    models: ModelArgs,
    /// How to list the tables
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// Which models, and how wide.
#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// Models to build: `core.seats`, `core.seats+` (and what reads it), `+core.seats`, `policy.*`, several with commas
    #[arg(long, value_name = "MODELS")]
    select: Option<String>,
    /// Partitions of a plan; the cores of the machine by default. Changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    partitions: Option<u16>,
    /// Read all that ever landed, as if there were no earlier run. Changes no result
    #[arg(long)]
    rebuild: bool,
}

impl ModelArgs {
    pub(super) fn options(&self, clock: Clock, as_of: &AsOfArgs) -> RunOptions {
        let settings = self.partitions.map_or_else(Settings::default, |n| Settings { partitions: n.into() });
        RunOptions {
            as_of: as_of.as_of.unwrap_or_else(|| clock.today()),
            select: self.select.clone(),
            rebuild: self.rebuild,
            settings,
        }
    }
}

impl Build {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let run = job.build(&self.models.options(clock, &self.as_of), terminal).await?;
        let lines: Vec<_> = run.rows.iter().map(|(table, rows)| vec![table.clone(), rows.to_string()]).collect();
        output::texts(self.format, &["table", "rows"], &lines)?;
        Ok(0)
    }
}
