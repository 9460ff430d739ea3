//! From candidates to what leaves the house, over real runs: asked, decided, handed over once; nothing in shadow; nothing
//! from feeds that cannot be right; whoever dies in between, and however many try at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use seatledger::base::progress::Quiet;
use seatledger::base::{AsOf, Clock, ErrorKind, Result};
use seatledger::config::Decision;
use seatledger::engine::Settings;
use seatledger::ingest::{LandOptions, Outcome};
use seatledger::job::outward::{Ask, Links, Notice, Order, Outward, Sent};
use seatledger::job::{Answered, Given, Job, Review, ReviewOptions, Run, RunOptions};
use seatledger::log::{self, Entry, EntryKind};
use seatledger::review::{Book, State};
use seatledger::store::Store;

use super::fault::{Fault, FaultStore};
use super::project::{Project, scenarios};

const DAY: &str = "2026-11-20";

/// The morning after the day.
fn morning() -> DateTime<Utc> {
    "2026-11-20T18:00:00Z".parse().unwrap()
}

fn clock(hours: i64) -> Clock {
    Clock::Fixed(morning() + Duration::hours(hours))
}

/// Limits that so small a company does not meet.
const WIDE: &str = "\n[rails]\nsmall_app_limit = 100\nmanager_limit = 100\n";

/// The project of the stories, with a policy for figma that acts, in one mode.
pub fn acting(mode: &str) -> Project {
    let project = Project::base().at(clock(0));
    let read = |file: &str| fs::read_to_string(project.path().join(file)).unwrap();
    let policy = read("policies/figma.toml").replace("due_days = 14\n", &format!("due_days = 14\nmode = \"{mode}\"\n"));
    assert!(policy.contains("mode ="));
    let settings = read("seatledger.toml").replacen("\n[[source]]", &format!("{WIDE}\n[[source]]"), 1);
    project.with("policies/figma.toml", &policy).with("seatledger.toml", &settings)
}

/// A door that keeps what it is handed.
#[derive(Default)]
pub struct Door {
    pub asks: Mutex<Vec<Ask>>,
    pub notices: Mutex<Vec<Notice>>,
    pub orders: Mutex<Vec<Order>>,
}

fn taken<T: Clone>(kept: &Mutex<Vec<T>>, things: &[T]) -> Vec<Result<Sent>> {
    kept.lock().unwrap().extend(things.iter().cloned());
    things.iter().map(|_| Ok(Sent { ticket: Some("T-1".to_owned()), ..Sent::default() })).collect()
}

#[async_trait]
impl Outward for Door {
    fn desk(&self) -> &'static str {
        "door"
    }

    fn channel(&self) -> &'static str {
        "door"
    }

    async fn ask(&self, asks: &[Ask], _links: &Links) -> Vec<Result<Sent>> {
        taken(&self.asks, asks)
    }

    async fn tell(&self, notices: &[Notice], _links: &Links) -> Vec<Result<Sent>> {
        taken(&self.notices, notices)
    }

    async fn order(&self, orders: &[Order]) -> Vec<Result<Sent>> {
        taken(&self.orders, orders)
    }
}

impl Door {
    fn keys(&self) -> Vec<String> {
        let orders = self.orders.lock().unwrap();
        orders.iter().map(|order| order.key.clone()).collect()
    }
}

fn entries(project: &Project) -> Vec<Entry> {
    project.with_job(async |job| log::entries(&job.store, 0).await).unwrap()
}

/// The states of candidates by account, and that the log says nothing that cannot be.
fn states(project: &Project) -> BTreeMap<String, State> {
    let book = Book::of(&entries(project));
    assert_eq!(book.odd, []);
    let tables = project.with_job(async |job| job.reader(None).await.map(|(session, _)| session)).unwrap();
    let rows = project.with_job(async |_| tables.query("select candidate_id, account_id from review.candidates").await);
    let rows: Vec<_> = rows.unwrap().1.iter().flat_map(super::project::rows_of).collect();
    rows.into_iter().map(|row| (row["account_id"].clone(), book.lives[&row["candidate_id"]].state)).collect()
}

fn say(project: &Project, about: &str, decision: Decision, by: &str) -> Answered {
    let given = Given {
        about: about.to_owned(),
        decision,
        reason_code: decision.needs_reason().then(|| "busy_season".to_owned()),
        expires_on: (decision == Decision::Hold).then(|| NaiveDate::from_ymd_opt(2027, 1, 31).unwrap()),
        by: Some(by.to_owned()),
        note: None,
    };
    let mut answered = project.with_job(async |job| job.decide(&given).await).unwrap();
    assert_eq!(answered.len(), 1, "{answered:?}");
    answered.remove(0).1
}

fn review(project: &Project, options: &ReviewOptions) -> Review {
    project.with_job(async |job| job.review(options).await).unwrap()
}

fn told(review: &Review) -> Vec<(&'static str, String)> {
    review.lines.iter().map(|line| (line.what, line.to.clone())).collect()
}

#[test]
fn a_candidate_is_asked_about_decided_on_and_handed_over_once() {
    let project = acting("enforce");
    project.run(DAY).unwrap();
    let dry = review(&project, &ReviewOptions { dry_run: true, ..ReviewOptions::default() });
    assert!(!project.path().join("outputs").exists(), "a dry run leaves nothing");
    let asked = review(&project, &ReviewOptions::default());
    assert_eq!(told(&dry), told(&asked));
    let to = |who: &str| told(&asked).into_iter().filter(|(_, to)| to == who).map(|(what, _)| what).collect::<Vec<_>>();
    assert_eq!(to("mia@northwind.example"), ["ask"; 3], "{:?}", asked.lines);
    assert_eq!((to("ida@northwind.example"), asked.lines.len()), (vec!["tell"], 6));
    assert_eq!(review(&project, &ReviewOptions::default()).lines, [], "nobody is asked twice");

    assert_eq!(say(&project, "figma/f-ida", Decision::Accept, "mia@northwind.example"), Answered::Counts);
    assert!(matches!(say_again(&project), Answered::Known(_)));
    let refused = |by: &str| match say(&project, "figma/f-ian", Decision::Accept, by) {
        Answered::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    };
    assert_eq!((refused("ian@northwind.example"), refused("eve@northwind.example")), ("is_the_holder", "not_asked"));
    assert_eq!(say(&project, "figma/f-ian", Decision::Confirm, "1003"), Answered::Counts);
    assert_eq!(say(&project, "figma/f-ivo", Decision::Hold, "mia@northwind.example"), Answered::Counts);

    let handed = review(&project, &ReviewOptions::default());
    assert_eq!(told(&handed), [("export", String::new())]);
    assert_eq!(review(&project, &ReviewOptions::default()).lines, [], "nothing is handed over twice");
    let folder = project.path().join("outputs").join(DAY).join("review");
    let actions = fs::read_to_string(folder.join("actions.csv")).unwrap();
    assert!(actions.contains("f-ida") && actions.lines().count() == 2, "{actions}");
    let undo = fs::read_to_string(folder.join("undo-1-figma.csv")).unwrap();
    assert!(undo.contains("assign FIG-PRO to the account again"), "{undo}");
    let notices = fs::read_to_string(folder.join("notices.csv")).unwrap();
    assert!(notices.contains("ida@northwind.example") && !notices.contains("mia@"), "no colleague: {notices}");
    let states = states(&project);
    let of = |account: &str| states[account];
    assert_eq!(
        (of("f-ida"), of("f-ian"), of("f-ivo")),
        (State::Exported, State::SelfConfirmed, State::Held),
        "{states:?}"
    );
    // What people said decides the next day.
    let tables = project.run(DAY).unwrap();
    let verdict = |account: &str| {
        tables.value(&format!(
            "select verdict from policy.evaluations where app_id = 'figma' and account_id = '{account}'"
        ))
    };
    assert_eq!((verdict("f-ian"), verdict("f-ivo")), ("keep".to_owned(), "held".to_owned()));
    let after = review(&project, &ReviewOptions::default());
    assert_eq!(after.lines, []);
    assert_eq!(Book::of(&entries(&project)).odd, []);
}

fn say_again(project: &Project) -> Answered {
    let line = entries(project).into_iter().rfind(|entry| entry.kind == EntryKind::DecisionAccept).unwrap();
    let candidate = line.detail()["candidate_id"].as_str().unwrap().to_owned();
    say(project, &candidate, Decision::Accept, "mia@northwind.example")
}

#[test]
fn shadow_proposes_the_same_and_not_a_byte_leaves() {
    let (shadow, enforce) = (acting("shadow"), acting("enforce"));
    let proposed = |project: &Project| {
        let tables = project.run(DAY).unwrap();
        tables.ask("select candidate_id, app_id, sku_id, action, due_on from policy.candidates order by app_id, sku_id, due_on").len()
    };
    assert_eq!(proposed(&shadow), proposed(&enforce));
    let reviewed = review(&shadow, &ReviewOptions::default());
    assert_eq!((reviewed.lines, reviewed.waiting.get("mode").copied()), (vec![], Some(5)));
    assert_eq!(say(&shadow, "figma/f-ida", Decision::Accept, "mia@northwind.example"), Answered::Counts);
    let door = Door::default();
    shadow
        .with_job(async |job| {
            let (session, run) = job.reader(None).await?;
            job.review_by(&session, run.version, &ReviewOptions::default(), &door).await
        })
        .unwrap();
    assert!(door.asks.lock().unwrap().is_empty() && door.notices.lock().unwrap().is_empty() && door.keys().is_empty());
    assert!(!shadow.path().join("outputs").exists(), "a file left the house");
    assert!(!shadow.path().join("warehouse/claims/export").exists(), "something outward was claimed");
}

#[test]
fn stop_halts_everything_and_a_rehearsal_leaves_no_trace() {
    let project = acting("shadow");
    project.run(DAY).unwrap();
    let before = entries(&project).len();
    let to = Some("me@northwind.example".to_owned());
    let rehearsed = review(&project, &ReviewOptions { rehearse_to: to, ..ReviewOptions::default() });
    assert_eq!(rehearsed.lines.len(), 10, "the seats of wiki, which is in shadow, among them");
    assert!(rehearsed.lines.iter().all(|line| line.to == "me@northwind.example"));
    assert_eq!(entries(&project).len(), before, "a rehearsal is not put on record");
    let asks = fs::read_to_string(project.path().join("outputs").join(DAY).join("review/asks.csv")).unwrap();
    assert!(asks.contains("me@northwind.example"));

    let project = acting("enforce");
    project.run(DAY).unwrap();
    project.with_job(async |job| job.stop(true, "incident_7", None).await).unwrap();
    let stopped = review(&project, &ReviewOptions::default());
    assert_eq!((stopped.lines, stopped.waiting.get("stopped").copied()), (vec![], Some(3)));
    project.with_job(async |job| job.stop(false, "incident_7", None).await).unwrap();
    assert_eq!(review(&project, &ReviewOptions::default()).lines.len(), 6);
    let kinds: Vec<EntryKind> = entries(&project).iter().map(|entry| entry.kind).collect();
    assert!(kinds.contains(&EntryKind::StopSet) && kinds.contains(&EntryKind::StopCleared));
}

#[test]
fn decisions_of_a_file_are_previewed_and_put_down_once() {
    let project = acting("enforce");
    project.run(DAY).unwrap();
    let book = Book::of(&entries(&project));
    let ids: Vec<&String> = book.lives.values().filter(|l| l.app_id == "figma").map(|l| &l.candidate_id).collect();
    let rows = format!(
        "candidate_id,decision,reason_code,expires_on,decided_by,decided_on,answer_id\n\
         {},accept,,,mia@northwind.example,{DAY},A-1\n\
         {},deny,busy_season,,mia@northwind.example,{DAY},A-2\n\
         {},deny,,,mia@northwind.example,{DAY},A-3\n\
         c-00000000000000000000,accept,,,mia@northwind.example,{DAY},A-4\n",
        ids[0], ids[1], ids[2]
    );
    let project = project.with("drops/decisions.csv", &rows);
    let preview = project.with_job(async |job| job.import(&job.config.drops.decisions.clone(), false).await).unwrap();
    assert!(matches!(&preview[..], [Answered::Counts, Answered::Counts, Answered::Refused(_)]), "{preview:?}");
    assert!(project.with_job(async |job| Ok(job.config.drops.rejected.len())).unwrap() == 1, "a denial says why");
    assert!(Book::of(&entries(&project)).answers.is_empty(), "a preview puts nothing down");

    let reviewed = review(&project, &ReviewOptions::default());
    assert_eq!(reviewed.refused.len(), 1, "{:?}", reviewed.refused);
    assert!(reviewed.refused[0].starts_with("drops/decisions.csv:5: "), "{:?}", reviewed.refused);
    let again = review(&project, &ReviewOptions::default());
    assert!(again.lines.is_empty(), "{:?}", again.lines);
    let book = Book::of(&entries(&project));
    assert_eq!((book.answers.len(), book.odd), (2, vec![]));
}

#[test]
fn a_tripped_batch_goes_after_two_persons_let_it_go() {
    let project = acting("enforce");
    let settings = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let project = project.with("seatledger.toml", &settings.replace("small_app_limit = 100", "small_app_limit = 2"));
    project.run(DAY).unwrap();
    let held = review(&project, &ReviewOptions::default());
    assert_eq!((held.lines.len(), held.waiting.get("breaker").copied()), (0, Some(3)));
    assert!(held.held.iter().any(|line| line.contains("batch 1/figma") && line.contains("decide release 1/figma")));
    assert!(!project.path().join("outputs").exists());
    let release = |by: &str| project.with_job(async |job| job.release("1/figma", Some(by), "busy_season", None).await);
    release("mia@northwind.example").unwrap();
    let error = release("mia@northwind.example").unwrap_err();
    assert!(error.kind() == ErrorKind::Usage && error.to_string().contains("second, different person"), "{error}");
    assert!(release("nobody@northwind.example").is_err(), "an address alone is no person");
    assert_eq!(review(&project, &ReviewOptions::default()).lines.len(), 0);
    release("ada@northwind.example").unwrap();
    let all = held.held.iter().any(|line| line.contains("batch 1/all"));
    if all {
        for by in ["mia@northwind.example", "ada@northwind.example"] {
            project.with_job(async |job| job.release("1/all", Some(by), "busy_season", None).await).unwrap();
        }
    }
    assert_eq!(review(&project, &ReviewOptions::default()).lines.len(), 6);
    let trips: Vec<Entry> = entries(&project).into_iter().filter(|e| e.kind == EntryKind::BreakerTripped).collect();
    let detail = trips[0].detail();
    assert_eq!((detail["count"].as_u64(), detail["limit"].as_u64()), (Some(3), Some(2)));
}

const WORKERS: &str = "extracts/workday/workers/2026-11-21.csv";

/// A day later, with another HR feed.
fn next_day(hr: Option<&str>) -> (Project, std::result::Result<(), (ErrorKind, String)>) {
    let project = acting("enforce");
    project.run(DAY).unwrap();
    let project = match hr {
        Some(hr) => project.with(WORKERS, hr),
        None => project,
    };
    let report = project.land().unwrap();
    let refused = report.landings.iter().find_map(|landing| match &landing.outcome {
        Outcome::Refused { message, .. } => Some(message.clone()),
        _ => None,
    });
    let outcome = report.exit_kind().map_or(Ok(()), |kind| Err((kind, refused.unwrap_or_default())));
    (project, outcome)
}

/// Candidates whose reason is that somebody left.
fn leavers(project: &Project, day: &str) -> String {
    project.build(day).unwrap().value("select count(*) from policy.candidates where reason = 'leaver'")
}

#[test]
fn an_hr_feed_that_cannot_be_right_makes_no_candidate() {
    let hr = fs::read_to_string(scenarios().join("_base/extracts/workday/workers/2026-11-20.csv")).unwrap();
    let lines: Vec<&str> = hr.lines().collect();
    let half = lines[..4].join("\n") + "\n";
    let empty = format!("{}\n", lines[0]);
    let gone = lines.iter().map(|line| line.replace("2025-01-07,,", "2025-01-07,2026-11-19,")).collect::<Vec<_>>();
    for (what, feed, says) in [
        ("half", &half, "half the feed or more is missing"),
        ("empty", &empty, "no rows"),
        ("everyone terminated", &(gone.join("\n") + "\n"), "have not left"),
    ] {
        let (project, outcome) = next_day(Some(feed));
        let (kind, message) = outcome.expect_err(what);
        assert!(kind.exit_code() == 5 && message.contains(says), "{what}: {message}");
        assert_eq!(leavers(&project, "2026-11-21"), "0", "{what}");
    }
    // A feed that is not there any more is stale three days later: what rests on it is unknown.
    let (project, _) = next_day(None);
    let tables = project.build("2026-11-25").unwrap();
    assert_eq!(tables.value("select count(*) from policy.candidates"), "0");
    assert_eq!(tables.value("select count(*) > 0 from core.source_status where is_configured and is_stale"), "true");
}

#[test]
fn people_who_leave_by_one_feed_beyond_the_limit_hold_everything() {
    let hr = fs::read_to_string(scenarios().join("_base/extracts/workday/workers/2026-11-20.csv")).unwrap();
    let left = |line: &str| match ["1001", "1002", "1003"].iter().any(|id| line.starts_with(id)) {
        true => line.replace("2025-01-07,,", "2025-01-07,2026-11-19,"),
        false => line.to_owned(),
    };
    let some: Vec<String> = hr.lines().map(left).collect();
    // Half of six would be no feed at all: one more works here.
    let more =
        format!("{}\n1011,Zoe,zoe@northwind.example,employee,2025-01-07,,,CC-1,EMEA,Design,Manager\n", some.join("\n"));
    let (project, outcome) = next_day(Some(&more));
    assert_eq!(outcome, Ok(()));
    let project = project.at(clock(24));
    let settings = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let project = project.with("seatledger.toml", &settings.replace("small_app_limit = 100", "small_app_limit = 2"));
    project.build("2026-11-21").unwrap();
    let held = review(&project, &ReviewOptions::default());
    assert!(held.held.iter().any(|line| line.contains("2/all") && line.contains("terminations")), "{:?}", held.held);
    assert_eq!(told(&held), [], "nobody is asked");
}

/// A company in memory, run once: three seats are asked about, one of them is accepted already.
struct Company {
    project: Project,
    objects: InMemory,
    private: InMemory,
    run: Run,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

impl Company {
    fn new(runtime: &tokio::runtime::Runtime) -> Self {
        let (project, objects, private) = (acting("enforce"), InMemory::new(), InMemory::new());
        let run = runtime.block_on(Self::run(&project, &objects, &private));
        Self { project, objects, private, run }
    }

    async fn run(project: &Project, objects: &InMemory, private: &InMemory) -> Run {
        let job = job(project, Arc::new(objects.clone()), private, clock(0)).await.unwrap();
        let landed = job.ingest(&LandOptions::default(), &Quiet).await.unwrap();
        assert!(landed.exit_kind().is_none());
        let settings = Settings { partitions: 2, ..Settings::default() };
        let options = RunOptions { as_of: AsOf::parse(DAY).unwrap(), select: None, rebuild: false, settings };
        let run = job.build(&options, &Quiet).await.unwrap();
        let given = Given {
            about: "figma/f-ida".to_owned(),
            decision: Decision::Accept,
            reason_code: None,
            expires_on: None,
            by: Some("mia@northwind.example".to_owned()),
            note: None,
        };
        let answered = job.decide(&given).await.unwrap();
        assert_eq!(answered[0].1, Answered::Counts);
        run
    }

    /// One review, over objects that may fail, some hours later.
    async fn review(&self, objects: Arc<dyn ObjectStore>, door: &Door, hours: i64) -> Result<Review> {
        let job = job(&self.project, objects, &self.private, clock(hours)).await?;
        job.review_by(&self.run.session, self.run.record.version, &ReviewOptions::default(), door).await
    }

    async fn entries(&self, objects: &InMemory) -> Vec<Entry> {
        log::entries(&Store::over(Arc::new(objects.clone()), "store"), 0).await.unwrap()
    }
}

async fn job(project: &Project, objects: Arc<dyn ObjectStore>, private: &InMemory, clock: Clock) -> Result<Job> {
    let private = Store::over(Arc::new(private.clone()), "private");
    Job::over(project.path(), Store::over(objects, "store"), private, clock).await
}

/// How often things of each key are on record.
fn on_record(entries: &[Entry]) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    let outward = |e: &&Entry| matches!(e.kind, EntryKind::NotifySent | EntryKind::ExportCreated);
    for entry in entries.iter().filter(outward) {
        *keys.entry(entry.detail()["key"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    keys
}

#[test]
fn whenever_a_review_dies_everything_due_is_on_record_once_and_there_under_one_key() {
    let runtime = runtime();
    let company = Company::new(&runtime);
    runtime.block_on(async {
        let sound = FaultStore::sound(Arc::new(company.objects.fork()));
        let sound = Arc::new(sound);
        company.review(sound.clone(), &Door::default(), 0).await.unwrap();
        let writes: Vec<usize> =
            sound.log().iter().filter(|op| matches!(op.name, "create" | "put")).map(|op| op.number).collect();
        assert!(writes.len() > 6, "{writes:?}");
        let expected = on_record(&company.entries(&company.objects).await).len();
        assert_eq!(expected, 0, "nothing went out yet");
        for (number, fault) in writes.iter().flat_map(|n| [(*n, Fault::DiesBefore), (*n, Fault::DiesAfter)]) {
            let (objects, door) = (company.objects.fork(), Door::default());
            let dying = FaultStore::at(Arc::new(objects.clone()), number, fault);
            let died = company.review(Arc::new(dying), &door, 0).await;
            assert!(died.is_err(), "{number} {fault:?}");
            // Whoever claimed and died is given a quarter of an hour.
            company.review(Arc::new(objects.clone()), &door, 0).await.unwrap();
            company.review(Arc::new(objects.clone()), &door, 1).await.unwrap();
            let entries = company.entries(&objects).await;
            let keys = on_record(&entries);
            assert!(keys.values().all(|n| *n == 1) && keys.len() == 5, "{number} {fault:?}: {keys:?}");
            assert_eq!(door.keys().into_iter().collect::<BTreeSet<_>>().len(), 1, "{number} {fault:?}");
            assert_eq!(Book::of(&entries).odd, [], "{number} {fault:?}");
            let last = company.review(Arc::new(objects), &door, 2).await.unwrap();
            assert_eq!(last.lines, [], "{number} {fault:?}");
        }
    });
}

#[test]
fn six_reviews_at_once_hand_each_thing_over_once() {
    let runtime = runtime();
    let company = Company::new(&runtime);
    runtime.block_on(async {
        let door = Door::default();
        let one = || async {
            let objects: Arc<dyn ObjectStore> = Arc::new(company.objects.clone());
            company.review(objects, &door, 0).await
        };
        let (a, b, c, d, e, f) = futures::join!(one(), one(), one(), one(), one(), one());
        for review in [a, b, c, d, e, f] {
            review.unwrap();
        }
        let entries = company.entries(&company.objects).await;
        assert!(on_record(&entries).values().all(|n| *n == 1));
        assert_eq!((on_record(&entries).len(), door.keys().len()), (5, 1));
        let asks: Vec<String> = door.asks.lock().unwrap().iter().map(|ask| ask.key.clone()).collect();
        assert_eq!(asks.iter().collect::<BTreeSet<_>>().len(), asks.len(), "somebody was asked twice");
        assert_eq!(Book::of(&entries).odd, []);
    });
}
