//! Runs the stories of `tests/scenarios/` and holds every row they expect against what the run said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, NaiveTime};
use seatledger::base::Clock;
use serde::Deserialize;

use super::project::{Project, Row, Tables, in_parallel, scenarios};
use super::said::Said;

/// The columns that find a row; all others of an expected row are compared.
const KEY: &[&str] = &[
    "app_id",
    "system",
    "account_id",
    "sku_id",
    "kind",
    "subject",
    "opened_on",
    "step",
    "waits_for",
    "contract_id",
    "scenario",
    "basis",
    "month",
    "clause",
    "drift_kind",
    "grant_kind",
    "okta_app_id",
    "group_id",
    "okta_account_id",
];

/// What a log holds of a day on which Ada works and nobody else.
const AT_WORK: &[(&str, &str)] = &[
    (
        "okta/system_log",
        concat!(
            r#"{"uuid":"at-work-DAY","published":"DAYT08:30:00Z","eventType":"user.authentication.sso","#,
            r#""outcome":{"result":"SUCCESS"},"actor":{"id":"00u-ada","type":"User"},"#,
            r#""target":[{"type":"AppInstance","id":"0oa-figma"}]}"#,
        ),
    ),
    ("figma/activity", r#"{"id":"at-work-DAY","user":"f-ada","feature":"edit","day":"DAY","uses":1}"#),
];

/// The table a story means when it names none.
const EVALUATIONS: &str = "policy.evaluations";

/// `scenario.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    as_of: Option<String>,
    #[serde(default)]
    without: Vec<String>,
    /// Every feed lands again for the day of each run, as it stood.
    #[serde(default)]
    daily: bool,
    #[serde(default)]
    run: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    as_of: String,
}

impl Scenario {
    fn days(&self) -> Vec<&str> {
        self.as_of.iter().chain(self.run.iter().map(|step| &step.as_of)).map(String::as_str).collect()
    }
}

/// One `expected*.csv`.
struct Sheet {
    file: String,
    /// None: for every run.
    as_of: Option<String>,
    table: String,
    columns: Vec<String>,
    /// With the line each stands on.
    rows: Vec<(u64, Row)>,
}

/// What the names of a story (`@first`) stand for.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// Whether a value may bear a name: one name, one value; two names, two values.
    fn fits(&mut self, name: &str, value: &str) -> bool {
        match self.0.get(name) {
            Some(known) => known == value,
            None => {
                let is_new = !value.is_empty() && self.0.values().all(|other| other != value);
                self.0.insert(name.to_owned(), value.to_owned());
                is_new
            }
        }
    }
}

#[test]
fn every_story_ends_as_it_should() {
    let faults: Vec<String> = in_parallel(&stories(), |story| faults_of(story));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_story_says_what_fires_and_what_must_not() {
    for story in stories() {
        let name = name_of(&story);
        let readme = fs::read_to_string(story.join("README.md")).unwrap_or_else(|_| panic!("{name} has no README.md"));
        assert!(readme.lines().count() <= 10, "{name}/README.md is longer than a glance");
        let sheets = sheets_of(&story);
        assert!(sheets.iter().map(|s| s.rows.len()).sum::<usize>() >= 2, "{name} expects fewer than two rows");
    }
}

/// The stories, or those whose names begin as `SEATLEDGER_STORY` says.
fn stories() -> Vec<PathBuf> {
    let beginning = seatledger::config::env("SEATLEDGER_STORY").unwrap_or_default();
    let mut stories: Vec<PathBuf> = fs::read_dir(scenarios())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !name_of(path).starts_with('_'))
        .filter(|path| name_of(path).starts_with(&beginning))
        .collect();
    stories.sort();
    stories
}

fn name_of(story: &Path) -> String {
    story.file_name().unwrap().to_string_lossy().into_owned()
}

fn faults_of(story: &Path) -> Vec<String> {
    let name = name_of(story);
    let text = fs::read_to_string(story.join("scenario.toml")).unwrap_or_else(|e| panic!("{name}/scenario.toml: {e}"));
    let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}/scenario.toml: {e}"));
    let days = scenario.days();
    let sheets = sheets_of(story);
    for sheet in &sheets {
        let is_of_a_run = sheet.as_of.as_deref().is_none_or(|day| days.contains(&day));
        assert!(is_of_a_run, "{name}/{}: no run speaks for that day", sheet.file);
    }

    let mut names = Names::default();
    let mut faults = Vec::new();
    tell(story, &scenario, |day, ran| match ran {
        Ok(tables) => {
            for sheet in sheets.iter().filter(|s| s.as_of.as_deref().is_none_or(|of| of == day)) {
                let at = |fault| format!("{name}, run of {day}, {}", fault);
                faults.extend(compare(sheet, tables, &mut names).into_iter().map(at));
            }
        }
        Err(error) => faults.push(format!("{name}, run of {day}: {error}")),
    });
    faults
}

/// A story that is told: its project and the run of its last day.
pub fn told(name: &str) -> (Project, Tables) {
    let story = scenarios().join(name);
    let text = fs::read_to_string(story.join("scenario.toml")).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (project, last) = tell(&story, &toml::from_str(&text).unwrap(), |_, _| {});
    (project, last.unwrap_or_else(|| panic!("{name} has no run")))
}

/// Makes the runs of a story, and between them says what its people say.
fn tell(
    story: &Path,
    scenario: &Scenario,
    mut each: impl FnMut(&str, Result<&Tables, &seatledger::base::Error>),
) -> (Project, Option<Tables>) {
    let days = scenario.days();
    let mut project = Project::base().with_files_of(story).in_partitions(1);
    for file in &scenario.without {
        project = project.without(file);
    }
    if scenario.daily {
        days.iter().for_each(|day| write_feeds_of(day, &project.path().join("extracts")));
    }
    let mut said = Said::read(story).into_iter().peekable();
    let has_log = said.peek().is_some();
    if has_log {
        // What lands is of every day of the story; the runs are made in its course.
        project.land().unwrap_or_else(|e| panic!("{}: {e}", name_of(story)));
    }
    let mut before: Option<Tables> = None;
    for day in days {
        if let Some(before) = &before {
            while let Some(said) = said.next_if(|said| said.is_known_on(day)) {
                said.append(&project, before);
            }
        }
        if has_log {
            project = project.at(morning_after(day));
        }
        match project.run(day) {
            Ok(tables) => {
                each(day, Ok(&tables));
                before = Some(tables);
            }
            Err(error) => each(day, Err(&error)),
        }
    }
    (project, before)
}

/// Runs that people answer between are made on the morning after their day.
fn morning_after(day: &str) -> Clock {
    let next = day.parse::<NaiveDate>().unwrap() + Days::new(1);
    Clock::Fixed(next.and_time(NaiveTime::from_hms_opt(6, 0, 0).unwrap()).and_utc())
}

/// Writes what every feed says on a day: lists as they stood, rates of that day, logs with Ada at work.
pub(super) fn write_feeds_of(day: &str, extracts: &Path) {
    for stream in folders(extracts).iter().flat_map(|source| folders(source)) {
        let name = stream.strip_prefix(extracts).unwrap().to_string_lossy().into_owned();
        let day_of = |file: &PathBuf| file.file_stem().unwrap().to_string_lossy().into_owned();
        let before = files(&stream).into_iter().filter(|file| day_of(file).as_str() <= day);
        let Some(newest) = before.max_by_key(day_of).filter(|file| day_of(file) != day) else { continue };
        let text = match AT_WORK.iter().find(|(log, _)| *log == name) {
            Some((_, event)) => event.replace("DAY", day),
            None if name == "ecb/rates" => fs::read_to_string(&newest).unwrap().replace(&day_of(&newest), day),
            None => fs::read_to_string(&newest).unwrap(),
        };
        fs::write(newest.with_file_name(day).with_extension(newest.extension().unwrap()), text).unwrap();
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

fn compare(sheet: &Sheet, tables: &Tables, names: &mut Names) -> Vec<String> {
    let actual = tables.rows(&sheet.table);
    let (key, checked): (Vec<&String>, Vec<&String>) = sheet.columns.iter().partition(|c| KEY.contains(&c.as_str()));
    let mut faults = Vec::new();
    for (line, expected) in &sheet.rows {
        let what = key.iter().map(|k| expected[*k].as_str()).collect::<Vec<_>>().join(" ");
        let place = format!("{} line {line} ({what})", sheet.file);
        let found: Vec<&Row> =
            actual.iter().filter(|row| key.iter().all(|k| row.get(*k) == expected.get(*k))).collect();
        if checked.iter().all(|column| expected[*column] == "-") {
            let fault = || format!("{place}: {} has a row where none should be", sheet.table);
            faults.extend((!found.is_empty()).then(fault));
            continue;
        }
        let [row] = found[..] else {
            faults.push(format!("{place}: {} rows of {} where one should be", found.len(), sheet.table));
            continue;
        };
        for column in &checked {
            let (wanted, Some(value)) = (&expected[*column], row.get(*column)) else {
                faults.push(format!("{place}: {} has no column {column}", sheet.table));
                continue;
            };
            let fits = match wanted.as_str() {
                "*" => true,
                "+" => !value.is_empty(),
                name if name.starts_with('@') => names.fits(name, value),
                wanted => wanted == value,
            };
            if !fits {
                faults.push(format!("{place}: {column} is `{value}`, expected `{wanted}`"));
            }
        }
    }
    faults
}

/// The sheets of a story, in the order of their names.
fn sheets_of(story: &Path) -> Vec<Sheet> {
    let mut files: Vec<String> = fs::read_dir(story)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|file| file.starts_with("expected"))
        .collect();
    files.sort();
    files.into_iter().map(|file| sheet(story, file)).collect()
}

/// Reads `expected[.<as_of>][.<schema>.<table>].csv`.
fn sheet(story: &Path, file: String) -> Sheet {
    let words: Vec<&str> = file.split('.').collect();
    let (as_of, table) = match words[..] {
        ["expected", "csv"] => (None, EVALUATIONS.to_owned()),
        ["expected", as_of, "csv"] => (Some(as_of.to_owned()), EVALUATIONS.to_owned()),
        ["expected", schema, table, "csv"] => (None, format!("{schema}.{table}")),
        ["expected", as_of, schema, table, "csv"] => (Some(as_of.to_owned()), format!("{schema}.{table}")),
        _ => panic!("{file} is not expected[.<as_of>][.<schema>.<table>].csv"),
    };
    let mut reader = csv::Reader::from_path(story.join(&file)).unwrap();
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader
        .records()
        .map(|record| {
            let record = record.unwrap_or_else(|e| panic!("{}/{file}: {e}", name_of(story)));
            let line = record.position().map_or(0, csv::Position::line);
            (line, columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
        })
        .collect();
    Sheet { file, as_of, table, columns, rows }
}
