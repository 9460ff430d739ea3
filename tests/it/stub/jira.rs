//! The REST API v3 of a Jira site: issues by key at once, searches with a lag, properties, labels, transitions, a list of
//! changes, and the approvals of Service Management.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Reply, Request};

/// One issue.
#[derive(Clone)]
pub struct Issue {
    pub number: u64,
    pub fields: Value,
    pub labels: Vec<String>,
    pub properties: BTreeMap<String, Value>,
    pub status: String,
    pub changes: Vec<Value>,
    pub comments: Vec<Value>,
    pub approvals: Vec<Value>,
    made: Instant,
}

/// What a site holds.
pub struct Site {
    pub issues: BTreeMap<u64, Issue>,
    /// How long searches do not see an issue.
    pub lag: Duration,
    /// Numbers that are gone: issues that were deleted or could not be made.
    pub next: u64,
    /// Users: account, address.
    pub users: Vec<(&'static str, &'static str)>,
    changed: u64,
}

pub type Shared = Arc<Mutex<Site>>;

impl Site {
    pub fn shared(lag: Duration) -> Shared {
        let users = vec![("acc-boss", "boss@northwind.example"), ("acc-head", "head@northwind.example")];
        Arc::new(Mutex::new(Self { issues: BTreeMap::new(), lag, next: 40, users, changed: 0 }))
    }

    /// A person moves an issue on.
    pub fn set_status(&mut self, number: u64, account: &str, status: &str) {
        self.changed += 1;
        let id = self.changed;
        let address = self.users.iter().find(|(known, _)| *known == account).map(|(_, address)| *address);
        let issue = self.issues.get_mut(&number).unwrap();
        issue.status = status.to_owned();
        let change = json!({
            "id": id.to_string(),
            "created": format!("2026-11-21T10:{:02}:00.000+0100", id % 60),
            "author": { "accountId": account, "emailAddress": address },
            "items": [{ "field": "status", "toString": status }, { "field": "resolution", "toString": "x" }],
        });
        issue.changes.insert(0, change);
    }
}

fn shown(issue: &Issue) -> Value {
    json!({
        "id": (10_000 + issue.number).to_string(),
        "key": format!("SAAS-{}", issue.number),
        "fields": {
            "labels": issue.labels,
            "status": { "name": issue.status },
            "comment": { "comments": issue.comments },
            "updated": "2026-11-21T09:00:00.000+0000",
        },
        "properties": issue.properties,
        "changelog": { "histories": issue.changes },
    })
}

/// Answers as the site would.
pub fn handler(shared: &Shared) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let shared = shared.clone();
    move |request| {
        let mut site = shared.lock().unwrap();
        let segments = request.segments();
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["rest", "api", "3", "user", "search"]) => {
                let found = site.users.iter().filter(|(_, address)| *address == request.query["query"]);
                let found: Vec<Value> = found
                    .map(|(account, address)| json!({ "accountId": account, "emailAddress": address, "active": true }))
                    .collect();
                Reply::json(200, &json!(found))
            }
            ("POST", ["rest", "api", "3", "search", "jql"]) => search(&site, &request.json()),
            ("POST", ["rest", "api", "3", "issue", "bulkfetch"]) => {
                let body = request.json();
                let wanted: Vec<&str> =
                    body["issueIdsOrKeys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert!(wanted.len() <= 100, "at most a hundred issues in a request");
                let number = |id: &str| match id.strip_prefix("SAAS-") {
                    Some(number) => number.parse::<u64>().ok(),
                    None => id.parse::<u64>().ok()?.checked_sub(10_000),
                };
                let found: Vec<Value> =
                    wanted.iter().filter_map(|id| site.issues.get(&number(id)?)).map(shown).collect();
                Reply::json(200, &json!({ "issues": found, "issueErrors": [] }))
            }
            ("POST", ["rest", "api", "3", "issue"]) => create(&mut site, &request.json()),
            ("PUT", ["rest", "api", "3", "issue", key]) => edit(&mut site, key, &request.json()),
            ("GET", ["rest", "api", "3", "issue", key, "transitions"]) => {
                let status = issue(&mut site, key).status.clone();
                let open = if status == "Open" { json!([{ "id": "31", "name": "Hand over" }]) } else { json!([]) };
                Reply::json(200, &json!({ "transitions": open }))
            }
            ("POST", ["rest", "api", "3", "issue", key, "transitions"]) => {
                if issue(&mut site, key).status != "Open" {
                    return Reply::json(400, &json!({ "errorMessages": ["no such transition"], "errors": {} }));
                }
                let number = issue(&mut site, key).number;
                site.set_status(number, "acc-robot", "In fulfilment");
                Reply::new(204)
            }
            ("GET", ["rest", "servicedeskapi", "request", key, "approval"]) => {
                Reply::json(200, &json!({ "values": issue(&mut site, key).approvals }))
            }
            _ => Reply::new(404),
        }
    }
}

fn issue<'s>(site: &'s mut Site, key: &str) -> &'s mut Issue {
    let number: u64 = key.rsplit_once('-').unwrap().1.parse().unwrap();
    site.issues.get_mut(&number).unwrap()
}

fn search(site: &Site, body: &Value) -> Reply {
    let jql = body["jql"].as_str().unwrap();
    assert!(jql.starts_with("project = \"SAAS\" AND "), "{jql}");
    let is_seen = |issue: &&Issue| issue.made.elapsed() >= site.lag;
    let seen: Vec<&Issue> = if jql.contains("created <=") {
        // Nothing in a test is a quarter of an hour old: twice the lag stands for it.
        site.issues.values().rev().filter(|issue| issue.made.elapsed() >= site.lag * 2).take(1).collect()
    } else {
        let wanted: Vec<&str> = jql.split('"').filter(|word| word.starts_with("seatledger-")).collect();
        let is_wanted = |issue: &&Issue| issue.labels.iter().any(|label| wanted.contains(&label.as_str()));
        site.issues.values().filter(is_seen).filter(is_wanted).collect()
    };
    // Pages of two, so that every search goes through several.
    let from: usize = body["nextPageToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
    let page: Vec<Value> = seen.iter().skip(from).take(2).map(|issue| shown(issue)).collect();
    let is_last = from + 2 >= seen.len();
    let mut answer = json!({ "issues": page, "isLast": is_last });
    if !is_last {
        answer["nextPageToken"] = json!((from + 2).to_string());
    }
    Reply::json(200, &answer)
}

fn create(site: &mut Site, body: &Value) -> Reply {
    let fields = &body["fields"];
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    if fields["project"]["key"] != "SAAS" || fields["description"]["type"] != "doc" {
        return Reply::json(400, &json!({ "errorMessages": [], "errors": { "project": "is required" } }));
    }
    // Now and then a number is lost.
    site.next += if site.next.is_multiple_of(7) { 2 } else { 1 };
    let number = site.next;
    let properties = body["properties"].as_array().into_iter().flatten();
    let issue = Issue {
        number,
        fields: fields.clone(),
        labels: texts(&fields["labels"]),
        properties: properties.map(|p| (p["key"].as_str().unwrap().to_owned(), p["value"].clone())).collect(),
        status: "Open".to_owned(),
        changes: Vec::new(),
        comments: Vec::new(),
        approvals: Vec::new(),
        made: Instant::now(),
    };
    site.issues.insert(number, issue);
    Reply::json(201, &json!({ "id": (10_000 + number).to_string(), "key": format!("SAAS-{number}"), "self": "x" }))
}

fn edit(site: &mut Site, key: &str, body: &Value) -> Reply {
    let issue = issue(site, key);
    for change in body["update"]["labels"].as_array().into_iter().flatten() {
        if let Some(label) = change["add"].as_str().filter(|label| !issue.labels.contains(&(*label).to_owned())) {
            issue.labels.push(label.to_owned());
        }
    }
    if let (Some(new), Some(fields)) = (body["fields"].as_object(), issue.fields.as_object_mut()) {
        fields.extend(new.clone());
    }
    for property in body["properties"].as_array().into_iter().flatten() {
        issue.properties.insert(property["key"].as_str().unwrap().to_owned(), property["value"].clone());
    }
    Reply::new(204)
}
