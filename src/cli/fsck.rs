//! `fsck`: does the store hold together.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use super::terminal::Terminal;
use crate::base::{Clock, ErrorKind, Result};
use crate::job::Job;
use crate::store::Finding;

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
        let looks = job.fsck(self.deep).await?;
        let both = [("store", &job.store, &looks.store), ("private", &job.private, &looks.private)];
        if self.format == Some(ListFormat::Json) {
            output::object(&looks)?;
        } else {
            let line = |of: &str, f: &Finding| {
                let at = f.modified_at.map_or(String::new(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
                vec![f.kind.to_string(), of.to_owned(), f.path.clone(), at, f.detail.clone()]
            };
            let lines: Vec<_> =
                both.iter().flat_map(|(of, _, found)| found.findings.iter().map(|f| line(of, f))).collect();
            output::texts(self.format, &["finding", "of", "path", "modified_at", "detail"], &lines)?;
        }
        for (_, store, found) in both {
            terminal.say(&format!("{}: {found}", store.name()));
        }
        Ok(if looks.store.ok && looks.private.ok { 0 } else { ErrorKind::Evidence.exit_code() })
    }
}
