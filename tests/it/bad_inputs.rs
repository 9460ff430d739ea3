//! Every folder of `tests/fixtures/bad/` is landed and comes to what its `expected.toml` says; every row of
//! `reference/bad-inputs.md` is proved somewhere, or is said to be later work.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use seatledger::base::AsOf;
use seatledger::ingest::{self, AcceptedSize, LandOptions, Landing, Outcome};
use serde::Deserialize;
use tempfile::TempDir;

use super::demo::demo;
use super::project::{Project, Row, in_parallel, rows_of, scenarios};

/// Where a row of the page is proved.
enum Proof {
    /// By folders of `tests/fixtures/bad/` whose `row` it is.
    Fixture,
    /// By a story of `tests/scenarios/`.
    Story(&'static str),
    /// By a case of the demo, which `demo_cases` checks.
    Case(&'static str),
    /// By a test, named.
    Test(&'static str),
    /// Not yet: what it needs.
    Later(&'static str),
}
use Proof::{Case, Fixture, Later, Story, Test};

/// The rows of the page, in its order of numbers.
const ROWS: &[(u32, &str, Proof)] = &[
    (1, "byte order mark; UTF-16", Fixture),
    (2, "line ends", Fixture),
    (3, "quotes", Fixture),
    (4, "delimiter", Fixture),
    (5, "duplicate header; spelling of headers", Fixture),
    (6, "required column missing", Fixture),
    (7, "new column", Fixture),
    (8, "renamed column", Fixture),
    (9, "type changed", Fixture),
    (10, "row too short or too long", Fixture),
    (11, "footers", Fixture),
    (12, "broken gzip, zip bomb", Fixture),
    (13, "nothing where something should be", Fixture),
    (14, "the same file twice", Fixture),
    (15, "older after newer", Fixture),
    (16, "file date and content date", Fixture),
    (17, "mixed date formats", Fixture),
    (18, "serial dates, epochs", Fixture),
    (19, "time without zone, clocks that change", Fixture),
    (20, "activity in the future", Fixture),
    (21, "ways to write never", Fixture),
    (22, "null tokens", Fixture),
    (23, "concealed names", Fixture),
    (24, "e-mail case, aliases, dots", Case("accents_and_quotes")),
    (25, "address changed", Case("changed_address")),
    (26, "address passed on", Case("reused_address")),
    (27, "rehire with a new worker id", Case("rehire")),
    (28, "two HR records of one person", Case("returns_soon")),
    (29, "shared, service, bot, admin accounts", Story("01-protected")),
    (30, "no manager, one who left, a cycle", Case("manager_cycle")),
    (31, "HR dates that contradict each other", Fixture),
    (32, "unknown status word", Story("01b-unknown-status-word")),
    (33, "ids that a spreadsheet turned into numbers", Fixture),
    (34, "integers that do not fit", Fixture),
    (35, "decimal comma, currency sign", Fixture),
    (36, "currency unknown, rate missing or old", Fixture),
    (37, "negative cost", Fixture),
    (38, "placeholder price", Fixture),
    (39, "contract ends before it starts", Fixture),
    (
        40,
        "more assigned than bought",
        Test("ties::spend_is_the_sum_of_the_contract_lines_in_every_currency, over_assigned_amount"),
    ),
    (41, "one seat by several grants", Fixture),
    (42, "unmapped app or SKU", Test("sql/marts/data_gaps.sql, kind unmapped_sku")),
    (43, "two tiers, two seats", Story("24-two-tiers-two-seats")),
    (44, "invisible and invalid characters", Fixture),
    (45, "formulas", Fixture),
    (46, "markup in a name", Test("bad_inputs::markup_in_a_name_is_escaped_on_the_page")),
    (47, "ids like paths", Fixture),
    (48, "too large, too wide, too deep", Fixture),
    (49, "loose JSON", Fixture),
    (50, "missing pages, totals that do not match", Fixture),
    (51, "clocks apart", Later("a collector, which sees the server's Date header")),
    (52, "row count against the usual", Fixture),
    (53, "use at the vendor and not in Okta, failed sign-ins", Story("15-not-use")),
    (54, "sign-in only, long sessions", Story("10e-weak-signal")),
    (55, "a document of another kind or version where a state of Terraform should be", Fixture),
];

/// `expected.toml`; what the keys mean is in the README of the fixtures.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    row: u32,
    kind: String,
    stream: String,
    exit: u8,
    #[serde(default)]
    settings: String,
    #[serde(default = "once")]
    passes: u32,
    #[serde(default)]
    backfill: bool,
    /// Why a size is accepted in the second pass.
    accept_row_count: Option<String>,
    landing: Vec<ExpectedLanding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedLanding {
    extract_date: NaiveDate,
    outcome: String,
    reason_code: Option<String>,
    message: Option<String>,
    accepted: Option<u64>,
    duplicate: Option<u64>,
    quarantined: Option<u64>,
    complete_through: Option<NaiveDate>,
    #[serde(default)]
    reasons: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

fn once() -> u32 {
    1
}

#[test]
fn every_bad_input_comes_to_what_it_must() {
    let faults: Vec<String> = in_parallel(&fixtures(), |folder| faults_of(folder));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_row_of_the_page_has_its_proof() {
    assert!(ROWS.iter().map(|(row, ..)| *row).eq(1..=55), "each row once, in order");
    let rows_of_fixtures: BTreeSet<u32> = fixtures().iter().map(|folder| expected(folder).row).collect();
    for (row, what, proof) in ROWS {
        match proof {
            Fixture => assert!(rows_of_fixtures.contains(row), "row {row} ({what}): no folder"),
            Story(name) => assert!(scenarios().join(name).is_dir(), "row {row} ({what}): no story {name}"),
            Case(name) => {
                assert!(demo().summary.cases.iter().any(|c| c.name == *name), "row {row} ({what}): no case {name}");
            }
            Test(by) | Later(by) => {
                assert!(!rows_of_fixtures.contains(row), "row {row} ({what}) has a folder by now: no need of {by}");
            }
        }
    }
    for folder in fixtures() {
        let row = format!("{:02}-", expected(&folder).row);
        assert!(name_of(&folder).starts_with(&row), "{} says it is of row {row}", name_of(&folder));
    }
}

#[test]
fn markup_in_a_name_is_escaped_on_the_page() {
    let apps = fs::read_to_string(scenarios().join("_base/seeds/apps.csv")).unwrap();
    let project = Project::base().with("seeds/apps.csv", &apps.replace(",Figma,", ",<script>alert(1)</script>,"));
    let tables = project.run("2026-11-20").unwrap();
    let page = fs::read_to_string(project.publish(&tables).unwrap().report).unwrap();
    assert!(!page.contains("<script>alert(1)"), "the page would run it");
    assert!(page.contains("&lt;script&gt;alert(1)"), "the name is shown as it is");
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    folders
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

fn expected(folder: &Path) -> Expected {
    let file = folder.join("expected.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Lands a fixture and says how that differs from what is expected.
fn faults_of(folder: &Path) -> Vec<String> {
    let expected = expected(folder);
    let kind = &expected.kind;
    let project = Project::in_folder(TempDir::new().unwrap()).with(
        "seatledger.toml",
        &format!(
            "name = \"bad\"\nreporting_currency = \"EUR\"\n\n[[source]]\nname = \"{kind}\"\nkind = \"{kind}\"\n\
             from = \"extracts/{kind}\"\n{}",
            expected.settings
        ),
    );
    let project = match &expected.accept_row_count {
        Some(reason) => project
            .with("seeds/reason_codes.csv", &format!("code,meaning,kind\n{reason},sold with its business,override\n")),
        None => project,
    };
    let options = LandOptions { backfill: expected.backfill, ..LandOptions::default() };
    let extracts = folder.join("extracts");
    copy_pass(&extracts, &project.path().join("extracts"), false);
    let mut report = project.land_with(&options);
    if expected.passes == 2 {
        copy_pass(&extracts, &project.path().join("extracts"), true);
        let accepted = expected.accept_row_count.iter().map(|reason| AcceptedSize {
            source: kind.clone(),
            stream: expected.stream.clone(),
            reason: reason.clone(),
        });
        report = project.land_with(&LandOptions { accepted: accepted.collect(), actor: "pat".into(), ..options });
    }
    let mut faults = Vec::new();
    match report {
        Err(error) => faults.push(format!("landing it failed: {error}")),
        Ok(report) => {
            let exit = report.exit_kind().map_or(0, |kind| kind.exit_code());
            if exit != expected.exit {
                faults.push(format!("exit {exit}, expected {}", expected.exit));
            }
            if report.landings.len() != expected.landing.len() {
                faults.push(format!("{} landings, expected {}", report.landings.len(), expected.landing.len()));
            }
            let audit = audit_of(&project);
            for wanted in &expected.landing {
                let found = report.landings.iter().find(|l| l.extract_date == Some(wanted.extract_date));
                let landed = audit.iter().find(|r| r["extract_date"] == wanted.extract_date.to_string());
                match found {
                    None => faults.push(format!("{}: no landing", wanted.extract_date)),
                    Some(found) if found.stream != expected.stream => faults.push(format!("stream {}", found.stream)),
                    Some(found) => faults.extend(wanted.compare(found, landed)),
                }
            }
        }
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", name_of(folder))).collect()
}

/// `audit.landings` of a project.
fn audit_of(project: &Project) -> Vec<Row> {
    let day = AsOf::parse("2026-12-31").unwrap();
    let facts = project.with_job(async |job| ingest::landings(&job.config, &job.store, day).await).unwrap();
    let tables = ingest::audit_tables(&facts).unwrap();
    let (_, landings) = tables.iter().find(|(name, _)| name == "audit.landings").unwrap();
    rows_of(landings)
}

/// Copies the files of the first pass, or those below `pass-2/`.
fn copy_pass(from: &Path, to: &Path, is_second: bool) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_pass_2 = path.components().any(|c| c.as_os_str() == "pass-2");
        if path.is_dir() {
            copy_pass(&path, &target, is_second);
        } else if is_pass_2 == is_second {
            fs::create_dir_all(to).unwrap();
            fs::copy(path, target).unwrap();
        }
    }
}

impl ExpectedLanding {
    /// How a landing, and its row in `audit.landings`, differ from this.
    fn compare(&self, found: &Landing, landed: Option<&Row>) -> Vec<String> {
        let (outcome, reason, message) = match &found.outcome {
            Outcome::Landed { .. } => ("landed", "", ""),
            Outcome::Partial { .. } => ("partial", "", ""),
            Outcome::AlreadyLanded => ("already_landed", "", ""),
            Outcome::Refused { reason_code, message } => ("refused", reason_code.as_str(), message.as_str()),
        };
        let mut faults = Vec::new();
        if outcome != self.outcome {
            faults.push(format!("{}: {outcome} {reason} {message}, expected {}", self.extract_date, self.outcome));
        }
        let mut check = |what: &str, found: String, wanted: String| {
            if found != wanted {
                faults.push(format!("{}: {what} is {found}, expected {wanted}", self.extract_date));
            }
        };
        if let Some(wanted) = &self.reason_code {
            check("reason code", reason.to_owned(), wanted.clone());
        }
        if let Some(wanted) = self.message.as_ref().filter(|wanted| !message.contains(*wanted)) {
            check("message", message.to_owned(), format!("something with `{wanted}`"));
        }
        for (what, found, wanted) in [
            ("accepted", found.accepted, self.accepted),
            ("duplicate", found.duplicate, self.duplicate),
            ("quarantined", found.quarantined, self.quarantined),
        ] {
            if let Some(wanted) = wanted {
                check(what, found.to_string(), wanted.to_string());
            }
        }
        check(
            "fetched",
            found.fetched.to_string(),
            (found.accepted + found.duplicate + found.filtered + found.quarantined).to_string(),
        );
        if !self.reasons.is_empty() || self.quarantined == Some(0) {
            check("reasons", sorted(&found.quarantine_reasons), sorted(&self.reasons));
        }
        for code in &self.warnings {
            if !found.warnings.iter().any(|w| w.split(':').next() == Some(code)) {
                check("warnings", format!("{:?}", found.warnings), code.clone());
            }
        }
        // What is refused leaves nothing; what is landed is on record with the same totals.
        check("on record", landed.is_some().to_string(), (outcome != "refused").to_string());
        if let Some(landed) = landed.filter(|_| matches!(outcome, "landed" | "partial")) {
            for (column, found) in [
                ("fetched", found.fetched),
                ("accepted", found.accepted),
                ("duplicate", found.duplicate),
                ("quarantined", found.quarantined),
            ] {
                check(&format!("{column} on record"), landed[column].clone(), found.to_string());
            }
            let is_partial = landed["coverage"] == "partial";
            check("coverage on record", is_partial.to_string(), (outcome == "partial").to_string());
            if let Some(day) = self.complete_through {
                check("complete through", landed["complete_through"].clone(), day.to_string());
            }
            let is_concealed = self.warnings.iter().any(|w| w == "concealed_names");
            check("has_concealed", landed["has_concealed"].clone(), is_concealed.to_string());
        }
        faults
    }
}

fn sorted(reasons: &[String]) -> String {
    let mut reasons = reasons.to_vec();
    reasons.sort();
    reasons.join(" ")
}
