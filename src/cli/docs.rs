//! `docs`: the data dictionary as a page.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::base::Result;
use crate::job;

/// Every table, column and check on one page, with what each column is computed from
#[derive(Debug, Args)]
pub(super) struct Docs {
    /// The file to write; standard output when absent
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Docs {
    pub(super) async fn run(self) -> Result<u8> {
        match self.to {
            None => output::write(job::dictionary().await?.as_bytes())?,
            Some(path) => {
                job::write_dictionary(&path).await?;
                output::write(format!("{}\n", path.display()).as_bytes())?;
            }
        }
        Ok(0)
    }
}
