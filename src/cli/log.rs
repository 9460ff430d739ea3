//! `log`: the decision log.

use clap::Args;

use super::ProjectArgs;
use super::output::{self, ListFormat};
use crate::base::{Clock, Error, Result, text};
use crate::job::Job;
use crate::log::{self, Entry, EntryKind};

/// What was decided and done, entry by entry
#[derive(Debug, Args)]
pub(super) struct Log {
    #[command(flatten)]
    project: ProjectArgs,
    /// The first entry to list, by its number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    /// Only entries of this type, such as policy.activated
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_kind)]
    kind: Option<EntryKind>,
    /// How to list the entries
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

fn parse_kind(name: &str) -> std::result::Result<EntryKind, String> {
    EntryKind::parse(name).ok_or_else(|| {
        let near = text::nearest(name, EntryKind::ALL.iter().map(|kind| kind.as_str()));
        near.map_or("there is no such type".to_owned(), |near| format!("there is no such type; did you mean `{near}`?"))
    })
}

impl Log {
    pub(super) async fn run(self, clock: Clock) -> Result<u8> {
        let job = Job::look(&self.project.project, clock).await?;
        let entries = log::entries(&job.store, self.from).await?;
        let wanted = entries.iter().filter(|entry| self.kind.is_none_or(|kind| entry.kind == kind));
        let lines = wanted.map(line).collect::<Result<Vec<_>>>()?;
        let headings = ["seq", "at", "type", "app_id", "policy_version", "subject_key", "evidence_sha256", "detail"];
        output::texts(self.format, &headings, &lines)?;
        Ok(0)
    }
}

fn line(entry: &Entry) -> Result<Vec<String>> {
    let payload: serde_json::Value =
        serde_json::from_str(&entry.payload).map_err(|e| Error::internal("a payload that is no JSON").because(e))?;
    let shown = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(vec![
        entry.seq.to_string(),
        entry.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        entry.kind.to_string(),
        shown(&entry.app_id),
        shown(&entry.policy_version),
        shown(&entry.subject_key),
        shown(&entry.evidence_sha256),
        payload.get("detail").map_or(String::new(), serde_json::Value::to_string),
    ])
}
