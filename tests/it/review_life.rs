//! Random days of a company over real runs: people answer or do not, use what they were about to lose, leave; runs and
//! reviews die. Whatever the order, the log explains every state, models and code agree on it, nothing goes out that was
//! not granted, and nothing twice. `SEATLEDGER_SEEDS` for more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use seatledger::base::progress::Quiet;
use seatledger::base::{AsOf, Clock, Result};
use seatledger::config::Decision;
use seatledger::engine::Settings;
use seatledger::ingest::LandOptions;
use seatledger::job::{Given, Job, ReviewOptions, Run, RunOptions};
use seatledger::log::{self, Entry, EntryKind};
use seatledger::review::Book;
use seatledger::store::Store;

use super::chance::Chance;
use super::fault::{Fault, FaultStore};
use super::project::{Project, rows_of};
use super::review::{Door, acting};
use super::scenarios::write_feeds_of;

/// How many companies, unless `SEATLEDGER_SEEDS` says.
const SEEDS: u64 = 3;
/// What happens in the days of each.
const STEPS: usize = 16;
/// Mia decides, and is asked most; the others may not, or only in the end.
const PEOPLE: [&str; 7] = [
    "mia@northwind.example",
    "mia@northwind.example",
    "mia@northwind.example",
    "ida@northwind.example",
    "ian@northwind.example",
    "design-tools@northwind.example",
    "nobody@northwind.example",
];
const ACCOUNTS: [&str; 3] = ["figma/f-ida", "figma/f-ian", "figma/f-ivo"];

struct Company {
    project: Project,
    objects: InMemory,
    private: InMemory,
    day: NaiveDate,
    /// Passes with everything that happens, so that nobody waits for whoever died.
    now: DateTime<Utc>,
    door: Door,
    run: Option<Run>,
    is_checked: bool,
}

impl Company {
    fn new(chance: &mut Chance) -> Self {
        let is_checked = chance.percent(50);
        let silence = ["escalate", "keep", "approve"][chance.below(3) as usize];
        let project = acting("enforce");
        let policy = fs::read_to_string(project.path().join("policies/figma.toml")).unwrap();
        let says = format!("due_days = 4\nmaker_checker = {is_checked}\non_no_response = \"{silence}\"\n");
        let project = project.with("policies/figma.toml", &policy.replace("due_days = 14\n", &says));
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let now = "2026-11-20T06:00:00Z".parse().unwrap();
        let (objects, private) = (InMemory::new(), InMemory::new());
        Self { project, objects, private, day, now, door: Door::default(), run: None, is_checked }
    }

    async fn job(&self, objects: Arc<dyn ObjectStore>) -> Result<Job> {
        let private = Store::over(Arc::new(self.private.clone()), "private");
        Job::over(self.project.path(), Store::over(objects, "store"), private, Clock::Fixed(self.now)).await
    }

    fn sound(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.objects.clone())
    }

    /// A store that dies at one of the next operations.
    fn dying(&self, chance: &mut Chance) -> Arc<dyn ObjectStore> {
        let fault = if chance.percent(50) { Fault::DiesBefore } else { Fault::DiesAfter };
        Arc::new(FaultStore::at(self.sound(), 10 + chance.below(80) as usize, fault))
    }

    async fn run(&mut self, objects: Arc<dyn ObjectStore>) -> Result<()> {
        let job = self.job(objects).await?;
        job.ingest(&LandOptions::default(), &Quiet).await?;
        let settings = Settings { partitions: 1, ..Settings::default() };
        let options = RunOptions { as_of: AsOf::new(self.day), select: None, rebuild: false, settings };
        self.run = Some(job.build(&options, &Quiet).await?);
        Ok(())
    }

    async fn review(&self, objects: Arc<dyn ObjectStore>) -> Result<()> {
        let Some(run) = &self.run else { return Ok(()) };
        let job = self.job(objects).await?;
        job.review_by(&run.session, run.record.version, &ReviewOptions::default(), &self.door).await.map(|_| ())
    }

    /// Some days later: every feed again, and what changed.
    fn next_day(&mut self, chance: &mut Chance) {
        let days = 1 + chance.below(4);
        (self.day, self.now) = (self.day + Days::new(days), self.now + Duration::days(days as i64));
        let (day, extracts) = (self.day.to_string(), self.project.path().join("extracts"));
        write_feeds_of(&day, &extracts);
        if chance.percent(25) {
            let user = ACCOUNTS[chance.below(3) as usize].trim_start_matches("figma/");
            let line = format!(
                "\n{{\"id\":\"u-{day}\",\"user\":\"{user}\",\"feature\":\"edit\",\"day\":\"{day}\",\"uses\":1}}\n"
            );
            let file = extracts.join(format!("figma/activity/{day}.ndjson"));
            fs::OpenOptions::new().append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
        }
        if chance.percent(15) {
            let file = extracts.join(format!("workday/workers/{day}.csv"));
            let workers = fs::read_to_string(&file).unwrap();
            let leaves = format!("ian@northwind.example,contractor,2025-01-07,{},", self.day - Days::new(1));
            fs::write(file, workers.replace("ian@northwind.example,contractor,2025-01-07,,", &leaves)).unwrap();
        }
    }

    async fn say(&self, chance: &mut Chance) {
        use Decision::{Accept, Approve, Confirm, Deny, Hold, Reject};
        let decision = [Accept, Accept, Accept, Accept, Approve, Approve, Approve, Deny, Hold, Confirm, Reject]
            [chance.below(11) as usize];
        let expires_on = (decision == Hold).then(|| self.day + Days::new(1 + chance.below(6)));
        self.decide(ACCOUNTS[chance.below(3) as usize], decision, expires_on, PEOPLE[chance.below(7) as usize]).await;
    }

    async fn decide(&self, about: &str, decision: Decision, expires_on: Option<NaiveDate>, by: &str) {
        let given = Given {
            about: about.to_owned(),
            decision,
            reason_code: decision.needs_reason().then(|| "busy_season".to_owned()),
            expires_on,
            by: Some(by.to_owned()),
            note: None,
        };
        // Nothing to decide about is no fault.
        let _ = self.job(self.sound()).await.unwrap().decide(&given).await;
    }

    async fn entries(&self) -> Vec<Entry> {
        log::entries(&Store::over(self.sound(), "store"), 0).await.unwrap()
    }

    async fn check(&self, what: &str) {
        let entries = self.entries().await;
        let book = Book::of(&entries);
        assert_eq!(book.odd, [], "{what}: the log says what cannot be");
        let mut sent = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            if entry.kind == EntryKind::ExportCreated {
                *sent.entry(said(entry, "key")).or_insert(0) += 1;
                self.granted(&entries[..at], &said(entry, "candidate_id"), what);
            }
        }
        assert!(sent.values().all(|n| *n == 1), "{what}: {sent:?}");
        // What is at the desk and not on record was sent by somebody who died; one candidate has one key, and another
        // for each time that its action did not hold.
        let orders = self.door.orders.lock().unwrap();
        let keys: BTreeSet<(&str, &str)> = orders.iter().map(|o| (o.candidate_id.as_str(), o.key.as_str())).collect();
        let mut tickets: BTreeMap<&str, usize> = BTreeMap::new();
        keys.iter().for_each(|(candidate, _)| *tickets.entry(candidate).or_default() += 1);
        let is_again = |e: &&Entry| matches!(e.kind, EntryKind::CandidateReopened | EntryKind::OutcomeFailed);
        for (candidate, tickets) in tickets {
            let again = entries.iter().filter(is_again).filter(|e| said(e, "candidate_id") == candidate).count();
            assert!(tickets <= 1 + again, "{what}: {candidate} has {tickets} tickets");
        }
    }

    /// The models read the same states out of the log, as of this run and what it found.
    async fn models_agree(&self, what: &str) {
        let Some(run) = &self.run else { return };
        let book = Book::of(&self.entries().await);
        let (_, batches) = run.session.query("select candidate_id, state from review.candidates").await.unwrap();
        for row in batches.iter().flat_map(rows_of) {
            let life = &book.lives[&row["candidate_id"]];
            assert_eq!(row["state"], life.state.as_str(), "{what}: {}", row["candidate_id"]);
        }
    }

    fn granted(&self, before: &[Entry], candidate: &str, what: &str) {
        let mut own: Vec<&Entry> = before.iter().filter(|e| said(e, "candidate_id") == candidate).collect();
        // What was said before it went out last time is used up.
        let used = own.iter().rposition(|e| e.kind == EntryKind::ExportCreated).map_or(0, |at| at + 1);
        own.drain(..used);
        let of = |kind: EntryKind| own.iter().filter(|e| e.kind == kind).map(|e| decider(e)).collect::<Vec<_>>();
        let accepts = of(EntryKind::DecisionAccept);
        assert_eq!(accepts.len(), 1, "{what}: {candidate} went out without one yes");
        let no = [
            EntryKind::DecisionDeny,
            EntryKind::HoldSet,
            EntryKind::DecisionSelfConfirm,
            EntryKind::CheckerReject,
            EntryKind::CandidateExpired,
        ];
        assert!(no.iter().all(|kind| of(*kind).is_empty()), "{what}: {candidate} went out against a no");
        if self.is_checked {
            let checks = of(EntryKind::CheckerApprove);
            assert!(checks.len() == 1 && checks[0] != accepts[0], "{what}: {candidate} went out unchecked");
        }
    }
}

fn said(entry: &Entry, member: &str) -> String {
    entry.detail().get(member).and_then(|said| said.as_str()).unwrap_or_default().to_owned()
}

fn decider(entry: &Entry) -> String {
    entry.on_behalf_of.clone().unwrap_or_else(|| entry.actor.clone())
}

/// Lives some days; the kinds of entries they left.
async fn live(company: &mut Company, chance: &mut Chance, seed: u64) -> Vec<EntryKind> {
    for step in 0..STEPS {
        let what = format!("seed {seed}, step {step} of {}", company.day);
        company.now += Duration::hours(1);
        match chance.below(10) {
            _ if step == 0 => company.run(company.sound()).await.unwrap(),
            // Everybody begins with a question, an answer and what follows from it.
            _ if step == 1 || step == 3 => company.review(company.sound()).await.unwrap(),
            _ if step == 2 => company.decide(ACCOUNTS[0], Decision::Accept, None, PEOPLE[0]).await,
            0..=2 => {
                company.next_day(chance);
                if chance.percent(30) {
                    let dying = company.dying(chance);
                    let _ = company.run(dying).await;
                }
                company.run(company.sound()).await.unwrap();
                company.models_agree(&what).await;
            }
            3 => drop(company.review(company.dying(chance)).await),
            4..=6 => company.review(company.sound()).await.unwrap(),
            _ => company.say(chance).await,
        }
        company.check(&what).await;
    }
    // In the end all is quiet: what is due was done, and is not done again.
    for _ in 0..2 {
        company.now += Duration::hours(1);
        company.review(company.sound()).await.unwrap();
    }
    let before = company.entries().await.len();
    company.review(company.sound()).await.unwrap();
    assert_eq!(company.entries().await.len(), before, "seed {seed}");
    let kinds: Vec<EntryKind> = company.entries().await.iter().map(|entry| entry.kind).collect();
    let on_record = kinds.iter().filter(|kind| **kind == EntryKind::ExportCreated).count();
    let keys: BTreeSet<String> = company.door.orders.lock().unwrap().iter().map(|order| order.key.clone()).collect();
    assert_eq!(on_record, keys.len(), "seed {seed}: what is at the desk is on record");
    kinds
}

#[test]
fn whatever_happens_the_log_explains_it_and_nothing_goes_out_ungranted() {
    let seeds = seatledger::config::env("SEATLEDGER_SEEDS").and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut kinds = Vec::new();
    for seed in 1..=seeds {
        let mut chance = Chance(seed);
        let mut company = Company::new(&mut chance);
        kinds.extend(runtime.block_on(live(&mut company, &mut chance, seed)));
    }
    for kind in [EntryKind::NotifySent, EntryKind::DecisionAccept, EntryKind::ExportCreated] {
        assert!(kinds.contains(&kind), "no {kind} in {seeds} companies");
    }
    let mut counts = BTreeMap::new();
    kinds.iter().for_each(|kind| *counts.entry(kind.as_str()).or_insert(0) += 1);
    eprintln!("{counts:?}");
}
