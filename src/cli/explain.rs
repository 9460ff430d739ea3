//! `explain`: why a seat got its verdict, or why it is no candidate.

use clap::Args;

use super::output::{self, ListFormat};
use super::{AsOfArgs, ProjectArgs};
use crate::base::{Clock, Error, Result};
use crate::job::Job;

/// Why a seat got its verdict, and what would change it
///
/// Every rule of the evaluation table is printed with the values it compared; for a seat that is no candidate the
/// first rule that stopped it is named.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The app, as in seeds/apps.csv
    app: String,
    /// The account: its id, e-mail or user name
    account: String,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// How to print it; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Explain {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::open(&self.project.project, clock).await?;
        let explanations = job.explain(&self.app, &self.account, self.as_of.as_of).await?;
        if self.format == Some(ListFormat::Json) {
            let json = serde_json::to_vec_pretty(&explanations).map_err(|e| Error::internal("JSON").because(e))?;
            output::write(&json)?;
            output::write(b"\n")?;
        } else {
            let text: Vec<String> = explanations.iter().map(ToString::to_string).collect();
            output::write(text.join("\n").as_bytes())?;
        }
        Ok(0)
    }
}
