//! `log`: the decision log.

use clap::Args;

use super::output::{self, ListFormat};
use super::{ProjectArgs, parse_code};
use crate::base::{Clock, ErrorKind, Result, text};
use crate::job::{Job, Words};
use crate::log::{self, Entry, EntryKind};

const HEADINGS: [&str; 8] =
    ["seq", "at", "type", "app_id", "policy_version", "subject_key", "evidence_sha256", "detail"];

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
    /// Add the words that entries commit to, from the private store; that you asked goes on record
    #[arg(long, requires = "reason")]
    notes: bool,
    /// Why you read them, a code such as audit_sample; goes on record
    #[arg(long, value_name = "CODE", value_parser = parse_code, requires = "notes")]
    reason: Option<String>,
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
        let is_wanted = |entry: &Entry| self.kind.is_none_or(|kind| entry.kind == kind);
        let Some(reason) = self.reason.as_ref().filter(|_| self.notes) else {
            let job = Job::look(&self.project.project, clock).await?;
            let entries = log::entries(&job.store, self.from).await?;
            let lines: Vec<_> = entries.iter().filter(|entry| is_wanted(entry)).map(line).collect();
            output::texts(self.format, &HEADINGS, &lines)?;
            return Ok(0);
        };
        let job = Job::open(&self.project.project, clock).await?;
        let told = job.read_notes(self.from, reason).await?;
        let told: Vec<_> = told.into_iter().filter(|(entry, _)| is_wanted(entry)).collect();
        let lines: Vec<_> = told.iter().map(|(entry, words)| [line(entry), said(words.as_ref())].concat()).collect();
        output::texts(self.format, &[&HEADINGS[..], &["note", "note_salt"]].concat(), &lines)?;
        let is_whole = told.iter().all(|(_, words)| !matches!(words, Some(Words::Altered | Words::Missing)));
        Ok(if is_whole { 0 } else { ErrorKind::Evidence.exit_code() })
    }
}

/// The words of an entry and their salt, or what became of them.
fn said(words: Option<&Words>) -> Vec<String> {
    let (text, salt) = match words {
        None => ("", ""),
        Some(Words::Kept(note)) => (note.text.as_str(), note.salt.as_str()),
        Some(Words::Erased) => ("(erased)", ""),
        Some(Words::Altered) => ("(not the words that are on record)", ""),
        Some(Words::Missing) => ("(not in this private store)", ""),
    };
    vec![text.to_owned(), salt.to_owned()]
}

fn line(entry: &Entry) -> Vec<String> {
    let shown = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        entry.seq.to_string(),
        entry.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        entry.kind.to_string(),
        shown(&entry.app_id),
        shown(&entry.policy_version),
        shown(&entry.subject_key),
        shown(&entry.evidence_sha256),
        serde_json::Value::Object(entry.detail()).to_string(),
    ]
}
