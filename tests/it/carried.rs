//! A run that goes on from earlier ones says what a run over all landings says, byte for byte: whatever landed between
//! them, in whatever order, and whichever days were run before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use chrono::{Days, NaiveDate};
use seatledger::ingest::LandOptions;

use super::chance::Chance;
use super::project::{Project, Tables};

/// Chains of chances; `SEATLEDGER_SEEDS=20` tries so many.
const SEEDS: u64 = 1;
/// Landings of each.
const STEPS: usize = 6;
/// The models that read the past; what the others say follows from theirs.
const PAST: Option<&str> = Some("staging.*");
/// The day of the base project.
const FIRST: &str = "2026-11-20";
/// People beside those of the base project.
const PEOPLE: u64 = 7;

const SOURCES: &str = r#"
[[source]]
name = "m365"
kind = "microsoft365"
from = "extracts/m365"
streams = ["users", "office365_active_user_detail", "teams_user_activity_user_detail", "email_activity_user_detail"]

[[source]]
name = "slack"
kind = "slack"
from = "extracts/slack"
"#;
const APPS: &str = "\
suite,Suite,Microsoft,it@northwind.example,standard,,m365/users,m365/users|m365/office365_active_user_detail|m365/teams_user_activity_user_detail|m365/email_activity_user_detail,180,none,
chat,Chat,Slack,it@northwind.example,standard,,slack/users,slack/users|slack/member_analytics,,none,
";
/// Two ids of the dearer tier: who moves from one to the other keeps the seat.
const TIERS: &str = "\
suite,e3,1,SKU-3,true,true
suite,e5,2,SKU-5|SKU-5N,true,false
chat,member,1,member,true,true
";
const POLICY: &str = r#"
app = "suite"
owner = "it@northwind.example"

[[version]]
id = "2026-01"
effective_from = 2026-01-01
signals = ["feature_use"]
inactive_after_days = 30
idle_action = "reclaim"

[[version.tier_rule]]
tier = "e5"
downgrade_to = "e3"
features = ["teams_chat_messages", "teams_calls"]
min_uses = 3
within_days = 14
"#;

/// Extracts of one landing: files below `extracts/` with their text.
type Files = Vec<(String, String)>;

/// What happens to a project.
enum Step {
    /// Files arrive and are landed.
    Land(Files),
    /// A day is run.
    Run(NaiveDate),
}

fn first() -> NaiveDate {
    FIRST.parse().unwrap()
}

fn project() -> Project {
    let project = Project::base();
    let read = |file: &str| fs::read_to_string(project.path().join(file)).unwrap();
    let (config, apps, tiers) = (read("seatledger.toml"), read("seeds/apps.csv"), read("seeds/tiers.csv"));
    project
        .with("seatledger.toml", &(config + SOURCES))
        .with("seeds/apps.csv", &(apps + APPS))
        .with("seeds/tiers.csv", &(tiers + TIERS))
        .with("policies/suite.toml", POLICY)
}

fn steps(seed: u64) -> Vec<Step> {
    let mut chance = Chance(seed);
    let c = &mut chance;
    let mut steps = vec![Step::Run(first())];
    let (mut newest, mut skipped, mut events) = (first(), Vec::new(), 0);
    for number in 0..STEPS {
        let mut day = newest + Days::new(1);
        while c.percent(25) {
            skipped.push(day);
            day = day + Days::new(1);
        }
        newest = day;
        steps.push(Step::Land(extracts(c, day, number, &mut events)));
        // a day that was missed comes late, or one comes again with another page
        if c.percent(25) {
            let late =
                if skipped.is_empty() || c.percent(40) { newest - Days::new(c.below(3)) } else { skipped.remove(0) };
            steps.push(Step::Land(extracts(c, late, number + 100, &mut events)));
        }
        if c.percent(60) {
            steps.push(Step::Run(newest));
        }
        if c.percent(15) {
            steps.push(Step::Run(newest - Days::new(c.below(4))));
        }
    }
    steps.push(Step::Run(newest));
    steps
}

/// What most sources give on a day, by chance.
fn extracts(c: &mut Chance, day: NaiveDate, number: usize, events: &mut u64) -> Files {
    let mut files = Files::new();
    let mut put = |c: &mut Chance, stream: &str, kind: &str, text: String| {
        // some days a source is silent, or a page is lost on the way
        if c.percent(15) {
            return;
        }
        files.push((format!("{stream}/{day}/{number}.{kind}"), text));
        if c.percent(10) {
            files.push((format!("{stream}/{day}/_control.json"), "{\"rows\": 1000}".to_owned()));
        }
    };
    let here = |c: &mut Chance| (0..PEOPLE).filter(|_| c.percent(85)).collect::<Vec<_>>();
    let upn = |n: u64| format!("p{n}@northwind.example");

    let mut workers = String::from(
        "Employee_ID,Name,Email_-_Work,Worker_Type,Hire_Date,Termination_Date,Manager_ID,Cost_Center_ID,Region,Practice,Job_Family\n\
         1009,Mia,mia@northwind.example,employee,2020-01-07,,,CC-1,EMEA,Design,Manager\n",
    );
    for n in here(c) {
        let email = if c.percent(80) { upn(n) } else { format!("P{n}.new@northwind.example") };
        writeln!(workers, "20{n},P{n},{email},employee,2025-0{}-07,,1009,CC-1,EMEA,Design,Designer", n + 1).unwrap();
    }
    put(c, "workday/workers", "csv", workers);

    let mut app_users = String::from("appId,id,scope,status,userName,created,profile.sku\n");
    for n in here(c) {
        let status = if c.percent(85) { "ACTIVE" } else { "DEPROVISIONED" };
        let sku = if c.percent(70) { "" } else { "WIKI-STD" };
        writeln!(app_users, "0oa-wiki,00u-{n},USER,{status},{},,{sku}", upn(n)).unwrap();
    }
    put(c, "okta/app_users", "csv", app_users);

    let mut seats = String::from("User ID,Email,Seat,Assigned on,Last active\n");
    for n in here(c) {
        let (sku, at) = (["FIG-PRO", "FIG-ENT", "FIG-NEW"][c.below(3) as usize], c.day(day, 20));
        writeln!(seats, "f-{n},{},{sku},,{}", upn(n), if c.percent(50) { at.to_string() } else { String::new() })
            .unwrap();
    }
    put(c, "figma/seats", "csv", seats);

    let mut activity = String::new();
    for _ in 0..6 {
        // an event that came before comes again
        let id = if c.percent(25) { c.below(*events + 1) } else { *events };
        *events += 1;
        let (user, feature) = (c.below(PEOPLE), ["edit", "sandbox"][c.below(2) as usize]);
        let (at, uses) = (c.day(day, 6), c.below(4));
        writeln!(activity, r#"{{"id":"n{id}","user":"f-{user}","feature":"{feature}","day":"{at}","uses":{uses}}}"#)
            .unwrap();
    }
    put(c, "figma/activity", "ndjson", activity);

    let mut users = String::from("id,userPrincipalName,mail,skuId,signInActivity.lastSuccessfulSignInDateTime\n");
    for n in here(c) {
        let sku = ["SKU-3", "SKU-5", "SKU-5N"][c.below(3) as usize];
        writeln!(users, "m-{n},{},{},{sku},{}T08:00:00Z", upn(n), upn(n), c.day(day, 9)).unwrap();
    }
    put(c, "m365/users", "csv", users);

    // reports lag, and not always by as much
    let refresh = day - Days::new(1 + c.below(4));
    let mut office = String::from(
        "Report Refresh Date,User Principal Name,Exchange Last Activity Date,OneDrive Last Activity Date,Teams Last Activity Date\n",
    );
    let mut teams = String::from(
        "Report Refresh Date,User Id,User Principal Name,Last Activity Date,Team Chat Message Count,Call Count,Has Other Action\n",
    );
    let mut email = String::from(
        "Report Refresh Date,User Principal Name,Last Activity Date,Send Count,Receive Count,Read Count\n",
    );
    for n in here(c) {
        let (a, b) = (c.day(refresh, 9), c.day(refresh, 9));
        writeln!(office, "{refresh},{},{a},,{b}", upn(n)).unwrap();
        let (chats, calls, other) = (c.below(6), c.below(3), if c.percent(50) { "Yes" } else { "No" });
        writeln!(teams, "{refresh},m-{n},{},{b},{chats},{calls},{other}", upn(n)).unwrap();
        writeln!(email, "{refresh},{},{a},{},{},{}", upn(n), c.below(9), c.below(9), c.below(9)).unwrap();
    }
    put(c, "m365/office365_active_user_detail", "csv", office);
    put(c, "m365/teams_user_activity_user_detail", "csv", teams);
    put(c, "m365/email_activity_user_detail", "csv", email);

    let mut members = String::from("id,name,email,deleted,is_bot,is_restricted,is_ultra_restricted\n");
    for n in here(c) {
        writeln!(members, "U{n},p{n},{},{},false,{},false", upn(n), c.percent(10), c.percent(20)).unwrap();
    }
    put(c, "slack/users", "csv", members);
    let mut analytics = String::from("user_id,date,email_address,is_active,messages_posted_count,search_count\n");
    for n in here(c) {
        let at = day - Days::new(c.below(4));
        writeln!(analytics, "U{n},{at},{},{},{},{}", upn(n), c.percent(70), c.below(5), c.below(2)).unwrap();
    }
    put(c, "slack/member_analytics", "csv", analytics);

    let mut log = String::new();
    for _ in 0..5 {
        let id = if c.percent(25) { c.below(*events + 1) } else { *events };
        *events += 1;
        let change = ["application.user_membership.add", "application.user_membership.remove", "user.session.start"];
        let (kind, at) = (change[c.below(3) as usize], c.day(day, 120));
        let (actor, user, hour) = (c.below(PEOPLE), c.below(PEOPLE), 10 + c.below(9));
        let target = format!(r#"[{{"type":"AppInstance","id":"0oa-wiki"}},{{"type":"User","id":"00u-{user}"}}]"#);
        writeln!(
            log,
            r#"{{"uuid":"c{id}","published":"{at}T{hour}:00:00Z","eventType":"{kind}","outcome":{{"result":"SUCCESS"}},"actor":{{"id":"00u-{actor}","type":"User","alternateId":"{}"}},"target":{target}}}"#,
            upn(actor)
        )
        .unwrap();
    }
    put(c, "okta/system_log", "ndjson", log);
    files
}

fn land(project: Project, files: &Files) -> Project {
    let project = files.iter().fold(project, |project, (file, text)| project.with(&format!("extracts/{file}"), text));
    // what is refused is refused everywhere
    project.land_with(&LandOptions { backfill: true, ..LandOptions::default() }).unwrap();
    project
}

fn hashes(tables: &Tables) -> BTreeMap<String, String> {
    let all = tables.run.record.body["tables"].as_object().unwrap();
    all.iter().map(|(name, file)| (name.clone(), file["sha256"].as_str().unwrap().to_owned())).collect()
}

/// The carried tables that went on from an earlier run, and those that did not.
fn from_earlier(tables: &Tables) -> (usize, usize) {
    let carried = tables.run.record.body["carried"].as_object().unwrap();
    let gone_on = carried.values().filter(|table| table["from"].is_u64()).count();
    (gone_on, carried.len() - gone_on)
}

fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    one.iter().filter(|(name, hash)| other[*name] != **hash).map(|(name, _)| name.clone()).collect()
}

/// What the same run says over all landings: of all that rests on the past, or, slower, of all there is.
fn assert_is_as_rebuilt(project: &Project, run: &Tables, as_of: &str, select: Option<&str>, what: &str) {
    let rebuilt = Project::copy_of(project.path()).rebuild(as_of, select).unwrap();
    assert_eq!(from_earlier(&rebuilt).0, 0);
    assert_eq!(differing(&hashes(run), &hashes(&rebuilt)), [""; 0], "{what}");
}

#[test]
fn a_run_that_goes_on_says_what_a_rebuild_says() {
    let seeds = seatledger::config::env("SEATLEDGER_SEEDS").and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    for (seed, (gone_on, anew)) in (1..=seeds).map(|seed| (seed, goes_on_as_a_rebuild(seed))) {
        assert!(seed > 1 || (gone_on > 5 && anew > 5), "{gone_on} tables went on, {anew} were computed anew");
    }
}

/// How many carried tables went on from an earlier run, and how many did not.
fn goes_on_as_a_rebuild(seed: u64) -> (usize, usize) {
    let (mut gone_on, mut anew) = (0, 0);
    let steps = steps(seed);
    let mut project = project();
    project.land().unwrap();
    let mut last = None;
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Land(files) => project = land(project, files),
            Step::Run(day) => {
                let as_of = day.to_string();
                let run = project.build(&as_of).unwrap();
                let is_last = number + 1 == steps.len();
                let select = if is_last { None } else { PAST };
                assert_is_as_rebuilt(&project, &run, &as_of, select, &format!("seed {seed}, step {number}, {as_of}"));
                let (on, new) = from_earlier(&run);
                (gone_on, anew) = (gone_on + on, anew + new);
                last = Some((as_of, hashes(&run)));
            }
        }
    }
    // A store that landed the same and never ran knows no earlier candidates: what rests on those is left out.
    let fresh = self::project();
    fresh.land().unwrap();
    let fresh = steps.iter().fold(fresh, |fresh, step| match step {
        Step::Land(files) => land(fresh, files),
        Step::Run(_) => fresh,
    });
    let (as_of, said) = last.unwrap();
    let once = hashes(&fresh.build(&as_of).unwrap());
    let differ = differing(&said, &once);
    let rests_on_runs = |table: &&String| ["policy.", "review.", "marts."].iter().any(|s| table.starts_with(s));
    assert_eq!(differ.iter().filter(|table| !rests_on_runs(table)).collect::<Vec<_>>(), [""; 0], "seed {seed}");
    (gone_on, anew)
}

#[test]
fn what_was_erased_or_has_expired_is_not_carried_on() {
    let day = |n: u64| first() + Days::new(n);
    let mut c = Chance(5);
    let mut events = 0;
    let mut project = project();
    project.land().unwrap();
    for n in 1..=2 {
        project = land(project, &extracts(&mut c, day(n), n as usize, &mut events));
        project.build(&day(n).to_string()).unwrap();
    }
    let tables = project.build(&day(3).to_string()).unwrap();
    assert_eq!(from_earlier(&tables).1, 0, "a day after others goes on");
    let known = "select r.account_id from staging.seat_runs as r inner join core.identity_crosswalk as x \
                 on r.account_id = x.account_id where x.person_key = '201'";
    let accounts: BTreeSet<String> = tables.ask(known).iter().map(|row| row["account_id"].clone()).collect();
    assert!(!accounts.is_empty());

    project.with_job(async |job| job.erase("201", "art17", "dpo@northwind.example", None, true).await).unwrap();
    let tables = project.build(&day(3).to_string()).unwrap();
    let left = tables.ask("select account_id from staging.seat_runs");
    assert!(!left.iter().any(|row| accounts.contains(&row["account_id"])), "{accounts:?} were erased");
    assert_is_as_rebuilt(&project, &tables, &day(3).to_string(), PAST, "after an erasure");

    // Long after, all but what is in force goes.
    let config = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    project = project.with("seatledger.toml", &(config + "\n[retention]\nraw_days = 7\n"));
    project.with_job(async |job| job.gc(true).await).unwrap();
    project = land(project, &extracts(&mut c, day(4), 4, &mut events));
    let tables = project.build(&day(4).to_string()).unwrap();
    assert!(from_earlier(&tables).1 > 0, "what rests on landings that are gone is computed anew");
    assert_is_as_rebuilt(&project, &tables, &day(4).to_string(), PAST, "after an expiry");
}
