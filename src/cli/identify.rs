//! `identify`: whom a key of the evidence stands for.

use clap::Args;

use super::output::{self, ListFormat};
use super::{ProjectArgs, parse_code};
use crate::base::{Clock, Error, Result};
use crate::job::Job;

/// Whom a key of the evidence stands for; that you asked goes on record
#[derive(Debug, Args)]
pub(super) struct Identify {
    #[command(flatten)]
    project: ProjectArgs,
    /// The key: 32 hex digits
    key: String,
    /// Why, a code such as audit_sample; goes on record
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    reason: String,
    /// What else there is to say about it; kept in the private store, erased with whom the key stands for
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// How to list the names
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Identify {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let names = job.identify(&self.key, &self.reason, self.note.as_deref()).await?;
        if names.is_empty() {
            return Err(Error::usage(format!("`{}` stands for nobody, or for nobody any more", self.key)));
        }
        let lines: Vec<Vec<String>> = names.iter().map(|n| vec![n.kind().to_owned(), n.text().to_owned()]).collect();
        output::texts(self.format, &["kind", "name"], &lines)?;
        Ok(0)
    }
}
