//! The doors of a project, and every way to leave one open by mistake.

use std::fs;

use super::*;

const HEAD: &str = "name = \"northwind\"\nreporting_currency = \"EUR\"\n";

const GOOD: &str = r#"
[tickets]
desk = "servicenow"
[tickets.servicenow]
url = "https://northwind.service-now.com"
user = "seatledger"
secret = "env:SNOW_PASSWORD"
rolled_back_states = ["8"]
[tickets.okta]
url = "https://northwind.okta.com"
secret = "command:vault read -field=token okta"
[notices]
from = "licences@northwind.example"
smtp = "smtp://mail.northwind.example"
user = "licences"
secret = "file:secrets/smtp"
private_network = true
[answers]
origin = "https://answers.northwind.example/"
codes = "page-somebody --quietly"
[siem]
file = "outputs/siem.ndjson"
[siem.splunk]
url = "https://splunk.northwind.example:8088"
secret = "env:HEC"
ack = true
[siem.syslog]
address = "tls://[2001:db8::1]"
"#;

fn load_text(text: &str) -> Result<Outward, Vec<Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(PROJECT_FILE), text).unwrap();
    load(folder.path()).map(|config| config.project.outward)
}

#[test]
fn doors_are_closed_until_somebody_opens_them() {
    let closed = load_text(HEAD).unwrap();
    assert_eq!(closed, Outward::default());
    assert_eq!((closed.tickets.desk, closed.notices, closed.answers), (DeskKind::Files, None, None));
}

#[test]
fn good_doors_parse() {
    let open = load_text(&format!("{HEAD}{GOOD}")).unwrap();
    let servicenow = open.tickets.servicenow.unwrap();
    assert_eq!(servicenow.server.secret, SecretRef::Env("SNOW_PASSWORD".to_owned()));
    assert_eq!((servicenow.table.as_str(), servicenow.waiting_state.as_str()), ("sc_task", "-5"));
    assert_eq!(
        (servicenow.failed_states, servicenow.rolled_back_states),
        (vec!["4".into(), "7".into()], vec!["8".into()])
    );
    let okta = open.tickets.okta.unwrap();
    assert!(!okta.apply && okta.token == OktaToken::Bearer);
    assert!(matches!(okta.server.secret, SecretRef::Command(words) if words.len() == 4));
    let smtp = open.notices.unwrap().smtp.unwrap();
    assert_eq!((smtp.wire.guard, smtp.wire.port, smtp.private_network), (Guard::StartTls, 587, true));
    let answers = open.answers.unwrap();
    assert_eq!(answers.origin, "https://answers.northwind.example");
    assert_eq!(answers.codes, ["page-somebody", "--quietly"]);
    let syslog = open.siem.syslog.unwrap();
    assert_eq!((syslog.wire.host.as_str(), syslog.wire.port, syslog.enterprise), ("2001:db8::1", 6514, 32473));
    assert!(open.siem.splunk.unwrap().ack);
}

#[test]
fn jira_has_its_names() {
    let jira = "[tickets]\ndesk = \"jira\"\n[tickets.jira]\nurl = \"https://n.atlassian.net\"\nuser = \"a@n.example\"\n\
                secret = \"env:JIRA\"\nproject = \"SAAS\"\n";
    let open = load_text(&format!("{HEAD}{jira}")).unwrap().tickets.jira.unwrap();
    assert_eq!((open.issue_type.as_str(), open.rejected_statuses.len()), ("Task", 2));
    let found = load_text(&format!("{HEAD}{}", jira.replace("SAAS", "saas team"))).unwrap_err();
    assert!(found[0].to_string().contains("is no key of a project"), "{}", found[0]);
}

/// A text of the good doors, what replaces it, and what must be said.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("desk = \"servicenow\"", "desk = \"jira\"", "nothing says where jira is"),
    ("desk = \"servicenow\"", "desk = \"snow\"", "`desk` cannot be `snow`"),
    ("https://northwind.service-now.com", "http://northwind.service-now.com", "`url` names no server that may be used"),
    ("https://northwind.service-now.com", "https://u:hunter2@northwind.service-now.com", "`url` names no server"),
    ("\"env:SNOW_PASSWORD\"", "\"hunter2\"", "must say where the secret is kept, never what it is"),
    ("secret = \"env:HEC\"\n", "", "[splunk] lacks `secret`"),
    ("file:secrets/smtp", "hunter2:x", "must say where the secret is kept"),
    ("rolled_back_states", "rolledback_states", "unknown key `rolledback_states`"),
    ("user = \"licences\"\n", "", "[notices] lacks `user`"),
    ("from = \"licences@northwind.example\"", "from = \"licences\"", "is not an e-mail address"),
    ("smtp://mail", "imap://mail", "`smtp` names no server"),
    ("smtp://mail.northwind.example", "smtp://u:hunter2@mail.northwind.example", "`smtp` names no server"),
    ("tls://[2001:db8::1]", "tcp://10.0.0.1", "plain text may not leave this machine"),
    ("https://answers.northwind.example/", "http://answers.northwind.example/", "is no origin of the page"),
    ("https://answers.northwind.example/", "https://answers.northwind.example/a?b", "is no origin of the page"),
    ("ack = true", "ack = \"yes\"", "`ack` must be true or false"),
];

#[test]
fn each_mistake_is_named_and_no_secret_is_shown() {
    for (from, to, said) in MISTAKES {
        assert!(GOOD.contains(from), "{from}");
        let found = load_text(&format!("{HEAD}{}", GOOD.replacen(from, to, 1))).expect_err(to);
        let shown: Vec<String> = found.iter().map(Diagnostic::to_string).collect();
        assert!(
            shown.iter().any(|one| one.contains(said) && one.contains("--> seatledger.toml:")),
            "{said}: {shown:?}"
        );
        assert!(shown.iter().all(|one| !one.contains("hunter2")), "{shown:?}");
    }
}
