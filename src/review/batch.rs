//! Batches that a limit held: of what, and who let them go.

use std::fmt;

use chrono::{DateTime, Duration, Utc};

/// How long the word of one person to let a batch go counts.
const APPROVAL_HOURS: i64 = 24;

/// What a limit is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything.
    All,
    /// One app.
    App(String),
    /// What one approver is asked, by the approver's key.
    Manager(String),
}

/// Before the key of an approver in the name of a batch.
const MANAGER: &str = "manager:";

impl Scope {
    fn parse(text: &str) -> Self {
        match (text, text.strip_prefix(MANAGER)) {
            ("all", _) => Self::All,
            (_, Some(key)) => Self::Manager(key.to_owned()),
            (app, None) => Self::App(app.to_owned()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::App(app) => f.write_str(app),
            Self::Manager(key) => write!(f, "{MANAGER}{key}"),
        }
    }
}

/// What a limit held in one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `<run>/<scope>`.
    pub name: String,
    /// The run.
    pub run: u64,
    /// What is held.
    pub scope: Scope,
    /// The limit.
    pub rail: String,
    /// When.
    pub tripped_at: DateTime<Utc>,
    /// Who let it go, and when.
    pub approvals: Vec<(String, DateTime<Utc>)>,
}

impl Batch {
    /// The name of the batch of a scope in a run.
    pub fn name(run: u64, scope: &Scope) -> String {
        format!("{run}/{scope}")
    }

    /// A batch by its name; none when it is no name of one.
    pub(super) fn tripped(name: &str, rail: &str, at: DateTime<Utc>) -> Option<Self> {
        let (run, scope) = name.split_once('/')?;
        let (run, scope) = (run.parse().ok()?, Scope::parse(scope));
        Some(Self { name: name.to_owned(), run, scope, rail: rail.to_owned(), tripped_at: at, approvals: Vec::new() })
    }

    pub(super) fn approve(&mut self, who: &str, at: DateTime<Utc>) {
        self.approvals.push((who.to_owned(), at));
    }

    /// The persons whose word to let it go counts at an instant.
    pub fn approvers(&self, now: DateTime<Utc>) -> Vec<&str> {
        let counts = |at: &DateTime<Utc>| *at <= now && now - *at < Duration::hours(APPROVAL_HOURS);
        let mut keys: Vec<&str> = self.approvals.iter().filter(|(_, at)| counts(at)).map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether two different persons let it go and their word counts at an instant.
    pub fn is_released(&self, now: DateTime<Utc>) -> bool {
        self.approvers(now).len() >= 2
    }

    /// Whether two different persons ever let it go: then they answer for the state it was found in.
    pub fn was_released(&self) -> bool {
        self.approvals.iter().any(|(_, at)| self.is_released(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(hour) * 3600, 0).unwrap()
    }

    #[test]
    fn two_persons_let_a_batch_go_for_a_day() {
        let mut batch = Batch::tripped("7/figma", "app", at(0)).unwrap();
        assert_eq!((batch.run, &batch.scope), (7, &Scope::App("figma".into())));
        batch.approve("a", at(1));
        batch.approve("a", at(2));
        assert!(!batch.is_released(at(3)), "one person twice is one person");
        batch.approve("b", at(20));
        assert!(batch.is_released(at(20)) && batch.was_released());
        assert!(batch.is_released(at(25)), "the second word of the first person still counts");
        assert!(!batch.is_released(at(26)), "a word counts 24 hours");
        assert!(!batch.is_released(at(1)), "nobody is heard before they spoke");
    }

    #[test]
    fn words_more_than_a_day_apart_never_meet() {
        let mut batch = Batch::tripped("7/all", "organisation", at(0)).unwrap();
        batch.approve("a", at(1));
        batch.approve("b", at(25));
        assert!(!batch.is_released(at(25)) && !batch.was_released());
    }

    #[test]
    fn a_name_says_run_and_scope() {
        for scope in [Scope::All, Scope::App("a-b".into()), Scope::Manager("0f".into())] {
            let batch = Batch::tripped(&Batch::name(3, &scope), "x", at(0)).unwrap();
            assert_eq!((batch.run, batch.scope), (3, scope));
        }
        assert!(Batch::tripped("all", "x", at(0)).is_none() && Batch::tripped("x/all", "x", at(0)).is_none());
    }
}
