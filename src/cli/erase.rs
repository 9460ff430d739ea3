//! `erase`: takes a person out of the warehouse.

use clap::Args;

use super::output::{self, ListFormat};
use super::{ProjectArgs, parse_code};
use crate::base::{Clock, Result};
use crate::job::Job;

/// Take a person out of the warehouse and its outputs; snapshots still verify
#[derive(Debug, Args)]
pub(super) struct Erase {
    #[command(flatten)]
    project: ProjectArgs,
    /// The person: worker id or e-mail address
    person: String,
    /// The legal basis, such as gdpr_17_1_a; goes on record
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    basis: String,
    /// Who approved it; goes on record as a key
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// What else there is to say about it, without naming the person; kept in the private store
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Do it; without this, only say what would change
    #[arg(long)]
    apply: bool,
    /// How to print the result; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Erase {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let note = self.note.as_deref();
        let erasure = job.erase(&self.person, &self.basis, &self.approver, note, self.apply).await?;
        if self.format == Some(ListFormat::Json) {
            output::object(&erasure)?;
        } else {
            output::write(erasure.to_string().as_bytes())?;
        }
        Ok(0)
    }
}
