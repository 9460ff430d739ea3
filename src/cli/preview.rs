//! `preview`: what a policy version would change, before it takes effect.

use clap::Args;

use super::output::{self, ListFormat};
use super::terminal::Terminal;
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Result};
use crate::engine::Settings;
use crate::job::Job;

/// Which candidates a policy version would bring and take, with their money; stores nothing
///
/// The version is put in force over the facts of a run, and its candidates are compared with those of that run: each group
/// of those that are new or gone, by reason and by segment of the people.
#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The app whose policy it is
    app: String,
    /// The version, by its id; the one that takes effect next when absent
    #[arg(long, value_name = "ID")]
    version: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// How to print the groups
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Preview {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let (version, settings) = (self.version.as_deref(), Settings::of(&job.config));
        let found = job.preview(&self.app, version, self.as_of.as_of, settings, terminal).await?;
        terminal.say(&format!("{} {} as if in force on {}; nothing is stored", self.app, found.version, found.as_of));
        output::rows(self.format, &found.schema, &found.rows)?;
        Ok(0)
    }
}
