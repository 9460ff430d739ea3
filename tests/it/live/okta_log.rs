//! The System Log: by its cursor, day by day, and once more when something may be missing.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Date32Type;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use seatledger::base::Clock;
use seatledger::ingest::{Landing, Outcome};
use seatledger::store::{Kind, Record};
use serde_json::{Value, json};

use super::super::stub::okta_org::{self, Org, Shared, event};
use super::super::stub::server::Reply;
use super::{Live, Subject, conformance, okta};

const LOG: Subject = Subject {
    kind: "okta",
    login: okta::SERVICE,
    streams: &["system_log"],
    start: || Box::new(okta_org::handler(&Org::small().shared())),
    has_tokens: true,
    empty: "[]",
    day: "2026-11-20",
};

conformance!(LOG; obeys_every_form_of_limit, balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server,
    refuses_a_page_for_people, ends_when_a_page_comes_back, takes_records_in_any_order, takes_unknown_fields,
    refuses_a_huge_string, follows_no_link_to_another_host, lands_as_files_do);

fn over(org: &Shared) -> Live {
    Live::over(Box::new(okta_org::handler(org)), &LOG)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn text<'r>(record: &'r Record, name: &str) -> &'r str {
    record.body[name].as_str().unwrap_or_default()
}

fn says(landings: &[Landing], code: &str) -> bool {
    landings.iter().any(|landing| landing.warnings.iter().any(|warning| warning.starts_with(code)))
}

/// Events that landed, each with the day of its landing, in the order of their ids.
fn days(live: &Live) -> BTreeMap<String, String> {
    let mut days = BTreeMap::new();
    for record in live.records("system_log") {
        for file in record.files.iter().filter(|file| file.path.starts_with("raw/")) {
            let bytes = live.project.with_job(async |job| job.store.read(file).await).unwrap();
            for batch in seatledger::store::parquet::decode(bytes).unwrap().1 {
                let ids = batch.column_by_name("event_id").unwrap().as_string::<i32>();
                let on = batch.column_by_name("extract_date").unwrap().as_primitive::<Date32Type>();
                for row in 0..batch.num_rows() {
                    let day = on.value_as_date(row).unwrap().to_string();
                    assert_eq!(days.insert(ids.value(row)[..8].to_owned(), day), None, "an event counts once");
                }
            }
        }
    }
    days
}

#[test]
fn a_poll_goes_on_where_the_one_before_ended() {
    let org = Org::small().shared();
    let live = over(&org);
    live.land_all();
    let first = live.records("system_log");
    assert_eq!((first.len(), days(&live).len()), (1, 9));
    let body = &first[0].body;
    assert_eq!((text(&first[0], "cursor_before"), body["covers_from"].as_str()), ("", Some("2026-08-23")));
    assert!(text(&first[0], "cursor_after").starts_with("/api/v1/logs?"), "{body}");
    assert!(text(&first[0], "collector").ends_with("okta"), "{body}");
    // All there was by noon is known, so all of yesterday.
    assert_eq!(body["complete_through"].as_str(), Some("2026-11-19"));

    live.heal();
    assert!(live.land().iter().all(|landing| landing.outcome == Outcome::AlreadyLanded));
    // The time, a look at an older day, and the cursor.
    assert_eq!((live.count(), live.records("system_log").len()), (3, 1));

    org.lock().unwrap().log.push(event(9, at("2026-11-20T11:59:00Z")));
    live.land_all();
    let both = live.records("system_log");
    assert_eq!((both.len(), days(&live).len()), (2, 10));
    assert_eq!(text(&both[1], "cursor_before"), text(&both[0], "cursor_after"));
    assert_ne!(text(&both[1], "cursor_after"), text(&both[0], "cursor_after"));
    assert_eq!(both[1].body["covers_from"].as_str(), Some("2026-11-20"));
    assert_eq!(both[1].body["reconciled_until"].as_str(), Some("2026-11-18T12:00:00Z"));
    live.heal();
    live.land();
    assert_eq!(live.count(), 1, "the cursor, and no more for a day");
}

#[test]
fn what_came_before_a_failure_has_landed_and_the_rest_follows() {
    let whole = Live::new(&LOG);
    whole.land_all();
    let (all, pages) = (days(&whole), whole.count());
    for k in 0..pages {
        let live = Live::new(&LOG);
        live.bend(move |n, request, answer| if n < k { answer(request) } else { Reply::new(500) });
        let landings = live.land();
        let last = landings.last().unwrap();
        assert!(matches!(&last.outcome, Outcome::Refused { reason_code, .. } if reason_code == "unreachable"), "{k}");
        // A request for the time, then pages of three.
        assert_eq!(days(&live).len(), (k.saturating_sub(1) * 3).min(9), "{k}");
        live.heal().land();
        assert_eq!(days(&live), all, "{k}");
        assert_eq!(live.content(), whole.content(), "{k}");
    }
}

#[test]
fn a_cursor_that_is_refused_costs_nothing_but_time() {
    let org = Org::small().shared();
    let live = over(&org);
    live.land_all();
    org.lock().unwrap().refuses_cursors = true;
    // The whole log fits one page: no cursor is needed.
    org.lock().unwrap().page = 100;
    org.lock().unwrap().log.push(event(9, at("2026-11-20T11:58:00Z")));
    let refusing = org.clone();
    live.bend(move |n, request, answer| {
        // After the time, the older day, the cursor; with the time again.
        if n == 3 {
            refusing.lock().unwrap().refuses_cursors = false;
        }
        answer(request)
    });
    let landings = live.land();
    assert!(says(&landings, "cursor_refused"), "{landings:?}");
    assert_eq!(days(&live).len(), 10);
    let records = live.records("system_log");
    let number = |name: &str| records[1].body[name].as_u64();
    assert_eq!((number("fetched"), number("accepted"), number("duplicate")), (Some(10), Some(1), Some(9)));
    assert!(!says(&live.heal().land(), "cursor_refused"), "the new cursor is on record");
}

#[test]
fn an_event_counts_for_the_day_on_which_it_became_known() {
    let times = [
        ("2026-11-20T23:50:00Z", "2026-11-20"),
        ("2026-11-21T00:05:00Z", "2026-11-21"),
        // Within an hour it is its own day's.
        ("2026-11-20T23:58:00Z", "2026-11-20"),
        ("2026-11-21T00:30:00Z", "2026-11-21"),
        ("2026-11-21T01:10:00Z", "2026-11-21"),
        // Later it is that of the day on which it came.
        ("2026-11-20T23:59:00Z", "2026-11-21"),
        ("2026-11-19T10:00:00Z", "2026-11-21"),
    ];
    let expected: BTreeMap<String, String> =
        times.iter().enumerate().map(|(n, (_, day))| (format!("{n:08x}"), (*day).to_owned())).collect();
    for page in [1, 2, 3, 100] {
        let log = times.iter().enumerate().map(|(n, (time, _))| event(n, at(time))).collect();
        let org = Org { log, page, now: at("2026-11-21T02:00:00Z"), ..Org::small() }.shared();
        let live = over(&org);
        live.land_all();
        assert_eq!(days(&live), expected, "{page}");
        let records = live.records("system_log");
        let on = |day: &str| records.iter().rev().find(|r| r.extract_date == Some(day.parse().unwrap())).unwrap();
        assert_eq!(on("2026-11-20").body["complete_through"].as_str(), Some("2026-11-20"));
        assert_eq!(on("2026-11-21").body["complete_through"].as_str(), Some("2026-11-20"));
        assert!(records.iter().all(|record| record.kind == Kind::Land));
        assert!(!text(records.last().unwrap(), "cursor_after").is_empty());
    }
    // Read one by one, hour by hour, the days are the same.
    let org = Org { log: Vec::new(), now: at("2026-11-20T23:55:00Z"), ..Org::small() }.shared();
    let live = over(&org);
    for (n, (time, _)) in times.iter().enumerate() {
        let mut org = org.lock().unwrap();
        org.now = org.now.max(at(time) + TimeDelta::minutes(1));
        org.log.push(event(n, at(time)));
        drop(org);
        live.land_all();
    }
    assert_eq!(days(&live), expected);
}

/// A batch of two days is two records: the program may end between them.
#[test]
fn a_cursor_is_on_record_only_when_all_before_it_has_landed() {
    let times = ["2026-11-20T23:50:00Z", "2026-11-21T00:05:00Z", "2026-11-20T23:58:00Z", "2026-11-21T00:30:00Z"];
    let log = times.iter().enumerate().map(|(n, time)| event(n, at(time))).collect();
    let live = over(&Org { log, page: 100, now: at("2026-11-21T02:00:00Z"), ..Org::small() }.shared());
    live.land_all();
    let (all, records) = (days(&live), live.records("system_log"));
    let [first, second] = &records[..] else { panic!("{records:?}") };
    assert_eq!((text(first, "cursor_after"), text(second, "cursor_after").is_empty()), ("", false));
    let commit = live.project.path().join("warehouse/commits/raw/okta/system_log/00000000000000000002.json");
    std::fs::remove_file(commit).unwrap();
    assert_eq!(days(&live).len(), 2);
    let landings = live.land();
    let outcomes: Vec<&Outcome> = landings.iter().map(|landing| &landing.outcome).collect();
    assert_eq!(outcomes, [&Outcome::AlreadyLanded, &Outcome::Landed { version: 2 }]);
    assert_eq!((days(&live), text(&live.records("system_log")[1], "cursor_after").is_empty()), (all, false));
}

#[test]
fn a_long_log_lands_in_batches_that_follow_each_other() {
    let first = at("2026-11-20T02:00:00Z");
    let log = (0..410).map(|n| event(n, first + TimeDelta::seconds(n as i64))).collect();
    let live = over(&Org { log, page: 1, ..Org::small() }.shared());
    live.land();
    let records = live.records("system_log");
    let accepted: Vec<u64> = records.iter().map(|record| record.body["accepted"].as_u64().unwrap()).collect();
    assert_eq!((accepted, days(&live).len()), (vec![200, 200, 10], 410));
    for pair in records.windows(2) {
        assert_eq!(text(&pair[1], "cursor_before"), text(&pair[0], "cursor_after"));
    }
    let covered: Vec<&str> = records.iter().map(|record| text(record, "covers_from")).collect();
    assert_eq!(covered, ["2026-08-23", "2026-11-20", "2026-11-20"]);
}

#[test]
fn what_okta_no_longer_keeps_is_a_hole_for_ever() {
    let org = Org::small().shared();
    let mut live = over(&org);
    live.land_all();
    let now = at("2027-04-01T12:00:00Z");
    org.lock().unwrap().now = now;
    org.lock().unwrap().log = vec![event(20, now - TimeDelta::days(2))];
    org.lock().unwrap().refuses_cursors = true;
    org.lock().unwrap().page = 100;
    live.project = live.project.at(Clock::Fixed(now));
    live.land();
    let records = live.records("system_log");
    let body = &records.last().unwrap().body;
    assert_eq!(body["holes"], json!([["2026-11-20", "2027-01-02"]]));
    assert_eq!((body["covers_from"].as_str(), days(&live).len()), (Some("2027-01-02"), 10));
}

#[test]
fn an_older_day_is_read_again_and_what_is_missing_lands() {
    let org = Org::small().shared();
    let now = at("2026-11-20T12:00:00Z");
    org.lock().unwrap().log = (0..12).map(|n| event(n, now - TimeDelta::hours(n as i64 + 1))).rev().collect();
    let mut live = over(&org);
    live.land_all();
    let advance = |live: Live, hours: i64| {
        let now = now + TimeDelta::hours(hours);
        org.lock().unwrap().now = now;
        Live { project: live.project.at(Clock::Fixed(now)), ..live }
    };
    // Days go by; two events of the first afternoon are stored, and no poll brings them.
    for n in 0..12 {
        let mut org = org.lock().unwrap();
        org.log.push(event(12 + n, now + TimeDelta::hours(n as i64 + 1)));
        org.log.push(event(100 + n, now + TimeDelta::hours(60) + TimeDelta::minutes(n as i64)));
    }
    org.lock().unwrap().log.sort_by_key(|event| event["published"].as_str().unwrap().to_owned());
    let lost = [13, 15].map(|n| event(n, now)["uuid"].as_str().unwrap().to_owned());
    org.lock().unwrap().skipped.extend(lost);
    live = advance(live, 73);
    let landings = live.land();
    assert_eq!(days(&live).len(), 34, "what was not polled yet is not missing: {landings:?}");

    live = advance(live, 74);
    live.heal();
    let landings = live.land();
    assert!(says(&landings, "reconciled: 2 events"), "{landings:?}");
    assert_eq!(days(&live).len(), 36);
    let records = live.records("system_log");
    let backfill: Vec<&Record> = records.iter().filter(|record| record.kind == Kind::Backfill).collect();
    let [backfill] = backfill[..] else { panic!("{records:?}") };
    assert_eq!(backfill.extract_date, NaiveDate::from_ymd_opt(2026, 11, 20));
    let bounded = |live: &Live| {
        live.stub.log.lock().unwrap().iter().filter(|request| request.query.contains_key("until")).count()
    };
    let once = bounded(&live);
    assert!(once > 0);
    live = advance(live, 75);
    live.land();
    assert_eq!(bounded(&live), once, "once a day");
}

#[test]
fn a_busy_log_is_left_when_it_is_up_to_date() {
    let live = Live::new(&LOG);
    live.bend(|n, request, answer| {
        let mut reply = answer(request);
        if request.query.contains_key("after") {
            let now = at("2026-11-20T12:00:01Z");
            reply.body = json!([event(1000 + n, now)]).to_string().into_bytes();
        }
        reply
    });
    live.land();
    assert!(live.count() < 10, "{}", live.count());
}

#[test]
fn a_bad_page_stops_the_poll_before_it() {
    let org = Org::small().shared();
    let live = over(&org);
    live.bend(|n, request, answer| {
        let mut reply = answer(request);
        if n == 3 {
            reply.body.truncate(reply.body.len() - 1);
        }
        reply
    });
    let landings = live.land();
    let outcomes: Vec<&Outcome> = landings.iter().map(|landing| &landing.outcome).collect();
    assert!(matches!(outcomes[..], [Outcome::Landed { .. }, Outcome::Refused { .. }]), "{outcomes:?}");
    assert_eq!(days(&live).len(), 6);
    live.heal().land();
    assert_eq!(days(&live).len(), 9);
    let counted: Value =
        live.records("system_log").iter().map(|r| r.body["accepted"].as_u64().unwrap()).sum::<u64>().into();
    assert_eq!(counted, json!(9));
}
