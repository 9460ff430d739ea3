//! `validate`: every error of every file at once; nothing is written.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use crate::base::{Error, ErrorKind, Result};
use crate::config;

/// Check the project file, policies, seeds and drops; write nothing
#[derive(Debug, Args)]
pub(super) struct Validate {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print what was found; `json` for machines
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Validate {
    pub(super) fn run(self) -> Result<u8> {
        let (found, summary) = match config::load(&self.project.project) {
            Ok(config) => {
                let summary = format!(
                    "{}: {} sources, {} policies, {} apps: valid\n",
                    config.project.name,
                    config.project.sources.len(),
                    config.policies.len(),
                    config.seeds.apps.len()
                );
                (config.warnings, summary)
            }
            Err(found) => (found, String::new()),
        };
        let errors = found.iter().filter(|d| d.is_error()).count();
        if self.format == Some(ListFormat::Json) {
            let json = serde_json::to_vec_pretty(&found).map_err(|e| Error::internal("JSON").because(e))?;
            output::write(&json)?;
            output::write(b"\n")?;
        } else {
            let text: String = found.iter().map(|d| format!("{d}\n")).collect();
            output::write(text.as_bytes())?;
            let verdict = if errors > 0 { format!("{errors} errors; nothing was written\n") } else { summary };
            output::write(verdict.as_bytes())?;
        }
        Ok(if errors > 0 { ErrorKind::Config.exit_code() } else { 0 })
    }
}
