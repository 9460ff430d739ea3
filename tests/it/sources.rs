//! The catalogue of sources and the doctor: what they say agrees with a run, and each fault is told with its fix.

use std::fs;
use std::path::Path;

use seatledger::base::{Clock, ErrorKind};
use seatledger::job::{Finding, Grade, doctor};
use serde_json::Value;

use super::cli::seatledger;
use super::project::{Project, scenarios};

const DAY: &str = "2026-11-20";

fn catalogue(project: &Project, as_of: &str) -> Vec<Value> {
    let folder = project.path().display().to_string();
    let args = ["sources", "--project", &folder, "--as-of", as_of, "--format", "json"];
    seatledger(&args).with_code(0).json().as_array().unwrap().clone()
}

fn of<'v>(lines: &'v [Value], source: &str, stream: &str) -> &'v Value {
    let found = lines.iter().find(|l| l["source"] == source && l["stream"] == stream);
    found.unwrap_or_else(|| panic!("no {source}/{stream}"))
}

/// A project whose feeds have a fault each: a row that does not read, a page that is missing, a hole.
fn faulty() -> Project {
    let users = fs::read_to_string(scenarios().join("_base/extracts/okta/users/2026-11-20.csv")).unwrap();
    Project::base()
        .with("extracts/okta/users/2026-11-20.csv", &format!("{users},ACTIVE,nobody@northwind.example,,\n"))
        .with("extracts/okta/groups/2026-11-20/_control.json", "{\"rows\": 9}")
        .with("extracts/okta/groups/2026-11-20/g.csv", "id,name\n00g-1,Designers\n")
        .with("extracts/okta/system_log/2026-11-20/_control.json", "{\"holes\": [[\"2026-11-01\", \"2026-11-03\"]]}")
}

#[test]
fn the_catalogue_says_what_each_landing_brought_and_agrees_with_the_run() {
    let project = faulty();
    let run = project.run(DAY).unwrap();
    let lines = catalogue(&project, DAY);
    let rows = run.rows("marts.source_freshness");
    assert_eq!(lines.len(), rows.len());
    for row in rows {
        let line = of(&lines, &row["source"], &row["stream"]);
        for column in ["status", "problem", "complete_through", "age_days", "kind", "feed", "freshness_error_days"] {
            let said = line[column].as_str().map_or_else(|| line[column].to_string(), str::to_owned);
            let told = if row[column].is_empty() { "null" } else { &row[column] };
            assert_eq!(said, told, "{}/{} {column}", row["source"], row["stream"]);
        }
        if let Some(last) = line["last"].as_object() {
            let n = |column: &str| last[column].as_u64().unwrap();
            assert_eq!(n("fetched"), n("accepted") + n("duplicate") + n("filtered") + n("quarantined"), "{line}");
            assert_eq!(last["committed_at"].as_str().unwrap()[..10], *"2027-03-01", "when, not for which day: {line}");
        }
    }

    let users = of(&lines, "okta", "users");
    assert_eq!((&users["last"]["fetched"], &users["last"]["quarantined"]), (&7.into(), &1.into()), "{users}");
    assert_eq!((&users["horizon"], &users["status"]), (&Value::Null, &"ok".into()), "{users}");
    let log = of(&lines, "okta", "system_log");
    assert_eq!((&log["horizon"], &log["reaches_back_to"]), (&"90 days".into(), &"2026-08-22".into()), "{log}");
    assert_eq!(log["covered_from"], "2025-10-17", "400 days up to the extract: {log}");
    let hole = serde_json::json!({ "hole_from": "2026-11-01", "hole_to": "2026-11-03", "hole_kind": "declared" });
    assert_eq!((&log["problem"], &log["holes"]), (&"hole".into(), &serde_json::json!([hole])), "{log}");
    let groups = of(&lines, "okta", "groups");
    let warning = groups["last"]["warnings"][0].as_str().unwrap();
    assert!(groups["problem"] == "partial" && warning.starts_with("partial: "), "{groups}");
    assert_eq!((&groups["last"]["coverage"], &groups["last"]["is_in_force"]), (&"partial".into(), &false.into()));
}

#[test]
fn staleness_is_a_failure_only_when_one_asks() {
    let project = faulty();
    let folder = project.path().display().to_string();
    let call = |as_of: &str, more: &[&str]| {
        seatledger(&[&["sources", "--project", &folder, "--as-of", as_of, "--format", "table"], more].concat())
    };
    assert!(call(DAY, &[]).with_code(70).err.contains("holds no store yet"), "nothing is made by looking");
    project.land().unwrap();
    call(DAY, &["--fail-on", "stale"]).with_code(0);
    call(DAY, &["--fail-on", "error"]).with_code(4);
    let late = call("2026-11-25", &[]).with_code(0);
    assert!(late.out.contains("okta/system_log") && late.out.contains("stale"), "{}", late.out);
    assert!(late.err.contains("okta/system_log: no data 2026-11-01..2026-11-03 declared"), "{}", late.err);
    assert!(late.err.contains("okta/groups 2026-11-20 (not in force): partial: "), "{}", late.err);
    call("2026-11-25", &["--fail-on", "stale"]).with_code(3);
    assert!(!late.err.contains("lost for ever"), "{}", late.err);
    let lost = call("2027-06-01", &[]).with_code(0).err;
    let wanted = "okta/system_log: lost for ever: 2026-11-21 until before 2027-03-03; the source keeps 90 days";
    assert!(lost.contains(wanted), "{lost}");
    let csv = seatledger(&["sources", "--project", &folder, "--as-of", DAY]).with_code(0).out;
    assert!(csv.starts_with("\"source\",\"stream\",\"kind\"") && csv.contains("\"partial: "), "{csv}");
}

/// What the doctor finds at a moment.
fn findings(project: &Project, at: &str) -> Vec<Finding> {
    project.wait(doctor(project.path(), Clock::Fixed(at.parse().unwrap())))
}

/// Those that are not as they should be.
fn faults(found: &[Finding]) -> Vec<(Grade, &str, &str)> {
    let bad = found.iter().filter(|f| f.grade > Grade::Ok);
    bad.map(|f| (f.grade, f.check, f.of.as_str())).collect()
}

#[test]
fn the_doctor_finds_a_sound_project_sound_and_names_what_ages() {
    let project = Project::base();
    let private = project.path().join("private").display().to_string();
    let at_first = findings(&project, "2026-11-20T09:00:00Z");
    let unmade = |f: &&Finding| f.found.contains("holds nothing yet");
    assert_eq!(at_first.iter().filter(unmade).count(), 2, "{at_first:?}");
    project.run(DAY).unwrap();
    keep_to_oneself(Path::new(&private));
    let sound = findings(&project, "2026-11-20T09:00:00Z");
    assert_eq!(faults(&sound), [], "{sound:?}");
    let checks: Vec<&str> = sound.iter().map(|f| f.check).collect();
    assert_eq!(checks, ["project", "signature", "store", "private", "stream", "rates"], "{sound:?}");
    let dollars = sound.iter().find(|f| f.of == "USD to EUR").unwrap();
    assert_eq!(dollars.found, "spot rate of 2026-11-20, contract lines: 1");

    let aged = findings(&project, "2026-12-20T09:00:00Z");
    let told = faults(&aged);
    for fault in [(Grade::Warning, "stream", "okta/system_log"), (Grade::Warning, "rates", "USD to EUR")] {
        assert!(told.contains(&fault), "{fault:?} is not among {told:?}");
    }
    assert!(told.iter().all(|(grade, ..)| *grade == Grade::Warning), "age alone is no problem: {told:?}");
    assert!(aged.iter().all(|f| (f.grade == Grade::Ok) == f.fix.is_none()), "each fault has its fix: {aged:?}");
    assert!(aged.iter().any(|f| f.check == "stream" && f.found.contains("complete through 2026-11-20")), "{aged:?}");
}

#[cfg(unix)]
fn keep_to_oneself(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(not(unix))]
fn keep_to_oneself(_: &Path) {}

#[test]
fn the_doctor_says_who_must_act_and_never_a_secret() {
    const CANARY: &str = "s3cr3t-canary";
    let text = fs::read_to_string(scenarios().join("_base/seatledger.toml")).unwrap();
    let doors = "[tickets.okta]\nurl = \"https://northwind.okta.example\"\nsecret = \"file:secrets/okta\"\n\
                 [siem.splunk]\nurl = \"https://splunk.example:8088\"\nsecret = \"env:SEATLEDGER_NO_SUCH_SECRET\"\n";
    let project = Project::base()
        .with_secret("secrets/okta", &format!("{CANARY}\n"))
        .with("seatledger.toml", &format!("{text}\n{doors}[snapshot]\nkey = \"keys/none\"\n"));
    let folder = project.path().display().to_string();
    let called = seatledger(&["doctor", "--project", &folder, "--format", "table"]).with_code(2);
    for told in ["problem  secret", "SEATLEDGER_NO_SUCH_SECRET", "ok       secret     tickets.okta", "keys/none", "-> "]
    {
        assert!(called.out.contains(told), "no `{told}` in {}", called.out);
    }
    for format in ["table", "json", "csv"] {
        let called = seatledger(&["doctor", "--project", &folder, "--format", format]).with_code(2);
        assert!(!called.out.contains(CANARY) && !called.err.contains(CANARY), "{}{}", called.out, called.err);
    }

    // A project that does not read is as far as one gets; every error is a finding.
    let broken = project.with("seatledger.toml", &text.replace("\"EUR\"", "\"EURO\""));
    let called = seatledger(&["doctor", "--project", &folder, "--format", "json"]).with_code(2).json();
    let [only] = &called.as_array().unwrap()[..] else { panic!("{called}") };
    assert!(only["grade"] == "problem" && only["of"] == "seatledger.toml:2:22", "{only}");
    drop(broken);
}

#[test]
fn concealed_names_and_a_private_store_within_the_store_are_problems() {
    let project = Project::base().with_files_of(&scenarios().join("10c-concealed-names"));
    project.land().unwrap();
    let found = findings(&project, "2026-11-20T09:00:00Z");
    let concealed = found.iter().find(|f| f.found.contains("conceals names")).expect("names are concealed");
    assert_eq!((concealed.grade, concealed.kind), (Grade::Problem, Some(ErrorKind::Source)), "{concealed:?}");
    assert!(concealed.fix.as_ref().unwrap().contains("admin center"), "{concealed:?}");

    let text = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let project = project.with("seatledger.toml", &format!("private = \"warehouse/private\"\n{text}"));
    let found = findings(&project, "2026-11-20T09:00:00Z");
    let within = found.iter().find(|f| f.found.contains("lies in the store")).expect("it lies in the store");
    assert_eq!((within.grade, within.kind), (Grade::Problem, Some(ErrorKind::Config)), "{within:?}");
}
