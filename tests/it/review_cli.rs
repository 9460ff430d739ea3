//! Deciding and reviewing as a user types it.

use std::fs;
use std::process::Command;

use super::project::Project;
use super::review::acting;

const DAY: &str = "2026-11-20";

/// Exit code, stdout and stderr of the program.
fn run(project: &Project, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_seatledger"))
        .args(args)
        .arg("--project")
        .arg(project.path())
        .env("SEATLEDGER_ACTOR", "operator")
        .output()
        .expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_run_asks_people_answer_and_a_review_hands_over() {
    let project = acting("enforce");
    let (code, _, stderr) = run(&project, &["run", "--quiet", "--as-of", DAY]);
    assert_eq!(code, 0, "{stderr}");
    let folder = project.path().join("outputs").join(DAY).join("review");
    assert_eq!(fs::read_to_string(folder.join("asks.csv")).unwrap().lines().count(), 4);

    let mia = "mia@northwind.example";
    let (code, _, stderr) = run(&project, &["decide", "deny", "figma/f-ida", "--as", mia]);
    assert!(code == 2 && stderr.contains("needs a reason"), "{code} {stderr}");
    let (code, _, stderr) =
        run(&project, &["decide", "accept", "figma/ida@northwind.example", "--as", "ida@northwind.example"]);
    assert!(code == 2 && stderr.contains("nobody decides about their own seat"), "{code} {stderr}");
    let (code, _, stderr) = run(&project, &["decide", "accept", "figma/f-nobody", "--as", mia]);
    assert!(code == 2 && stderr.contains("f-nobody"), "{code} {stderr}");
    let (code, stdout, _) = run(&project, &["decide", "accept", "figma/ida@northwind.example", "--as", mia]);
    assert!(code == 0 && stdout.contains("counts"), "{code} {stdout}");
    let (code, stdout, _) = run(&project, &["decide", "accept", "figma/f-ida", "--as", mia]);
    assert!(code == 0 && stdout.contains("known"), "{code} {stdout}");

    let (code, _, stderr) = run(&project, &["stop", "set", "--reason", "incident_7"]);
    assert!(code == 0 && stderr.contains("STOP is set"), "{stderr}");
    let (code, stdout, stderr) = run(&project, &["review"]);
    assert!(code == 0 && !stdout.contains("export") && stderr.contains("wait: stopped"), "{stdout} {stderr}");
    assert_eq!(run(&project, &["stop", "clear", "--reason", "incident_7"]).0, 0);
    let (code, dry, _) = run(&project, &["review", "--dry-run"]);
    assert!(code == 0 && dry.contains("export") && !folder.join("actions.csv").exists(), "{dry}");
    let (code, done, _) = run(&project, &["review"]);
    assert!(code == 0 && done.contains("export") && folder.join("actions.csv").exists(), "{done}");
    let (code, _, stderr) = run(&project, &["review", "--as-of", "2026-11-19"]);
    assert!(code == 2 && stderr.contains("others are history"), "{stderr}");

    // A person is erased from what was handed out as well.
    let (code, _, stderr) = run(&project, &["erase", "1002", "--basis", "gdpr_17", "--approver", "dpo", "--apply"]);
    assert_eq!(code, 0, "{stderr}");
    let all = fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.path().is_file());
    for file in all.map(|entry| entry.path()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("f-ida") && !text.contains("ida@northwind"), "{}: {text}", file.display());
    }
}

#[test]
fn a_limit_that_holds_a_batch_is_exit_5_with_what_to_do() {
    let project = acting("enforce");
    let settings = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let project = project.with("seatledger.toml", &settings.replace("small_app_limit = 100", "small_app_limit = 2"));
    let (code, _, stderr) = run(&project, &["run", "--quiet", "--as-of", DAY]);
    assert_eq!(code, 5, "{stderr}");
    assert!(stderr.contains("seatledger decide release 1/figma --reason CODE"), "{stderr}");
    assert!(!project.path().join("outputs").join(DAY).join("review").exists(), "nothing left the house");
    let (code, _, stderr) = run(&project, &["decide", "release", "1/figma", "--as", "mia@northwind.example"]);
    assert!(code == 2 && stderr.contains("--reason"), "{stderr}");
    let release = |by: &str| run(&project, &["decide", "release", "1/figma", "--as", by, "--reason", "busy_season"]);
    let (code, stdout, _) = release("mia@northwind.example");
    assert!(code == 0 && stdout.contains("one of two persons"), "{stdout}");
    assert_eq!(release("mia@northwind.example").0, 2);
    assert_eq!(release("eve@northwind.example").0, 0);
}
