//! `verify`: does a sealed snapshot hold.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::{self, ListFormat};
use crate::base::{Error, ErrorKind, Result};
use crate::snapshot::{self, Rows, VerifyOptions};

/// Check a sealed snapshot
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The snapshot's folder
    path: PathBuf,
    /// Whose signatures count: an OpenSSH allowed_signers file. With it, an unsigned snapshot fails
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
    /// Who in that file must have signed; anyone in it when absent
    #[arg(long, value_name = "NAME", requires = "allowed_signers")]
    principal: Option<String>,
    /// A checkpoint published before, or the snapshot that holds it: the decision log must continue it
    #[arg(long, value_name = "PATH")]
    since: Option<PathBuf>,
    /// Whether every row is read and hashed again
    #[arg(long, value_enum, default_value_t = RowsArg::Auto)]
    rows: RowsArg,
    /// How to print the result; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

/// What is done with the rows of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RowsArg {
    /// Recompute up to 256 MB of tables, count beyond
    Auto,
    /// Recompute all
    All,
    /// Count only
    Count,
}

impl Verify {
    pub(super) fn run(self) -> Result<u8> {
        let options = VerifyOptions {
            allowed_signers: self.allowed_signers,
            principal: self.principal,
            since: self.since,
            rows: match self.rows {
                RowsArg::Auto => Rows::Auto,
                RowsArg::All => Rows::All,
                RowsArg::Count => Rows::Count,
            },
        };
        let verification = snapshot::verify(&self.path, &options)?;
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
