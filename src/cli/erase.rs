//! `erase`: takes a person out of the warehouse.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use crate::base::{Clock, Error, Result};
use crate::job::Job;

/// Take a person out of the warehouse and its outputs; snapshots still verify
#[derive(Debug, Args)]
pub(super) struct Erase {
    #[command(flatten)]
    project: ProjectArgs,
    /// The person: worker id or e-mail address
    person: String,
    /// The legal basis, such as gdpr_17_1_a; goes on record
    #[arg(long, value_name = "CODE", value_parser = parse_basis)]
    basis: String,
    /// Who approved it; goes on record as a key
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// Do it; without this, only say what would change
    #[arg(long)]
    apply: bool,
    /// How to print the result; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// A code, no sentence: the log is for ever, and nobody's name may slip into it.
fn parse_basis(text: &str) -> std::result::Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match !text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("a code of lower-case letters, digits and underscores".to_owned()),
    }
}

impl Erase {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let erasure = job.erase(&self.person, &self.basis, &self.approver, self.apply).await?;
        if self.format == Some(ListFormat::Json) {
            let json = serde_json::to_vec_pretty(&erasure).map_err(|e| Error::internal("JSON").because(e))?;
            output::write(&json)?;
            output::write(b"\n")?;
        } else {
            output::write(erasure.to_string().as_bytes())?;
        }
        Ok(0)
    }
}
