//! Every way to come by an answer but the right one: nothing changes. The right one works once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{
    AnswerDesk, Answered, Binding, Choice, Claims, Code, Doors, Issued, Outcome, Page, Question, Token, issue, router,
};
use crate::base::{Clock, Error, Result};
use crate::config::Answers;

/// All that could change.
#[derive(Debug, Clone, Default, PartialEq)]
struct Kept {
    issued: BTreeMap<String, Issued>,
    misses: BTreeMap<String, u32>,
    burned: BTreeMap<String, Answered>,
    answered: Vec<Answered>,
}

struct Memory {
    kept: Mutex<Kept>,
    question: Mutex<Option<Question>>,
    /// Whether the desk loses what it is told.
    is_broken: Mutex<bool>,
}

#[async_trait]
impl Claims for Memory {
    async fn find(&self, token_sha256: &str) -> Result<Option<Issued>> {
        Ok(self.kept.lock().unwrap().issued.get(token_sha256).cloned())
    }

    async fn miss(&self, token_sha256: &str) -> Result<u32> {
        let mut kept = self.kept.lock().unwrap();
        let misses = kept.misses.entry(token_sha256.to_owned()).or_default();
        *misses += 1;
        Ok(*misses)
    }

    async fn misses(&self, token_sha256: &str) -> Result<u32> {
        Ok(self.kept.lock().unwrap().misses.get(token_sha256).copied().unwrap_or(0))
    }

    async fn burned(&self, token_sha256: &str) -> Result<Option<Answered>> {
        Ok(self.kept.lock().unwrap().burned.get(token_sha256).cloned())
    }

    async fn burn(&self, answer: &Answered) -> Result<Option<Answered>> {
        let mut kept = self.kept.lock().unwrap();
        if let Some(before) = kept.burned.get(&answer.answer_id) {
            return Ok(Some(before.clone()));
        }
        kept.burned.insert(answer.answer_id.clone(), answer.clone());
        Ok(None)
    }
}

#[async_trait]
impl AnswerDesk for Memory {
    async fn look(&self, _issued: &Issued) -> Result<Option<Question>> {
        Ok(self.question.lock().unwrap().clone())
    }

    async fn answer(&self, answer: &Answered) -> Result<Outcome> {
        if *self.is_broken.lock().unwrap() {
            return Err(Error::store("lost"));
        }
        self.kept.lock().unwrap().answered.push(answer.clone());
        Ok(Outcome::Counted)
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn binding() -> Binding {
    Binding {
        candidate_id: "c1".to_owned(),
        step: 0,
        approver_key: "1f".repeat(16),
        choices: BTreeSet::from([Choice::Accept, Choice::Deny]),
        policy_version: "2026-02".to_owned(),
        evidence_sha256: "ab".repeat(32),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 4).unwrap(),
    }
}

fn given(binding: Binding) -> (Token, Code, Issued) {
    let code = Code::new().unwrap();
    let (token, issued) = issue(binding, &code, now()).unwrap();
    (token, code, issued)
}

fn question() -> Question {
    Question {
        binding: binding(),
        is_critical: false,
        app: "Figma <b>".to_owned(),
        tier: "professional".to_owned(),
        proposal: "take the licence back".to_owned(),
        last_use: "61-90 days ago".to_owned(),
        holder: Some("A. Colleague\u{202e}".to_owned()),
        reasons: vec![("seasonal".to_owned(), "needed in season".to_owned())],
    }
}

struct Stage {
    memory: Arc<Memory>,
    host: String,
    token: String,
    code: String,
}

/// A page that knows one token, at an instant.
async fn stage_at(at: DateTime<Utc>) -> Stage {
    let (token, code, issued) = given(binding());
    let kept = Kept { issued: BTreeMap::from([(issued.token_sha256.clone(), issued)]), ..Kept::default() };
    let memory = Arc::new(Memory {
        kept: Mutex::new(kept),
        question: Mutex::new(Some(question())),
        is_broken: Mutex::new(false),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = listener.local_addr().unwrap();
    let options = Answers { bind, origin: format!("http://{bind}"), codes: Vec::new() };
    let doors = Doors { claims: memory.clone(), desk: memory.clone() };
    let page = Page::new(&options, doors, Clock::Fixed(at)).unwrap();
    tokio::spawn(async move { axum::serve(listener, router(&page)).await.unwrap() });
    let token = token.link("").trim_start_matches("/#").to_owned();
    let code = code.digits().to_owned();
    Stage { memory, host: bind.to_string(), token, code }
}

async fn stage() -> Stage {
    stage_at(now()).await
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Stage {
    fn kept(&self) -> Kept {
        self.memory.kept.lock().unwrap().clone()
    }

    async fn raw(&self, text: String) -> Reply {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    async fn plain(&self, method: &str, path: &str, more: &str) -> Reply {
        self.raw(format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}Connection: close\r\n\r\n", self.host)).await
    }

    /// Cookie and field of a fresh form.
    async fn form(&self) -> (String, String) {
        let page = self.plain("GET", "/", "").await;
        let cookie = page.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let field = page.body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (cookie, field)
    }

    async fn post(&self, path: &str, headers: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.raw(format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.host,
            body.len()
        ))
        .await
    }

    /// An answer as a browser sends it.
    async fn answer(&self, token: &str, code: &str, choice: &str, reason: &str) -> Reply {
        let (cookie, form) = self.form().await;
        let headers =
            format!("Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\nCookie: a=b; {cookie}\r\n", self.host);
        let fields =
            [("form", form.as_str()), ("token", token), ("code", code), ("choice", choice), ("reason", reason)];
        self.post("/answer", &headers, &fields).await
    }

    async fn ask(&self, token: &str) -> Reply {
        let (cookie, form) = self.form().await;
        let headers = format!("Origin: http://{}\r\nCookie: {cookie}\r\n", self.host);
        self.post("/question", &headers, &[("form", &form), ("token", token)]).await
    }
}

#[tokio::test]
async fn opening_a_link_in_any_way_changes_nothing() {
    let stage = stage().await;
    let before = stage.kept();
    let link = format!("/?{}", stage.token);
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", link.as_str()), ("HEAD", link.as_str())] {
        let prefetch = "Sec-Purpose: prefetch\r\nPurpose: prefetch\r\n";
        let reply = stage.plain(method, path, prefetch).await;
        assert_eq!(reply.status, 200, "{method} {path}");
        assert!(!reply.body.contains(&stage.token));
        for header in ["referrer-policy: no-referrer", "cache-control: no-store", "x-frame-options: deny", "nosniff"] {
            assert!(reply.head.contains(header), "{header}: {}", reply.head);
        }
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        for path in
            ["/question", "/answer", &format!("/answer?token={}&choice=accept&code={}", stage.token, stage.code)]
        {
            assert_eq!(stage.plain(method, path, "").await.status, 405, "{method} {path}");
        }
    }
    // The question can be looked at as often as one likes.
    for _ in 0..3 {
        let reply = stage.ask(&stage.token).await;
        assert_eq!(reply.status, 200);
        assert!(reply.body.contains("Figma &lt;b&gt;") && reply.body.contains("A. Colleague<"), "{}", reply.body);
        assert!(!reply.body.contains(&stage.code) && !reply.head.contains(&stage.token.to_lowercase()));
    }
    assert_eq!(stage.kept(), before);
}

#[tokio::test]
async fn the_page_carries_one_script_and_its_policy_names_it() {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    let stage = stage().await;
    let page = stage.plain("GET", "/", "").await;
    for tag in ["script", "style"] {
        let inner = page.body.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(inner)).to_lowercase();
        assert!(page.head.contains(&format!("{tag}-src 'sha256-{hash}'")), "{tag}: {}", page.head);
        assert_eq!(page.body.matches(&format!("<{tag}")).count(), 1);
    }
    assert!(page.head.contains("default-src 'none'") && page.head.contains("frame-ancestors 'none'"));
    assert!(page.head.contains("httponly; samesite=strict"));
    assert!(!page.body.contains("submit()"), "a form never sends itself");
}

#[tokio::test]
async fn an_answer_counts_once() {
    let stage = stage().await;
    let reply = stage.answer(&stage.token, &stage.code, "deny", "seasonal").await;
    assert!(reply.status == 200 && reply.body.contains("The proposal is refused"), "{}", reply.body);
    let kept = stage.kept();
    assert_eq!((kept.answered.len(), kept.burned.len()), (1, 1));
    assert_eq!((kept.answered[0].choice, kept.answered[0].reason_code.as_deref()), (Choice::Deny, Some("seasonal")));
    assert_eq!((kept.answered[0].at, &kept.answered[0].binding), (now(), &binding()));
    for choice in ["deny", "accept"] {
        let replay = stage.answer(&stage.token, &stage.code, choice, "seasonal").await;
        assert!(replay.status == 409 && replay.body.contains("deny on 2026-11-21 10:00 UTC"), "{}", replay.body);
    }
    assert_eq!(stage.ask(&stage.token).await.status, 409);
    assert_eq!(stage.kept(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_at_once_one_counts() {
    let stage = Arc::new(stage().await);
    let tries = (0..16).map(|n| {
        let stage = stage.clone();
        let choice = if n % 2 == 0 { "accept" } else { "deny" };
        tokio::spawn(async move { stage.answer(&stage.token, &stage.code, choice, "seasonal").await.status })
    });
    let statuses = futures::future::join_all(tries).await;
    assert_eq!(statuses.into_iter().filter(|status| *status.as_ref().unwrap() == 200).count(), 1);
    assert_eq!(stage.kept().answered.len(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_the_one_changes_nothing() {
    let stage = stage().await;
    let before = stage.kept();
    let other = given(binding()).0.link("").trim_start_matches("/#").to_owned();
    let mut altered = stage.token.clone().into_bytes();
    altered[5] = if altered[5] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let sha256 = before.issued.keys().next().unwrap().clone();
    for token in [&other, &altered, &sha256, "", "x", &format!("{}=", stage.token), &"A".repeat(5000)] {
        let reply = stage.answer(token, &stage.code, "accept", "").await;
        assert!(reply.status == 404 && reply.body.contains("This link is not valid"), "{} {token}", reply.status);
        assert_eq!(stage.ask(token).await.status, 404);
    }
    assert_eq!(stage.kept(), before);
}

#[tokio::test]
async fn a_token_ends_with_its_due_day_and_within_a_fortnight() {
    let (_, _, issued) = given(binding());
    assert_eq!(issued.expires_at.to_rfc3339(), "2026-12-05T00:00:00+00:00");
    let far = Binding { due_on: NaiveDate::from_ymd_opt(2027, 6, 1).unwrap(), ..binding() };
    assert_eq!(given(far).2.expires_at, now() + Duration::days(14));
    for (at, status) in [(issued.expires_at - Duration::seconds(1), 200), (issued.expires_at, 404)] {
        let stage = stage_at(at).await;
        assert_eq!(stage.answer(&stage.token, &stage.code, "accept", "").await.status, status);
        assert_eq!(stage.kept().answered.len(), usize::from(status == 200));
    }
}

#[tokio::test]
async fn a_question_that_changed_is_another_question() {
    type Change = fn(&mut Binding);
    let changes: [Change; 6] = [
        |b| b.evidence_sha256 = "cd".repeat(32),
        |b| b.step = 1,
        |b| b.approver_key = "2f".repeat(16),
        |b| b.policy_version = "2026-06".to_owned(),
        |b| b.candidate_id = "c2".to_owned(),
        |b| {
            b.choices.pop_last();
        },
    ];
    for change in changes {
        let stage = stage().await;
        change(&mut stage.memory.question.lock().unwrap().as_mut().unwrap().binding);
        assert_eq!(stage.answer(&stage.token, &stage.code, "accept", "").await.status, 404);
        assert!(stage.kept().burned.is_empty());
    }
    let stage = stage().await;
    *stage.memory.question.lock().unwrap() = None;
    assert_eq!(stage.answer(&stage.token, &stage.code, "accept", "").await.status, 404);
    stage.memory.question.lock().unwrap().replace(Question { is_critical: true, ..question() });
    let reply = stage.answer(&stage.token, &stage.code, "accept", "").await;
    assert!(reply.status == 403 && reply.body.contains("a link does not decide it"), "{}", reply.body);
    assert_eq!(stage.ask(&stage.token).await.status, 403);
    assert!(stage.kept().burned.is_empty());
}

#[tokio::test]
async fn five_wrong_codes_end_a_token() {
    let stage = stage().await;
    let wrong = if stage.code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        let reply = stage.answer(&stage.token, wrong, "accept", "").await;
        assert!(reply.status == 422 && reply.body.contains("not the code"), "{}", reply.status);
    }
    assert_eq!(stage.answer(&stage.token, wrong, "accept", "").await.status, 404);
    assert_eq!(stage.answer(&stage.token, &stage.code, "accept", "").await.status, 404);
    assert!(stage.kept().burned.is_empty());
    let stage = self::stage().await;
    let spaced = format!("{} {}", &stage.code[..3], &stage.code[3..]);
    assert_eq!(stage.answer(&stage.token, wrong, "accept", "").await.status, 422);
    assert_eq!(stage.answer(&stage.token, &spaced, "accept", "").await.status, 200);
}

#[tokio::test]
async fn an_answer_that_is_none_is_asked_for_again() {
    let stage = stage().await;
    for (choice, reason) in
        [("", ""), ("confirm", ""), ("approve", ""), ("deny", ""), ("deny", "because"), ("accept", "x")]
    {
        let reply = stage.answer(&stage.token, &stage.code, choice, reason).await;
        assert_eq!(reply.status, 422, "{choice} {reason}");
        assert!(reply.body.contains(&stage.token), "the form goes on");
    }
    assert!(stage.kept().burned.is_empty() && stage.kept().misses.is_empty());
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let stage = stage().await;
    let (cookie, form) = stage.form().await;
    let (other_cookie, _) = stage.form().await;
    let origin = format!("Origin: http://{}\r\n", stage.host);
    let fields =
        |form: &'static str| [("form", form), ("token", ""), ("code", ""), ("choice", "accept"), ("reason", "")];
    let send = |headers: String, form: String| {
        let mut fields = fields("").map(|(name, value)| (name, value.to_owned()));
        fields[0].1 = form;
        fields[1].1.clone_from(&stage.token);
        fields[2].1.clone_from(&stage.code);
        let stage = &stage;
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            stage.post("/answer", &headers, &fields).await.status
        }
    };
    let cookie = format!("Cookie: {cookie}\r\n");
    for headers in [
        cookie.clone(),
        format!("{cookie}Origin: null\r\n"),
        format!("{cookie}Origin: https://evil.example\r\n"),
        format!("{cookie}{origin}Sec-Fetch-Site: cross-site\r\n"),
        format!("{cookie}{origin}Sec-Fetch-Site: same-site\r\n"),
        origin.clone(),
        format!("{origin}Cookie: {other_cookie}\r\n"),
        format!("{origin}Cookie: seatledger_form=\r\n"),
    ] {
        assert_eq!(send(headers.clone(), form.clone()).await, 403, "{headers}");
    }
    assert_eq!(send(format!("{cookie}{origin}"), String::new()).await, 403);
    let elsewhere = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".to_owned();
    assert_eq!(stage.raw(elsewhere).await.status, 421);
    assert!(stage.kept().burned.is_empty());
    assert_eq!(send(format!("{cookie}{origin}"), form).await, 200);
}

#[tokio::test]
async fn an_answer_whose_entry_was_lost_is_kept_by_its_claim() {
    let stage = stage().await;
    *stage.memory.is_broken.lock().unwrap() = true;
    assert_eq!(stage.answer(&stage.token, &stage.code, "accept", "").await.status, 200);
    let kept = stage.kept();
    assert_eq!((kept.answered.len(), kept.burned.len()), (0, 1));
}

#[test]
fn nothing_that_is_kept_is_a_token_or_a_code() {
    let (token, code, issued) = given(binding());
    let (text, kept) = (token.link("").trim_start_matches("/#").to_owned(), format!("{issued:?}"));
    assert!(!kept.contains(&text) && !kept.contains(code.digits()));
    assert_eq!((text.len(), code.digits().len()), (43, 6));
    assert_eq!(*token.link("https://a.example"), format!("https://a.example/#{text}"));
    let many: BTreeSet<String> = (0..100).map(|_| given(binding()).2.token_sha256).collect();
    assert_eq!(many.len(), 100);
}
