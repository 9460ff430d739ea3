//! The merge, held to a plain model: sets of days and maxima.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use tempfile::TempDir;

use super::files::day_number;
use super::*;
use crate::base::{AsOf, Clock, Result};
use crate::store::fault::{Fault, FaultStore};
use crate::store::parquet::Batches;
use crate::store::{FileEntry, RunId, Store, day_use};

const DAY_MICROS: i64 = 86_400_000_000;
const OF: Of<'_> = Of { source: "okta", stream: "system_log" };

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap()
}

fn day(n: u64) -> NaiveDate {
    first_day() + Days::new(n)
}

/// One attempt: app, account, days before the extract date (one after it: -1), second of the day, whether it succeeded.
type Attempt = (u8, u8, i32, u32, bool);

/// A store with landings and nothing else.
struct World {
    _dir: TempDir,
    store: Store,
    buckets: u32,
    landings: Vec<Told>,
    attempts: Vec<(NaiveDate, Attempt, u64)>,
}

impl World {
    async fn new(buckets: u32) -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open("warehouse", dir.path()).unwrap();
        store.init(Clock::System, buckets).await.unwrap();
        Self { _dir: dir, store, buckets, landings: Vec::new(), attempts: Vec::new() }
    }

    async fn land(&mut self, on: NaiveDate, attempts: &[Attempt]) {
        let version = self.landings.len() as u64 + 1;
        let (mut rollup, mut files, mut n) = (Rollup::new(on, self.buckets), Vec::new(), 0);
        let run_id = RunId::new(Clock::System);
        for (i, attempt) in attempts.iter().enumerate() {
            let (app, account, _, _, ok) = attempt;
            rollup.add(&format!("0oa{app}"), &format!("00u{account}"), instant(on, attempt), *ok);
            self.attempts.push((on, *attempt, version));
            // Written out in the middle, as a large landing is.
            if i == attempts.len() / 2 {
                files.extend(put_day_use(&self.store, OF, &run_id, &mut n, rollup.take().unwrap()).await.unwrap());
            }
        }
        files.extend(put_day_use(&self.store, OF, &run_id, &mut n, rollup.take().unwrap()).await.unwrap());
        self.landings.push(Told { version, extract_date: on, files });
    }

    async fn state(&self, as_of: NaiveDate, rebuild: bool) -> State {
        self.advanced(&self.store, as_of, rebuild).await.unwrap()
    }

    async fn advanced(&self, store: &Store, as_of: NaiveDate, rebuild: bool) -> Result<State> {
        let run_id = RunId::new(Clock::System);
        let as_of = AsOf::new(as_of);
        let landings: Vec<Told> =
            self.landings.iter().filter(|landing| landing.extract_date <= as_of.day()).cloned().collect();
        // A rebuild has memory for one bucket at a time.
        let memory = rebuild.then_some(1);
        Advance { store, of: OF, as_of, run_id: &run_id, config_sha256: "", rebuild, memory }.run(&landings).await
    }

    /// A run that dies at one of its operations on the store, after it happened or before; or lives, if it has fewer.
    async fn killed(&self, as_of: NaiveDate, operation: usize, has_happened: bool) {
        let fault = if has_happened { Fault::DiesAfter } else { Fault::DiesBefore };
        let dying = FaultStore::at(self.store.object_store(), operation, fault);
        let _ = self.advanced(&Store::over(Arc::new(dying), "dying"), as_of, false).await;
    }

    /// What the state must say: the newest success, the landing that tells of its day, and the days of 13 months.
    fn expected(&self, as_of: NaiveDate) -> BTreeMap<(String, String), (i64, i64, BTreeSet<i32>)> {
        let mut rows: BTreeMap<(String, String), (i64, i64, BTreeSet<i32>)> = BTreeMap::new();
        let end = (i64::from(day_number(as_of)) + 1) * DAY_MICROS;
        let known = self.attempts.iter().filter(|(on, attempt, _)| *on <= as_of && instant(*on, attempt) < end);
        for (on, attempt, landing) in known.filter(|(_, attempt, _)| attempt.4) {
            let (at, landing) = (instant(*on, attempt), *landing as i64);
            let key = (format!("0oa{}", attempt.0), format!("00u{}", attempt.1));
            let row = rows.entry(key).or_insert((i64::MIN, 0, BTreeSet::new()));
            let (new, old) = (at.div_euclid(DAY_MICROS), row.0.div_euclid(DAY_MICROS));
            row.1 = if new > old {
                landing
            } else if new == old {
                row.1.max(landing)
            } else {
                row.1
            };
            row.0 = row.0.max(at);
            if new as i32 > day_number(as_of) - KEPT_DAYS {
                row.2.insert(new as i32);
            }
        }
        rows
    }

    async fn rows(&self, files: &[FileEntry]) -> BTreeMap<(String, String), (i64, i64, Vec<u64>)> {
        let mut rows = BTreeMap::new();
        for file in files {
            let mut previous = None;
            for batch in Batches::open(self.store.read(file).await.unwrap()).unwrap().map(Result::unwrap) {
                for row in 0..batch.num_rows() {
                    let text = |at: usize| batch.column(at).as_string::<i32>().value(row).to_owned();
                    let int = |at: usize| batch.column(at).as_primitive::<Int64Type>().value(row);
                    let key = (text(2), text(3));
                    assert!(previous.as_ref() < Some(&key), "sorted and unique");
                    previous = Some(key.clone());
                    let at = batch.column(4).as_primitive::<TimestampMicrosecondType>().value(row);
                    rows.insert(key, (at, int(5), (6..6 + WORDS).map(|word| int(word) as u64).collect()));
                }
            }
        }
        rows
    }

    async fn check(&self, as_of: NaiveDate, files: &[FileEntry]) {
        let expected = self.expected(as_of).into_iter().map(|(key, (at, landing, days))| {
            let mut ring = Ring::default();
            days.iter().for_each(|day| ring.add(*day, as_of));
            (key, (at, landing, ring.0.to_vec()))
        });
        assert_eq!(self.rows(files).await, expected.collect::<BTreeMap<_, _>>(), "as of {as_of}");
    }
}

fn instant(on: NaiveDate, (.., ago, second, _): &Attempt) -> i64 {
    i64::from(day_number(on) - ago) * DAY_MICROS + i64::from(*second) * 1_000_000
}

fn hashes(files: &[FileEntry]) -> Vec<&str> {
    files.iter().map(|file| file.sha256.as_str()).collect()
}

/// What happens next: days pass, something lands (so many days late), a run speaks for a day (so many days ago), or dies
/// on the way, at which of its operations, before or after it happened.
#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Land(u64, Vec<Attempt>),
    Run(u64),
    Die(u64, usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ago = prop_oneof![8 => 0i32..3, 2 => 0i32..40, 1 => -1i32..0, 1 => 380i32..460];
    let attempt = (0u8..3, 0u8..12, ago, 0u32..86_400, prop::bool::weighted(0.8));
    let step = prop_oneof![
        3 => (1u64..4).prop_map(Step::Pass),
        1 => (40u64..500).prop_map(Step::Pass),
        4 => (prop_oneof![4 => Just(0u64), 1 => 1u64..30], prop::collection::vec(attempt, 0..25))
            .prop_map(|(late, attempts)| Step::Land(late, attempts)),
        4 => prop_oneof![4 => Just(0u64), 1 => 1u64..30].prop_map(Step::Run),
        3 => (prop_oneof![4 => Just(0u64), 1 => 1u64..30], 1usize..24, any::<bool>())
            .prop_map(|(ago, operation, has_happened)| Step::Die(ago, operation, has_happened)),
    ];
    prop::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// In any interleaving of landings, late ones, steps of years, runs and runs that die, the state is what a plain
    /// model says, and its bytes are those of a rebuild from nothing.
    #[test]
    fn a_state_is_a_rebuild(steps in steps(), buckets in 1u32..4) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut world, mut today) = (World::new(buckets).await, day(500));
            for step in steps {
                match step {
                    Step::Pass(days) => today = today + Days::new(days),
                    Step::Land(late, attempts) => world.land(today - Days::new(late), &attempts).await,
                    Step::Die(ago, operation, has_happened) => {
                        world.killed(today - Days::new(ago), operation, has_happened).await;
                    }
                    Step::Run(ago) => {
                        let as_of = today - Days::new(ago);
                        let state = world.state(as_of, false).await;
                        world.check(as_of, &state.files).await;
                        let rebuilt = world.state(as_of, true).await;
                        assert_eq!(hashes(&state.files), hashes(&rebuilt.files));
                        assert_eq!(state.version, rebuilt.version, "the same bytes are not put on record twice");
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn a_day_merges_only_what_became_known_since() {
    let mut world = World::new(2).await;
    for n in 0..5 {
        world.land(day(n), &[(1, n as u8, 0, 60, true), (1, 9, 0, 60, n % 2 == 0)]).await;
        world.state(day(n), false).await;
    }
    let before = world.state(day(4), false).await;
    // The old files are needed no more: the next day does not read them.
    for file in world.landings.iter().flat_map(|landing| &landing.files) {
        world.store.delete(&file.path).await.unwrap();
    }
    world.land(day(5), &[(1, 9, 0, 61, true)]).await;
    let after = world.state(day(5), false).await;
    assert_eq!((before.version, after.version), (5, 6));
    world.check(day(5), &after.files).await;
    assert_eq!(world.state(day(5), false).await.version, 6, "a second run of the day changes nothing");
}

#[tokio::test]
async fn shards_make_one_state_and_the_last_puts_it_on_record() {
    let mut world = World::new(5).await;
    let attempts: Vec<Attempt> = (0..40).map(|n| (n % 3, n, 0, 60, true)).collect();
    world.land(day(0), &attempts).await;
    let rebuilt = world.state(day(0), true).await;
    world.land(day(1), &attempts[..20]).await;
    let run_id = RunId::new(Clock::System);
    let as_of = AsOf::new(day(1));
    let advance = Advance {
        store: &world.store,
        of: OF,
        as_of,
        run_id: &run_id,
        config_sha256: "",
        rebuild: false,
        memory: None,
    };
    let shard = |number| advance.run_shard(&world.landings, Shard { number, of: 3 });
    assert!(!shard(2).await.unwrap());
    assert!(!shard(2).await.unwrap(), "a shard that ran twice said it once");
    assert!(!shard(1).await.unwrap());
    assert_eq!(world.store.records(&advance.chain()).await.unwrap().len() as u64, rebuilt.version);
    assert!(shard(3).await.unwrap());
    let state = world.state(day(1), false).await;
    assert_eq!(state.version, rebuilt.version + 1);
    world.check(day(1), &state.files).await;
    assert_eq!(world.state(day(1), true).await.version, state.version, "the same bytes as in one piece");
}

#[tokio::test]
async fn a_month_is_summed_up_when_it_is_over_and_late_days_are_added() {
    let mut world = World::new(2).await;
    for n in 0..40 {
        world.land(day(n), &[(1, 1, 0, 60, true), (1, (n % 3) as u8 + 2, 0, 60, true), (2, 1, 0, 60, false)]).await;
    }
    // 31 days of January 2024, on each of which account 1 signed in.
    let months = |world: &World, on: NaiveDate, rebuild: bool| {
        let (store, landings) = (world.store.clone(), world.landings.clone());
        async move {
            let run_id = RunId::new(Clock::System);
            let landings: Vec<Told> = landings.into_iter().filter(|landing| landing.extract_date <= on).collect();
            let as_of = AsOf::new(on);
            let advance =
                Advance { store: &store, of: OF, as_of, run_id: &run_id, config_sha256: "", rebuild, memory: None };
            advance.months(&landings).await.unwrap()
        }
    };
    assert!(months(&world, day(30), false).await.is_empty(), "January is not over on its last day");
    let first = months(&world, day(31), false).await;
    let store = world.store.clone();
    let told = |files: Vec<FileEntry>| {
        let store = store.clone();
        async move {
            let mut rows = BTreeMap::new();
            for file in &files {
                for batch in Batches::open(store.read(file).await.unwrap()).unwrap().map(Result::unwrap) {
                    for row in 0..batch.num_rows() {
                        let int = |at: usize| batch.column(at).as_primitive::<Int64Type>().value(row);
                        let account = batch.column(4).as_string::<i32>().value(row).to_owned();
                        rows.insert(account, (int(5).count_ones(), int(6)));
                    }
                }
            }
            rows
        }
    };
    let january = told(first.clone()).await;
    assert_eq!(january["00u1"], (31, 31));
    assert_eq!(january.values().map(|(_, n)| n).sum::<i64>(), 62, "failed attempts are no use");
    assert_eq!(hashes(&months(&world, day(39), false).await), hashes(&first), "nothing came late");
    world.land(day(40), &[(1, 2, 30, 60, true), (1, 2, 30, 61, true)]).await;
    let late = months(&world, day(40), false).await;
    let before = january["00u2"];
    assert_eq!(told(late.clone()).await["00u2"], (before.0 + 1, before.1 + 2));
    assert_eq!(hashes(&months(&world, day(40), true).await), hashes(&late), "added or summed up anew: the same bytes");
    assert_eq!(hashes(&months(&world, day(39), false).await), hashes(&first), "an earlier day says what it said");
}

#[tokio::test]
async fn many_files_are_merged_part_by_part() {
    let mut world = World::new(1).await;
    for n in 0..35 {
        world.land(day(n), &[(1, n as u8, 0, 60, true), (1, 99, 0, 60, true)]).await;
    }
    let state = world.state(day(34), false).await;
    world.check(day(34), &state.files).await;
    assert_eq!(world.state(day(34), true).await.version, state.version, "the same bytes");
}

#[tokio::test]
async fn an_erased_account_is_in_no_state_and_the_next_day_goes_on() {
    let mut world = World::new(1).await;
    world.land(day(0), &[(1, 1, 0, 60, true), (1, 2, 0, 60, true)]).await;
    world.state(day(0), false).await;
    let (run_id, is_gone) = (RunId::new(Clock::System), |account: &str| account == "00u1");
    assert_eq!(erase(&world.store, OF, &is_gone, &run_id, "", false).await.unwrap(), 1);
    assert_eq!(erase(&world.store, OF, &is_gone, &run_id, "", true).await.unwrap(), 1);
    assert_eq!(erase(&world.store, OF, &is_gone, &run_id, "", true).await.unwrap(), 0);
    world.land(day(1), &[(1, 3, 0, 60, true)]).await;
    let state = world.state(day(1), false).await;
    let accounts: Vec<String> = world.rows(&state.files).await.into_keys().map(|(_, account)| account).collect();
    assert_eq!(accounts, ["00u2", "00u3"]);
    assert!(world.landings.iter().flat_map(|l| &l.files).all(|file| day_use(&file.path).is_some()));
}

#[tokio::test]
async fn of_old_states_one_a_month_is_kept() {
    let mut world = World::new(1).await;
    for n in 0..100 {
        world.land(day(n), &[(1, 1, 0, 60, true)]).await;
        world.state(day(n), false).await;
    }
    // 2024-01-01 to 2024-04-09: the ends of January, February and March, and seven days.
    let goes = expirable(&world.store, OF, 396).await.unwrap();
    assert_eq!(goes.iter().flat_map(|expiry| &expiry.files).count(), 100 - 3 - 7);
}
