//! The other vendors: each through the suite as far as its API has what a test is about, and what it has of its own.

use seatledger::ingest::Outcome;
use seatledger::job::{Finding, Grade, doctor};

use super::super::stub::server::{Reply, Request};
use super::super::stub::vendors::{Holds, bamboohr, ecb, graph, handler, itam, salesforce, slack, workday, zoom};
use super::{Handler, Live, Subject, conformance, suite};

pub const DAY: &str = "2026-11-20";
const BEARER: &str = "auth = \"bearer\"\nsecret = \"file:token\"";

mod microsoft365 {
    use super::*;

    pub const USERS: Subject = Subject {
        kind: "microsoft365",
        login: "client_id = \"c\"\ntenant = \"northwind\"\nsecret = \"file:token\"\n\
                token_url = \"{url}northwind/oauth2/v2.0/token\"",
        streams: &["users", "subscribed_skus"],
        start,
        has_tokens: true,
        empty: "{\"value\": []}",
        day: DAY,
    };

    fn start() -> Handler {
        let report =
            |columns: &str, rows: &str| format!("\u{feff}Report Refresh Date,User Principal Name,{columns}\r\n{rows}");
        let teams = report("Last Activity Date,Is Deleted", "2026-11-18,User1@northwind.example,2026-11-17,False\r\n");
        let active = report("Exchange Last Activity Date", "2026-11-18,User1@northwind.example,2026-11-16\r\n");
        let holds = Holds::in_pages(4).with("users", graph::users_of(14)).with("subscribedSkus", graph::skus());
        let holds = holds.with_file("getTeamsUserActivityUserDetail", teams);
        handler(&graph::GRAPH, holds.with_file("getOffice365ActiveUserDetail", active))
    }

    conformance!(USERS);

    const REPORTS: Subject =
        Subject { streams: &["teams_user_activity_user_detail", "office365_active_user_detail"], ..USERS };

    #[test]
    fn a_report_is_fetched_where_it_lies_without_the_credential() {
        suite::lands_as_files_do(&REPORTS);
        let live = Live::new(&REPORTS);
        live.land_all();
        let log = live.stub.log.lock().unwrap().clone();
        let (stored, asked): (Vec<_>, Vec<_>) = log.iter().partition(|request| request.path.starts_with("/storage/"));
        assert_eq!(stored.len(), 2);
        assert!(stored.iter().all(|request| !request.headers.contains_key("authorization")), "{stored:?}");
        assert!(
            asked.iter().all(|request| request.path.contains("token") || request.path.ends_with("(period='D180')"))
        );
        assert_eq!(live.records(REPORTS.streams[0])[0].body["complete_through"], "2026-11-18", "the day it speaks for");
    }

    #[test]
    fn a_report_that_lies_elsewhere_is_left_there() {
        let live = Live::new(&REPORTS);
        live.bend(|_, _, _| Reply::new(302).with("Location", "https://reports.office.com.evil.example/x.csv"));
        let (codes, said) = live.refused();
        assert!(codes.contains("unreachable") && said.contains("does not document"), "{said}");
    }
}

mod salesforce_ {
    use super::*;

    const USERS: Subject = Subject {
        kind: "salesforce",
        login: "client_id = \"3MVG9\"\nuser = \"collector@northwind.example\"\nsecret = \"file:key.pem\"",
        streams: &["users", "user_licenses"],
        start: || {
            let holds = Holds::in_pages(4).with("User", salesforce::users_of(11));
            let holds = holds.with("UserLicense", salesforce::licences_of(5));
            handler(&salesforce::SALESFORCE, holds.with("LoginHistory", salesforce::logins_of(10, DAY)))
        },
        has_tokens: true,
        empty: "{\"totalSize\": 0, \"done\": true, \"records\": []}",
        day: DAY,
    };

    // Pages have paths of their own, never at another host.
    conformance!(USERS; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
        balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
        refuses_a_page_for_people, refuses_a_cut_page, takes_records_in_any_order, takes_unknown_fields,
        refuses_a_huge_string, lands_as_files_do);

    #[test]
    fn logins_of_the_last_days_are_read_again_and_land_once() {
        let subject = Subject { streams: &["login_history"], ..USERS };
        suite::lands_as_files_do(&subject);
        let live = Live::new(&subject);
        live.land_all();
        let first = live.content();
        let rows = first["login_history"].len();
        assert_eq!((rows, &live.records("login_history")[0].body["covers_from"]), (10, &"2026-05-24".into()));
        let again = live.land();
        assert!(again.iter().all(|landing| landing.accepted == 0), "{again:?}");
        assert_eq!(live.content(), first);
        let log = live.stub.log.lock().unwrap();
        let asked = log.iter().filter_map(|request| request.query.get("q")).next_back().unwrap().clone();
        assert!(asked.contains("LoginTime >= 2026-11-18T00:00:00Z"), "from the day before the last whole one: {asked}");
    }

    /// More logins than are worth 2,000 a page: a job writes them down, in three pieces.
    fn many() -> Handler {
        let holds = Holds::in_pages(20_000).with("LoginHistory", salesforce::logins_of(50_001, DAY));
        handler(&salesforce::SALESFORCE, holds)
    }

    #[test]
    fn a_long_list_is_read_as_a_job() {
        let live = Live::new(&Subject { streams: &["login_history"], start: many, ..USERS });
        let is_look = |request: &Request| {
            request.method == "GET" && request.path.contains("/jobs/query/") && !request.path.ends_with("/results")
        };
        let looks = std::sync::atomic::AtomicUsize::new(0);
        live.bend(move |_, request, answer| {
            match is_look(request) && looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
                true => Reply::json(200, &serde_json::json!({ "state": "InProgress" })),
                false => answer(request),
            }
        });
        live.land_all();
        assert_eq!(live.content()["login_history"].len(), 50_001);
        let body = &live.records("login_history")[0].body;
        assert_eq!(
            (&body["fetched"], &body["lacks"]),
            (&50_001.into(), &serde_json::json!([])),
            "what the job counted"
        );
        let log = live.stub.log.lock().unwrap();
        let ways: Vec<String> = log
            .iter()
            .filter(|request| request.path.contains("/jobs/"))
            .map(|request| {
                let end = request.path.ends_with("/results");
                format!("{}{}", request.method, if end { " results" } else { "" })
            })
            .collect();
        assert_eq!(ways, ["POST", "GET", "GET", "GET", "GET results", "GET results", "GET results", "DELETE"]);
    }

    #[test]
    fn where_no_job_can_be_made_a_long_list_is_read_page_by_page() {
        let live = Live::new(&Subject { streams: &["login_history"], start: many, ..USERS });
        live.bend(|_, request, answer| match request.method == "POST" {
            true => Reply::json(403, &serde_json::json!([{ "errorCode": "FEATURENOTENABLED" }])),
            false => answer(request),
        });
        live.land_all();
        assert_eq!(live.content()["login_history"].len(), 50_001);
    }

    #[test]
    fn a_job_that_fails_or_never_ends_lands_nothing() {
        let live = Live::new(&Subject { streams: &["login_history"], start: many, ..USERS });
        for (state, what) in [("Failed", "ended as `Failed`"), ("InProgress", "does not come to an end")] {
            live.bend(move |_, request, answer| {
                match request.method == "GET" && request.path.contains("/jobs/query/") {
                    true => Reply::json(200, &serde_json::json!({ "state": state })),
                    false => answer(request),
                }
            });
            let (codes, said) = live.refused();
            assert!(codes.contains("source_error") && said.contains(what), "{said}");
            assert!(live.content().get("login_history").is_none_or(Vec::is_empty), "{state}");
        }
        live.heal().land_all();
    }
}

mod slack_ {
    use super::*;

    fn start() -> Handler {
        let holds = Holds::in_pages(5).with("members", slack::members_of(16));
        let days = ["2026-11-12", "2026-11-14", "2026-11-18", "2026-11-19"];
        let pack = |holds: Holds, day: &&str| holds.with_file(day, slack::packed(&slack::analytics_of(9, day)));
        handler(&slack::SLACK, days.iter().fold(holds, pack))
    }

    const USERS: Subject = Subject {
        kind: "slack",
        login: BEARER,
        streams: &["users"],
        start,
        has_tokens: false,
        empty: "{\"ok\": true, \"members\": []}",
        day: DAY,
    };

    conformance!(USERS; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
        balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
        refuses_a_page_for_people, refuses_a_cut_page, ends_when_a_page_comes_back, takes_records_in_any_order,
        takes_unknown_fields, refuses_a_huge_string, lands_as_files_do);

    const ANALYTICS: Subject = Subject { streams: &["member_analytics"], ..USERS };

    #[test]
    fn a_day_without_a_file_is_a_hole_once_it_is_old_and_until_then_later_ones_wait() {
        suite::lands_as_files_do(&ANALYTICS);
        let live = Live::new(&ANALYTICS);
        live.land_all();
        let body = live.records("member_analytics")[0].body.clone();
        // Of 13 months four days are there. The 17th may still come: the 18th and 19th wait.
        assert_eq!(body["complete_through"], "2026-11-16", "{body}");
        let holes = serde_json::json!([
            ["2025-10-21", "2026-11-12"],
            ["2026-11-13", "2026-11-14"],
            ["2026-11-15", "2026-11-17"]
        ]);
        assert_eq!((&body["holes"], &body["fetched"]), (&holes, &18.into()), "{body}");

        // Nothing new is nothing to do.
        live.heal();
        let again = live.land();
        assert!(again.iter().all(|landing| landing.outcome == Outcome::AlreadyLanded), "{again:?}");
        assert_eq!(live.count(), 1, "one request, for the day that is awaited");
        // It came.
        live.bend(|_, request, answer| match request.query["date"].as_str() {
            "2026-11-17" => Reply { body: slack::packed(&slack::analytics_of(9, "2026-11-17")), ..Reply::new(200) },
            _ => answer(request),
        });
        live.land_all();
        assert_eq!(live.content()["member_analytics"].len(), 45);
        let records = live.records("member_analytics");
        assert_eq!(records[1].body["complete_through"], "2026-11-19");
    }

    #[test]
    fn no_file_at_all_is_no_landing() {
        let live = Live::new(&ANALYTICS);
        live.bend(|_, _, _| Reply::json(200, &serde_json::json!({ "ok": false, "error": "file_not_found" })));
        assert!(live.refused().0.contains("empty_feed"));
        live.bend(|_, _, _| Reply::json(200, &serde_json::json!({ "ok": false, "error": "invalid_auth" })));
        let (codes, said) = live.refused();
        assert!(!codes.is_empty() && said.contains("invalid_auth"), "{codes:?} {said}");
    }
}

mod zoom_ {
    use super::*;

    const USERS: Subject = Subject {
        kind: "zoom",
        login: "client_id = \"c\"\naccount_id = \"acc\"\nsecret = \"file:token\"\ntoken_url = \"{url}oauth/token\"",
        streams: &["users"],
        start: || handler(&zoom::ZOOM, Holds::in_pages(3).with("users", zoom::users_of(22))),
        has_tokens: true,
        empty: "{\"total_records\": 0, \"users\": []}",
        day: DAY,
    };

    conformance!(USERS; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
        balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
        refuses_a_page_for_people, refuses_a_cut_page, ends_when_a_page_comes_back, takes_records_in_any_order,
        takes_unknown_fields, refuses_a_huge_string, lands_as_files_do);

    #[test]
    fn users_of_every_status_are_asked_for() {
        let live = Live::new(&USERS);
        live.land_all();
        let rows = live.content().remove("users").unwrap();
        let of = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
        assert_eq!((of("active"), of("inactive"), of("pending")), (18, 2, 2));
    }

    #[test]
    fn a_token_of_a_page_that_has_expired_leaves_nothing_half_read() {
        let live = Live::new(&USERS);
        live.bend(|n, request, answer| match n {
            2 => Reply::json(400, &serde_json::json!({ "code": 300, "message": "The next page token is invalid" })),
            _ => answer(request),
        });
        assert!(live.refused().1.contains("status 400"));
        live.heal().land_all();
    }
}

mod servicenow_ {
    use super::*;

    const TABLES: Subject = Subject {
        kind: "servicenow",
        login: "user = \"seatledger\"\nsecret = \"file:token\"",
        streams: &["contracts", "entitlements", "cost_centers"],
        start: || {
            let holds = Holds::in_pages(4).with("ast_contract", itam::contracts_of(11));
            let holds = holds.with("alm_license", itam::entitlements_of(9));
            handler(&itam::ITAM, holds.with("cmn_cost_center", itam::cost_centers_of(5)))
        },
        has_tokens: false,
        empty: "{\"result\": []}",
        day: DAY,
    };

    conformance!(TABLES);

    #[test]
    fn a_page_without_rows_is_not_the_last_one() {
        let live = Live::new(&TABLES);
        live.land_all();
        let contracts = live.content().remove("contracts").unwrap();
        assert_eq!(contracts.len(), 6, "of eleven five may not be seen");
        assert!(contracts.iter().all(|row| row["vendor"].starts_with("Vendor ")), "{contracts:?}");
    }
}

mod workday_ {
    use super::*;

    const REPORTS: Subject = Subject {
        kind: "workday",
        login: "user = \"isu\"\nsecret = \"file:token\"\ntenant = \"nw\"\nowner = \"lmcneil\"\nworkers = \"Workers\"\n\
                leaves = \"Leaves\"",
        streams: &["workers", "leaves"],
        start: || {
            let holds = Holds::in_pages(1000).with("Workers", workday::workers_of(12));
            handler(&workday::WORKDAY, holds.with("Leaves", workday::leaves_of(3)))
        },
        has_tokens: false,
        empty: "{\"Report_Entry\": []}",
        day: DAY,
    };

    conformance!(REPORTS; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
        balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
        refuses_a_page_for_people, refuses_a_cut_page, takes_records_in_any_order, takes_unknown_fields,
        refuses_a_huge_string, lands_as_files_do);

    #[test]
    fn a_report_that_nobody_names_is_missed_where_its_stream_is_wanted() {
        let live = Live::new(&Subject { streams: &["project_assignments"], ..REPORTS });
        let (codes, said) = live.refused();
        assert!(codes.contains("not_collected") && said.contains("`project_assignments`"), "{said}");
    }

    #[test]
    fn neither_pay_nor_the_reason_of_a_leave_stays_anywhere() {
        let live = Live::new(&REPORTS);
        live.land_all();
        let mut open = vec![live.project.path().to_owned()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for word in ["54321.00", "Disability", "Total_Base_Pay"] {
                let has = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                // The names of a report's columns are on record, what they hold is not.
                let is_record = path.extension().is_some_and(|ending| ending == "json");
                assert!(!has || (is_record && word == "Total_Base_Pay"), "{word} in {}", path.display());
            }
        }
    }
}

mod bamboohr_ {
    use super::*;

    const PEOPLE: Subject = Subject {
        kind: "bamboohr",
        login: "user = \"token\"\nsecret = \"file:token\"",
        streams: &["workers", "leaves"],
        start: || {
            let holds = Holds::in_pages(1000).with("employees", bamboohr::employees_of(13));
            handler(&bamboohr::BAMBOOHR, holds.with("requests", bamboohr::requests_of(6)))
        },
        has_tokens: false,
        empty: "[]",
        day: DAY,
    };

    conformance!(PEOPLE; reads_everything_once, resumes_from_every_page, obeys_every_form_of_limit,
        balances_when_a_third_is_limited, renews_a_token, survives_a_failing_server, refuses_an_empty_answer,
        refuses_a_page_for_people, refuses_a_cut_page, takes_records_in_any_order, takes_unknown_fields,
        refuses_a_huge_string, lands_as_files_do);

    #[test]
    fn people_who_left_are_read_and_leaves_are_theirs() {
        let live = Live::new(&PEOPLE);
        live.land_all();
        let content = live.content();
        let ids: Vec<&str> = content["workers"].iter().map(|row| row["worker_id"].as_str()).collect();
        assert_eq!(ids.len(), 13);
        assert!(content["leaves"].iter().all(|row| ids.contains(&row["worker_id"].as_str())));
        assert_eq!(content["workers"].iter().filter(|row| row["end_on"] == "2026-03-31").count(), 2);
    }
}

mod ecb_ {
    use super::*;

    const RATES: Subject = Subject {
        kind: "ecb",
        login: "",
        streams: &["rates"],
        start: || {
            let rates = ecb::rates_of(&["2026-11-17", "2026-11-18", "2026-11-19"]);
            handler(&ecb::ECB, Holds::in_pages(1000).with_file("rates", rates))
        },
        has_tokens: false,
        empty: "",
        day: DAY,
    };

    conformance!(RATES; lands_as_files_do);

    #[test]
    fn a_week_is_read_again_and_a_quote_lands_once() {
        let live = Live::new(&RATES);
        live.land_all();
        let first = live.content();
        assert_eq!(first["rates"].len(), 5, "one of the six was not fixed");
        let again = live.land();
        assert!(again.iter().all(|landing| landing.accepted == 0), "{again:?}");
        assert_eq!(live.content(), first);
        let log = live.stub.log.lock().unwrap();
        assert_eq!(log.last().unwrap().query["startPeriod"], "2026-11-12");
        assert!(log.iter().all(|request| !request.headers.contains_key("authorization")));
    }
}

/// What the doctor says of the APIs of a project.
pub fn seen(live: &Live) -> Vec<Finding> {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let found = live.project.wait(doctor(live.project.path(), seatledger::base::Clock::Fixed(at)));
    found.into_iter().filter(|f| matches!(f.check, "api" | "clock" | "limit")).collect()
}

#[test]
fn the_doctor_asks_each_api_for_little_and_says_what_is_missing() {
    let live = Live::new(&microsoft365::USERS);
    let well = seen(&live);
    assert!(well.iter().all(|f| f.grade == Grade::Ok) && well.len() == 2, "{well:?}");
    let log = live.stub.log.lock().unwrap().clone();
    assert!(log.iter().filter(|r| r.path.ends_with("/users")).all(|r| r.query["$top"] == "1"), "{log:?}");
    assert!(!live.project.path().join("warehouse/raw").exists(), "nothing lands");

    live.bend(|_, request, answer| match request.path.ends_with("/users") {
        true => Reply::json(403, &serde_json::json!({ "error": { "code": "Authorization_RequestDenied" } })),
        false => answer(request)
            .with("Date", "Fri, 20 Nov 2026 12:04:00 GMT")
            .with("x-rate-limit-limit", "600")
            .with("x-rate-limit-remaining", "30"),
    });
    let found = seen(&live);
    let of = |check: &str| found.iter().find(|f| f.check == check && f.grade > Grade::Ok).unwrap();
    let denied = of("api");
    assert!(denied.of == "microsoft365/users" && denied.grade == Grade::Problem, "{denied:?}");
    assert!(denied.fix.as_ref().unwrap().contains("User.Read.All"), "{denied:?}");
    assert!(of("clock").found.contains("240 s ahead") && of("limit").found.contains("30 of 600"), "{found:?}");

    live.bend(|_, _, _| Reply::new(401));
    assert!(seen(&live).iter().all(|f| f.found.contains("not accepted")), "{:?}", seen(&live));
}
