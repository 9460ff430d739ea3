//! Layer 1: what people wrote. The project file, the policies, the seeds and the drops, parsed and validated; every
//! error of every file is found in one go, each with its file, line and column and with what to write instead.

mod contracts;
mod diagnostic;
mod drops;
mod engine;
mod folder;
mod kinds;
mod live;
mod outward;
mod policy;
mod policy_check;
mod project;
mod rails;
mod renewal;
mod retention;
mod roles;
mod secret;
mod section;
mod seeds;
mod sheet;
mod word;
mod zone;

#[cfg(test)]
mod declared_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod outward_tests;
#[cfg(test)]
mod rails_tests;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use contracts::{BudgetMonth, Clause, ContractClause, Invoice, InvoiceKind};
pub use diagnostic::{Diagnostic, Severity, Snippet};
pub use drops::{
    Decided, Decision, Drops, Executed, ExecutedAction, Hold, LegalHold, Rejected, SelfConfirmation, Target,
};
pub use engine::{EngineOptions, Place, parse_memory};
pub use kinds::{Kind, KnownStream, STREAMS};
pub use live::{AuthKind, Live, Login};
pub use outward::{
    Answers, DeskKind, Guard, Jira, Notices, Okta, OktaToken, Outward, Server, ServiceNow, Siem, Smtp, Splunk, Syslog,
    Tickets, Wire,
};
pub use policy::{
    IdleAction, Mode, OnNoResponse, OrphanAction, Override, PolicyFile, Settings, Signal, TierRule, Version,
    policies_of,
};
pub use project::{Format, Freshness, MappedRole, Project, RateSet, SnapshotKey, Source, StreamOptions};
pub use rails::{AppRails, Freeze, Rails};
pub use renewal::Renewal;
pub use retention::{Held, Retention, StoreHold};
pub use roles::RoleGrant;
pub use secret::SecretRef;
pub use seeds::{
    AccountPattern, AccountType, App, BudgetRate, DIRECTORY, IdentityOverride, ReasonCode, ReclaimConsequence, Seeds,
    Sensitivity, SodRule, Tier,
};
pub use word::Word;
pub use zone::Zone;

use crate::base::Error;
use folder::Folder;

/// The name of the project file.
pub const PROJECT_FILE: &str = "seatledger.toml";
/// The code of a project file that is not there.
const NO_PROJECT: &str = "SL0109";

/// A whole project as its people wrote it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The project folder.
    pub root: PathBuf,
    /// The project file.
    pub project: Project,
    /// The policies, by name of file.
    pub policies: Vec<PolicyFile>,
    /// The seeds.
    pub seeds: Seeds,
    /// The drops.
    pub drops: Drops,
    /// What is legal but worth a look.
    pub warnings: Vec<Diagnostic>,
    /// Hash of the names and contents of all files that were read.
    pub sha256: String,
}

impl Config {
    /// A project in which nothing is written yet: every default, no source, no policy.
    pub fn blank() -> Self {
        Self {
            root: PathBuf::new(),
            project: Project {
                name: String::new(),
                store: String::new(),
                private: String::new(),
                buckets: 1,
                reporting_currency: "EUR".to_owned(),
                rate_set: RateSet::Spot,
                fiscal_year_start_month: 1,
                freshness: Freshness::default(),
                snapshot_key: None,
                retention: Retention::default(),
                rails: Rails::default(),
                renewal: Renewal::default(),
                automation_actors: Vec::new(),
                engine: EngineOptions::default(),
                outward: Outward::default(),
                sources: Vec::new(),
            },
            policies: Vec::new(),
            seeds: Seeds::default(),
            drops: Drops::default(),
            warnings: Vec::new(),
            sha256: String::new(),
        }
    }
}

/// Reads a project, given its folder or its project file.
///
/// # Errors
/// All findings, warnings too, in the order of files and lines, when one of them is an error.
pub fn load(path: &Path) -> Result<Config, Vec<Diagnostic>> {
    let (root, name) = match (path.is_dir(), path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (false, Some(parent), Some(name)) => (parent, name),
        _ => (path, PROJECT_FILE),
    };
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let folder = Folder::new(root);
    if !root.join(name).exists() {
        let found =
            Diagnostic::file(NO_PROJECT, root.join(name).display().to_string(), "there is no project file here");
        return Err(vec![found.help("name the project folder, or make one with `seatledger demo`")]);
    }
    let (mut project, named_apps) = project::read(&folder, name).unzip();
    let seeds = seeds::read(&folder, project.as_ref());
    if let Some(project) = &mut project {
        retention::find_feeds(project, named_apps.unwrap_or_default(), &seeds, &folder.problems);
    }
    let policies = policy::read(&folder, project.as_ref(), &seeds);
    let drops = drops::read(&folder, &seeds);
    let (found, sha256) = folder.finish();
    match project {
        Some(project) if !found.iter().any(Diagnostic::is_error) => {
            Ok(Config { root: root.to_owned(), project, policies, seeds, drops, warnings: found, sha256 })
        }
        _ => Err(found),
    }
}

/// Reads decisions from a CSV or NDJSON file anywhere, as from `drops/decisions`: those that can be used, and the others.
///
/// # Errors
/// All findings when the file as a whole cannot be read.
pub fn decisions_of(path: &Path, seeds: &Seeds) -> Result<(Vec<Decided>, Vec<Rejected>), Vec<Diagnostic>> {
    let (parent, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().and_then(|name| name.to_str()));
    let folder = Folder::new(if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let Some(name) = name.filter(|_| path.is_file()) else {
        return Err(vec![Diagnostic::file(NO_PROJECT, path.display().to_string(), "there is no such file")]);
    };
    let read = drops::read_decisions(&folder, name, seeds);
    let (found, _) = folder.finish();
    if found.iter().any(Diagnostic::is_error) { Err(found) } else { Ok(read) }
}

/// One error that shows all findings, ready for a terminal.
pub fn to_error(found: Vec<Diagnostic>) -> Error {
    let errors = found.iter().filter(|one| one.is_error()).count();
    let shown: Vec<String> = found.iter().map(Diagnostic::to_string).collect();
    let plural = if errors == 1 { "" } else { "s" };
    Error::config(format!("the project has {errors} error{plural}\n\n{}", shown.join("\n\n")))
}

/// Who runs the program, for what is put on record: `SEATLEDGER_ACTOR`, else the user of the machine.
pub fn actor() -> String {
    let named = ["SEATLEDGER_ACTOR", "USER", "LOGNAME"].into_iter().filter_map(env).find(|name| !name.is_empty());
    named.unwrap_or_else(|| "unknown".to_owned())
}

/// A variable of the environment; secrets come this way and only this way. `None` when unset or not Unicode.
#[allow(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The options of buckets that the environment holds: region, endpoint, credentials. Each family of stores reads its
/// own names (`AWS_*`, `AZURE_*`, `GOOGLE_*`) and leaves the others alone.
pub fn store_options() -> Vec<(String, String)> {
    let is_option = |name: &str| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|family| name.starts_with(family));
    // What is not Unicode is no option.
    let texts =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| is_option(name)).collect()
}
