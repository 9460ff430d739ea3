//! Taking a user out of the group that grants a seat: said first, done when told, the desk's where no group grants it.

use std::collections::BTreeSet;
use std::fs;

use seatledger::config::Decision;
use seatledger::job::{Answered, Given, Review, ReviewOptions};
use seatledger::log::{self, EntryKind};

use super::project::Project;
use super::review::acting;
use super::stub::okta::{self, Shared};
use super::stub::server::Stub;

const DAY: &str = "2026-11-20";

/// Ida has the wiki by a group, Ivo by himself; both are in the group.
fn organisation() -> Shared {
    let groups = Shared::default();
    let members = ["00u-ida", "00u-ivo"].map(str::to_owned).into();
    groups.lock().unwrap().insert("00g1".to_owned(), ("OKTA_GROUP", members));
    groups
}

fn members(groups: &Shared) -> BTreeSet<String> {
    groups.lock().unwrap()["00g1"].1.clone()
}

/// The project of the stories with an executor, run and asked about, both candidates of the wiki accepted.
fn accepted(stub: &Stub, apply: bool) -> Project {
    let project = acting("enforce");
    let read = |file: &str| fs::read_to_string(project.path().join(file)).unwrap();
    let executor = format!(
        "\n[tickets.okta]\nurl = \"{}\"\ntoken = \"ssws\"\nsecret = \"file:token\"\napply = {apply}\n",
        stub.url
    );
    let settings = read("seatledger.toml").replacen("\n[[source]]", &format!("{executor}\n[[source]]"), 1);
    let feed = format!("extracts/okta/app_users/{DAY}.csv");
    let by_group = read(&feed).replace("created\n", "created,groupId\n").replace("Z\n", "Z,\n").replace(
        "0oa-wiki,00u-ida,USER,ACTIVE,ida@northwind.example,2026-01-15T09:00:00Z,",
        "0oa-wiki,00u-ida,GROUP,ACTIVE,ida@northwind.example,2026-01-15T09:00:00Z,00g1",
    );
    assert!(by_group.contains("GROUP"));
    let policy = format!("{}mode = \"enforce\"\n", read("policies/wiki.toml"));
    let project = project
        .with("seatledger.toml", &settings)
        .with("policies/wiki.toml", &policy)
        .with(&feed, &by_group)
        .with("token", "t\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(project.path().join("token"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    project.run(DAY).unwrap();
    review(&project, false);
    for account in ["wiki/00u-ida", "wiki/00u-ivo"] {
        let given = Given {
            about: account.to_owned(),
            decision: Decision::Accept,
            reason_code: None,
            expires_on: None,
            by: Some("mia@northwind.example".to_owned()),
            note: None,
        };
        let answered = project.with_job(async |job| job.decide(&given).await).unwrap();
        assert_eq!(answered[0].1, Answered::Counts, "{account}");
    }
    project
}

fn review(project: &Project, dry_run: bool) -> Review {
    let options = ReviewOptions { dry_run, ..ReviewOptions::default() };
    let review = project.with_job(async |job| job.review(&options).await).unwrap();
    assert_eq!(review.failed, Vec::<String>::new());
    review
}

/// Where each export went, or would go.
fn exports(review: &Review) -> BTreeSet<&str> {
    review.lines.iter().filter(|line| line.what == "export").map(|line| line.ticket.as_str()).collect()
}

#[test]
fn a_user_leaves_the_group_when_the_project_says_so_and_not_before() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for apply in [false, true] {
        let groups = organisation();
        let stub = runtime.block_on(Stub::start(okta::handler(&groups)));
        let project = accepted(&stub, apply);
        let both = members(&groups);
        assert_eq!(exports(&review(&project, true)), BTreeSet::from(["", "would be taken out of group 00g1"]));
        assert_eq!(members(&groups), both, "looking changes nothing");
        assert!(stub.log.lock().unwrap().iter().all(|request| request.method == "GET"));

        let done = review(&project, false);
        let entries = project.with_job(async |job| log::entries(&job.store, 0).await).unwrap();
        let exported = entries.iter().filter(|entry| entry.kind == EntryKind::ExportCreated);
        let desks: BTreeSet<String> =
            exported.map(|entry| entry.detail()["desk"].as_str().unwrap().to_owned()).collect();
        let sheet = |name: &str| {
            fs::read_to_string(project.path().join("outputs").join(DAY).join("review").join(name)).unwrap_or_default()
        };
        let (actions, undo) = (sheet("actions.csv"), sheet("undo-executed-1-wiki.csv"));
        if apply {
            assert_eq!(exports(&done), BTreeSet::from(["review/actions.csv", "taken out of group 00g1"]));
            assert_eq!(members(&groups), BTreeSet::from(["00u-ivo".to_owned()]));
            assert_eq!(desks, BTreeSet::from(["files".to_owned(), "okta".to_owned()]));
            assert!(actions.contains("00u-ivo") && !actions.contains("00u-ida"), "{actions}");
            assert!(undo.contains("00u-ida") && !undo.contains("00u-ivo"), "{undo}");
        } else {
            assert_eq!(exports(&done), BTreeSet::from(["review/actions.csv"]));
            assert_eq!(members(&groups), both);
            assert_eq!(desks, BTreeSet::from(["files".to_owned()]));
            assert!(actions.contains("00u-ida") && actions.contains("00u-ivo") && undo.is_empty(), "{actions}");
        }
        assert!(exports(&review(&project, false)).is_empty(), "once");
    }
}
