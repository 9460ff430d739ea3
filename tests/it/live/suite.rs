//! What every collector of full feeds must do.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use seatledger::base::ErrorKind;
use seatledger::ingest::Outcome;
use serde_json::Value;

use super::super::project::Project;
use super::super::stub::server::{Reply, Request};
use super::{Live, Subject, content, land, project, records};

pub fn reads_everything_once(subject: &Subject) {
    let live = Live::new(subject);
    live.land_all();
    let (first, count) = (live.content(), live.count());
    assert!(subject.streams.iter().all(|stream| first.get(*stream).is_some_and(|rows| !rows.is_empty())), "{first:?}");
    let landings = live.land();
    assert!(landings.iter().all(|landing| landing.outcome == Outcome::AlreadyLanded), "{landings:?}");
    assert!(live.content() == first && live.count() == 2 * count);
    for stream in subject.streams {
        let [record] = &live.records(stream)[..] else { panic!("{stream}: not one record") };
        let body = &record.body;
        let number = |name: &str| body[name].as_u64().unwrap();
        assert_eq!(number("fetched"), number("accepted") + number("duplicate") + number("quarantined"), "{stream}");
        assert_eq!((body["coverage"].as_str(), number("quarantined")), (Some("complete"), 0), "{stream}");
        assert_eq!(record.extract_date.unwrap().to_string(), subject.day);
    }
}

/// The program stops after page k, for every k, and is run again.
pub fn resumes_from_every_page(subject: &Subject) {
    let whole = Live::new(subject);
    whole.land_all();
    let (content, pages) = (whole.content(), whole.count());
    for k in 0..pages {
        let live = Live::new(subject);
        live.bend(move |n, request, answer| if n < k { answer(request) } else { Reply::new(500) });
        let landings = live.land();
        let mut is_refused = false;
        for landing in &landings {
            match &landing.outcome {
                Outcome::Landed { .. } => {}
                Outcome::Refused { reason_code, message } => {
                    is_refused = true;
                    assert!(reason_code == "unreachable" && message.contains("status 500"), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(is_refused, "{k}");
        let half = live.content();
        assert!(half.iter().all(|(stream, rows)| rows == &content[stream]), "all of a stream or nothing, {k}");
        live.heal().land();
        assert_eq!(live.content(), content, "{k}");
    }
}

pub fn obeys_every_form_of_limit(subject: &Subject) {
    const DATE: &str = "Sat, 21 Nov 2026 10:00:00 GMT";
    const SECOND: &str = "1795255200";
    const FORMS: [&[(&str, &str)]; 6] = [
        &[("Retry-After", "0")],
        &[("Date", DATE), ("Retry-After", DATE)],
        &[("Date", DATE), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", SECOND)],
        &[("Date", DATE), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", SECOND)],
        &[("x-ratelimit-reset", "0")],
        &[],
    ];
    for headers in FORMS {
        let live = Live::new(subject);
        live.bend(move |n, request, answer| match n {
            1 => headers.iter().fold(Reply::new(429), |reply, (name, value)| reply.with(name, *value)),
            _ => answer(request),
        });
        live.land_all();
    }
    // GitHub says it with 403.
    let live = Live::new(subject);
    live.bend(|n, request, answer| if n == 1 { Reply::new(403).with("retry-after", "0") } else { answer(request) });
    live.land_all();
    // One that asks for an hour is left alone until the next run.
    let live = Live::new(subject);
    live.bend(|_, _, _| Reply::new(429).with("Retry-After", "3600"));
    let (codes, said) = live.refused();
    assert!(codes.contains("unreachable") && said.contains("3600 s"), "{said}");
}

/// Tells of a request the how-manieth of all different ones it is, and how often it was sent before. Streams are read at the
/// same time: by a count of all requests one of them could be refused until it gives up.
fn tries() -> impl Fn(&Request) -> (usize, usize) + Send + Sync {
    let sent = Mutex::new(BTreeMap::new());
    move |request| {
        let mut sent = sent.lock().unwrap();
        let new = sent.len();
        let what = format!("{} {} {:?}", request.method, request.path, request.query);
        let (place, before) = sent.entry(what).or_insert((new, 0));
        *before += 1;
        (*place, *before - 1)
    }
}

pub fn balances_when_a_third_is_limited(subject: &Subject) {
    let whole = Live::new(subject);
    whole.land_all();
    let live = Live::new(subject);
    // Every other one once: of three calls one.
    let tries = tries();
    live.bend(move |_, request, answer| match tries(request) {
        (place, 0) if place % 2 == 0 => Reply::new(429).with("Retry-After", "0"),
        _ => answer(request),
    });
    live.land_all();
    assert_eq!(live.content(), whole.content());
    for stream in subject.streams {
        let counts = |live: &Live| {
            let body = live.records(stream)[0].body.clone();
            ["fetched", "accepted", "duplicate", "quarantined", "coverage"].map(|name| body[name].clone())
        };
        assert_eq!(counts(&live), counts(&whole), "{stream}");
    }
}

pub fn renews_a_token(subject: &Subject) {
    let live = Live::new(subject);
    live.bend(|n, request, answer| if n == 1 { Reply::new(401) } else { answer(request) });
    if subject.has_tokens {
        live.land_all();
        let asked = live.stub.log.lock().unwrap().iter().filter(|request| request.path.contains("token")).count();
        assert!(asked >= 2, "{asked}");
        // Once is enough: who refuses every token is told of.
        live.bend(|_, _, _| Reply::new(401));
    }
    let report = land(&live.project);
    let refused: Vec<&str> = report
        .landings
        .iter()
        .filter_map(|landing| match &landing.outcome {
            Outcome::Refused { message, .. } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    assert!(!refused.is_empty() && refused.iter().all(|said| said.contains("the credential is not accepted")));
    assert_eq!(report.exit_kind(), Some(ErrorKind::Source));
}

pub fn survives_a_failing_server(subject: &Subject) {
    let live = Live::new(subject);
    let tries = tries();
    live.bend(move |_, request, answer| match tries(request).1 {
        0 => Reply::new(503),
        1 => Reply::new(500),
        _ => answer(request),
    });
    live.land_all();
}

/// What a read brings that was good once must stay in force.
fn refuses(subject: &Subject, code: &str, bend: fn(&Subject, Reply) -> Reply) -> String {
    let live = Live::new(subject);
    live.land_all();
    let (before, copy) = (live.content(), Subject { ..*subject });
    live.bend(move |_, request, answer| bend(&copy, answer(request)));
    let (codes, said) = live.refused();
    assert!(codes.len() == 1 && codes.contains(code), "{codes:?}\n{said}");
    assert!(live.content() == before);
    live.heal().land();
    assert!(live.content() == before);
    said
}

pub fn refuses_an_empty_answer(subject: &Subject) {
    let said = refuses(subject, "empty_feed", |subject, reply| Reply {
        headers: reply.headers.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("link")).collect(),
        body: subject.empty.as_bytes().to_vec(),
        ..reply
    });
    assert!(said.contains("may_be_empty"), "{said}");
}

pub fn refuses_a_page_for_people(subject: &Subject) {
    let said = refuses(subject, "empty_feed", |_, reply| Reply {
        body: b"<!DOCTYPE html><title>Sign in</title>".to_vec(),
        ..reply
    });
    assert!(said.contains("sign-in page"), "{said}");
}

pub fn refuses_a_cut_page(subject: &Subject) {
    refuses(subject, "truncated", |_, reply| Reply { body: reply.body[..reply.body.len() - 2].to_vec(), ..reply });
}

pub fn ends_when_a_page_comes_back(subject: &Subject) {
    let live = Live::new(subject);
    let first: Mutex<Vec<(String, Reply)>> = Mutex::new(Vec::new());
    live.bend(move |_, request, answer| {
        let mut first = first.lock().unwrap();
        if let Some((_, reply)) = first.iter().find(|(path, _)| *path == request.path) {
            return reply.clone();
        }
        let reply = answer(request);
        first.push((request.path.clone(), reply.clone()));
        reply
    });
    let landings = live.land();
    let refused = landings.iter().find_map(|landing| match &landing.outcome {
        Outcome::Refused { reason_code, message } if reason_code == "repeated_page" => Some(message),
        _ => None,
    });
    assert!(refused.is_some_and(|said| said.contains("read before")), "{landings:?}");
    assert!(live.count() < 60, "{}", live.count());
}

/// Changes the records of a page, if it is JSON with a list of them.
fn map_records(reply: Reply, change: impl Fn(&mut Vec<Value>)) -> Reply {
    let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let list = match &mut page {
        Value::Array(list) => Some(list),
        Value::Object(map) => map.values_mut().find_map(Value::as_array_mut),
        _ => None,
    };
    let Some(list) = list else { return reply };
    change(list);
    Reply { body: page.to_string().into_bytes(), ..reply }
}

pub fn takes_records_in_any_order(subject: &Subject) {
    let whole = Live::new(subject);
    whole.land_all();
    let live = Live::new(subject);
    live.bend(|_, request, answer| map_records(answer(request), |records| records.reverse()));
    live.land_all();
    assert_eq!(live.content(), whole.content());
}

pub fn takes_unknown_fields(subject: &Subject) {
    let whole = Live::new(subject);
    whole.land_all();
    let live = Live::new(subject);
    live.bend(|_, request, answer| {
        map_records(answer(request), |records| {
            for record in records.iter_mut().filter_map(Value::as_object_mut) {
                // What is null may as well be absent.
                record.retain(|_, value| !value.is_null());
                record.insert("zzz_new".to_owned(), serde_json::json!({ "a": [1, "x"] }));
            }
        })
    });
    live.land_all();
    assert_eq!(live.content(), whole.content());
}

pub fn refuses_a_huge_string(subject: &Subject) {
    let live = Live::new(subject);
    live.bend(|_, request, answer| {
        map_records(answer(request), |records| {
            for record in records.iter_mut().filter_map(Value::as_object_mut) {
                record.insert("zzz_new".to_owned(), "x".repeat(10 << 20).into());
            }
            records.truncate(1);
        })
    });
    let (codes, _) = live.refused();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["field_too_large"]);
}

pub fn follows_no_link_to_another_host(subject: &Subject) {
    let live = Live::new(subject);
    live.bend(|_, request, answer| {
        let (host, reply) = (request.headers["host"].clone(), answer(request));
        let elsewhere = |text: &str| text.replace(&host, "127.0.0.1:9");
        let body = elsewhere(&String::from_utf8_lossy(&reply.body)).into_bytes();
        let headers = reply.headers.into_iter().map(|(name, value)| (name, elsewhere(&value))).collect();
        Reply { headers, body, ..reply }
    });
    let landings = live.land();
    let is_refused =
        |outcome: &Outcome| matches!(outcome, Outcome::Refused { message, .. } if message.contains("another server"));
    assert!(landings.iter().any(|landing| is_refused(&landing.outcome)), "{landings:?}");
}

/// The pages of the API, dropped as files, land as the same bytes.
pub fn lands_as_files_do(subject: &Subject) {
    let live = Live::new(subject);
    live.land_all();
    let pages = live.said.lock().unwrap().clone();
    let hashes: Vec<String> = pages.iter().map(|page| seatledger::store::sha256_hex(page)).collect();
    let dropped = project(subject, live.stub.url.as_str());
    let settings = fs::read_to_string(dropped.path().join("seatledger.toml")).unwrap();
    let (head, _) = settings.split_once("[source.live]").unwrap();
    let dropped = dropped.with("seatledger.toml", &format!("{head}from = \"extracts\"\n"));
    for stream in subject.streams {
        for input in live.records(stream)[0].body["inputs"].as_array().unwrap() {
            let place = hashes.iter().position(|hash| input["sha256"] == hash.as_str());
            let page = &pages[place.expect("a page of the server, byte for byte")];
            let path = dropped.path().join("extracts").join(stream).join(input["path"].as_str().unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, page).unwrap();
        }
    }
    assert!(land(&dropped).landings.iter().all(|landing| matches!(landing.outcome, Outcome::Landed { .. })));
    assert_eq!(content(&dropped), live.content());
    let files = |project: &Project, stream: &str| {
        let records = records(project, subject.kind, stream);
        records.iter().flat_map(|record| record.files.iter().map(|file| file.sha256.clone())).collect::<Vec<_>>()
    };
    for stream in subject.streams {
        assert_eq!(files(&dropped, stream), files(&live.project, stream), "{stream}");
    }
}
