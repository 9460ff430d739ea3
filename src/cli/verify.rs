//! `verify`: does a sealed snapshot hold.

use std::path::PathBuf;

use clap::Args;

use super::output::{self, ListFormat};
use crate::base::{Error, ErrorKind, Result};
use crate::snapshot;

/// Check a sealed snapshot
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The snapshot's folder
    path: PathBuf,
    /// How to print the result; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Verify {
    pub(super) fn run(self) -> Result<u8> {
        let verification = snapshot::verify(&self.path)?;
        if self.format == Some(ListFormat::Json) {
            let json = serde_json::to_vec_pretty(&verification).map_err(|e| Error::internal("JSON").because(e))?;
            output::write(&json)?;
            output::write(b"\n")?;
        } else {
            output::write(verification.to_string().as_bytes())?;
        }
        Ok(if verification.ok { 0 } else { ErrorKind::Evidence.exit_code() })
    }
}
