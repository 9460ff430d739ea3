//! The store under fire. Whatever breaks, and wherever: what is committed stays, nothing counts twice, no reader sees
//! half of anything, and the next run ends as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use seatledger::base::progress::Quiet;
use seatledger::base::{AsOf, Clock, ErrorKind, Result};
use seatledger::engine::Settings;
use seatledger::identity::Notes;
use seatledger::ingest::{LandOptions, Outcome};
use seatledger::job::{Computed, Job, Run, RunOptions, Words};
use seatledger::log::{self, EntryKind};
use seatledger::store::{Chain, FindingKind, Kind, Record, Store, live_files, parquet, sha256_hex};
use seatledger::usage::Shard;
use tokio::runtime::Runtime;

use super::fault::{Answer, Fault, FaultStore, Op};
use super::project::{Project, in_parallel, rows_of, scenarios};

const BEFORE: &str = "2026-11-20";
const DAY: &str = "2026-11-21";
/// The run records.
const RUNS: &str = "commits/runs/";

/// What a store says to whoever reads it: the rows of every chain, the newest run by the hashes of its tables, the log,
/// the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    rows: BTreeMap<String, Vec<String>>,
    run: BTreeMap<String, String>,
    /// The entries of the log, without what names a run.
    log: Vec<String>,
    /// How many snapshots are published.
    snapshots: usize,
}

/// What a part of a run does to a store.
type Act<'w> = dyn Fn(Arc<dyn ObjectStore>) -> BoxFuture<'w, Result<()>> + Sync + 'w;

/// A part of a run that is aborted everywhere: where it starts, and what it does to a store.
struct Phase<'w> {
    name: &'static str,
    start: InMemory,
    act: Box<Act<'w>>,
}

/// The project the stories start from, run once; the next run is computed. Nothing is ever written to its folder.
struct World {
    project: PathBuf,
    /// After the run, before anything of the next one.
    rested: InMemory,
    /// After the state of the seats was advanced for the next run, too.
    ran: InMemory,
    run: Run,
    computed: Computed,
}

/// The world; whoever asks first makes it.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

impl World {
    fn new() -> Self {
        let (project, landed) = (scenarios().join("_base"), InMemory::new());
        let runtime = runtime();
        runtime.block_on(land(&project, Arc::new(landed.clone()))).unwrap();
        let (rested, ran, run, computed) = runtime
            .block_on(async {
                let ran = landed.fork();
                let job = job(&project, Arc::new(ran.clone())).await?;
                let run = job.build(&options(BEFORE), &Quiet).await?;
                let rested = ran.fork();
                Ok::<_, seatledger::base::Error>((rested, ran, run, job.compute(&options(DAY), &Quiet).await?))
            })
            .unwrap();
        Self { project, rested, ran, run, computed }
    }

    /// Every part, in the order of a run. To add one: the store it starts from, and what it does.
    fn phases(&self) -> Vec<Phase<'_>> {
        vec![
            Phase { name: "ingest", start: InMemory::new(), act: Box::new(|s| Box::pin(land(&self.project, s))) },
            Phase { name: "advance", start: self.rested.fork(), act: Box::new(|s| Box::pin(self.advance(s))) },
            Phase { name: "commit", start: self.ran.fork(), act: Box::new(|s| Box::pin(self.commit(s))) },
            Phase { name: "seal", start: self.ran.fork(), act: Box::new(|s| Box::pin(self.seal(s))) },
        ]
    }

    /// Merges the seat state of the next day.
    async fn advance(&self, objects: Arc<dyn ObjectStore>) -> Result<()> {
        let job = job(&self.project, objects).await?;
        job.shard(AsOf::parse(DAY)?, Shard { number: 1, of: 1 }).await.map(|_| ())
    }

    /// Commits the computed run unless that has happened: who runs again begins by reading.
    async fn commit(&self, objects: Arc<dyn ObjectStore>) -> Result<()> {
        let job = job(&self.project, objects).await?;
        if job.store.head(&Chain::Runs).await?.is_some_and(|run| run.version == 2) {
            return job.settle_log(&job.identity().await?).await;
        }
        let (_, identity) = job.commit(&self.computed).await?;
        job.settle_log(&identity).await
    }

    /// Seals the former run, unless that has happened.
    async fn seal(&self, objects: Arc<dyn ObjectStore>) -> Result<()> {
        let job = job(&self.project, objects).await?;
        let identity = Arc::new(job.identity().await?);
        if job.store.head(&Chain::Snapshots).await?.is_none() {
            job.seal(&self.run, &identity).await?;
        }
        job.settle_log(&identity).await
    }
}

#[test]
fn an_abort_at_any_operation_loses_nothing_and_doubles_nothing() {
    let world = world();
    for phase in world.phases() {
        let undisturbed = phase.start.fork();
        let counted = Arc::new(FaultStore::sound(Arc::new(undisturbed.clone())));
        runtime().block_on((phase.act)(counted.clone())).unwrap();
        let (before, after) = (said(&phase.start), said(&undisturbed));
        assert_ne!(before, after, "{} does something", phase.name);
        let last = counted.count();
        assert!(last > 20, "{} has {last} operations", phase.name);
        // Dying after an operation leaves what dying before the next one does.
        let aborts = (1..=last).map(|n| (n, Fault::DiesBefore)).chain([(last, Fault::DiesAfter)]);
        let aborts: Vec<(usize, Fault)> = aborts.collect();
        let faults = in_parallel(&aborts, |(number, fault)| {
            let place = format!("{}, {fault:?} at operation {number} of {last}", phase.name);
            let faults = aborted(&phase, *number, *fault, &before, &after);
            faults.into_iter().map(|f| format!("{place}: {f}")).collect()
        });
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}

/// Aborts a part of a run at one operation, looks, and runs it again.
fn aborted(phase: &Phase<'_>, number: usize, fault: Fault, before: &Said, after: &Said) -> Vec<String> {
    let runtime = runtime();
    let inner = phase.start.fork();
    let dying = Arc::new(FaultStore::at(Arc::new(inner.clone()), number, fault));
    let died = runtime.block_on((phase.act)(dying.clone()));
    let mut faults = broken(&inner);
    if died.is_ok() && dying.count() > number {
        faults.push("went on after its death".to_owned());
    }
    let seen = said(&inner);
    if seen.run != before.run && seen.run != after.run {
        faults.push("a reader sees a run that is neither the former nor the new one".to_owned());
    }
    for (chain, rows) in &seen.rows {
        let whole = after.rows.get(chain);
        if !rows.is_empty() && Some(rows) != whole && Some(rows) != before.rows.get(chain) {
            faults.push(format!("{chain} has {} rows, neither none nor all", rows.len()));
        }
    }
    if let Err(error) = runtime.block_on((phase.act)(Arc::new(inner.clone()))) {
        faults.push(format!("the next run fails: {error}"));
    }
    faults.extend(broken(&inner));
    if said(&inner) != *after {
        faults.push("the next run ends elsewhere".to_owned());
    }
    faults
}

#[test]
fn an_abort_while_somebody_is_quoted_leaves_no_entry_without_its_words_and_no_words_for_good() {
    let world = world();
    let quote = async |objects: Arc<dyn ObjectStore>| {
        job(&world.project, objects).await?.identify("a key", "audit_sample", Some("she asked")).await.map(|_| ())
    };
    let counted = Arc::new(FaultStore::sound(Arc::new(world.ran.fork())));
    runtime().block_on(quote(counted.clone())).unwrap();
    let last = counted.count();
    let aborts: Vec<(usize, Fault)> =
        (1..=last).map(|n| (n, Fault::DiesBefore)).chain([(last, Fault::DiesAfter)]).collect();
    let ends = Mutex::new(BTreeSet::new());
    let faults = in_parallel(&aborts, |(number, fault)| {
        let (inner, runtime) = (world.ran.fork(), runtime());
        let dying = FaultStore::at(Arc::new(inner.clone()), *number, *fault);
        let _ = runtime.block_on(quote(Arc::new(dying)));
        let mut faults = broken(&inner);
        // Long after, gc has been there.
        let [store, private] = stores(Arc::new(inner.clone()));
        let texts = || wait(Notes::of(&private).files()).unwrap().iter().map(|file| file.notes.len()).sum::<usize>();
        let before = texts();
        let later = Clock::Fixed("2027-01-01T06:00:00Z".parse().unwrap());
        let job = runtime.block_on(Job::over(&world.project, store, private.clone(), later)).unwrap();
        runtime.block_on(job.gc(true)).unwrap();
        let told = runtime.block_on(job.read_notes(0, "audit_sample")).unwrap();
        let words: Vec<Words> = told.into_iter().filter_map(|(_, words)| words).collect();
        if words.iter().any(|words| !matches!(words, Words::Kept(_))) {
            faults.push(format!("an entry without its words: {words:?}"));
        }
        let found = wait(private.fsck(true)).unwrap();
        faults.extend(found.findings.iter().map(|f| format!("{}: {}", f.path, f.detail)));
        if texts() != words.len() {
            faults.push(format!("{} texts and {} entries", texts(), words.len()));
        }
        ends.lock().unwrap().insert((before, words.len()));
        faults.into_iter().map(|f| format!("{fault:?} at operation {number} of {last}: {f}")).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(ends.into_inner().unwrap(), BTreeSet::from([(0, 0), (1, 0), (1, 1)]), "every way to end was met");
}

#[test]
fn a_lost_answer_to_a_commit_is_one_commit_and_no_failure() {
    let world = world();
    for phase in world.phases() {
        let undisturbed = phase.start.fork();
        runtime().block_on((phase.act)(Arc::new(undisturbed.clone()))).unwrap();
        let after = said(&undisturbed);
        for answer in [Answer::Unavailable, Answer::Exists, Answer::Precondition] {
            for fault in [Fault::HappensThenFails(answer), Fault::Fails(answer)] {
                let inner = phase.start.fork();
                let mut struck = BTreeSet::new();
                // Every commit of every chain is struck, each once.
                let script = move |op: &Op| {
                    let is_commit = op.name == "create" && ["commits/", "index/"].iter().any(|p| op.path.contains(p));
                    (is_commit && struck.insert(op.path.clone())).then_some(fault)
                };
                let faulty = Arc::new(FaultStore::new(Arc::new(inner.clone()), script));
                runtime().block_on((phase.act)(faulty)).unwrap_or_else(|e| panic!("{} {fault:?}: {e}", phase.name));
                assert_eq!(broken(&inner), Vec::<String>::new(), "{} {fault:?}", phase.name);
                assert_eq!(said(&inner), after, "{} {fault:?}", phase.name);
            }
        }
    }
}

#[test]
fn any_mix_of_faults_ends_in_the_same_rows() {
    let world = world();
    let seeds: Vec<u64> = (0..24).collect();
    for phase in world.phases() {
        let undisturbed = phase.start.fork();
        runtime().block_on((phase.act)(Arc::new(undisturbed.clone()))).unwrap();
        let after = said(&undisturbed);
        let faults = in_parallel(&seeds, |seed| {
            let (inner, runtime) = (phase.start.fork(), runtime());
            let mut tries = 0;
            let try_once = |n: u64| {
                let faulty = FaultStore::seeded(Arc::new(inner.clone()), seed * 1000 + n, 15);
                runtime.block_on((phase.act)(Arc::new(faulty)))
            };
            while tries < 60 && try_once(tries).is_err() {
                tries += 1;
            }
            runtime.block_on((phase.act)(Arc::new(inner.clone()))).unwrap();
            let mut faults = broken(&inner);
            faults.extend((said(&inner) != after).then(|| "ends elsewhere".to_owned()));
            faults.into_iter().map(|f| format!("{}, seed {seed}: {f}", phase.name)).collect()
        });
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn what_is_read_wrong_is_never_believed() {
    let world = world();
    let commit = async |fault, name, prefix| {
        let inner = world.ran.fork();
        let faulty = Arc::new(FaultStore::once(Arc::new(inner.clone()), name, prefix, fault));
        let done = world.commit(faulty).await;
        (inner, done)
    };
    runtime().block_on(async {
        for fault in [Fault::ShortRead, Fault::FlippedBit(3), Fault::FlippedBit(40), Fault::FlippedBit(200)] {
            let (inner, done) = commit(fault, "get", RUNS).await;
            assert!(done.is_ok() || done.is_err_and(|e| e.kind() == ErrorKind::Evidence), "{fault:?}");
            assert_eq!(broken(&inner), Vec::<String>::new(), "{fault:?}");
        }
        // A former run whose name is read wrong: the new record must not be chained to it. First the log looks at it,
        // and finds its entries there, then the run itself.
        let record =
            Store::over(Arc::new(world.ran.clone()), "ran").get(&format!("{RUNS}{:020}.json", 1)).await.unwrap();
        let name = record.windows(9).position(|w| w == b"commit_id").unwrap() + 15;
        let inner = world.ran.fork();
        let flips = FaultStore::nth(Arc::new(inner.clone()), 2, "get", RUNS, Fault::FlippedBit(name));
        let job_flipped = job(&world.project, Arc::new(flips)).await.unwrap();
        let refused = job_flipped.build(&options(DAY), &Quiet).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Evidence, "{refused}");
        assert_eq!(said(&inner), said(&world.ran));

        // A listing that does not show the former run yet: the place is taken, and that decides.
        let lagging = FaultStore::nth(Arc::new(world.ran.fork()), 2, "list", "commits/runs", Fault::ListLags);
        let lagging = Arc::new(lagging);
        let job = job(&world.project, lagging).await.unwrap();
        let late = job.build(&options(DAY), &Quiet).await.err().unwrap();
        assert_eq!(late.kind(), ErrorKind::Conflict, "{late}");

        let (inner, done) = commit(Fault::Fails(Answer::Denied), "create", RUNS).await;
        let refused = done.unwrap_err();
        assert!(refused.kind() == ErrorKind::Store && refused.to_string().contains("refuses to write"), "{refused}");
        assert_eq!(said(&inner), said(&world.ran));

        let flips = |op: &Op| (op.name == "get" && op.path.starts_with("raw/")).then_some(Fault::FlippedBit(9));
        let store = Store::over(Arc::new(FaultStore::new(Arc::new(world.ran.fork()), flips)), "flips");
        assert!(store.fsck(false).await.unwrap().ok);
        let deep = store.fsck(true).await.unwrap();
        assert!(!deep.ok && deep.of_kind(FindingKind::Altered).count() > 5, "{deep}");
    });
}

#[test]
fn of_six_commits_over_one_head_one_counts() {
    let world = world();
    let inner = world.ran.fork();
    let (won, lost) = runtime().block_on(async {
        let writers = (0..6).map(|i| {
            let late = move |op: &Op| {
                (op.name == "create").then_some(Fault::Late(Duration::from_millis((i * 7 + op.number as u64) % 5)))
            };
            let store = FaultStore::new(Arc::new(inner.clone()), late);
            async move {
                let job = job(&world.project, Arc::new(store)).await?;
                job.commit(&world.computed).await.map(|(record, _)| record)
            }
        });
        let done: Vec<Result<Record>> = futures::future::join_all(writers).await;
        done.into_iter().partition::<Vec<_>, _>(Result::is_ok)
    });
    assert_eq!((won.len(), lost.len()), (1, 5));
    for error in lost.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind().exit_code(), 75, "{error}");
    }
    assert_eq!(broken(&inner), Vec::<String>::new());
    let newest = runtime().block_on(Store::over(Arc::new(inner), "six").head(&Chain::Runs)).unwrap();
    assert_eq!(newest.as_ref(), won[0].as_ref().ok());
}

#[test]
fn a_store_without_put_if_absent_is_refused() {
    let project = scenarios().join("_base");
    let store = FaultStore::sound(Arc::new(InMemory::new())).overwriting();
    let refused = runtime().block_on(land(&project, Arc::new(store))).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Store);
    assert!(refused.to_string().contains("overwrites where it must refuse"), "{refused}");
    assert!(refused.to_string().contains("If-None-Match"), "{refused}");
}

#[test]
fn what_is_kept_long_enough_expires_is_deleted_and_nobody_misses_it() {
    let world = world();
    let inner = world.ran.fork();
    let hold = "\n[[retention.hold]]\nsource = \"okta\"\nreason = \"case 7\"\n";
    let text = std::fs::read_to_string(world.project.join("seatledger.toml")).unwrap();
    let held = Project::base().with("seatledger.toml", &format!("{text}{hold}"));
    let later: Clock = Clock::Fixed("2029-01-01T06:00:00Z".parse().unwrap());
    let job_of = async |project: &Path| {
        let [store, private] = stores(Arc::new(inner.clone()));
        Job::over(project, store, private, later).await.unwrap()
    };
    runtime().block_on(async {
        let job = job_of(&world.project).await;
        // The run of the day after: the former one may go, what is in force may not.
        let run = job.build(&options(DAY), &Quiet).await.unwrap();
        let listed = job.gc(false).await.unwrap();
        let paths =
            |gc: &seatledger::store::Gc, action| gc.of_action(action).map(|i| i.path.clone()).collect::<BTreeSet<_>>();
        use seatledger::store::GcAction::{Delete, Expire, Hold};
        let expires = paths(&listed, Expire);
        assert!(expires.iter().any(|p| p.starts_with("raw/okta/system_log/")), "{expires:?}");
        assert!(expires.iter().any(|p| p.starts_with("tables/")), "{expires:?}");
        assert!(!expires.iter().any(|p| p.starts_with("raw/workday/")), "what is in force stays: {expires:?}");
        assert!(run.record.files.iter().all(|f| !expires.contains(&f.path)), "the newest run stays");

        let kept = job_of(held.path()).await.gc(true).await.unwrap();
        let (holds, goes): (BTreeSet<String>, BTreeSet<String>) = expires
            .into_iter()
            .partition(|p| ["raw/okta/", "usage/okta/", "tables/"].iter().any(|held| p.starts_with(held)));
        assert_eq!(paths(&kept, Hold), holds, "a hold of a source keeps its extracts and every table");
        assert!(kept.of_action(Hold).all(|i| i.why == "case 7"));
        assert!(goes.iter().any(|p| p.starts_with("raw/figma/activity/")), "what is not held goes: {goes:?}");
        assert_eq!((paths(&kept, Expire), paths(&kept, Delete)), (goes.clone(), goes));

        let done = job.gc(true).await.unwrap();
        assert_eq!((paths(&done, Expire), paths(&done, Delete)), (holds.clone(), holds));
        assert!(job.gc(true).await.unwrap().items.is_empty(), "once is enough");
        let found = job.store.fsck(true).await.unwrap();
        assert!(found.findings.iter().all(|f| f.path.starts_with("private/")), "{found}");
        let on_record = log::entries(&job.store, 0).await.unwrap();
        assert_eq!(on_record.iter().filter(|e| e.kind == EntryKind::GcExecuted).count(), 2);
        assert_eq!(job.reader(None).await.unwrap().1, run.record);
        let gone = job.reader(Some(AsOf::parse(BEFORE).unwrap())).await.err().unwrap();
        assert!(gone.to_string().contains("have expired"), "{gone}");
        let again = job.ingest(&LandOptions::default(), &Quiet).await.unwrap();
        assert!(again.landings.iter().all(|l| l.outcome == Outcome::AlreadyLanded), "what expired does not come back");
        job.build(&options("2028-12-31"), &Quiet).await.unwrap();
        assert_eq!(job.store.records(&Chain::Runs).await.unwrap().iter().filter(|r| r.kind == Kind::Run).count(), 3);
    });
}

/// What contradicts the invariants in a store, whoever looks.
fn broken(objects: &InMemory) -> Vec<String> {
    let [store, private] = stores(Arc::new(objects.clone()));
    let (found, of_keys) = (wait(store.fsck(true)).unwrap(), wait(private.fsck(true)).unwrap());
    let mut faults: Vec<String> = found
        .findings
        .iter()
        .filter(|f| !f.path.starts_with("private/"))
        .chain(&of_keys.findings)
        .filter(|f| f.kind != FindingKind::Orphan)
        .map(|f| format!("{} {}: {}", f.kind, f.path, f.detail))
        .collect();
    faults.extend(wait(torn_snapshots(&store)));
    for (chain, records) in chains(&store) {
        let ids: BTreeSet<&str> = records.iter().map(|r| r.commit_id.as_str()).collect();
        if ids.len() != records.len() {
            faults.push(format!("{chain} has an effect twice"));
        }
        for record in records.iter().filter(|r| matches!(r.kind, Kind::Land | Kind::Backfill)) {
            let count = |key: &str| record.body[key].as_u64().unwrap();
            let rows: u64 = record.files.iter().filter(|f| f.path.starts_with("raw/")).map(|f| f.rows).sum();
            if count("fetched") != count("accepted") + count("duplicate") + count("filtered") + count("quarantined") {
                faults.push(format!("{chain}: fetched is not accepted + duplicate + filtered + quarantined"));
            }
            if count("accepted") != rows {
                faults.push(format!("{chain}: {} accepted, {rows} rows in files", count("accepted")));
            }
        }
    }
    faults
}

/// Published snapshots of which a file is not there as it was sealed.
async fn torn_snapshots(store: &Store) -> Vec<String> {
    let mut faults = Vec::new();
    for sealed in store.records(&Chain::Snapshots).await.unwrap() {
        let directory = sealed.body["directory"].as_str().unwrap();
        let sums = store.get(&format!("{directory}/SHA256SUMS")).await.unwrap_or_default();
        if sealed.body["sums_sha256"] != sha256_hex(&sums) {
            faults.push(format!("{directory}: its list is not the one of the index"));
        }
        for (sha256, file) in std::str::from_utf8(&sums).unwrap().lines().map(|line| line.split_once("  ").unwrap()) {
            let bytes = store.get(&format!("{directory}/{file}")).await.unwrap_or_default();
            if sha256_hex(&bytes) != sha256 {
                faults.push(format!("{directory}/{file} is not as it was sealed"));
            }
        }
    }
    faults
}

fn chains(store: &Store) -> BTreeMap<String, Vec<Record>> {
    wait(async {
        let names: BTreeSet<String> = futures::TryStreamExt::try_collect::<Vec<_>>(store.object_store().list(None))
            .await
            .unwrap()
            .iter()
            .filter_map(|o| Some(o.location.as_ref().strip_prefix("commits/")?.rsplit_once('/')?.0.to_owned()))
            .collect();
        let mut chains = BTreeMap::new();
        for name in names {
            let chain = Chain::parse(&name).unwrap_or_else(|| panic!("no chain {name}"));
            chains.insert(name, store.records(&chain).await.unwrap());
        }
        chains
    })
}

/// The rows of the live files of every landing and every state, and the newest run; run ids are no part of it.
fn said(objects: &InMemory) -> Said {
    let [store, _] = stores(Arc::new(objects.clone()));
    let entry = |entry: &log::Entry| {
        let payload: serde_json::Value = serde_json::from_str(&entry.payload).unwrap();
        format!("{} {:?} {:?} {}", entry.kind, entry.app_id, entry.policy_version, payload["detail"]["as_of"])
    };
    let mut said = Said {
        log: wait(log::entries(&store, 0)).unwrap().iter().map(entry).collect(),
        snapshots: wait(store.records(&Chain::Snapshots)).unwrap().len(),
        ..Said::default()
    };
    for (chain, records) in chains(&store) {
        if chain == "runs" {
            let tables = records.last().unwrap().body["tables"].as_object().unwrap();
            let hash = |entry: &serde_json::Value| entry["sha256"].as_str().unwrap().to_owned();
            said.run = tables.iter().map(|(name, entry)| (name.clone(), hash(entry))).collect();
            continue;
        }
        let mut rows = Vec::new();
        for path in
            live_files(&records).into_keys().filter(|path| path.starts_with("raw/") || path.starts_with("usage/"))
        {
            rows.extend(rows_at(&store, path));
        }
        rows.sort();
        said.rows.insert(chain, rows);
    }
    said
}

/// The rows of a landed file; its name holds its hash, so each is read once.
fn rows_at(store: &Store, path: &str) -> Vec<String> {
    static READ: OnceLock<Mutex<BTreeMap<String, Vec<String>>>> = OnceLock::new();
    let read = READ.get_or_init(Mutex::default);
    if let Some(rows) = read.lock().unwrap().get(path) {
        return rows.clone();
    }
    let (_, batches) = parquet::decode(wait(store.get(path)).unwrap()).unwrap();
    let rows: Vec<String> = batches.iter().flat_map(rows_of).map(|row| format!("{row:?}")).collect();
    read.lock().unwrap().insert(path.to_owned(), rows.clone());
    rows
}

async fn job(project: &Path, objects: Arc<dyn ObjectStore>) -> Result<Job> {
    let clock = Clock::Fixed("2026-11-21T06:00:00Z".parse().unwrap());
    let [store, private] = stores(objects);
    Job::over(project, store, private, clock).await
}

/// The store, and the private one in a folder of the same objects, so that faults strike both.
fn stores(objects: Arc<dyn ObjectStore>) -> [Store; 2] {
    let private = PrefixStore::new(Arc::clone(&objects), "private");
    [Store::over(objects, "fire"), Store::over(Arc::new(private), "private")]
}

async fn land(project: &Path, objects: Arc<dyn ObjectStore>) -> Result<()> {
    let report = job(project, objects).await?.ingest(&LandOptions::default(), &Quiet).await?;
    assert_eq!(report.exit_kind(), None, "{report}");
    Ok(())
}

fn options(day: &str) -> RunOptions {
    RunOptions {
        as_of: AsOf::parse(day).unwrap(),
        select: None,
        rebuild: false,
        settings: Settings { partitions: 1, ..Settings::default() },
    }
}

/// Waits on a thread of its own: a test may ask from within a runtime.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(future)).join().unwrap())
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
