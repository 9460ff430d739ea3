//! What a notice says, and what it must never say.

use chrono::{DateTime, NaiveDate, Utc};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{Audience, Item, LastUse, Message, Notice, Outbox, Post, Smtp, compose};
use crate::base::ErrorKind;
use crate::config::{self, Guard, Notices, SecretRef, Wire};
use crate::http::Secret;
use crate::publish::tickets::Action;

fn sender() -> Notices {
    Notices {
        from: "licences@northwind.example".to_owned(),
        from_name: Some("Lizenzen Müller".to_owned()),
        reply_to: None,
        smtp: None,
    }
}

fn notice(audience: Audience, app: &str) -> Notice {
    let item = Item {
        key: "ab".repeat(32),
        app: app.to_owned(),
        tier: "enterprise".to_owned(),
        action: Action::Downgrade,
        target: Some("professional".to_owned()),
        last_use: LastUse::of(Some(73)),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 4).unwrap(),
        link: Some("https://answers.northwind.example/#t0ken".to_owned()),
    };
    let at: DateTime<Utc> = "2026-11-20T08:00:00Z".parse().unwrap();
    Notice { audience, to: "boss@northwind.example".to_owned(), items: vec![item], nth: 0, at, is_rehearsal: false }
}

/// Head and body of a message; the body without its transfer encoding.
fn parts(message: &Message) -> (String, String) {
    let text = String::from_utf8(message.bytes.clone()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut plain = body.replace("=\r\n", "");
    for (code, c) in [("=3D", "="), ("=22", "\""), ("&#x2f;", "/")] {
        plain = plain.replace(code, c);
    }
    (head.to_owned(), plain)
}

#[test]
fn a_notice_says_what_it_may_in_text_and_html() {
    for audience in [Audience::Approver, Audience::User] {
        let message = compose(&notice(audience, "Figma"), &sender()).unwrap();
        let (head, body) = parts(&message);
        assert!(head.contains("To: <boss@northwind.example>\r\n"), "{head}");
        assert!(head.contains("Subject: Figma enterprise: please answer by 2026-12-04\r\n"), "{head}");
        assert!(head.contains("Date: Fri, 20 Nov 2026 08:00:00 +0000\r\n"), "{head}");
        assert!(
            head.contains("Auto-Submitted: auto-generated\r\n") && head.contains("multipart/alternative"),
            "{head}"
        );
        assert!(head.contains(&format!("Message-ID: <{}>", message.id)), "{head}");
        assert_eq!(body.matches("61-90 days ago").count(), 2, "{body}");
        assert_eq!(body.matches("https://answers.northwind.example/#t0ken").count(), 2, "{body}");
        assert_eq!(body.matches("downgrade to professional").count(), 2, "{body}");
        assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
        for word in ["73", "EUR", "cost", "ab".repeat(32).as_str()] {
            assert!(!body.contains(word), "{word}: {body}");
        }
    }
}

#[test]
fn the_same_notice_is_the_same_bytes_and_another_one_another_id() {
    let first = compose(&notice(Audience::Approver, "Figma"), &sender()).unwrap();
    assert_eq!(compose(&notice(Audience::Approver, "Figma"), &sender()).unwrap(), first);
    let mut ids = vec![first.id];
    let mut reminder = notice(Audience::Approver, "Figma");
    reminder.nth = 1;
    let mut other = notice(Audience::Approver, "Figma");
    other.to = "head@northwind.example".to_owned();
    for notice in [reminder, other, notice(Audience::User, "Figma")] {
        ids.push(compose(&notice, &sender()).unwrap().id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn nothing_in_a_name_becomes_a_header_a_tag_or_a_trick() {
    let tricks = [
        "Figma\r\nBcc: all@northwind.example",
        "Figma\nX: y\n\n<script>alert(1)</script>",
        "Fig\u{202e}ma\u{2066}\u{200b}",
        "Figma <img src=x onerror=alert(1)>",
        "Zürich 設計 \u{1f4a5}",
        &"x".repeat(5000),
        "{{ items }} {% include 'x' %}",
    ];
    for trick in tricks {
        let message = compose(&notice(Audience::User, trick), &sender()).unwrap();
        let (head, body) = parts(&message);
        let names: Vec<&str> =
            head.lines().filter(|l| !l.starts_with([' ', '\t'])).map(|l| l.split(':').next().unwrap()).collect();
        let expected = [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
            "X-Auto-Response-Suppress",
        ];
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected, "{trick}");
        assert!(head.is_ascii() && head.lines().all(|line| line.len() <= 100), "{head}");
        let html = body.split_once("<!doctype html>").unwrap().1;
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        let codes = ["=E2=80=AE", "=E2=81=A6", "=E2=80=8B", "\u{202e}"];
        assert!(codes.iter().all(|code| !body.contains(code)), "{body}");
        assert!(message.bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998));
    }
}

#[test]
fn who_has_no_address_is_not_written_to() {
    for to in ["", "boss", "boss@", "a@b", "a b@c.de", "a@c.de\r\nBcc: x@y.de", "a@c.de, x@y.de", "<a@c.de>", "ä@c.de"]
    {
        let mut notice = notice(Audience::User, "Figma");
        notice.to = to.to_owned();
        let error = compose(&notice, &sender()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{to}");
        assert!(to.is_empty() || !error.to_string().contains(to), "{error}");
    }
    for link in [
        "javascript:alert(1)",
        "http://evil.example",
        "http://127.0.0.1.evil.example",
        "https://x/\"><b>",
        "https://x/ y",
    ] {
        let mut notice = notice(Audience::User, "Figma");
        notice.items[0].link = Some(link.to_owned());
        assert_eq!(compose(&notice, &sender()).unwrap_err().kind(), ErrorKind::Internal, "{link}");
    }
}

#[test]
fn a_rehearsal_says_so_and_leads_nowhere() {
    let message = compose(&notice(Audience::Approver, "Figma").rehearsal("me@northwind.example"), &sender()).unwrap();
    let (head, body) = parts(&message);
    assert!(head.contains("[rehearsal]") && message.to == "me@northwind.example");
    assert!(!body.contains("t0ken") && !head.contains("boss@") && body.contains("This is a rehearsal"), "{body}");
}

#[test]
fn use_is_told_in_buckets() {
    let buckets = [Some(0), Some(30), Some(31), Some(60), Some(61), Some(90), Some(91), None].map(LastUse::of);
    use LastUse::{NoneOnRecord, Over90, To30, To60, To90};
    assert_eq!(buckets, [To30, To30, To60, To60, To90, To90, Over90, NoneOnRecord]);
}

#[tokio::test]
async fn an_outbox_holds_each_message_once_and_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(folder.path().join("notices"));
    let message = compose(&notice(Audience::User, "Figma"), &sender()).unwrap();
    for result in outbox.send(&[message.clone(), message.clone()]).await {
        result.unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("notices")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(std::fs::read(&files[0]).unwrap(), message.bytes);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[0]).unwrap().permissions()) & 0o777,
        0o600
    );
}

/// A mail server of one connection that refuses one recipient; gives back what it was told.
async fn mail_server(offers: &'static str) -> (config::Smtp, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 stub\r\n").await.unwrap();
        let (mut told, mut in_data) = (Vec::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            told.push(line.clone());
            let reply = match line.split([' ', ':']).next().unwrap_or_default() {
                _ if in_data && line != "." => continue,
                "." => {
                    in_data = false;
                    "250 2.0.0 queued"
                }
                "EHLO" => offers,
                "AUTH" => "235 ok",
                "RCPT" if line.contains("refused") => "550 5.1.1 <refused@northwind.example> unknown",
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
        told
    });
    let wire = Wire { guard: Guard::Plain, host: "127.0.0.1".to_owned(), port };
    let login = Some(("robot".to_owned(), SecretRef::Env("UNUSED".to_owned())));
    (config::Smtp { wire, login, private_network: false }, task)
}

#[tokio::test]
async fn a_mail_server_gets_what_it_may_and_a_refusal_keeps_no_other_back() {
    let (options, server) = mail_server("250-stub\r\n250-SIZE 1000000\r\n250 AUTH LOGIN PLAIN").await;
    let smtp = Smtp::new(options, Some(Secret::new("s3cr3t")));
    let mut refused = notice(Audience::User, "Figma");
    refused.to = "refused@northwind.example".to_owned();
    let messages =
        [compose(&refused, &sender()).unwrap(), compose(&notice(Audience::User, "Figma"), &sender()).unwrap()];
    let results = smtp.send(&messages).await;
    let error = results[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("RCPT: status 550") && !error.contains("refused@"), "{error}");
    results[1].as_ref().unwrap();
    let told = server.await.unwrap();
    assert!(told.contains(&"AUTH PLAIN AHJvYm90AHMzY3IzdA==".to_owned()), "{told:?}");
    assert!(told.contains(&"RSET".to_owned()) && told.last().unwrap() == "QUIT");
    let (from, end) = (told.iter().rposition(|l| l == "DATA").unwrap(), told.iter().rposition(|l| l == ".").unwrap());
    let lines: Vec<&str> = told[from + 1..end].iter().map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
    assert_eq!(lines.join("\r\n") + "\r\n", String::from_utf8(messages[1].bytes.clone()).unwrap());
}

#[tokio::test]
async fn nothing_is_sent_where_it_could_be_read() {
    let (mut options, server) = mail_server("250 AUTH PLAIN").await;
    options.wire.guard = Guard::StartTls;
    let message = compose(&notice(Audience::User, "Figma"), &sender()).unwrap();
    let error =
        Smtp::new(options, Some(Secret::new("s3cr3t"))).send(&[message]).await.remove(0).unwrap_err().to_string();
    assert!(error.contains("does not offer STARTTLS") && !error.contains("s3cr3t"), "{error}");
    assert_eq!(server.await.unwrap(), ["EHLO [127.0.0.1]"]);
}
