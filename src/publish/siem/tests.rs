//! Entries as events: what the schema demands is there, and what arrives is told apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use url::Url;

use super::{File, OCSF_VERSION, Sent, Speaker, Splunk, Syslog, Transport, event, send};
use crate::config::{self, Guard, SecretRef, Wire};
use crate::http::{Client, Limits, Secret};
use crate::log::{Entry, EntryKind, entry_hash};
use crate::store::NO_HASH;
use stub::{Reply, Stub};

#[allow(dead_code, clippy::duplicate_mod, reason = "one server for all tests; the integration tests use the rest")]
#[path = "../../../tests/it/stub/server.rs"]
mod stub;

/// What the published schema requires of each class we use: attributes, and of which one must be there; version 1.9.0.
const REQUIRED: &[(u64, &[&str], &[&str])] = &[
    (2003, &["finding_info.uid", "compliance"], &[]),
    (
        2008,
        &["finding_info.uid", "access_analysis_result.accessors"],
        &["access_analysis_result", "applications", "identity_activity_metrics", "permission_analysis_results"],
    ),
    (3004, &["entity"], &["entity.name", "entity.uid"]),
    (3007, &["user"], &["user.name", "user.uid", "user.account"]),
    (6005, &["actor", "src_endpoint.svc_name"], &["database", "databucket", "table"]),
];
const OF_ALL: &[&str] = &[
    "activity_id",
    "category_uid",
    "class_uid",
    "severity_id",
    "time",
    "type_uid",
    "metadata.version",
    "metadata.product.name",
    "metadata.product.vendor_name",
    "metadata.uid",
];
const ACTIVITIES: &[(u64, &[u64])] =
    &[(2003, &[1, 2, 3]), (2008, &[1, 2, 3]), (3004, &[1, 3, 4]), (3007, &[14, 15]), (6005, &[1])];

fn speaker() -> Speaker {
    Speaker { tenant: "northwind".to_owned(), release: "0.1.0".to_owned() }
}

fn entries() -> Vec<Entry> {
    let mut prev_hash = NO_HASH.to_owned();
    let mut entries = Vec::new();
    for (n, kind) in EntryKind::ALL.iter().enumerate() {
        let detail =
            json!({ "candidate_id": format!("c{n}"), "sku_id": "e5", "reason_code": "seasonal", "batch": "17/figma" });
        let payload = json!({ "seq": n, "type": kind.as_str(), "detail": detail }).to_string();
        let hash = entry_hash(&prev_hash, &payload);
        entries.push(Entry {
            seq: n as u64,
            at: DateTime::from_timestamp_millis(1_795_255_200_123).unwrap(),
            kind: *kind,
            actor: "1f".repeat(16),
            on_behalf_of: None,
            subject_key: (n % 2 == 0).then(|| "2e".repeat(16)),
            app_id: (n % 3 != 0).then(|| "fig\"ma]".to_owned()),
            policy_version: (n % 4 == 0).then(|| "2026-02".to_owned()),
            evidence_sha256: None,
            payload,
            prev_hash: prev_hash.clone(),
            entry_hash: hash.clone(),
        });
        prev_hash = hash;
    }
    entries
}

fn at<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    let found = path.split('.').try_fold(event, |value, name| value.get(name))?;
    let is_empty = found.is_null() || found.as_str() == Some("") || found.as_array().is_some_and(Vec::is_empty);
    (!is_empty).then_some(found)
}

#[test]
fn every_kind_of_entry_is_an_event_with_what_its_class_requires() {
    // `tests/siem/run.sh` validates them with the published schemas.
    if let Some(path) = config::env("SEATLEDGER_OCSF") {
        let lines: String = entries().iter().map(|entry| format!("{}\n", event(entry, &speaker()))).collect();
        std::fs::write(path, lines).unwrap();
    }
    for entry in entries() {
        let event = event(&entry, &speaker());
        let kind = entry.kind;
        let number = |path: &str| at(&event, path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{kind}: {path}"));
        let (class, activity) = (number("class_uid"), number("activity_id"));
        let (_, required, one_of) = REQUIRED.iter().find(|(known, ..)| *known == class).unwrap();
        for path in OF_ALL.iter().chain(*required) {
            assert!(at(&event, path).is_some(), "{kind}: {path} of {event}");
        }
        assert!(one_of.is_empty() || one_of.iter().any(|path| at(&event, path).is_some()), "{kind}: {event}");
        let (_, known) = ACTIVITIES.iter().find(|(known, _)| *known == class).unwrap();
        assert!(known.contains(&activity), "{kind}: {activity}");
        assert_eq!((number("category_uid"), number("type_uid")), (class / 1000, class * 100 + activity), "{kind}");
        assert_eq!((number("time"), event["metadata"]["version"].as_str()), (1_795_255_200_123, Some(OCSF_VERSION)));
        assert_eq!(event["metadata"]["uid"], entry.entry_hash);
        // The chain can be checked from events alone.
        let (prev, raw) = (event["unmapped"]["prev_hash"].as_str().unwrap(), event["raw_data"].as_str().unwrap());
        assert_eq!(entry_hash(prev, raw), entry.entry_hash);
    }
}

#[test]
fn what_happens_goes_to_the_class_that_watches_it() {
    let class = |kind: &str| {
        let entry = Entry { kind: EntryKind::parse(kind).unwrap(), ..entries().remove(0) };
        let event = event(&entry, &speaker());
        (
            event["class_uid"].as_u64().unwrap(),
            event["activity_id"].as_u64().unwrap(),
            event["severity_id"].as_u64().unwrap(),
        )
    };
    assert_eq!(class("candidate.opened"), (3004, 1, 1));
    assert_eq!(class("decision.deny"), (3004, 3, 1));
    assert_eq!(class("hold.expired"), (3004, 4, 1));
    assert_eq!(class("outcome.verified"), (3007, 15, 1));
    assert_eq!(class("breaker.tripped"), (2003, 1, 4));
    assert_eq!(class("breaker.released"), (2003, 3, 1));
    assert_eq!(class("access.read"), (6005, 1, 1));
}

#[tokio::test]
async fn a_file_gets_a_line_an_entry_even_after_one_was_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("siem/events.ndjson");
    let mut file = File::new(&path);
    let entries = entries();
    let sent = send(&mut file, &entries[..3], &speaker()).await;
    assert!(sent.last_seq == Some(2) && sent.stopped.is_none());
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    send(&mut file, &entries[2..5], &speaker()).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let seqs: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).ok().and_then(|e| e["metadata"]["sequence"].as_u64()))
        .collect();
    assert_eq!(seqs, [Some(0), Some(1), None, Some(2), Some(3), Some(4)]);
}

#[test]
fn a_project_gets_the_transports_it_names() {
    let options = config::Siem { file: Some("siem.ndjson".into()), ..config::Siem::default() };
    let open = super::open(&options, std::path::Path::new("/project"), "channel").unwrap();
    assert_eq!(open.iter().map(|transport| transport.name()).collect::<Vec<_>>(), ["file"]);
    assert!(super::open(&config::Siem::default(), std::path::Path::new("/project"), "channel").unwrap().is_empty());
}

fn splunk(url: &Url, ack: bool) -> Splunk {
    let server = config::Server {
        url: url.clone(),
        user: None,
        secret: SecretRef::Env("UNUSED".to_owned()),
        private_network: false,
    };
    let limits = Limits { first_wait: Duration::from_millis(2), timeout: Duration::from_secs(2), ..Limits::default() };
    let client = Client::new(url, false, &Splunk::auth(Secret::new("t0k3n")), limits).unwrap();
    Splunk::new(
        client,
        config::Splunk { server, index: Some("grc".to_owned()), ack },
        "0a0a0a0a-0000-0000-0000-000000000000",
    )
}

#[tokio::test]
async fn splunk_gets_pieces_and_is_waited_for() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.path.as_str() {
        "/services/collector/ack" => {
            assert_eq!(request.json(), json!({ "acks": [7] }));
            let done = asked.fetch_add(1, Ordering::SeqCst) > 1;
            Reply::json(200, &json!({ "acks": { "7": done } }))
        }
        _ => Reply::json(200, &json!({ "text": "Success", "code": 0, "ackId": 7 })),
    })
    .await;
    let entries: Vec<Entry> = entries().into_iter().cycle().take(450).collect();
    let sent = send(&mut splunk(&stub.url, false), &entries, &speaker()).await;
    assert!(sent.stopped.is_none(), "{sent:?}");
    assert_eq!(stub.count(), 3);
    {
        let log = stub.log.lock().unwrap();
        assert_eq!(log[0].headers["authorization"], "Splunk t0k3n");
        let body = String::from_utf8(log[0].body.clone()).unwrap();
        let first: Value = serde_json::from_str(body.lines().next().unwrap()).unwrap();
        assert_eq!((first["time"].as_str(), first["index"].as_str()), (Some("1795255200.123"), Some("grc")));
        assert_eq!((body.lines().count(), &first["event"]), (200, &event(&entries[0], &speaker())));
    }
    let sent = send(&mut splunk(&stub.url, true), &entries[..1], &speaker()).await;
    assert!(sent.stopped.is_none() && sent.last_seq == Some(0), "{sent:?}");
    assert_eq!(stub.count(), 3 + 4);
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_again_from_the_cursor() {
    let turn = AtomicUsize::new(0);
    let stub = Stub::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) {
        1 => Reply::json(403, &json!({ "text": "Invalid token", "code": 4 })),
        _ => Reply::json(200, &json!({ "text": "Success", "code": 0 })),
    })
    .await;
    let entries: Vec<Entry> =
        entries().into_iter().cycle().take(450).enumerate().map(|(n, e)| Entry { seq: n as u64, ..e }).collect();
    let Sent { last_seq, stopped } = send(&mut splunk(&stub.url, false), &entries, &speaker()).await;
    let text = stopped.unwrap().to_string();
    assert!(text.contains("splunk: POST") && text.contains("Invalid token") && !text.contains("t0k3n"), "{text}");
    assert_eq!(last_seq, Some(199));
    let sent = send(&mut splunk(&stub.url, false), &entries[200..], &speaker()).await;
    assert_eq!((sent.last_seq, stub.count()), (Some(449), 4));
}

#[tokio::test]
async fn syslog_counts_its_octets_and_escapes_its_values() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        bytes
    });
    let wire = Wire { guard: Guard::Plain, host: "127.0.0.1".to_owned(), port };
    let mut syslog = Syslog::new(config::Syslog { wire, enterprise: 32473, private_network: false });
    let entries = entries();
    let sent = send(&mut syslog, &entries[..5], &speaker()).await;
    assert!(sent.last_seq == Some(4) && sent.stopped.is_none(), "{sent:?}");
    assert_eq!(syslog.name(), "syslog");
    let mut bytes = &server.await.unwrap()[..];
    for entry in &entries[..5] {
        let space = bytes.iter().position(|b| *b == b' ').unwrap();
        let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().unwrap();
        let message = std::str::from_utf8(&bytes[space + 1..space + 1 + length]).unwrap();
        bytes = &bytes[space + 1 + length..];
        let start = format!(
            "<134>1 2026-11-21T10:00:00.123000Z northwind seatledger - {} [seatledger@32473 uid=\"",
            entry.kind
        );
        assert!(message.starts_with(&start), "{message}\n{start}");
        assert!(entry.app_id.is_none() || message.contains(r#" app="fig\"ma\]"]"#), "{message}");
        let json = message.split_once('\u{feff}').unwrap().1;
        assert_eq!(serde_json::from_str::<Value>(json).unwrap()["metadata"]["uid"], entry.entry_hash);
    }
    assert!(bytes.is_empty());
}
