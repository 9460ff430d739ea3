//! `preview`: what a policy version would change is what it changes when it takes effect.

use super::project::{Project, rows_of};
use seatledger::base::progress::Quiet;
use seatledger::engine::Settings;

const DAY: &str = "2026-11-20";

/// The policy of the stories with a version to come: 30 days for everybody, 200 for contractors.
fn with_a_version_to_come() -> Project {
    let project = Project::base();
    let file = project.path().join("policies/figma.toml");
    let policy = std::fs::read_to_string(file).unwrap();
    project.with(
        "policies/figma.toml",
        &format!(
            "{policy}\n[[version]]\nid = \"2027-01\"\neffective_from = 2027-01-01\nrationale = \"contractors come and go\"\n\
             approved_by = \"procurement@northwind.example\"\ninactive_after_days = 90\nidle_action = \"reclaim\"\n\
             [[version.override]]\nworker_type = \"contractor\"\ninactive_after_days = 200\n"
        ),
    )
}

#[test]
fn a_version_to_come_is_tried_on_the_facts_of_a_run_and_stores_nothing() {
    let project = with_a_version_to_come();
    let before = project.run(DAY).unwrap();
    // Ida, Ian and Ivo are idle for 143 days: the contractors among them, Ian and Ivo, would no longer be candidates.
    let preview = |version: Option<&'static str>| {
        project.with_job(async move |job| job.preview("figma", version, None, Settings::default(), &Quiet).await)
    };
    let found = preview(None).unwrap();
    assert_eq!((found.version.as_str(), found.as_of.to_string().as_str()), ("2027-01", DAY));
    let rows: Vec<_> = found.rows.iter().flat_map(rows_of).collect();
    let shown = |row: &super::project::Row| {
        ["change", "action", "reason", "becomes", "region", "worker_type", "candidate_count", "annual_saving_amount"]
            .map(|column| row[column].clone())
    };
    let expected = [
        ["gone", "reclaim", "inactive", "keep active", "AMER", "contractor", "1", "360.0000"],
        ["gone", "reclaim", "inactive", "keep active", "EMEA", "contractor", "1", "360.0000"],
    ];
    let mut lines: Vec<_> = rows.iter().map(shown).collect();
    lines.sort();
    assert_eq!(lines, expected.map(|line| line.map(str::to_owned)));

    // The version in force changes nothing, and neither try left anything behind.
    assert!(preview(Some("2026-01")).unwrap().rows.iter().all(|rows| rows.num_rows() == 0));
    let error = preview(Some("2028")).err().unwrap().to_string();
    assert!(error.contains("has no version `2028`"), "{error}");
    let (_, newest) = project.with_job(async |job| job.reader(None).await).unwrap();
    assert_eq!(newest.sha256, before.run.record.sha256);
}
