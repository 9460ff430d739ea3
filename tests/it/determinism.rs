//! The same day gives the same bytes: however many partitions, however little memory, however often, whatever landed
//! since, and whenever.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use seatledger::base::Clock;
use seatledger::ingest::Outcome;
use seatledger::store::sha256_hex;
use tempfile::TempDir;

use super::demo;
use super::project::{Project, Tables};

/// A first of the month, when the demo's full feeds are collected, 19 days before its last day.
const DAY: &str = "2026-11-01";

#[test]
fn a_day_gives_the_same_bytes_whatever_else_happens() {
    let folder = TempDir::new().unwrap();
    seatledger::demo::write(folder.path(), &demo::options()).unwrap();
    let later = TempDir::new().unwrap();
    let hidden = extracts_after(DAY.parse().unwrap(), folder.path());
    assert!(hidden.len() > 50, "{} extracts of later days", hidden.len());
    hidden.iter().for_each(|file| shift(file, folder.path(), later.path()));

    let project = Project::in_folder(folder).in_partitions(1);
    let first = Sealed::of(&project.run(DAY).unwrap(), project.path());
    assert!(first.rows > 100, "{} candidates and evaluations", first.rows);
    let same = |what: &str, project: &Project| {
        assert_eq!(Sealed::of(&project.build(DAY).unwrap(), project.path()), first, "{what}");
    };
    same("run again", &project);
    let project = project.in_partitions(2);
    same("2 partitions", &project);
    let project = project.in_partitions(7);
    same("7 partitions", &project);
    let project = project.within(Some(64_000_000));
    same("64 MB of memory", &project);
    let project = project.within(None);

    hidden.iter().for_each(|file| shift(file, later.path(), project.path()));
    let project = project.in_partitions(2).at(Clock::Fixed("2030-01-01T00:00:00Z".parse().unwrap()));
    let newest = Sealed::of(&project.run(demo::AS_OF).unwrap(), project.path());
    assert_ne!(newest, first, "later days say something else about later days");
    same("later days have landed and were run, years later", &project);

    assert_nothing_lands(&project);
    let page = project.path().join(format!("extracts/okta/apps/{DAY}/page-1.json.gz"));
    fs::copy(&page, page.with_file_name("page-1-again.json.gz")).unwrap();
    assert_nothing_lands(&project);
    same("the same files came twice", &project);
}

/// The stored bytes of what the policies said.
#[derive(Debug, PartialEq, Eq)]
struct Sealed {
    evaluations: String,
    candidates: String,
    rows: usize,
}

impl Sealed {
    /// By the hashes of the run record, which must be those of the files.
    fn of(tables: &Tables, project: &Path) -> Self {
        let hash = |table: &str| {
            let entry = &tables.run.record.body["tables"][table];
            let bytes = fs::read(project.join("warehouse").join(entry["path"].as_str().unwrap())).unwrap();
            let sha256 = tables.sha256(table);
            assert_eq!(sha256_hex(&bytes), sha256, "{table} is not as recorded");
            sha256
        };
        let rows = tables.run.rows["policy.evaluations"] + tables.run.rows["policy.candidates"];
        Self { evaluations: hash("policy.evaluations"), candidates: hash("policy.candidates"), rows }
    }
}

fn assert_nothing_lands(project: &Project) {
    for landing in project.land().unwrap().landings {
        assert_eq!(
            landing.outcome,
            Outcome::AlreadyLanded,
            "{}/{} {:?}",
            landing.source,
            landing.stream,
            landing.extract_date
        );
    }
}

/// The extracts of days after a day, below the project.
fn extracts_after(day: NaiveDate, project: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![project.join("extracts")];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let file = path.strip_prefix(project).unwrap();
                let extracted = day_in(&file.to_string_lossy()).unwrap_or_else(|| panic!("{}: no day", file.display()));
                found.extend((extracted > day).then(|| file.to_owned()));
            }
        }
    }
    found
}

/// The first `YYYY-MM-DD` of a path.
fn day_in(path: &str) -> Option<NaiveDate> {
    (0..path.len()).find_map(|at| path.get(at..at + 10)?.parse().ok())
}

fn shift(file: &Path, from: &Path, to: &Path) {
    let target = to.join(file);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::copy(from.join(file), target).unwrap();
    fs::remove_file(from.join(file)).unwrap();
}
