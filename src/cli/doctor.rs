//! `doctor`: what would keep the next run from going well.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use crate::base::{Clock, Result};
use crate::job::{Finding, Grade, doctor};

/// What would keep the next run from going well, and what to do about it
///
/// Looks at the project file, the stores, every secret, the signing key, each stream and the exchange rates that contracts
/// need. Changes nothing. Ends with 0 unless there is a problem; a warning is none.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to list the findings
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

impl Doctor {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let findings = doctor(&self.project.project, clock).await;
        match output::form(self.format) {
            ListFormat::Json => output::object(&findings)?,
            ListFormat::Table => output::write(findings.iter().map(told).collect::<String>().as_bytes())?,
            other => {
                let headings = ["grade", "check", "of", "found", "fix"];
                output::texts(Some(other), &headings, &findings.iter().map(line).collect::<Vec<_>>())?;
            }
        }
        let kinds = findings.iter().filter(|f| f.grade == Grade::Problem).filter_map(|f| f.kind);
        Ok(kinds.map(|kind| kind.exit_code()).max().unwrap_or(0))
    }
}

fn line(finding: &Finding) -> Vec<String> {
    let Finding { grade, check, of, found, fix, .. } = finding;
    vec![grade.to_string(), (*check).to_owned(), of.clone(), found.clone(), fix.clone().unwrap_or_default()]
}

/// For people: what was found, and below it what to do.
fn told(finding: &Finding) -> String {
    let Finding { grade, check, of, found, fix, .. } = finding;
    let fix = fix.as_ref().map_or(String::new(), |fix| format!("{:20}-> {fix}\n", ""));
    format!("{grade:8} {check:10} {of}: {found}\n{fix}")
}
