//! Okta's directory, and the ways into it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use seatledger::base::{AsOf, Clock};
use seatledger::ingest::{self, Outcome};
use serde_json::Value;

use super::super::stub::okta_org::{self, Org, SSWS, Shared};
use super::super::stub::server::Reply;
use super::{Live, Row, Subject, conformance};

/// The login of the service app.
pub const SERVICE: &str = "client_id = \"0oaSERVICE\"\nkey_id = \"k1\"\nsecret = \"file:key.pem\"";

const DIRECTORY: Subject = Subject {
    kind: "okta",
    login: SERVICE,
    streams: &["users", "groups", "group_members", "apps", "app_users"],
    start: || Box::new(okta_org::handler(&Org::small().shared())),
    has_tokens: true,
    empty: "[]",
    day: "2026-11-20",
};

conformance!(DIRECTORY);

/// A project over an organisation.
fn over(org: &Shared, login: &'static str) -> Live {
    Live::over(Box::new(okta_org::handler(org)), &Subject { login, ..DIRECTORY })
}

#[test]
fn both_passes_and_every_list_of_a_parent_are_read() {
    let live = Live::new(&DIRECTORY);
    live.land_all();
    let content = live.content();
    let count = |stream: &str| content[stream].len();
    assert_eq!((count("users"), count("groups"), count("apps")), (10, 3, 3));
    assert!(content["users"].iter().any(|row| row["status"] == "DEPROVISIONED"));
    // Two groups with the same people, byte for byte, are two groups.
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    content["group_members"].iter().for_each(|row| *groups.entry(row["group_id"].as_str()).or_default() += 1);
    assert_eq!(groups.into_values().collect::<Vec<_>>(), [3, 3]);
    assert_eq!(count("app_users"), 10);
    let paths: Vec<PathBuf> = live.records("app_users")[0].body["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input["path"].as_str().unwrap().into())
        .collect();
    assert_eq!(paths[0], Path::new("2026-11-20/0oaAPP00000000000000/page-000001.json"));
}

#[test]
fn a_group_that_is_gone_meanwhile_has_no_members_and_one_that_hides_ends_the_read() {
    let org = Org::small().shared();
    let live = over(&org, SERVICE);
    let gone = org.clone();
    live.bend(move |_, request, answer| {
        if request.path.ends_with("/users") && request.path.contains("00gGROUP000000000001") {
            gone.lock().unwrap().groups.retain(|group| group["id"] != "00gGROUP000000000001");
        }
        answer(request)
    });
    let landings = live.land();
    let members = landings.iter().find(|landing| landing.stream == "group_members").unwrap();
    assert!(matches!(members.outcome, Outcome::Landed { .. }) && members.accepted == 3, "{members:?}");
    assert!(members.warnings.iter().any(|said| said.starts_with("gone: 1 ")), "{members:?}");

    let live = over(&Org::small().shared(), SERVICE);
    live.bend(|_, request, answer| match request.path.ends_with("00gGROUP000000000001/users") {
        true => Reply::new(404),
        false => answer(request),
    });
    let landings = live.land();
    let members = landings.iter().find(|landing| landing.stream == "group_members").unwrap();
    assert!(
        matches!(&members.outcome, Outcome::Refused { message, .. } if message.contains("status 404")),
        "{members:?}"
    );
}

/// The files of the newest landing of a stream.
fn files_of(live: &Live, stream: &str) -> Vec<String> {
    let records = live.records(stream);
    let inputs = records.last().unwrap().body["inputs"].as_array().unwrap().clone();
    inputs.iter().map(|input| input["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn members_of_a_group_that_did_not_change_are_not_read_again_before_a_week_is_over() {
    const GROUPS: [&str; 2] = ["00gGROUP000000000000", "00gGROUP000000000001"];
    let org = Org::small().shared();
    let mut live = over(&org, SERVICE);
    live.land_all();
    let first = live.content();
    let day = |n: u32| format!("2026-11-{n}T12:00:00Z").parse::<DateTime<Utc>>().unwrap();
    let mut read_again = [Vec::new(), Vec::new()];
    for n in 21..28 {
        org.lock().unwrap().now = day(n);
        live.project = live.project.at(Clock::Fixed(day(n)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        live.bend(move |_, request, answer| {
            heard.lock().unwrap().push(request.path.clone());
            answer(request)
        });
        let landings = live.land();
        let members = landings.iter().find(|landing| landing.stream == "group_members").unwrap();
        assert!(matches!(members.outcome, Outcome::Landed { .. }) && members.accepted == 6, "{members:?}");
        assert!(!members.warnings.iter().any(|said| said.starts_with("schema_drift")), "{members:?}");
        assert_eq!(live.content(), first, "the same rows on {n}");
        for (group, days) in GROUPS.iter().zip(&mut read_again) {
            let is_read = asked.lock().unwrap().iter().any(|path| path.ends_with(&format!("{group}/users")));
            let unchanged = format!("2026-11-{n}/{group}/unchanged-since-202611{}.json", n - 1);
            assert_eq!(files_of(&live, "group_members").contains(&unchanged), !is_read, "{n} {group}");
            days.extend(is_read.then_some(n));
        }
        // A second read of the day adds nothing.
        assert!(live.land().iter().all(|landing| landing.outcome == Outcome::AlreadyLanded), "{n}");
    }
    assert!(read_again.iter().all(|days| days.len() == 1), "{read_again:?}");

    // Somebody leaves, late on the day of the landing before: the group says so, on a day that is not its turn.
    let one = read_again.iter().position(|days| days[0] != 21).unwrap();
    {
        let mut org = org.lock().unwrap();
        org.members.get_mut(GROUPS[one]).unwrap().truncate(1);
        org.groups[one]["lastMembershipUpdated"] = "2026-11-27T23:59:59.000Z".into();
        org.now = day(28);
    }
    live.project = live.project.at(Clock::Fixed(day(28)));
    live.land();
    let content = live.content();
    let of = |group: &str| content["group_members"].iter().filter(|row| row["group_id"] == group).count();
    assert_eq!((of(GROUPS[one]), of(GROUPS[1 - one])), (1, 3));
}

#[test]
fn members_of_a_group_that_does_not_say_when_it_changed_are_read_every_day() {
    let org = Org::small().shared();
    let mut live = over(&org, SERVICE);
    org.lock().unwrap().groups[0]["lastMembershipUpdated"] = Value::Null;
    live.land();
    for n in 21..24 {
        let now: DateTime<Utc> = format!("2026-11-{n}T12:00:00Z").parse().unwrap();
        org.lock().unwrap().now = now;
        live.project = live.project.at(Clock::Fixed(now));
        live.land();
        assert!(
            files_of(&live, "group_members").contains(&format!("2026-11-{n}/00gGROUP000000000000/page-000001.json")),
            "{n}"
        );
    }
}

const PEOPLE: Subject = Subject { streams: &["users"], ..DIRECTORY };

/// Noon of a day of November or, above 30, December.
fn noon(day: u32) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2026-11-01T12:00:00Z".parse().unwrap();
    first + TimeDelta::days(i64::from(day) - 1)
}

/// Brings an organisation and a project over it to the noon of a day.
fn turn_to(day: u32, org: &Shared, live: Live) -> Live {
    org.lock().unwrap().now = noon(day);
    let project = live.project.at(Clock::Fixed(noon(day)));
    Live { project, ..live }
}

/// The requests for users that a landing takes, without those for pages that follow; whether it has new columns.
fn lands_by(live: &Live) -> (Vec<String>, bool) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    live.bend(move |_, request, answer| {
        if !request.query.contains_key("after") {
            let filter = request.query.get("filter").map_or("", String::as_str);
            heard.lock().unwrap().push(format!("{} {filter}", request.path.trim_start_matches("/api/v1/")));
        }
        answer(request)
    });
    let landings = live.land();
    assert!(matches!(landings[0].outcome, Outcome::Landed { .. }), "{landings:?}");
    let asked = asked.lock().unwrap().clone();
    (asked, landings[0].warnings.iter().any(|said| said.starts_with("schema_drift")))
}

/// What a project lands that never read the organisation before.
fn read_whole(org: &Shared) -> Vec<Row> {
    let fresh = turn_to(noon_of(org), org, Live::over(Box::new(okta_org::handler(org)), &PEOPLE));
    fresh.land_all();
    fresh.content().remove("users").unwrap()
}

/// The day an organisation's clock shows, as [`noon`] counts.
fn noon_of(org: &Shared) -> u32 {
    (org.lock().unwrap().now - noon(1)).num_days() as u32 + 1
}

/// An event that somebody was deleted, it says.
fn deletion(n: usize, id: &str, at: DateTime<Utc>) -> Value {
    let mut event = okta_org::event(n, at);
    event["eventType"] = "user.lifecycle.delete.initiated".into();
    event["target"] = serde_json::json!([{ "id": id, "type": "User", "alternateId": "p@northwind.example" }]);
    event
}

#[test]
fn users_that_did_not_change_are_not_read_again_before_a_week_is_over() {
    const WHOLE: [&str; 2] = ["users ", "users status eq \"DEPROVISIONED\""];
    let org = Org::small().shared();
    let mut live = Live::over(Box::new(okta_org::handler(&org)), &PEOPLE);
    assert_eq!(lands_by(&live).0, WHOLE);
    // A column that is new at the source is kept from day to day as well.
    let mut n = 1000;
    for day in 21..36 {
        let late = noon(day - 1) + TimeDelta::hours(11);
        {
            let mut org = org.lock().unwrap();
            let at = day as usize % org.users.len();
            match day % 5 {
                // Changed after the landing of the day before, long before this one.
                0 => org.users[at]["profile"]["costCenter"] = format!("cc-{day}").into(),
                1 => org.users[at]["status"] = "DEPROVISIONED".into(),
                2 => {
                    let mut user = org.users[at].clone();
                    user["id"] = format!("00uNEW{day:014}").into();
                    org.users.push(user);
                }
                3 => {
                    let gone = org.users.remove(at);
                    n += 1;
                    org.log.push(deletion(n, gone["id"].as_str().unwrap(), late));
                }
                // Nobody went, whatever the log says.
                _ => {
                    n += 1;
                    let event = deletion(n, org.users[at]["id"].as_str().unwrap(), late);
                    org.log.push(event);
                    org.users[at]["nickname"] = "new at the source".into();
                }
            }
            let changed = if day % 5 == 2 { org.users.len() - 1 } else { at };
            if day % 5 != 3 {
                org.users[changed]["lastUpdated"] = late.to_rfc3339().into();
            }
        }
        live = turn_to(day, &org, live);
        let (asked, is_new) = lands_by(&live);
        assert_eq!(is_new, day == 24, "{day}");
        let since = (noon(day) - TimeDelta::days(2)).format("%Y-%m-%dT00:00:00.000Z");
        let is_whole = matches!(day, 27 | 34);
        match is_whole {
            true => assert_eq!(asked, WHOLE, "{day}"),
            false => {
                assert_eq!(asked[0], "logs eventType sw \"user.lifecycle.delete\"", "{day}");
                assert_eq!(asked.last().unwrap(), &format!("users lastUpdated gt \"{since}\""), "{day}");
                let looked_for = asked.iter().filter(|one| one.starts_with("users/00u")).count();
                assert_eq!(asked.len(), 2 + looked_for, "{day}: {asked:?}");
            }
        }
        let mut rows = live.content().remove("users").unwrap();
        let extra: Vec<Option<String>> = rows.iter_mut().map(|row| row.remove("extra")).collect();
        assert_eq!(extra.iter().any(|said| said.as_deref().is_some_and(|s| s.contains("nickname"))), day > 23, "{day}");
        let mut whole = read_whole(&org);
        whole.iter_mut().for_each(|row| _ = row.remove("extra"));
        assert_eq!(rows, whole, "{day}");
        let has_carried = files_of(&live, "users").iter().any(|path| path.contains("/unchanged-since-"));
        assert_eq!(has_carried, !is_whole, "{day}");
        // A second read of the day adds nothing: it reads the list as the first one did.
        assert!(live.land().iter().all(|landing| landing.outcome == Outcome::AlreadyLanded), "{day}");
    }
}

#[test]
fn users_are_read_whole_where_changes_are_not_enough() {
    // The log is not to be read with this credential.
    let org = Org::small().shared();
    let live = Live::over(Box::new(okta_org::handler(&org)), &PEOPLE);
    live.land_all();
    let live = turn_to(21, &org, live);
    live.bend(|_, request, answer| match request.path.ends_with("/logs") {
        true => Reply::json(403, &serde_json::json!({ "errorCode": "E0000006" })),
        false => answer(request),
    });
    live.land_all();
    assert!(files_of(&live, "users").iter().all(|path| path.contains("page-")), "{:?}", files_of(&live, "users"));

    // Of the day before, a row was set apart.
    let org = Org::small().shared();
    let live = Live::over(Box::new(okta_org::handler(&org)), &PEOPLE);
    let login = std::mem::take(&mut org.lock().unwrap().users[3]["id"]);
    assert_eq!(live.land()[0].quarantined, 1);
    org.lock().unwrap().users[3]["id"] = login;
    let live = turn_to(21, &org, live);
    assert_eq!(lands_by(&live).0[0], "users ");
    assert_eq!(live.content()["users"], read_whole(&org));

    // It cannot be told what was deleted.
    let live = turn_to(22, &org, live);
    live.bend(|_, request, answer| match request.path.ends_with("/logs") {
        true => Reply::new(500),
        false => answer(request),
    });
    assert!(matches!(live.land()[0].outcome, Outcome::Refused { .. }));
    assert_eq!(live.content()["users"], read_whole(&org), "what landed before stays in force");
}

#[test]
fn a_token_is_bound_to_a_key_where_the_server_demands_it() {
    let org = Org { demands_dpop: true, ..Org::small() }.shared();
    let live = over(&org, SERVICE);
    live.land_all();
    assert_eq!(org.lock().unwrap().tokens.given, 1);
    let log = live.stub.log.lock().unwrap().clone();
    assert!(log.iter().skip(3).all(|request| request.headers["authorization"].starts_with("DPoP ")));
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    for ahead in [-300, 300] {
        let org = Org::small().shared();
        org.lock().unwrap().tokens.ahead = ahead;
        over(&org, SERVICE).land_all();
    }
}

#[test]
fn what_is_left_of_a_limit_is_for_others() {
    let live = over(&Org::small().shared(), SERVICE);
    live.bend(|n, request, answer| {
        let mut reply = answer(request);
        reply.headers.retain(|(name, _)| !name.starts_with("x-rate"));
        let left = if n == 0 { "300" } else { "301" };
        let reset = "1795176001";
        reply.with("x-rate-limit-limit", "600").with("x-rate-limit-remaining", left).with("x-rate-limit-reset", reset)
    });
    let start = std::time::Instant::now();
    live.land_all();
    assert!(start.elapsed() >= super::limits().longest_wait, "{:?}", start.elapsed());
}

/// The program, killed when the server is asked for the k-th page.
#[test]
fn a_run_that_is_killed_leaves_nothing_half_done() {
    let whole = Live::new(&DIRECTORY);
    whole.land_all();
    for k in [0, 4, 9] {
        let live = Live::new(&DIRECTORY);
        let child: Arc<Mutex<Option<Child>>> = Arc::default();
        let victim = child.clone();
        live.bend(move |n, request, answer| {
            if n == k {
                victim.lock().unwrap().as_mut().unwrap().kill().unwrap();
            }
            answer(request)
        });
        let mut program = Command::new(env!("CARGO_BIN_EXE_seatledger"));
        program.args(["ingest", "--quiet", "--project"]).arg(live.project.path());
        // Who answers waits until it is known whom to kill.
        let mut running = child.lock().unwrap();
        *running = Some(program.stdout(Stdio::null()).spawn().unwrap());
        drop(running);
        while child.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(live.count() > k, "it was killed");
        live.heal().land();
        assert_eq!(live.content(), whole.content(), "{k}");
    }
}

#[test]
fn secrets_are_nowhere() {
    const CANARY: &str = "s3cr3t-canary";
    let key: Vec<&str> = okta_org::KEY.lines().filter(|line| !line.starts_with('-')).collect();
    for login in [SERVICE, "auth = \"ssws\"\nsecret = \"file:token\""] {
        let live = over(&Org::small().shared(), login);
        for n in 0..2 {
            live.bend(move |_, request, answer| match n {
                0 => answer(request),
                // A server that repeats what it was sent.
                _ => Reply::json(401, &serde_json::json!({ "errorCode": request.headers.get("authorization") })),
            });
            let mut program = Command::new(env!("CARGO_BIN_EXE_seatledger"));
            let output = program.args(["ingest", "--project"]).arg(live.project.path()).output().unwrap();
            assert_eq!(output.status.code(), Some([0, 4][n]), "{}", String::from_utf8_lossy(&output.stderr));
            for text in [&output.stdout, &output.stderr] {
                let text = String::from_utf8_lossy(text);
                assert!(!text.contains(CANARY) && !key.iter().any(|line| text.contains(line)), "{text}");
            }
            if login != SERVICE {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(said.contains("private_key_jwt"), "an SSWS token is warned of: {said}");
            }
        }
        let mut files = vec![live.project.path().to_owned()];
        let mut looked_at = 0;
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if !path.ends_with("token") && !path.ends_with("key.pem") {
                let bytes = fs::read(&path).unwrap();
                let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!has(CANARY) && !has(SSWS), "{}", path.display());
                looked_at += 1;
            }
        }
        assert!(looked_at > 10, "{looked_at}");
    }
}

#[test]
fn a_landing_of_more_pages_than_a_record_names_has_a_list_of_them() {
    let mut org = Org { page: 1, ..Org::small() };
    let like = org.users[0].clone();
    org.users = (0..1001)
        .map(|n| {
            let mut user = like.clone();
            user["id"] = format!("00uUSER{n:013}").into();
            user
        })
        .collect();
    let live = Live::over(
        Box::new(okta_org::handler(&org.shared())),
        &Subject { login: SERVICE, streams: &["users"], ..DIRECTORY },
    );
    live.land_all();
    let record = live.records("users").remove(0);
    assert_eq!(record.body["inputs"], serde_json::json!([]));
    let list = record.files.iter().find(|file| file.path.starts_with("inputs/okta/users/")).unwrap();
    assert_eq!(list.rows, 1001);

    // What landed is known, told to auditors, and part of the store.
    assert!(live.land().iter().all(|landing| landing.outcome == Outcome::AlreadyLanded));
    let (told, looked) = live
        .project
        .with_job(async |job| {
            let facts = ingest::landings(&job.config, &job.store, AsOf::parse("2026-11-20")?).await?;
            Ok((ingest::inputs(&facts), job.store.fsck(true).await?))
        })
        .unwrap();
    assert_eq!(told[0]["inputs"].as_array().unwrap().len(), 1001);
    assert_eq!(told[0]["inputs"][1000]["path"], "2026-11-20/active/page-001001.json");
    assert!(looked.findings.is_empty(), "{looked}");

    let at = live.project.path().join("warehouse").join(&list.path);
    let mut bytes = fs::read(&at).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&at, bytes).unwrap();
    assert!(live.project.land().is_err(), "a list that was altered is not believed");
}
