//! Every way from one page to the next, over a server that a test tells what to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use url::Url;

use super::read::{Api, Pages, Values, fill};
use super::table::{Paging, Pass, Vendor};
use super::tail::Tail;
use crate::base::Clock;
use crate::config::{Kind, Live, Login, SecretRef};
use crate::http::{Call, Limits};
use crate::ingest::page::Refusal;
use stub::{Reply, Request, Stub};

#[allow(dead_code, clippy::duplicate_mod, reason = "one server for all tests; the integration tests use the rest")]
#[path = "../../../tests/it/stub/server.rs"]
mod stub;

static VENDOR: Vendor =
    Vendor { kind: Kind::Okta, tokens: &[], patience: None, headers: &[("X-Version", "7")], streams: &[] };

const fn list(paging: Paging) -> Pass {
    Pass { path: "v1/{org}/things", query: &[("size", "2")], paging, ..Pass::PLAIN }
}

/// The API behind a stub; its token is `hush`.
fn api(url: &Url) -> Api {
    let folder = tempfile::tempdir().unwrap();
    let settings = "name = \"t\"\nreporting_currency = \"EUR\"\n";
    std::fs::write(folder.path().join("seatledger.toml"), settings).unwrap();
    let config = crate::config::load(folder.path()).unwrap();
    let live = Live {
        url: url.clone(),
        private_network: false,
        login: Login::Bearer(SecretRef::Command(vec!["echo".to_owned(), "hush".to_owned()])),
        token_url: None,
        scopes: Vec::new(),
        rate_share: Decimal::ONE,
        values: BTreeMap::from([("org".to_owned(), "a/b".to_owned())]),
    };
    let limits = Limits { tries: 2, first_wait: Duration::from_millis(1), ..Limits::default() };
    Api::open(&config, &live, &VENDOR, limits, Clock::System).unwrap()
}

/// The ids on all pages of a list.
async fn read(stub: &Stub, pass: &'static Pass) -> Result<Vec<u64>, Refusal> {
    let api = api(&stub.url);
    let mut pages = Pages::new(&api, pass, Values::new(), &[]).unwrap();
    let mut ids = Vec::new();
    while let Some(page) = pages.page().await? {
        let page: Value = serde_json::from_slice(&page.bytes).unwrap();
        let records = page.as_array().or(page["value"].as_array()).unwrap();
        ids.extend(records.iter().map(|record| record["id"].as_u64().unwrap()));
    }
    Ok(ids)
}

/// Five records, two a page: those of the n-th page.
fn page(n: usize) -> Value {
    (1..=5).skip(n * 2).take(2).map(|id| json!({ "id": id })).collect()
}

fn number(request: &Request, name: &str) -> Option<usize> {
    request.query.get(name)?.parse().ok()
}

#[tokio::test]
async fn every_style_of_paging_reads_every_page_once() {
    static NEXT: Pass = list(Paging::Url("/@odata.nextLink"));
    static CURSOR: Pass = list(Paging::Cursor { at: "/meta/next", to: "cursor" });
    static OFFSET: Pass = list(Paging::Offset { to: "skip", size: 2 });
    static TOTAL: Pass = Pass { total: "/total", ..list(Paging::Offset { to: "skip", size: 3 }) };
    static NUMBER: Pass = list(Paging::Number { to: "page", first: 1, size: 2 });
    static LINK: Pass = list(Paging::Link);
    let stub = Stub::start(|request| {
        assert_eq!((request.path.as_str(), request.headers["x-version"].as_str()), ("/v1/a%2Fb/things", "7"));
        assert_eq!((request.query["size"].as_str(), request.headers["authorization"].as_str()), ("2", "Bearer hush"));
        let n = number(request, "n").or(number(request, "cursor")).unwrap_or(0);
        let url = format!("http://{}{}?size=2&n={}", request.headers["host"], request.path, n + 1);
        let mut body = json!({ "value": page(n), "meta": { "next": "" } });
        if n < 2 {
            body["@odata.nextLink"] = url.as_str().into();
            body["meta"]["next"] = (n + 1).to_string().into();
        }
        Reply::json(200, &body).with("link", if n < 2 { format!("<{url}>; rel=\"next\"") } else { String::new() })
    })
    .await;
    for pass in [&NEXT, &CURSOR, &LINK] {
        assert_eq!(read(&stub, pass).await.unwrap(), [1, 2, 3, 4, 5]);
    }
    let stub = Stub::start(|request| {
        let n = number(request, "skip").map(|skip| skip / 2).or(number(request, "page").map(|n| n - 1));
        Reply::json(200, &json!({ "value": page(n.unwrap_or(0)), "total": 5 }))
    })
    .await;
    for pass in [&OFFSET, &TOTAL, &NUMBER] {
        let before = stub.count();
        assert_eq!(read(&stub, pass).await.unwrap(), [1, 2, 3, 4, 5]);
        assert_eq!(stub.count() - before, 3);
    }
    static ONE: Pass = list(Paging::None);
    assert_eq!(read(&stub, &ONE).await.unwrap(), [1, 2]);
    // A server that forgets its cursor leads in a circle, and the read ends.
    let circle = Stub::start(|_| Reply::json(200, &json!({ "value": [], "meta": { "next": "1" } }))).await;
    assert_eq!(read(&circle, &CURSOR).await.unwrap_err().reason, "repeated_page");
    assert_eq!(circle.count(), 2);
}

/// A server that keeps the body of a page back until the next page is asked for.
#[tokio::test]
async fn the_next_page_of_a_log_is_asked_for_before_one_is_here() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let last = 3;
    let (asked, so_far) = tokio::sync::watch::channel(Vec::new());
    let (asked, asks) = (Arc::new(asked), so_far.clone());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (asked, mut asks) = (Arc::clone(&asked), asks.clone());
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                while let Ok(length @ 1..) = socket.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let n = text.split("n=").nth(1).map_or(0, |rest| rest[..1].parse::<usize>().unwrap());
                    asked.send_modify(|asked| asked.push(n));
                    let body = if n < last { format!("[{{\"uuid\":\"event {n}\"}}]") } else { "[]".to_owned() };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nlink: </logs?n={}>; rel=\"next\"\r\n\r\n",
                        body.len(),
                        (n + 1).min(last)
                    );
                    socket.write_all(head.as_bytes()).await.unwrap();
                    asks.wait_for(|asked| n == last || asked.contains(&(n + 1))).await.unwrap();
                    socket.write_all(body.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let api = Arc::new(api(&url));
    let mut tail = Tail::new(&api, Call::at("/logs"));
    for n in 0..=last {
        let answer = tail.answer().await.unwrap().unwrap();
        let page = tail.take(answer).unwrap();
        assert_eq!(page.events.len(), usize::from(n < last), "{n}");
        assert_eq!(page.next.as_deref(), Some(format!("/logs?n={}", (n + 1).min(last)).as_str()));
    }
    assert!(tail.answer().await.unwrap().is_none(), "an empty page has no next one yet");
    assert_eq!(*so_far.borrow(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn one_redirect_is_followed_without_the_credential() {
    static MOVED: Pass = Pass { moved_to: &["reports.vendor.example", ".files.example"], ..list(Paging::None) };
    static FIXED: Pass = list(Paging::None);
    let storage = Arc::new(Stub::start(|_| Reply::json(200, &json!([{ "id": 7 }]))).await);
    let target = storage.url.join("report.csv?sig=x%2By").unwrap();
    let moving = |target: String| Stub::start(move |_| Reply::new(302).with("Location", target.clone()));
    let stub = moving(target.to_string()).await;
    assert_eq!(read(&stub, &MOVED).await.unwrap(), [7]);
    let asked = storage.log.lock().unwrap()[0].clone();
    assert_eq!((asked.path.as_str(), asked.query["sig"].as_str()), ("/report.csv", "x+y"));
    assert!(!asked.headers.contains_key("authorization") && !asked.headers.contains_key("x-version"));
    assert!(read(&stub, &FIXED).await.unwrap_err().message.contains("redirects are not followed"));
    for elsewhere in [
        "https://vendor.example/x",
        "https://evilfiles.example/x",
        "http://reports.vendor.example/x",
        "https://reports.vendor.example.evil.example/x",
        "/here",
    ] {
        let refusal = read(&moving(elsewhere.to_owned()).await, &MOVED).await.unwrap_err();
        assert!(refusal.reason == "unreachable" && refusal.message.contains("moved to"), "{refusal:?}");
    }
    assert_eq!(storage.count(), 1);
}

#[test]
fn braces_are_filled_or_nothing_is_asked() {
    let values = Values::from([("id".to_owned(), "0oa1".to_owned())]);
    assert_eq!(fill("apps/{id}/users", &values).unwrap(), "apps/0oa1/users");
    assert!(fill("orgs/{org}", &values).is_err() && fill("orgs/{id", &values).is_err());
}
