//! `serve`: the page behind the links in notices.

use clap::Args;

use super::ProjectArgs;
use super::terminal::Terminal;
use crate::base::{Clock, Result};
use crate::job::Job;

/// Serve the page behind the links in notices, until it is stopped
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    project: ProjectArgs,
}

impl Serve {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        if let Some(page) = &job.config.project.outward.answers {
            terminal.say(&format!("serving answers on {} as {}", page.bind, page.origin));
        }
        job.serve().await.map(|()| 0)
    }
}
