//! Limits and decisions as people write them, and get them wrong.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::tests::load_with;
use super::*;

fn with(rails: &str) -> Result<Config, Vec<Diagnostic>> {
    load_with(&[("seatledger.toml", "hr = 3", &format!("hr = 3\n{rails}"))], &[])
}

/// Code, line, column and message of the one error.
fn wrong(rails: &str) -> (&'static str, usize, usize, String) {
    let found = with(rails).unwrap_err();
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].code, found[0].line, found[0].column, found[0].message.clone())
}

#[test]
fn limits_are_those_of_the_design_unless_the_project_says_otherwise() {
    let usual = with("").unwrap().project.rails;
    assert_eq!((usual.clone(), usual.overrides()), (Rails::default(), vec![]));
    assert_eq!((usual.of("m365").share, usual.of("m365").least, usual.of("m365").ring), (Decimal::new(1, 1), 10, 100));

    let rails = "[rails]\napp_least = 5\nring = 50\nterminations_share = 0.05\n[rails.app.m365]\nring = 10\n\
                 [[rails.freeze]]\nfrom = 2026-12-20\nto = 2027-01-03\nreason = \"year end\"\n\
                 [[rails.freeze]]\nfrom = 2026-06-01\nto = 2026-06-01\napp = \"m365\"\nreason = \"renewal\"\n";
    let rails = with(rails).unwrap().project.rails;
    let (own, other) = (rails.of("m365"), rails.of("figma"));
    assert_eq!((own.ring, own.least, other.ring, other.least), (10, 5, 50, 5));
    let names: Vec<String> = rails.overrides().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["app_least=5", "ring=50", "m365.ring=10", "terminations_share=0.05"]);
    let frozen = |app: &str, day: &str| rails.frozen(app, day.parse::<NaiveDate>().unwrap()).is_some();
    assert!(frozen("figma", "2026-12-20") && frozen("m365", "2027-01-03") && !frozen("m365", "2027-01-04"));
    assert!(frozen("m365", "2026-06-01") && !frozen("figma", "2026-06-01"));
}

#[test]
fn wrong_limits_are_found_at_their_place() {
    assert_eq!(wrong("[rails]\nring = 20"), ("SL0104", 7, 8, "20 is no ring".to_owned()));
    assert_eq!(wrong("[rails]\napp_shar = 0.1").0, "SL0102");
    assert_eq!(wrong("[rails]\napp_share = 1.5").0, "SL0104");
    assert_eq!(wrong("[rails]\nmanager_limit = -1").0, "SL0104");
    let unknown = "no app of seeds/apps.csv is called `m356`".to_owned();
    assert_eq!(wrong("[rails.app.m356]\nring = 10"), ("SL0110", 6, 12, unknown));
    let freeze = |rest: &str| format!("[[rails.freeze]]\nfrom = 2026-12-20\n{rest}");
    assert_eq!(wrong(&freeze("to = 2027-01-03")).0, "SL0105");
    let (code, line, ..) = wrong(&freeze("to = 2026-12-19\nreason = \"x\""));
    assert_eq!((code, line), ("SL0104", 8));
}

#[test]
fn decisions_that_cannot_be_read_are_rejected_with_their_line() {
    let rows = "candidate_id,decision,decided_by,decided_on,reason_code,expires_on,answer_id\n\
                c-1,accept,mia@b.example,2026-11-20,,,A-1\n\
                c-1,agree,mia@b.example,2026-11-20,,,\n\
                c-1,deny,mia@b.example,2026-11-20,,,\n\
                c-1,deny,mia@b.example,2026-11-20,because,,\n\
                c-1,hold,mia@b.example,2026-11-20,project,,\n\
                c-1,hold,mia@b.example,20.11.2026,project,2026-12-01,\n\
                c-1,hold,,2026-11-20,project,2026-12-01,\n\
                c-1,hold,7,2026-11-20,project,2026-12-01,\n";
    let config = load_with(&[], &[("drops/decisions.csv", rows)]).unwrap();
    let rejected: Vec<_> = config.drops.rejected.iter().map(|r| (r.drop, r.line, r.reason_code)).collect();
    let wanted = [
        ("decisions", 3, "unknown_decision"),
        ("decisions", 4, "missing_reason"),
        ("decisions", 5, "unknown_reason_code"),
        ("decisions", 6, "missing_expiry"),
        ("decisions", 7, "bad_date"),
        ("decisions", 8, "missing_value"),
    ];
    assert_eq!(rejected[rejected.len() - wanted.len()..], wanted);
    let read: Vec<_> =
        config.drops.decisions.iter().map(|row| (row.line, row.decision, row.answer_id.clone())).collect();
    assert_eq!(read, [(2, Decision::Accept, Some("A-1".to_owned())), (9, Decision::Hold, None)]);

    let file = tempfile::NamedTempFile::with_suffix(".ndjson").unwrap();
    let line = r#"{"candidate_id":"c-2","decision":"approve","decided_by":"max@b.example","decided_on":"2026-11-21"}"#;
    std::fs::write(file.path(), format!("{line}\n[]\n")).unwrap();
    let (read, rejected) = decisions_of(file.path(), &config.seeds).unwrap();
    assert_eq!((read[0].decision, read.len(), rejected[0].reason_code), (Decision::Approve, 1, "bad_json"));
    assert!(decisions_of(Path::new("/nowhere/answers.csv"), &config.seeds).is_err());
}
