//! Links in notices, from the mail to the log: opened in every way they decide nothing, answered once they count once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seatledger::job::{Review, ReviewOptions};
use seatledger::log::{self, EntryKind};
use seatledger::review::{Book, State};
use seatledger::serve::{self, Answered, Choice, Issued};
use seatledger::store::{Key, canonical, sha256_hex};

use super::project::Project;
use super::review::acting;

const DAY: &str = "2026-11-20";
const MIA: &str = "mia@northwind.example";

/// Brings a code: a line of a file that only the test reads.
const COURIER: &str = "#!/bin/sh\nread -r code\necho \"$1 $code\" >>\"$0.out\"\n";

struct Stage {
    project: Project,
    host: String,
    _runtime: tokio::runtime::Runtime,
}

/// A link as its reader has it.
struct Letter {
    to: String,
    token: String,
    code: String,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

/// The project of the stories, run and reviewed, with mail as files and the page behind its links.
fn stage() -> Stage {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let project = acting("enforce").with("courier", COURIER);
    let courier = project.path().join("courier");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&courier, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let settings = fs::read_to_string(project.path().join("seatledger.toml")).unwrap();
    let doors = format!(
        "\n[notices]\nfrom = \"licences@northwind.example\"\n\n[answers]\nbind = \"{host}\"\ncodes = \"{}\"\n",
        courier.display()
    );
    let settings = settings.replacen("\n[[source]]", &format!("{doors}\n[[source]]"), 1);
    let project = project.with("seatledger.toml", &settings);
    project.run(DAY).unwrap();
    let page = project.with_job(async |job| Arc::new(job).page()).unwrap();
    runtime.spawn(async move { axum::serve(listener, serve::router(&page)).await.unwrap() });
    Stage { project, host, _runtime: runtime }
}

impl Stage {
    fn review(&self) -> Review {
        let review = self.project.with_job(async |job| job.review(&ReviewOptions::default()).await).unwrap();
        assert_eq!(review.failed, Vec::<String>::new());
        review
    }

    /// What every mail with a link says, and the code that came beside it.
    fn letters(&self) -> Vec<Letter> {
        let codes = fs::read_to_string(self.project.path().join("courier.out")).unwrap_or_default();
        let codes: BTreeMap<&str, &str> = codes.lines().filter_map(|line| line.split_once(' ')).collect();
        let mut letters = Vec::new();
        for file in files(&self.project.path().join("outputs").join(DAY).join("notices")) {
            let mail = fs::read_to_string(file).unwrap().replace("=\r\n", "").replace("=3D", "=");
            let to = mail.split("To: <").nth(1).unwrap().split('>').next().unwrap().to_owned();
            let link = format!("http://{}/#", self.host);
            let Some(rest) = mail.split(&link).nth(1) else { continue };
            letters.push(Letter { token: rest[..43].to_owned(), code: codes[to.as_str()].to_owned(), to });
        }
        letters
    }

    fn raw(&self, text: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn plain(&self, method: &str, path: &str) -> Reply {
        let prefetch = "Sec-Purpose: prefetch\r\nPurpose: prefetch\r\n";
        self.raw(&format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{prefetch}Connection: close\r\n\r\n", self.host))
    }

    /// A form as a browser sends it.
    fn post(&self, path: &str, letter: &Letter, choice: &str, reason: &str) -> Reply {
        let page = self.plain("GET", "/");
        let cookie = page.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
        let form = page.body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        // None of these has a character that a form would escape.
        let body = format!("form={form}&token={}&code={}&choice={choice}&reason={reason}", letter.token, letter.code);
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len(),
            host = self.host
        ))
    }

    fn answer(&self, letter: &Letter, choice: &str, reason: &str) -> Reply {
        self.post("/answer", letter, choice, reason)
    }

    /// Every file of the store with its bytes: all that an answer could change.
    fn kept(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
        files(&self.project.path().join("warehouse")).into_iter().map(read).collect()
    }

    fn book(&self) -> Book {
        Book::of(&self.project.with_job(async |job| log::entries(&job.store, 0).await).unwrap())
    }

    /// What a link was given out for.
    fn issued(&self, letter: &Letter) -> Issued {
        let key = Key::Link { token_sha256: sha256_hex(letter.token.as_bytes()) };
        let kept = self.project.with_job(async |job| job.store.find(&key).await).unwrap().unwrap();
        serde_json::from_slice(&kept).unwrap()
    }

    fn state(&self, letter: &Letter) -> State {
        self.book().lives[&self.issued(letter).binding.candidate_id].state
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn whats(review: &Review) -> Vec<&'static str> {
    let mut whats: Vec<_> = review.lines.iter().map(|line| line.what).collect();
    whats.sort_unstable();
    whats
}

#[test]
fn a_link_is_opened_as_often_as_one_likes_and_answered_once() {
    let stage = stage();
    assert_eq!(whats(&stage.review()), ["ask", "ask", "ask", "tell", "tell", "tell"]);
    let letters = stage.letters();
    assert_eq!(letters.len(), 6, "a link in each mail");
    let codes = fs::read_to_string(stage.project.path().join("courier.out")).unwrap();
    assert_eq!(codes.lines().count(), 4, "one code for the three questions to mia, one for each user: {codes}");
    let (asked, told): (Vec<Letter>, Vec<Letter>) = letters.into_iter().partition(|letter| letter.to == MIA);
    let token_is_nowhere = |letter: &Letter| {
        let outbox = stage.project.path().join("outputs").join(DAY).join("notices");
        let elsewhere = files(stage.project.path()).into_iter().filter(|file| !file.starts_with(&outbox));
        elsewhere.into_iter().all(|file| {
            let bytes = fs::read(file).unwrap();
            !bytes.windows(43).any(|window| window == letter.token.as_bytes())
        })
    };
    assert!(asked.iter().chain(&told).all(token_is_nowhere), "a token lies in its mail and nowhere else");

    // Scanners, previews and the back button.
    let before = stage.kept();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        for path in ["/", "/question", "/answer", &format!("/answer?token={}&choice=accept", asked[0].token)] {
            let status = stage.plain(method, path).status;
            assert!(status == 405 || path == "/", "{method} {path}: {status}");
        }
    }
    for letter in asked.iter().chain(&told) {
        let shown = stage.post("/question", letter, "", "");
        assert!(shown.status == 200 && shown.body.contains("Figma"), "{} {}", shown.status, shown.body);
        assert!(shown.body.contains("take the licence back"), "{}", shown.body);
        assert_eq!(shown.body.contains("<dt>whose</dt>"), letter.to == MIA, "users see nobody");
    }
    assert_eq!(stage.answer(&asked[0], "deny", "").status, 422);
    assert_eq!(stage.answer(&asked[0], "confirm", "").status, 422, "who decides confirms nothing");
    assert_eq!(stage.answer(&told[0], "accept", "").status, 422, "nobody decides about their own seat");
    assert!(stage.kept() == before, "nothing changed");

    // Two questions are answered, the third by the user of its seat.
    let reply = stage.answer(&asked[0], "accept", "");
    assert!(reply.status == 200 && reply.body.contains("The proposal is accepted"), "{}", reply.body);
    let after = stage.kept();
    for choice in ["accept", "deny"] {
        assert_eq!(stage.answer(&asked[0], choice, "project_critical").status, 409, "used up");
    }
    assert!(stage.kept() == after);
    assert_eq!(stage.answer(&asked[1], "deny", "project_critical").status, 200);
    let third = stage.issued(&asked[2]).binding.candidate_id;
    let own = told.iter().find(|letter| stage.issued(letter).binding.candidate_id == third).unwrap();
    assert_eq!(stage.answer(own, "confirm", "").status, 200);
    assert_eq!(stage.answer(&asked[2], "accept", "").status, 404, "the question is closed");
    let states = asked.iter().map(|letter| stage.state(letter)).collect::<Vec<_>>();
    assert_eq!(states, [State::Accepted, State::Denied, State::SelfConfirmed]);

    let entries = stage.project.with_job(async |job| log::entries(&job.store, 0).await).unwrap();
    let accepted = entries.iter().find(|entry| entry.kind == EntryKind::DecisionAccept).unwrap();
    assert_eq!(accepted.detail()["channel"], "link");
    assert_eq!(accepted.actor, stage.issued(&asked[0]).binding.approver_key, "whoever was asked, and nobody for them");
    assert_eq!(whats(&stage.review()), ["export"]);
    assert_eq!(whats(&stage.review()), Vec::<&str>::new());
    let findings = stage.project.with_job(async |job| job.store.fsck(true).await).unwrap().findings;
    assert!(findings.iter().all(|finding| !finding.path.starts_with("claims/")), "{findings:?}");
}

#[test]
fn five_wrong_codes_end_a_link_and_a_lost_answer_is_taken_up() {
    let stage = stage();
    stage.review();
    let mut asked: Vec<Letter> = stage.letters().into_iter().filter(|letter| letter.to == MIA).collect();
    let right = std::mem::take(&mut asked[0].code);
    asked[0].code = if right == "000000" { "000001".to_owned() } else { "000000".to_owned() };
    let statuses: Vec<u16> = (0..5).map(|_| stage.answer(&asked[0], "accept", "").status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 404]);
    asked[0].code = right;
    assert_eq!(stage.answer(&asked[0], "accept", "").status, 404, "five wrong codes used it up");
    assert_eq!(stage.state(&asked[0]), State::Notified);

    // The page took the answer and died before the log had it: the claim is what counts.
    let issued = stage.issued(&asked[1]);
    let at = issued.expires_at - chrono::Duration::days(2);
    let (answer_id, binding) = (issued.token_sha256, issued.binding);
    let given = Answered { answer_id, binding, choice: Choice::Accept, reason_code: None, at };
    let key = Key::LinkAnswer { token_sha256: given.answer_id.clone() };
    stage.project.with_job(async |job| job.store.claim(&key, &canonical(&given)?.into()).await).unwrap();
    assert_eq!(stage.answer(&asked[1], "deny", "project_critical").status, 409);
    assert_eq!(whats(&stage.review()), ["answer", "export"]);
    assert_eq!(whats(&stage.review()), Vec::<&str>::new());
    assert_eq!(stage.state(&asked[1]), State::Exported);
}

#[test]
fn whoever_gets_no_code_was_not_asked() {
    let stage = stage();
    let courier = stage.project.path().join("courier");
    fs::write(&courier, "#!/bin/sh\nexit 7\n").unwrap();
    let review = stage.project.with_job(async |job| job.review(&ReviewOptions::default()).await).unwrap();
    assert!(review.lines.is_empty() && review.failed.len() == 6, "{review:?}");
    assert!(review.failed[0].contains("brought no code"), "{:?}", review.failed);
    assert!(stage.book().lives.values().all(|life| life.state == State::Open));
}
