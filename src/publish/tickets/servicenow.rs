//! ServiceNow by its Table API: a task with the evidence, an approval record for who decides. `correlation_id` holds the
//! key, and is looked for before a task is made and after every unclear answer.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::order::clean;
use super::{Answer, Desk, Done, Order, Ticket, repeated};
use crate::base::{Error, ErrorKind, Result};
use crate::config;
use crate::http::{Auth, Call, Client, Response, Secret};

/// Orders looked for in one query: their keys must fit an address.
const AT_ONCE: usize = 25;
/// Rows that a query may bring. More than a task a key means that something else is wrong.
const MOST_ROWS: &str = "1000";
/// What `correlation_display` of our tasks says.
const OURS: &str = "seatledger";

/// The desk of one instance.
pub struct ServiceNow {
    pub(super) client: Client,
    pub(super) options: config::ServiceNow,
    /// `sys_id` by address.
    users: Mutex<HashMap<String, String>>,
}

/// A task as it stands.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) sys_id: String,
    pub(super) number: String,
    key: String,
    pub(super) state: String,
    /// Which of several is the first.
    rank: (String, String),
    pub(super) closed_at: String,
    pub(super) updated_at: String,
    pub(super) close_notes: String,
}

impl ServiceNow {
    /// How a client of this instance proves who it is.
    pub fn auth(options: &config::ServiceNow, secret: Secret) -> Auth {
        match &options.server.user {
            Some(user) => Auth::Basic(user.clone(), secret),
            None => Auth::Token("Bearer", secret),
        }
    }

    /// The desk behind a client.
    pub fn new(client: Client, options: config::ServiceNow) -> Self {
        Self { client, options, users: Mutex::default() }
    }

    /// The rows of a table that a query finds, as values.
    pub(super) async fn rows(&self, table: &str, query: &str, fields: &str) -> Result<Vec<Map<String, Value>>> {
        let call = Call::get(&["api", "now", "table", table])
            .query("sysparm_query", query)
            .query("sysparm_fields", fields)
            .query("sysparm_display_value", "all")
            .query("sysparm_exclude_reference_link", "true")
            .query("sysparm_limit", MOST_ROWS);
        let response = self.client.send(&call).await?;
        if !response.is_success() {
            return Err(refusal(&response));
        }
        let answer: Map<String, Value> = response.json()?;
        let rows = answer.get("result").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect())
    }

    /// The tasks of keys; of several for one key the first. The others are closed: they come from answers that were
    /// lost when a request took longer than anybody waits.
    pub(super) async fn tasks(&self, keys: &[&str]) -> Result<BTreeMap<String, Task>> {
        const FIELDS: &str = "sys_id,number,correlation_id,state,sys_created_on,sys_updated_on,closed_at,close_notes";
        let query = format!("correlation_idIN{}", keys.join(","));
        let mut found: BTreeMap<String, Task> = BTreeMap::new();
        let mut more = Vec::new();
        for row in self.rows(&self.options.table, &query, FIELDS).await? {
            let text = |field: &str| value(&row, field);
            let task = Task {
                sys_id: text("sys_id"),
                number: text("number"),
                key: text("correlation_id"),
                state: text("state"),
                rank: (text("sys_created_on"), text("number")),
                closed_at: text("closed_at"),
                updated_at: text("sys_updated_on"),
                close_notes: display(&row, "close_notes"),
            };
            // An instance that does not know a field leaves it out of the query, and answers with every row.
            if !keys.contains(&task.key.as_str()) || task.sys_id.is_empty() {
                continue;
            }
            match found.remove(&task.key) {
                Some(other) => {
                    let (first, second) = if other.rank <= task.rank { (other, task) } else { (task, other) };
                    found.insert(first.key.clone(), first);
                    more.push(second);
                }
                None => {
                    found.insert(task.key.clone(), task);
                }
            }
        }
        for second in more.iter().filter(|task| task.state != self.options.duplicate_state) {
            let first = found.get(&second.key).map(|task| task.number.as_str()).unwrap_or_default();
            let notes = format!("A second task for the same action: see {first}.");
            self.change(&second.sys_id, &json!({ "state": self.options.duplicate_state, "close_notes": notes }))
                .await?;
        }
        Ok(found)
    }

    async fn change(&self, sys_id: &str, values: &Value) -> Result<()> {
        let call = Call::patch(&["api", "now", "table", &self.options.table, sys_id]).json(values)?.repeatable();
        let response = self.client.send(&call).await?;
        if response.is_success() { Ok(()) } else { Err(refusal(&response)) }
    }

    async fn create(&self, order: &Order, state: &str, approval: &str) -> Result<Task> {
        let mut values = json!({
            "short_description": order.title(),
            "description": order.lines().join("\n"),
            "correlation_id": order.key,
            "correlation_display": OURS,
            "due_date": format!("{} 23:59:59", order.due_on),
            "state": state,
            "approval": approval,
        });
        if let (Some(group), Some(values)) = (&self.options.assignment_group, values.as_object_mut()) {
            values.insert("assignment_group".to_owned(), group.as_str().into());
        }
        let call = Call::post(&["api", "now", "table", &self.options.table]).json(&values)?;
        let read = |response: &Response| {
            let row = created(response)?;
            if value(&row, "correlation_id") != order.key {
                let what =
                    format!("table {} does not keep correlation_id: no task could be found again", self.options.table);
                return Err(Error::config(what));
            }
            Ok(Task {
                sys_id: value(&row, "sys_id"),
                number: value(&row, "number"),
                key: order.key.clone(),
                state: value(&row, "state"),
                rank: (value(&row, "sys_created_on"), value(&row, "number")),
                closed_at: String::new(),
                updated_at: String::new(),
                close_notes: String::new(),
            })
        };
        let look = || async { Ok(self.tasks(&[&order.key]).await?.remove(&order.key)) };
        self.client.send_once(&call, read, look).await
    }

    /// Makes sure that a task has an approval of this person.
    async fn approve_by(&self, task: &Task, address: &str, order: &Order) -> Result<()> {
        let approver = self.user(address).await?;
        let values = json!({
            "sysapproval": task.sys_id,
            "document_id": task.sys_id,
            "source_table": self.options.table,
            "approver": approver,
            "state": "requested",
            "due_date": format!("{} 23:59:59", order.due_on),
        });
        let call = Call::post(&["api", "now", "table", "sysapproval_approver"]).json(&values)?;
        let read = |response: &Response| {
            let row = created(response)?;
            // Where the account may not write a reference, it comes back empty and nobody is asked.
            match value(&row, "approver") == approver && value(&row, "sysapproval") == task.sys_id {
                true => Ok(()),
                false => {
                    let what = "the approval names nobody: let the account write approver and sysapproval of \
                                sysapproval_approver";
                    Err(Error::config(what).at(task.number.clone()))
                }
            }
        };
        let look = || async {
            let query = format!("sysapproval={}^approver={approver}", task.sys_id);
            let rows = self.rows("sysapproval_approver", &query, "sys_id,sysapproval,approver").await?;
            let is_it = |row: &Map<String, Value>| {
                value(row, "sysapproval") == task.sys_id && value(row, "approver") == approver
            };
            Ok(rows.iter().any(is_it).then_some(()))
        };
        self.client.send_once(&call, read, look).await
    }

    /// The one active user with an address.
    async fn user(&self, address: &str) -> Result<String> {
        if let Some(sys_id) = self.users.lock().await.get(address) {
            return Ok(sys_id.clone());
        }
        // `Order::check` let no `^` pass, which would end the condition.
        let query = format!("email={address}^active=true");
        let rows = self.rows("sys_user", &query, "sys_id,email").await?;
        let is_it = |row: &&Map<String, Value>| value(row, "email").eq_ignore_ascii_case(address);
        let found: Vec<String> = rows.iter().filter(is_it).map(|row| value(row, "sys_id")).collect();
        match &found[..] {
            [sys_id] => {
                self.users.lock().await.insert(address.to_owned(), sys_id.clone());
                Ok(sys_id.clone())
            }
            [] => Err(Error::data("the approver is no active user of ServiceNow: add them, or route to somebody else")),
            _ => Err(Error::data("several active users of ServiceNow have the approver's address")),
        }
    }

    fn ticket(&self, task: &Task, is_new: bool) -> Ticket {
        let path = format!("nav_to.do?uri={}.do%3Fsys_id%3D{}", self.options.table, task.sys_id);
        Ticket {
            key: task.key.clone(),
            id: clean(&task.number),
            link: self.options.server.url.join(&path).ok().map(String::from),
            is_new,
            is_done: false,
        }
    }

    async fn ask_one(&self, order: &Order, found: Option<Task>, approvers: &[String]) -> Result<Ticket> {
        order.check()?;
        let is_new = found.is_none();
        let task = match found {
            Some(task) => task,
            None => self.create(order, &self.options.waiting_state, "requested").await?,
        };
        if let Some(address) = &order.approver
            && !approvers.iter().any(|known| known.eq_ignore_ascii_case(address))
        {
            self.approve_by(&task, address, order)
                .await
                .map_err(|e| e.at(format!("candidate {}", order.candidate_id)))?;
        }
        Ok(self.ticket(&task, is_new))
    }

    async fn release_one(&self, order: &Order, found: Option<Task>) -> Result<Ticket> {
        order.check()?;
        let Some(task) = found else {
            let task = self.create(order, &self.options.open_state, "approved").await?;
            return Ok(self.ticket(&task, true));
        };
        // A task that is on its way, or at its end, is not sent back to its start.
        if task.state == self.options.waiting_state {
            self.change(&task.sys_id, &json!({ "state": self.options.open_state, "approval": "approved" })).await?;
        }
        Ok(self.ticket(&task, false))
    }
}

#[async_trait]
impl Desk for ServiceNow {
    fn name(&self) -> &'static str {
        "servicenow"
    }

    async fn ask(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        let mut results = Vec::with_capacity(orders.len());
        for orders in orders.chunks(AT_ONCE) {
            let known = async {
                let tasks = self.tasks(&keys_of(orders)?).await?;
                let approvers = self.approvers(tasks.values()).await?;
                Ok((tasks, approvers))
            };
            match known.await {
                Ok((tasks, approvers)) => {
                    let mut done = Done::default();
                    for order in orders {
                        let task = tasks.get(&order.key).cloned();
                        let asked = task.as_ref().and_then(|task| approvers.get(&task.sys_id));
                        let ticket = self.ask_one(order, task.clone(), asked.map_or(&[], Vec::as_slice));
                        results.push(done.once(order, ticket).await);
                    }
                }
                Err(error) => results.extend(repeated(&error, orders)),
            }
        }
        results
    }

    async fn release(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        let mut results = Vec::with_capacity(orders.len());
        for orders in orders.chunks(AT_ONCE) {
            let known = async { self.tasks(&keys_of(orders)?).await };
            match known.await {
                Ok(tasks) => {
                    let mut done = Done::default();
                    for order in orders {
                        results.push(done.once(order, self.release_one(order, tasks.get(&order.key).cloned())).await);
                    }
                }
                Err(error) => results.extend(repeated(&error, orders)),
            }
        }
        results
    }

    async fn poll(&self, keys: &[String]) -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        for keys in keys.chunks(AT_ONCE) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            answers.extend(self.answers(&self.tasks(&keys).await?).await?);
        }
        answers.sort_by(|a, b| (a.at, &a.answer_id).cmp(&(b.at, &b.answer_id)));
        Ok(answers)
    }
}

fn keys_of(orders: &[Order]) -> Result<Vec<&str>> {
    orders.iter().try_for_each(Order::check)?;
    Ok(orders.iter().map(|order| order.key.as_str()).collect())
}

/// A field as it is stored, whatever form the answer has.
pub(super) fn value(row: &Map<String, Value>, field: &str) -> String {
    part(row, field, "value")
}

/// A field as it is shown: what a journal holds.
pub(super) fn display(row: &Map<String, Value>, field: &str) -> String {
    part(row, field, "display_value")
}

fn part(row: &Map<String, Value>, field: &str, part: &str) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match row.get(field) {
        Some(Value::Object(parts)) => parts.get(part).and_then(text).unwrap_or_default(),
        Some(plain) => text(plain).unwrap_or_default(),
        None => String::new(),
    }
}

fn created(response: &Response) -> Result<Map<String, Value>> {
    if response.status != 201 {
        return Err(refusal(response));
    }
    let mut answer: Map<String, Value> = response.json()?;
    match answer.remove("result") {
        Some(Value::Object(row)) => Ok(row),
        _ => Err(Error::new(ErrorKind::Source, "ServiceNow: an answer without a result")),
    }
}

/// The error of a refusal, with the message that the API documents.
fn refusal(response: &Response) -> Error {
    let said: Option<Value> = response.json().ok();
    response.refused(said.as_ref().and_then(|said| said["error"]["message"].as_str()))
}
