//! An issue of Jira, and what was said about it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::jira::Jira;
use super::{Answer, Order, Said};
use crate::base::{Error, ErrorKind, Result};

/// The label of all our issues.
pub(super) const LABEL: &str = "seatledger";
/// The label of a second issue for one order.
pub(super) const DUPLICATE: &str = "seatledger-duplicate";
/// The label of an issue that was handed over.
pub(super) const RELEASED: &str = "seatledger-released";
/// The entity property that holds the key and who was asked.
pub(super) const PROPERTY: &str = "seatledger";

/// The label that holds a key.
pub(super) fn label(key: &str) -> String {
    format!("seatledger-{key}")
}

/// An issue as it stands.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    /// Its key, such as SAAS-12.
    pub(super) key: String,
    /// The number in it.
    pub(super) number: u64,
    /// The key of its order; empty when it is not ours.
    pub(super) order_key: String,
    /// The address and the account of who was asked.
    pub(super) asked: Option<(String, String)>,
    /// Whether it was handed over.
    pub(super) is_released: bool,
    /// Whether it says that it is a second one.
    pub(super) is_marked: bool,
    status: String,
    updated: String,
    changes: Vec<Change>,
    comments: Vec<(String, String)>,
}

/// A change of status.
#[derive(Debug, Clone)]
struct Change {
    id: String,
    at: String,
    account: String,
    shown: String,
    to: String,
}

/// The number in a key.
pub(super) fn number_of(key: &str) -> Option<u64> {
    key.rsplit_once('-')?.1.parse().ok()
}

/// An issue that was made a moment ago.
pub(super) fn made(key: &str, order_key: &str) -> Option<Issue> {
    Some(Issue {
        key: key.to_owned(),
        number: number_of(key)?,
        order_key: order_key.to_owned(),
        asked: None,
        is_released: false,
        is_marked: false,
        status: String::new(),
        updated: String::new(),
        changes: Vec::new(),
        comments: Vec::new(),
    })
}

/// What the property says.
pub(super) fn property(order: &Order, asked: Option<&(String, String)>) -> Value {
    let (address, account) = asked.map(|(address, account)| (address.as_str(), account.as_str())).unzip();
    json!({ "key": order.key, "candidate": order.candidate_id, "approver": address, "account": account })
}

/// An issue of an answer.
pub(super) fn read(issue: &Value) -> Option<Issue> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = issue["key"].as_str()?;
    let (fields, property) = (&issue["fields"], &issue["properties"][PROPERTY]);
    let labels: Vec<&str> = fields["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // A person may take the label away, hardly the property.
    let from_label = labels.iter().find_map(|one| one.strip_prefix("seatledger-").filter(|key| key.len() == 64));
    let order_key = property["key"].as_str().or(from_label).unwrap_or_default();
    let asked = property["approver"].as_str().zip(property["account"].as_str());
    let mut changes = Vec::new();
    for history in issue["changelog"]["histories"].as_array().into_iter().flatten() {
        let statuses = history["items"].as_array().into_iter().flatten().filter(|item| item["field"] == "status");
        changes.extend(statuses.map(|item| Change {
            id: text(&history["id"]),
            at: text(&history["created"]),
            account: text(&history["author"]["accountId"]),
            shown: shown(&history["author"]),
            to: text(&item["toString"]),
        }));
    }
    let comments = fields["comment"]["comments"].as_array().into_iter().flatten();
    Some(Issue {
        key: key.to_owned(),
        number: number_of(key)?,
        order_key: order_key.to_owned(),
        asked: asked.map(|(address, account)| (address.to_owned(), account.to_owned())),
        is_released: labels.contains(&RELEASED),
        is_marked: labels.contains(&DUPLICATE),
        status: text(&fields["status"]["name"]),
        updated: text(&fields["updated"]),
        changes,
        comments: comments.map(|one| (text(&one["author"]["accountId"]), plain(&one["body"]))).collect(),
    })
}

/// How a desk names a person: the address where it may be seen, else the account.
fn shown(person: &Value) -> String {
    person["emailAddress"].as_str().or(person["accountId"].as_str()).unwrap_or("unknown").to_owned()
}

/// Lines as a document of Jira.
pub(super) fn document(lines: &[String]) -> Value {
    let paragraph = |line: &String| json!({ "type": "paragraph", "content": [{ "type": "text", "text": line }] });
    let content: Vec<Value> = lines.iter().filter(|line| !line.is_empty()).map(paragraph).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

/// The words of a document.
fn plain(document: &Value) -> String {
    let mut words = Vec::new();
    let mut open = vec![document];
    while let Some(node) = open.pop() {
        if let Some(text) = node["text"].as_str() {
            words.push(text);
        }
        open.extend(node["content"].as_array().into_iter().flatten().rev());
    }
    words.join(" ")
}

impl Jira {
    /// What was said of one issue.
    pub(super) async fn answers(&self, issue: &Issue) -> Result<Vec<Answer>> {
        let options = &self.options;
        let mut answers = Vec::new();
        if options.approvers_field.is_some() {
            for approval in self.approvals(&issue.key).await? {
                answers.extend(approvers(issue, &approval)?);
            }
        }
        let outcomes = [
            (&options.executed_statuses, Said::Executed),
            (&options.failed_statuses, Said::Failed),
            (&options.rolled_back_statuses, Said::RolledBack),
        ];
        let decisions = [(&options.approved_statuses, Said::Approved), (&options.rejected_statuses, Said::Rejected)];
        let decisions = decisions.into_iter().filter(|_| options.approvers_field.is_none());
        for (statuses, said) in decisions.chain(outcomes) {
            let is_one = |status: &str| statuses.iter().any(|known| known.eq_ignore_ascii_case(status));
            for change in issue.changes.iter().filter(|change| is_one(&change.to)) {
                let is_decision = matches!(said, Said::Approved | Said::Rejected);
                let is_asked = issue.asked.as_ref().is_some_and(|(_, account)| *account == change.account);
                answers.push(Answer {
                    answer_id: format!("jira/{}/{}/{}", issue.key, change.id, said.as_str()),
                    key: issue.order_key.clone(),
                    ticket: issue.key.clone(),
                    said,
                    asked: issue.asked.as_ref().map(|(address, _)| address.clone()).filter(|_| is_decision),
                    entered_by: (is_decision && !is_asked).then(|| change.shown.clone()),
                    at: instant(&change.at)?,
                    comment: issue.last_words(&change.account),
                });
            }
            // The list of changes is cut at 40: then the status alone tells.
            if matches!(said, Said::Executed | Said::Failed | Said::RolledBack)
                && is_one(&issue.status)
                && !issue.changes.iter().any(|change| is_one(&change.to))
            {
                answers.push(Answer {
                    answer_id: format!("jira/{}/status/{}", issue.key, said.as_str()),
                    key: issue.order_key.clone(),
                    ticket: issue.key.clone(),
                    said,
                    asked: None,
                    entered_by: None,
                    at: instant(&issue.updated)?,
                    comment: None,
                });
            }
        }
        Ok(answers)
    }
}

impl Issue {
    /// The last comment of an account.
    fn last_words(&self, account: &str) -> Option<String> {
        let words = self.comments.iter().rev().find(|(author, _)| author == account).map(|(_, words)| words.clone());
        words.filter(|words| !words.trim().is_empty())
    }
}

/// The answers in one approval of Service Management.
fn approvers(issue: &Issue, approval: &Value) -> Result<Vec<Answer>> {
    let empty = Map::new();
    let mut answers = Vec::new();
    for answered in approval["approvers"].as_array().into_iter().flatten() {
        let said = match answered["approverDecision"].as_str() {
            Some("approved") => Said::Approved,
            Some("declined") => Said::Rejected,
            _ => continue,
        };
        let person = answered["approver"].as_object().unwrap_or(&empty);
        let account = person.get("accountId").and_then(Value::as_str).unwrap_or_default();
        let is_asked = issue.asked.as_ref().is_some_and(|(_, known)| known == account);
        let millis = approval["completedDate"]["epochMillis"].as_i64();
        let at = millis.and_then(DateTime::from_timestamp_millis).map_or_else(|| instant(&issue.updated), Ok)?;
        answers.push(Answer {
            answer_id: format!("jira/{}/approval-{}/{account}/{}", issue.key, id(&approval["id"]), said.as_str()),
            key: issue.order_key.clone(),
            ticket: issue.key.clone(),
            said,
            asked: issue.asked.as_ref().map(|(address, _)| address.clone()),
            entered_by: (!is_asked).then(|| shown(&answered["approver"])),
            at,
            comment: issue.last_words(account),
        });
    }
    Ok(answers)
}

/// An id that some answers give as a text and some as a number.
fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A time as Jira writes it: `2026-11-20T10:00:00.000+0100`.
fn instant(text: &str) -> Result<DateTime<Utc>> {
    let read = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z");
    read.map(|at| at.to_utc()).map_err(|_| Error::new(ErrorKind::Source, "Jira: a time that is none"))
}
