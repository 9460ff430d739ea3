//! `fsck`: does the store hold together.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use super::terminal::Terminal;
use crate::base::{Clock, ErrorKind, Result};
use crate::job::Job;

/// Check that the store holds together, and list what nobody names
#[derive(Debug, Args)]
pub(super) struct Fsck {
    #[command(flatten)]
    project: ProjectArgs,
    /// Read every file and check its SHA-256
    #[arg(long)]
    deep: bool,
    /// How to list the findings; `json` prints one object
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Fsck {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = Job::look(&self.project.project, clock).await?;
        let found = job.store.fsck(self.deep).await?;
        if self.format == Some(ListFormat::Json) {
            output::object(&found)?;
        } else {
            let line = |f: &crate::store::Finding| {
                let at = f.modified_at.map_or(String::new(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
                vec![f.kind.to_string(), f.path.clone(), at, f.detail.clone()]
            };
            let lines: Vec<_> = found.findings.iter().map(line).collect();
            output::texts(self.format, &["finding", "path", "modified_at", "detail"], &lines)?;
        }
        terminal.say(&format!("{}: {found}", job.store.name()));
        Ok(if found.ok { 0 } else { ErrorKind::Evidence.exit_code() })
    }
}
