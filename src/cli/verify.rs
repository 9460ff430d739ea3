//! `verify`: does a sealed snapshot hold.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::output::{self, ListFormat};
use crate::base::{ErrorKind, Result};
use crate::engine::Settings;
use crate::job::{self, Replay};
use crate::snapshot::{self, Rows, Verification, VerifyOptions};

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
    /// The folder of the index, snapshots/index of the store or a copy of it: the snapshot must be in its chain
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Whether every row is read and hashed again
    #[arg(long, value_enum, default_value_t = RowsArg::Auto)]
    rows: RowsArg,
    /// Compute evaluations, candidates and reports again from what is sealed, and demand the same bytes
    #[arg(long)]
    replay: bool,
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

/// What is printed.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    verification: Verification,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<Replay>,
}

impl Verify {
    pub(super) async fn run(self) -> Result<u8> {
        let options = VerifyOptions {
            allowed_signers: self.allowed_signers,
            principal: self.principal,
            since: self.since,
            index: self.index,
            rows: match self.rows {
                RowsArg::Auto => Rows::Auto,
                RowsArg::All => Rows::All,
                RowsArg::Count => Rows::Count,
            },
        };
        let verification = snapshot::verify(&self.path, &options)?;
        // What is altered proves nothing by agreeing with itself.
        let replay = match self.replay && verification.ok {
            true => Some(job::replay(&self.path, &Settings::default()).await?),
            false => None,
        };
        let result = Checked { verification, replay };
        if self.format == Some(ListFormat::Json) {
            output::object(&result)?;
        } else {
            output::write(result.verification.to_string().as_bytes())?;
            output::write(result.replay.as_ref().map_or(String::new(), Replay::to_string).as_bytes())?;
        }
        let is_ok = result.verification.ok && result.replay.is_none_or(|replay| replay.ok);
        Ok(if is_ok { 0 } else { ErrorKind::Evidence.exit_code() })
    }
}
