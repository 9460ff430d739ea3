//! What people and desks say between the runs of a story: the lines of its `log.csv`, put into the decision log as the
//! program's own doors do it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use seatledger::base::Clock;
use seatledger::identity::{IdentityMap, Name};
use seatledger::job::Job;
use seatledger::log::{self, EntryKind, NewEntry};
use seatledger::store::RunId;
use serde_json::{Map, Value};

use super::project::{Project, Row, Tables};

/// One line: `at,type,app_id,account_id,actor,detail`; the detail is `name=value`, separated by blanks.
pub struct Said {
    at: DateTime<Utc>,
    kind: EntryKind,
    app_id: String,
    account_id: String,
    actor: String,
    detail: BTreeMap<String, String>,
}

impl Said {
    /// The lines of a story, in their order; none when it has no such file.
    pub fn read(story: &Path) -> Vec<Self> {
        let file = story.join("log.csv");
        let Ok(text) = fs::read(&file) else { return Vec::new() };
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let lines = reader.deserialize::<(String, String, String, String, String, String)>();
        lines
            .map(|line| {
                let (at, kind, app_id, account_id, actor, detail) =
                    line.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                let word = |word: &str| {
                    let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("{word} is not name=value"));
                    (name.to_owned(), value.to_owned())
                };
                Self {
                    at: at.parse().unwrap_or_else(|e| panic!("{at}: {e}")),
                    kind: EntryKind::parse(&kind).unwrap_or_else(|| panic!("no entry is of type {kind}")),
                    app_id,
                    account_id,
                    actor,
                    detail: detail.split_whitespace().map(word).collect(),
                }
            })
            .collect()
    }

    /// Whether a run that speaks for a day knows of it.
    pub fn is_known_on(&self, day: &str) -> bool {
        self.at.date_naive() <= day.parse::<NaiveDate>().unwrap()
    }

    /// Puts it into the log of a project, about the newest candidate of its account in the tables of the run before.
    pub fn append(&self, project: &Project, before: &Tables) {
        let candidate = before
            .rows("review.candidates")
            .into_iter()
            .filter(|row| row["app_id"] == self.app_id && row["account_id"] == self.account_id)
            .max_by(|a, b| a["opened_on"].cmp(&b["opened_on"]));
        assert!(self.account_id.is_empty() || candidate.is_some(), "{} is no candidate", self.account_id);
        project
            .with_job(async |job| {
                let identity = job.identity().await?;
                let entry = self.entry(candidate.as_ref(), &identity);
                let run_id = RunId::new(Clock::Fixed(self.at));
                identity.commit(&run_id, &job.config.sha256).await?;
                self.commit(&job, entry, &run_id).await
            })
            .unwrap();
    }

    async fn commit(&self, job: &Job, entry: NewEntry, run_id: &RunId) -> seatledger::base::Result<()> {
        let head = log::head(&job.store).await?;
        let reads = head.map(|head| head.reads).unwrap_or_default();
        let (commit_id, config) = (format!("said {run_id}"), &job.config.sha256);
        log::append(&job.store, vec![entry], reads, BTreeMap::new(), &commit_id, run_id, config).await?;
        Ok(())
    }

    fn entry(&self, candidate: Option<&Row>, identity: &IdentityMap) -> NewEntry {
        let key = |name: &str| identity.key(Name::id(name)).unwrap();
        let mut detail = Map::new();
        for column in ["candidate_id", "sku_id", "action", "target_sku_id"] {
            let value = candidate.map(|row| row[column].as_str()).filter(|value| !value.is_empty());
            detail.extend(value.map(|value| (column.to_owned(), value.into())));
        }
        for (name, value) in &self.detail {
            let value = match name.as_str() {
                name if name.ends_with("_key") => key(value).into(),
                "step" | "run" | "approvals" => Value::from(value.parse::<u64>().unwrap()),
                _ => Value::from(value.as_str()),
            };
            detail.insert(name.clone(), value);
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        NewEntry {
            app_id: some(&self.app_id),
            subject_key: some(&self.account_id).map(|account| key(&account)),
            policy_version: candidate.and_then(|row| some(&row["policy_version_id"])),
            evidence_sha256: candidate.and_then(|row| some(&row["evidence_sha256"])),
            ..NewEntry::new(self.at, self.kind, key(&self.actor), Value::Object(detail))
        }
    }
}
