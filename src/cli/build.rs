//! `build`: the models, from what is landed.

use clap::Args;

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::config::{self, Config, Place};
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

/// Which models, and how they are computed.
#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// Models to build: `core.seats`, `core.seats+` (and what reads it), `+core.seats`, `policy.*`, several with commas
    #[arg(long, value_name = "MODELS")]
    select: Option<String>,
    /// Partitions of a plan; the cores of the machine by default. Changes no result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    partitions: Option<u16>,
    /// The memory that the process may take, such as 512MB or 4GB; what does not fit goes to disk. Changes no result
    #[arg(long, value_name = "SIZE", value_parser = config::parse_memory)]
    memory: Option<u64>,
    /// Where models are computed: `local`, or `ballista://host:port`. Changes no result
    #[arg(long, value_name = "ENGINE", value_parser = Place::parse)]
    engine: Option<Place>,
    /// Read all that ever landed, as if there were no earlier run. Changes no result
    #[arg(long)]
    rebuild: bool,
}

impl ModelArgs {
    /// What the command line says, and the project where it says nothing.
    pub(super) fn options(&self, config: &Config, clock: Clock, as_of: &AsOfArgs) -> RunOptions {
        let project = Settings::of(config);
        let settings = Settings {
            partitions: self.partitions.map_or(project.partitions, usize::from),
            memory: self.memory.or(project.memory),
            place: self.engine.clone().unwrap_or(project.place),
            spill: project.spill,
        };
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
        let run = job.build(&self.models.options(&job.config, clock, &self.as_of), terminal).await?;
        let lines: Vec<_> = run.rows.iter().map(|(table, rows)| vec![table.clone(), rows.to_string()]).collect();
        output::texts(self.format, &["table", "rows"], &lines)?;
        Ok(0)
    }
}
