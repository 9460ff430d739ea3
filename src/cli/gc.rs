//! `gc`: what retention and orphans leave to delete.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use super::terminal::Terminal;
use crate::base::{Clock, ErrorKind, Result};
use crate::job::Job;
use crate::store::{GcAction, GcItem};

/// List what has been kept long enough and what nobody names; with --apply, delete it
#[derive(Debug, Args)]
pub(super) struct GcCommand {
    #[command(flatten)]
    project: ProjectArgs,
    /// Do it; without, it is only listed
    #[arg(long)]
    apply: bool,
    /// How to list the files; `json` prints one object
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl GcCommand {
    pub(super) async fn run(self, clock: Clock, terminal: &Terminal) -> Result<u8> {
        let job = if self.apply {
            Job::open(&self.project.project, clock).await?
        } else {
            Job::look(&self.project.project, clock).await?
        };
        let gc = job.gc(self.apply).await?;
        if self.format == Some(ListFormat::Json) {
            output::object(&gc)?;
        } else {
            let line = |i: &GcItem| {
                let of = if i.is_private { "private" } else { "store" };
                vec![i.action.to_string(), of.to_owned(), i.path.clone(), i.bytes.to_string(), i.why.clone()]
            };
            let lines: Vec<_> = gc.items.iter().map(line).collect();
            output::texts(self.format, &["action", "of", "path", "bytes", "why"], &lines)?;
        }
        let (expired, deleted, held, refused) = (
            gc.total(GcAction::Expire),
            gc.total(GcAction::Delete),
            gc.total(GcAction::Hold),
            gc.total(GcAction::Refused),
        );
        let done = if gc.applied { "done" } else { "nothing was changed; --apply does it" };
        terminal.say(&format!(
            "expire {}, delete {} ({} bytes), held {}, refused {}: {done}",
            expired.0, deleted.0, deleted.1, held.0, refused.0
        ));
        Ok(if refused.0 == 0 { 0 } else { ErrorKind::Store.exit_code() })
    }
}
