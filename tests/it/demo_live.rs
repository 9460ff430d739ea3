//! The demo company read from servers that speak as the vendors document, against the same company from files.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::{Arc, Mutex};

use seatledger::base::{AsOf, Clock};
use seatledger::demo::live::{Answer, Doors};
use seatledger::demo::{self, DemoOptions};
use seatledger::ingest::{self, LandOptions, Outcome};
use seatledger::store;
use tempfile::TempDir;

use super::demo::{AS_OF, demo, options};
use super::live;
use super::project::{Project, Row, rows_of};

/// What says how something came, and not what.
const ORIGIN: [&str; 2] = ["landing", "row_number"];

/// Columns of tables that a run makes: where something was read, in how many landings it came, and what rests on the random
/// keys of a project.
const OF_A_RUN: [&str; 20] = [
    "landing",
    "newest_landing",
    "landing_count",
    "fetched_count",
    "accepted_count",
    "duplicate_count",
    "input_files",
    "last_sign_in_ref",
    "last_feature_use_ref",
    "evidence_sign_in_ref",
    "evidence_feature_use_ref",
    "evidence_sha256",
    "candidate_id",
    "finding_id",
    "gap_id",
    "hold_id",
    "item_id",
    "approver_key",
    "reviewer_key",
    "remediation",
];
/// Figures by approver go by such a key, too.
const BY_KEY: (&str, &str) = ("marts.candidate_funnel_by_group", "group_name");

/// The rows of every landing that counts, by source and stream, each with the day on which it became known where it is of a
/// list: what happened may become known with what happened later, or before it.
fn landed(project: &Project) -> BTreeMap<(String, String), Vec<Row>> {
    let read = async |job: seatledger::job::Job| {
        let facts = ingest::landings(&job.config, &job.store, AsOf::parse(AS_OF)?).await?;
        let mut landed: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact.counts()) {
            let totals = fact.totals();
            assert_eq!(totals.fetched, totals.accepted + totals.duplicate + totals.filtered + totals.quarantined);
            let rows = landed.entry((fact.source.clone(), fact.stream.clone())).or_default();
            for file in &fact.files {
                let (_, batches) = store::parquet::decode(job.store.read(file).await?)?;
                rows.extend(batches.iter().flat_map(rows_of));
            }
        }
        Ok(landed)
    };
    let mut landed = project.with_job(read).unwrap();
    for ((source, stream), rows) in &mut landed {
        let happens = ["system_log", "login_history", "member_analytics", "rates"].contains(&stream.as_str());
        for row in rows.iter_mut() {
            ORIGIN.iter().for_each(|name| _ = row.remove(*name));
            if happens {
                row.remove("extract_date");
            }
        }
        rows.sort();
        assert!(!rows.is_empty(), "{source}/{stream}");
    }
    landed
}

/// Which streams differ, and by how much.
fn differing(a: &BTreeMap<(String, String), Vec<Row>>, b: &BTreeMap<(String, String), Vec<Row>>) -> Vec<String> {
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let none = Vec::new();
    let differs = |key: &&(String, String)| {
        let (a, b) = (a.get(*key).unwrap_or(&none), b.get(*key).unwrap_or(&none));
        let lost = a.iter().find(|row| b.binary_search(row).is_err());
        let more = b.iter().find(|row| a.binary_search(row).is_err());
        (a != b).then(|| format!("{key:?}: {} and {} rows; {lost:?}; {more:?}", a.len(), b.len()))
    };
    keys.iter().filter_map(differs).collect()
}

#[test]
fn no_row_is_lost_at_servers_that_refuse_a_third_of_what_they_are_asked() {
    let folder = TempDir::new().unwrap();
    let as_of = AsOf::parse(AS_OF).unwrap();
    let night = Clock::Fixed(as_of.end() + chrono::TimeDelta::hours(1));
    let project = Project::in_folder(folder).at(night);
    let doors = project.wait(Doors::take(|_| None)).unwrap();
    demo::write_live(project.path(), &options(), &doors).unwrap();
    // Every second request is refused at first, so of three calls one is.
    let calls: Arc<Mutex<(BTreeSet<String>, [usize; 2])>> = Arc::default();
    let counted = calls.clone();
    let before = move |asked: &demo::live::Asked| {
        let mut calls = counted.lock().unwrap();
        let is_first = calls.0.insert(format!("{:?} {:?}", asked.path, asked.query));
        let is_refused = is_first && calls.0.len() % 2 == 1;
        calls.1[usize::from(is_refused)] += 1;
        is_refused.then(|| Answer::new(429, "").with("retry-after", "0".to_owned()))
    };
    let open = project.wait(async { doors.open_behind(project.path(), as_of, Arc::new(before)) }).unwrap();
    let options = LandOptions { limits: live::limits(), ..LandOptions::default() };
    let report = project.land_with(&options).unwrap();
    drop(open);
    for landing in &report.landings {
        assert!(matches!(landing.outcome, Outcome::Landed { .. }), "{landing:?}");
    }
    let [answered, refused] = calls.lock().unwrap().1;
    assert!(refused > 40 && answered <= refused * 2 + 2, "{answered} answered, {refused} refused");
    let differing = differing(&landed(&demo().project), &landed(&project));
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn the_figures_are_those_of_the_company_from_files() {
    let folder = TempDir::new().unwrap();
    let DemoOptions { seats, days, .. } = options();
    let mut program = Command::new(env!("CARGO_BIN_EXE_seatledger"));
    program.args(["demo", "--live", "--quiet", "--seats", &seats.to_string(), "--days", &days.to_string()]);
    let ran = program.arg(folder.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let project = Project::in_folder(folder);
    let names: Vec<String> = demo().tables.run.record.body["tables"].as_object().unwrap().keys().cloned().collect();
    let live: BTreeMap<String, Vec<Row>> = project
        .with_job(async |job| {
            let (session, _) = job.reader(None).await?;
            let mut tables = BTreeMap::new();
            for name in &names {
                tables.insert(name.clone(), rows_of(&session.table(name).await?));
            }
            Ok(tables)
        })
        .unwrap();
    let differs = |name: &&String| {
        let sorted = |mut rows: Vec<Row>| {
            let is_of_a_run = |column: &str| OF_A_RUN.contains(&column) || (name.as_str(), column) == BY_KEY;
            rows.iter_mut().for_each(|row| row.retain(|column, _| !is_of_a_run(column)));
            rows.sort();
            rows
        };
        sorted(demo().tables.rows(name)) != sorted(live[*name].clone())
    };
    let differing: Vec<&String> = names.iter().filter(differs).collect();
    assert!(names.len() > 100 && differing.is_empty(), "of {} tables: {differing:#?}", names.len());
}
