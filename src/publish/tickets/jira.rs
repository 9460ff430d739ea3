//! Jira Cloud by its REST API v3: an issue with the evidence, approved by a status its assignee sets, or by Jira Service
//! Management where the project has a field of approvers. A label holds the key, and an entity property holds it with who
//! was asked.
//!
//! Searches of Jira may not see what was made in the last minutes, so a search alone would make second issues. Issues are
//! read by key without that delay, and a project numbers them in the order in which they are made: whatever was made of
//! late has a number after that of an issue that is old enough for every search. Those numbers are read one by one, a
//! hundred in a request, before an issue is made and after every unclear answer.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::jira_issue::{self, Issue, LABEL, PROPERTY, document, label};
use super::{Answer, Desk, Done, Order, Ticket, repeated};
use crate::base::{Error, ErrorKind, Result};
use crate::config;
use crate::http::{Auth, Call, Client, Response, Secret};

/// Keys in one query.
const AT_ONCE: usize = 50;
/// Issues that one request reads by key.
const BLOCK: u64 = 100;
/// Blocks of late issues that are read at most: a project that makes more in a quarter of an hour is not for this.
const MOST_BLOCKS: u64 = 200;
/// From which age on every search sees an issue, also one that ran some minutes ago. The documentation says that searches
/// lag by seconds to minutes.
const SETTLED: &str = "-15m";

/// The desk of one project.
pub struct Jira {
    client: Client,
    pub(super) options: config::Jira,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Accounts by address.
    accounts: HashMap<String, String>,
    /// The number after which issues are read by key.
    anchor: Option<u64>,
}

impl Jira {
    /// How a client of this site proves who it is.
    pub fn auth(options: &config::Jira, secret: Secret) -> Auth {
        Auth::Basic(options.server.user.clone().unwrap_or_default(), secret)
    }

    /// The desk behind a client.
    pub fn new(client: Client, options: config::Jira) -> Self {
        Self { client, options, state: Mutex::default() }
    }

    pub(super) async fn call(&self, call: Call) -> Result<Value> {
        let response = self.client.send(&call).await?;
        if !response.is_success() {
            return Err(refusal(&response));
        }
        if response.bytes().is_empty() { Ok(Value::Null) } else { response.json() }
    }

    /// The ids of what a search finds, newest first.
    async fn search(&self, jql: &str, most: u64) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut body = json!({ "jql": jql, "maxResults": most.min(100), "fields": ["labels"] });
            if let (Some(token), Some(body)) = (&next, body.as_object_mut()) {
                body.insert("nextPageToken".to_owned(), token.as_str().into());
            }
            let search = Call::post(&["rest", "api", "3", "search", "jql"]).json(&body)?.repeatable();
            let answer = self.call(search).await?;
            found.extend(answer["issues"].as_array().cloned().unwrap_or_default());
            next = answer["nextPageToken"].as_str().map(str::to_owned);
            if next.is_none() || found.len() as u64 >= most {
                return Ok(found);
            }
        }
    }

    /// Issues by id or key, as they are now.
    async fn fetch(&self, ids: &[String]) -> Result<Vec<Issue>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "issueIdsOrKeys": ids,
            "fields": ["labels", "status", "comment", "created", "resolutiondate", "updated"],
            "properties": [PROPERTY],
            "expand": ["changelog"],
        });
        let answer =
            self.call(Call::post(&["rest", "api", "3", "issue", "bulkfetch"]).json(&body)?.repeatable()).await?;
        if answer["issueErrors"].as_array().is_some_and(|errors| !errors.is_empty()) {
            return Err(Error::new(ErrorKind::Source, "Jira: some issues could not be read: run again"));
        }
        Ok(answer["issues"].as_array().into_iter().flatten().filter_map(jira_issue::read).collect())
    }

    /// The issues of keys; of several for one key the first. The others get a label that says so and count no more.
    async fn issues(&self, keys: &[&str], with_late: bool) -> Result<BTreeMap<String, Issue>> {
        let labels: Vec<String> = keys.iter().map(|key| format!("\"{}\"", label(key))).collect();
        let jql = format!("project = \"{}\" AND labels IN ({})", self.options.project, labels.join(","));
        let ids: Vec<String> =
            self.search(&jql, 1000).await?.iter().filter_map(|issue| issue["id"].as_str().map(str::to_owned)).collect();
        let mut all = Vec::new();
        for ids in ids.chunks(BLOCK as usize) {
            all.extend(self.fetch(ids).await?);
        }
        if with_late && keys.iter().any(|key| !all.iter().any(|issue| issue.order_key == **key)) {
            all.extend(self.late().await?);
        }
        let mut found: BTreeMap<String, Issue> = BTreeMap::new();
        all.sort_by_key(|issue| issue.number);
        all.dedup_by_key(|issue| issue.number);
        for issue in all.into_iter().filter(|issue| keys.contains(&issue.order_key.as_str())) {
            match found.get(&issue.order_key) {
                None => {
                    found.insert(issue.order_key.clone(), issue);
                }
                Some(first) if !issue.is_marked => self.mark(&issue, &first.key).await?,
                Some(_) => {}
            }
        }
        Ok(found)
    }

    /// Says of an issue that it is a second one.
    async fn mark(&self, issue: &Issue, first: &str) -> Result<()> {
        let marked = jira_issue::DUPLICATE;
        let comment = document(&[format!("A second issue for the same action: see {first}.")]);
        let body = json!({ "update": { "labels": [{ "add": marked }], "comment": [{ "add": { "body": comment } }] } });
        self.edit(issue, &body).await
    }

    async fn edit(&self, issue: &Issue, body: &Value) -> Result<()> {
        let call = Call::put(&["rest", "api", "3", "issue", &issue.key]).json(body)?;
        self.call(call).await.map(|_| ())
    }

    /// Our issues among those that searches may not see yet. All are read every time: one whose making took long has an
    /// earlier number than others that were seen before.
    async fn late(&self) -> Result<Vec<Issue>> {
        let project = &self.options.project;
        let mut read_to = self.anchor().await?;
        let mut ours = Vec::new();
        for _ in 0..MOST_BLOCKS {
            let ids: Vec<String> = (read_to + 1..=read_to + BLOCK).map(|n| format!("{project}-{n}")).collect();
            let issues = self.fetch(&ids).await?;
            let Some(last) = issues.iter().map(|issue| issue.number).max() else { return Ok(ours) };
            ours.extend(issues.into_iter().filter(|issue| !issue.order_key.is_empty()));
            read_to = last;
        }
        let what = format!("Jira: {project} makes more issues than can be told apart: run again later");
        Err(Error::new(ErrorKind::Source, what))
    }

    /// The number of an issue that is old enough for every search; 0 when there is none.
    async fn anchor(&self) -> Result<u64> {
        if let Some(number) = self.state.lock().await.anchor {
            return Ok(number);
        }
        // One that moved here of late has a new number and an old date: it must be old by both.
        let project = &self.options.project;
        let is_old = format!("created <= \"{SETTLED}\" AND updated <= \"{SETTLED}\"");
        let jql = format!("project = \"{project}\" AND {is_old} ORDER BY created DESC");
        let newest = self.search(&jql, 1).await?;
        let number = newest.first().and_then(|issue| jira_issue::number_of(issue["key"].as_str()?)).unwrap_or(0);
        self.state.lock().await.anchor = Some(number);
        Ok(number)
    }

    async fn create(&self, order: &Order) -> Result<Issue> {
        let approver = match &order.approver {
            Some(address) => Some((address.clone(), self.account(address).await?)),
            None => None,
        };
        let mut fields = json!({
            "project": { "key": self.options.project },
            "issuetype": { "name": self.options.issue_type },
            "summary": order.title(),
            "description": document(&order.lines()),
            "labels": [LABEL, label(&order.key)],
            "duedate": order.due_on.to_string(),
        });
        if let (Some((_, account)), Some(fields)) = (&approver, fields.as_object_mut()) {
            match &self.options.approvers_field {
                Some(field) => fields.insert(field.clone(), json!([{ "accountId": account }])),
                None => fields.insert("assignee".to_owned(), json!({ "accountId": account })),
            };
        }
        let property = jira_issue::property(order, approver.as_ref());
        let body = json!({ "fields": fields, "properties": [{ "key": PROPERTY, "value": property }] });
        let call = Call::post(&["rest", "api", "3", "issue"]).json(&body)?;
        let read = |response: &Response| {
            if response.status != 201 {
                return Err(refusal(response));
            }
            let answer: Value = response.json()?;
            let key = answer["key"].as_str().unwrap_or_default();
            jira_issue::made(key, &order.key)
                .ok_or_else(|| Error::new(ErrorKind::Source, "Jira: an answer without a key"))
        };
        let look = || async { Ok(self.late().await?.into_iter().find(|issue| issue.order_key == order.key)) };
        self.client.send_once(&call, read, look).await
    }

    /// The account with an address.
    async fn account(&self, address: &str) -> Result<String> {
        if let Some(account) = self.state.lock().await.accounts.get(address) {
            return Ok(account.clone());
        }
        let search =
            Call::get(&["rest", "api", "3", "user", "search"]).query("query", address).query("maxResults", "10");
        let users = self.call(search).await?;
        let active: Vec<&Value> =
            users.as_array().into_iter().flatten().filter(|user| user["active"].as_bool() == Some(true)).collect();
        // Who hides the address is found by it all the same, but cannot be told from one whose name looks like it.
        let exact = |user: &&&Value| user["emailAddress"].as_str().is_some_and(|a| a.eq_ignore_ascii_case(address));
        let found: Vec<&str> = active.iter().filter(exact).filter_map(|user| user["accountId"].as_str()).collect();
        match found[..] {
            [account] => {
                self.state.lock().await.accounts.insert(address.to_owned(), account.to_owned());
                Ok(account.to_owned())
            }
            _ => {
                let what = "the approver is no one active user of Jira whose address this credential can see";
                Err(Error::data(what))
            }
        }
    }

    fn ticket(&self, issue: &Issue, is_new: bool) -> Ticket {
        Ticket {
            key: issue.order_key.clone(),
            id: issue.key.clone(),
            link: self.options.server.url.join(&format!("browse/{}", issue.key)).ok().map(String::from),
            is_new,
            is_done: false,
        }
    }

    async fn ask_one(&self, order: &Order, found: Option<&Issue>) -> Result<Ticket> {
        let Some(issue) = found else {
            let issue = self.create(order).await?;
            return Ok(self.ticket(&issue, true));
        };
        // The next step asks somebody else: the property says who, so that an answer names them.
        let asked = issue.asked.as_ref().map(|(address, _)| address);
        if let Some(address) = &order.approver
            && asked.is_none_or(|known| !known.eq_ignore_ascii_case(address))
            && !issue.is_released
        {
            let account = self.account(address).await?;
            let fields = match &self.options.approvers_field {
                Some(field) => json!({ field: [{ "accountId": account }] }),
                None => json!({ "assignee": { "accountId": account } }),
            };
            let property = jira_issue::property(order, Some(&(address.clone(), account)));
            let body = json!({ "fields": fields, "properties": [{ "key": PROPERTY, "value": property }] });
            self.edit(issue, &body).await?;
        }
        Ok(self.ticket(issue, false))
    }

    async fn release_one(&self, order: &Order, found: Option<&Issue>) -> Result<Ticket> {
        let made;
        let (issue, is_new) = match found {
            Some(issue) => (issue, false),
            None => {
                made = self.create(order).await?;
                (&made, true)
            }
        };
        if issue.is_released {
            return Ok(self.ticket(issue, is_new));
        }
        if let Some(name) = &self.options.release_transition {
            let path = ["rest", "api", "3", "issue", &issue.key, "transitions"];
            let open = self.call(Call::get(&path)).await?;
            let is_it = |t: &&Value| t["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name));
            // Not on offer: it was made already, or a person moved the issue on.
            if let Some(id) = open["transitions"].as_array().and_then(|all| all.iter().find(is_it)?["id"].as_str()) {
                let call = Call::post(&path).json(&json!({ "transition": { "id": id } }))?;
                let read = |response: &Response| {
                    if response.is_success() { Ok(()) } else { Err(refusal(response)) }
                };
                let look = || async {
                    let open = self.call(Call::get(&path)).await?;
                    Ok(open["transitions"].as_array().is_some_and(|all| !all.iter().any(|t| is_it(&t))).then_some(()))
                };
                self.client.send_once(&call, read, look).await?;
            }
        }
        // Last, so that one that was cut short is released again.
        self.edit(issue, &json!({ "update": { "labels": [{ "add": jira_issue::RELEASED }] } })).await?;
        Ok(self.ticket(issue, is_new))
    }

    /// What Service Management says of the approvals of an issue.
    pub(super) async fn approvals(&self, issue: &str) -> Result<Vec<Value>> {
        let call = Call::get(&["rest", "servicedeskapi", "request", issue, "approval"]).query("limit", "50");
        Ok(self.call(call).await?["values"].as_array().cloned().unwrap_or_default())
    }
}

#[async_trait]
impl Desk for Jira {
    fn name(&self) -> &'static str {
        "jira"
    }

    async fn ask(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        self.each(orders, Turn::Ask).await
    }

    async fn release(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        self.each(orders, Turn::Release).await
    }

    async fn poll(&self, keys: &[String]) -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        for keys in keys.chunks(AT_ONCE) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            for issue in self.issues(&keys, false).await?.into_values() {
                answers.extend(self.answers(&issue).await?);
            }
        }
        answers.sort_by(|a, b| (a.at, &a.answer_id).cmp(&(b.at, &b.answer_id)));
        Ok(answers)
    }
}

/// What is done with an order.
#[derive(Clone, Copy)]
enum Turn {
    Ask,
    Release,
}

impl Jira {
    async fn each(&self, orders: &[Order], turn: Turn) -> Vec<Result<Ticket>> {
        let mut results = Vec::with_capacity(orders.len());
        for orders in orders.chunks(AT_ONCE) {
            match self.known(orders).await {
                Ok(found) => {
                    let mut done = Done::default();
                    for order in orders {
                        let issue = found.get(&order.key);
                        let ticket = async {
                            match turn {
                                Turn::Ask => self.ask_one(order, issue).await,
                                Turn::Release => self.release_one(order, issue).await,
                            }
                        };
                        results.push(done.once(order, ticket).await);
                    }
                }
                Err(error) => results.extend(repeated(&error, orders)),
            }
        }
        results
    }

    async fn known(&self, orders: &[Order]) -> Result<BTreeMap<String, Issue>> {
        orders.iter().try_for_each(Order::check)?;
        let keys: Vec<&str> = orders.iter().map(|order| order.key.as_str()).collect();
        self.issues(&keys, true).await
    }
}

/// The error of a refusal, with the messages that the API documents.
fn refusal(response: &Response) -> Error {
    let said: Value = response.json().unwrap_or_default();
    let general = said["errorMessages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = said["errors"].as_object().into_iter().flatten();
    let fields = fields.filter_map(|(field, what)| Some(format!("{field}: {}", what.as_str()?)));
    let all: Vec<String> = general.map(str::to_owned).chain(fields).collect();
    response.refused(Some(all.join("; ")).as_deref())
}
