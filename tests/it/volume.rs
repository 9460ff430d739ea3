//! Days of use merged into the state of many seats; of very many, for real, where `tests/bench/merge.sh` asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{Days, NaiveDate};
use seatledger::base::{AsOf, Clock};
use seatledger::config;
use seatledger::store::parquet::Batches;
use seatledger::store::{FileEntry, RunId, Store};
use seatledger::usage::{Advance, Of, Ring, Rollup, Told, WORDS, put_day_use};

use super::chance::Chance;

const OF: Of<'_> = Of { source: "okta", stream: "system_log" };
const APPS: u64 = 20;
/// Days merged at once: a state is written once a week.
const WEEK: u64 = 7;
/// About so many accounts are followed by themselves, and compared at the end.
const FOLLOWED: u64 = 50;
const DAY_MICROS: i64 = 86_400_000_000;

/// App, account.
type Seat = (u64, u64);
/// By seat the newest day of use, and the days that are kept.
type Seats = BTreeMap<Seat, (NaiveDate, Ring)>;

#[tokio::test(flavor = "multi_thread")]
async fn days_of_use_are_merged_into_the_state_of_many_seats() {
    let asked = |name: &str, standard: u64| config::env(name).map_or(standard, |text| text.parse().unwrap());
    let seats = asked("SEATLEDGER_SEATS", 20_000);
    let uses_a_day = asked("SEATLEDGER_USES", 5_000);
    let days = asked("SEATLEDGER_DAYS", 30);
    let buckets = u32::try_from(seats.div_ceil(1_250_000)).unwrap();
    let dir = tempfile::TempDir::new().unwrap();
    let store = Store::open("warehouse", dir.path()).unwrap();
    store.init(Clock::System, buckets).await.unwrap();

    let names = |prefix: &str, n: u64| (0..n).map(|i| format!("{prefix}{i:017}")).collect::<Vec<_>>();
    let (apps, accounts) = (names("0oa", APPS), names("00u", seats / APPS));
    let step = (accounts.len() as u64 / FOLLOWED).max(1);
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let mut followed: BTreeMap<Seat, BTreeSet<NaiveDate>> = BTreeMap::new();
    let mut chance = Chance(seats ^ days);
    let (mut landings, mut told): (Vec<Told>, u64) = (Vec::new(), 0);
    // What it costs is asked for by the script alone: not every system tells it the way this reads it.
    let report = config::env("SEATLEDGER_REPORT");
    let busy = || if report.is_some() { cpu_seconds() } else { 0.0 };
    let (mut wall, mut cpu) = (0.0, 0.0);
    let mut state = None;
    for n in 0..days {
        let day = first + Days::new(n);
        let midnight = i64::from(day.to_epoch_days()) * DAY_MICROS;
        let (run_id, mut rollup, mut files, mut part) =
            (RunId::new(Clock::System), Rollup::new(day, buckets), Vec::new(), 0);
        for _ in 0..uses_a_day {
            // A few people use much, many little: the square of an even number crowds at the low end.
            let even = chance.below(1 << 32);
            let account = ((u128::from(even * (even >> 16)) * accounts.len() as u128) >> 48) as u64;
            let app = chance.below(APPS);
            let at = midnight + chance.below(DAY_MICROS.unsigned_abs()) as i64;
            let is_full = rollup.add(&apps[app as usize], &accounts[account as usize], at, true);
            if account.is_multiple_of(step) {
                followed.entry((app, account)).or_default().insert(day);
            }
            if is_full {
                files.extend(put_day_use(&store, OF, &run_id, &mut part, rollup.take().unwrap()).await.unwrap());
            }
        }
        files.extend(put_day_use(&store, OF, &run_id, &mut part, rollup.take().unwrap()).await.unwrap());
        told += files.iter().map(|file| file.rows).sum::<u64>();
        landings.push(Told { version: n + 1, extract_date: day, files });
        if n % WEEK != WEEK - 1 && n + 1 != days {
            continue;
        }
        let (began, before) = (Instant::now(), busy());
        let as_of = AsOf::new(day);
        let run_id = RunId::new(Clock::System);
        let advance =
            Advance { store: &store, of: OF, as_of, run_id: &run_id, config_sha256: "", rebuild: false, memory: None };
        let now = advance.run(&landings).await.unwrap();
        wall += began.elapsed().as_secs_f64();
        cpu += busy() - before;
        // What is merged is needed no more, nor the state before.
        let root = dir.path().join("warehouse");
        let gone = landings.iter_mut().flat_map(|landing| std::mem::take(&mut landing.files));
        for file in gone.chain(state.replace(now.files).unwrap_or_default()) {
            fs::remove_file(root.join(file.path)).unwrap();
        }
    }

    let files = state.unwrap();
    let (rows, found) = read(&store, &files, step).await;
    let as_of = first + Days::new(days - 1);
    let kept = |used: &BTreeSet<NaiveDate>| {
        let mut ring = Ring::default();
        used.iter().for_each(|day| ring.add(day.to_epoch_days(), as_of));
        ring
    };
    let expected: Seats = followed.iter().map(|(seat, used)| (*seat, (*used.last().unwrap(), kept(used)))).collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);

    let Some(report) = report else { return };
    let (merges, bytes) = (days.div_ceil(WEEK), files.iter().map(|file| file.bytes).sum::<u64>());
    let text = format!(
        "{told} rows of day_use in {days} days, {merges} merges, into {rows} seats\n\
         merging: {wall:.1} s, {cpu:.1} s CPU, {:.2} us CPU a row of day_use or state\n\
         state {:.1} MB, {:.1} bytes a seat; peak of the process {:.0} MB\n",
        cpu * 1e6 / (told + rows * merges) as f64,
        mega(bytes),
        bytes as f64 / rows as f64,
        mega(peak_bytes()),
    );
    fs::write(report, text).unwrap();
}

/// How many seats a state has, and what it says of those that are followed.
async fn read(store: &Store, files: &[FileEntry], step: u64) -> (u64, Seats) {
    let (mut rows, mut found) = (0, Seats::new());
    for file in files {
        for batch in Batches::open(store.read(file).await.unwrap()).unwrap().map(Result::unwrap) {
            rows += batch.num_rows() as u64;
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let numbers = |name: &str| -> Vec<u64> {
                column(name).as_string::<i32>().iter().map(|id| id.unwrap()[3..].parse().unwrap()).collect()
            };
            let (apps, accounts) = (numbers("app_instance_id"), numbers("account_id"));
            let last_at = column("last_at").as_primitive::<TimestampMicrosecondType>();
            let words: [_; WORDS] = std::array::from_fn(|w| column(&format!("w{w}")).as_primitive::<Int64Type>());
            for row in (0..batch.num_rows()).filter(|row| accounts[*row].is_multiple_of(step)) {
                let day = NaiveDate::from_epoch_days(last_at.value(row).div_euclid(DAY_MICROS) as i32).unwrap();
                let ring = Ring(words.map(|word| word.value(row).cast_unsigned()));
                found.insert((apps[row], accounts[row]), (day, ring));
            }
        }
    }
    (rows, found)
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Processor seconds of this process, all threads.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The most memory this process ever held.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
