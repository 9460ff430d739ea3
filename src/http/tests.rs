//! The client against a server that misbehaves on request.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;

use super::{Auth, Call, Client, Limits, Response, Secret};
use crate::base::{Error, ErrorKind, Result};
use crate::config::SecretRef;
use stub::{Fault, Reply, Stub};

#[allow(dead_code, clippy::duplicate_mod, reason = "one server for all tests; the integration tests use the rest")]
#[path = "../../tests/it/stub/server.rs"]
mod stub;

fn limits() -> Limits {
    Limits {
        tries: 4,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_millis(1500),
        timeout: Duration::from_millis(100),
        settle: Duration::from_millis(120),
        most_bytes: 1000,
        leave_percent: 0,
    }
}

fn client(stub: &Stub, auth: Auth) -> Client {
    Client::new(&stub.url, false, &auth, limits()).unwrap()
}

/// A server whose first requests go wrong in these ways.
async fn failing(faults: &'static [Fault]) -> (Stub, Arc<AtomicUsize>) {
    let (done, turn) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let count = done.clone();
    let handler = move |_: &stub::Request| Reply::json(200, &json!({ "n": count.fetch_add(1, Ordering::SeqCst) + 1 }));
    let fault =
        move |_: &stub::Request| faults.get(turn.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or(Fault::None);
    (Stub::faulty(handler, fault).await, done)
}

fn number(response: &Response) -> Result<u64> {
    Ok(response.json::<serde_json::Value>()?["n"].as_u64().unwrap_or(0))
}

#[tokio::test]
async fn what_may_be_done_twice_is_tried_until_it_is_answered() {
    let faults = &[Fault::Busy, Fault::Slow, Fault::Torn];
    let (stub, _) = failing(faults).await;
    let response = client(&stub, Auth::None).send(&Call::get(&["a"])).await.unwrap();
    assert!(response.is_success());
    assert_eq!(stub.count(), faults.len() + 1);
    let (stub, _) = failing(&[Fault::Lost; 9]).await;
    let error = client(&stub, Auth::None).send(&Call::get(&["a"]).query("name", "anna@example.com")).await;
    let text = error.err().unwrap().to_string();
    assert!(text.contains("/a: the connection broke") && text.ends_with("after 4 tries"), "{text}");
    assert!(!text.contains("anna"), "{text}");
}

#[tokio::test]
async fn the_head_of_a_good_answer_is_heard_before_its_body() {
    let (stub, _) = failing(&[Fault::Busy, Fault::Torn]).await;
    let mut heads = Vec::new();
    let at_head = |head: Response| heads.push((head.status, head.bytes().len(), head.length()));
    let response = client(&stub, Auth::None).send_hearing(&Call::get(&["a"]), at_head).await.unwrap();
    let length = Some(response.bytes().len() as u64);
    // Of the one that broke off, too; not of a refusal.
    assert_eq!((heads.len(), heads.last(), stub.count()), (2, Some(&(200, 0, length)), 3));
}

#[tokio::test]
async fn what_may_not_is_sent_again_only_when_it_was_certainly_not_done() {
    let (stub, done) = failing(&[Fault::Limited, Fault::Limited]).await;
    client(&stub, Auth::None).send(&Call::post(&["a"])).await.unwrap();
    assert_eq!((stub.count(), done.load(Ordering::SeqCst)), (3, 1));
    for fault in [&[Fault::Lost], &[Fault::Slow], &[Fault::Busy], &[Fault::Dropped]] {
        let (stub, _) = failing(fault).await;
        let error = client(&stub, Auth::None).send(&Call::post(&["a"])).await.err().unwrap();
        assert!(error.to_string().contains("nobody knows whether it was carried out"), "{error}");
        assert_eq!((stub.count(), error.kind()), (1, ErrorKind::Source));
    }
}

#[tokio::test]
async fn one_looks_before_one_sends_again() {
    for fault in [&[Fault::Lost], &[Fault::Slow], &[Fault::Torn], &[Fault::Late]] {
        let (stub, done) = failing(fault).await;
        let look = || async {
            let n = done.load(Ordering::SeqCst) as u64;
            Ok(Some(n).filter(|n| *n > 0))
        };
        let found = client(&stub, Auth::None).send_once(&Call::post(&["a"]), number, look).await.unwrap();
        assert_eq!((found, done.load(Ordering::SeqCst), stub.count()), (1, 1, 1), "{fault:?}");
    }
    let (stub, done) = failing(&[Fault::Dropped, Fault::Busy]).await;
    let look = || async { Ok(None) };
    let found = client(&stub, Auth::None).send_once(&Call::post(&["a"]), number, look).await.unwrap();
    assert_eq!((found, done.load(Ordering::SeqCst), stub.count()), (1, 1, 3));
    // The last try is looked after, too.
    let (stub, done) = failing(&[Fault::Busy, Fault::Busy, Fault::Busy, Fault::Lost]).await;
    let look = || async { Ok(Some(done.load(Ordering::SeqCst) as u64).filter(|n| *n > 0)) };
    assert_eq!(client(&stub, Auth::None).send_once(&Call::post(&["a"]), number, look).await.unwrap(), 1);
    let look = || async { Err::<Option<u64>, _>(Error::data("no")) };
    let (stub, _) = failing(&[Fault::Lost]).await;
    assert!(client(&stub, Auth::None).send_once(&Call::post(&["a"]), number, look).await.is_err());
}

#[tokio::test]
async fn a_server_says_when_to_come_back() {
    let waits = |headers: &'static [(&'static str, &'static str)]| async move {
        let turn = AtomicUsize::new(0);
        let stub = Stub::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) {
            0 => headers.iter().fold(Reply::new(429), |reply, (name, value)| reply.with(name, *value)),
            _ => Reply::new(200),
        });
        let stub = stub.await;
        let start = Instant::now();
        let result = client(&stub, Auth::None).send(&Call::get(&["a"])).await;
        (result.map(|r| r.status), start.elapsed(), stub.count())
    };
    let date = ("Date", "Sat, 21 Nov 2026 10:00:00 GMT");
    let later = ("Retry-After", "Sat, 21 Nov 2026 10:00:01 GMT");
    let reset = ("x-rate-limit-reset", "1795255201");
    for headers in [&[("Retry-After", "1")][..], Box::leak(Box::new([date, later])), Box::leak(Box::new([date, reset]))]
    {
        let (result, took, count) = waits(headers).await;
        assert_eq!((result.unwrap(), count), (200, 2));
        assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1400), "{took:?} {headers:?}");
    }
    let (result, took, count) = waits(&[("Retry-After", "3600")]).await;
    let text = result.unwrap_err().to_string();
    assert!(text.contains("asks to come back in 3600 s") && took < Duration::from_secs(1) && count == 1, "{text}");
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_long_answer_read() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/moved" => Reply::new(302).with("Location", "http://127.0.0.1:1/elsewhere"),
        _ => Reply { status: 200, headers: Vec::new(), body: vec![b'x'; 2000] },
    })
    .await;
    let client = client(&stub, Auth::None);
    let response = client.send(&Call::get(&["moved"])).await.unwrap();
    assert_eq!(response.status, 302);
    assert!(response.refused(None).to_string().contains("redirects are not followed"));
    let error = client.send(&Call::get(&["long"])).await.err().unwrap();
    assert!(error.to_string().contains("more than 1000 bytes"), "{error}");
    assert_eq!(stub.count(), 2);
}

#[tokio::test]
async fn ids_stay_segments_and_the_credential_stays_secret() {
    const CANARY: &str = "s3cr3t-canary";
    let stub = Stub::start(|request| {
        assert_eq!(request.path, "/api/a%2F..%2Fb%3Fc/d");
        Reply::json(401, &json!({ "token": request.headers.get("authorization") }))
    })
    .await;
    let client = client(&stub, Auth::Token("Bearer", Secret::new(CANARY)));
    let response = client.send(&Call::get(&["api", "a/../b?c", "d"])).await.unwrap();
    assert_eq!(stub.log.lock().unwrap()[0].headers["authorization"], format!("Bearer {CANARY}"));
    let errors = [
        response.refused(None).to_string(),
        response.json::<Vec<u8>>().unwrap_err().to_string(),
        client.send(&Call::get(&[".."])).await.err().unwrap().to_string(),
        Client::new(&stub.url, false, &Auth::Token("Bearer", Secret::new("s3cr3t-canary\n")), limits())
            .err()
            .unwrap()
            .to_string(),
    ];
    assert!(errors[0].contains("the credential is not accepted"), "{}", errors[0]);
    assert!(errors.iter().all(|text| !text.contains(CANARY)), "{errors:?}");
}

#[test]
fn plain_text_and_private_addresses_are_refused() {
    let reach = |url: &str, private| {
        Client::new(&Url::parse(url).unwrap(), private, &Auth::None, Limits::default())
            .map(|_| ())
            .map_err(|e| e.kind())
    };
    assert_eq!(reach("http://example.com", true), Err(ErrorKind::Config));
    assert_eq!(reach("https://169.254.169.254", true), Err(ErrorKind::Config));
    assert_eq!(reach("https://10.0.0.1", false), Err(ErrorKind::Config));
    assert_eq!(reach("https://10.0.0.1", true), Ok(()));
    assert_eq!(reach("http://127.0.0.1:80", false), Ok(()));
}

#[test]
fn a_secret_comes_from_where_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::File::create(&path).unwrap().write_all(b"abc\n").unwrap();
    let fetch = |reference: &str| Secret::fetch(&SecretRef::parse(reference).unwrap(), folder.path());
    let text = |secret: Result<Secret>| secret.map(|s| s.expose().to_owned()).map_err(|e| e.to_string());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o644);
        assert!(text(fetch("file:token")).unwrap_err().contains("chmod 600"));
        set(0o600);
    }
    assert_eq!(text(fetch("file:token")), Ok("abc".to_owned()));
    assert_eq!(text(fetch("command:printf %s xyz")), Ok("xyz".to_owned()));
    assert!(text(fetch("command:false")).is_err());
    assert!(text(fetch("env:SEATLEDGER_NO_SUCH_SECRET")).unwrap_err().contains("SEATLEDGER_NO_SUCH_SECRET"));
    assert!(text(Secret::fetch(&SecretRef::File("none".into()), Path::new("/nowhere"))).is_err());
    for not_a_reference in ["hunter2", "env:", "env:a b", "pass:word", "file:", ""] {
        let help = SecretRef::parse(not_a_reference).unwrap_err();
        assert!(not_a_reference.is_empty() || !help.contains("hunter2"), "{help}");
    }
}
