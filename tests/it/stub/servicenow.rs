//! The Table API of a ServiceNow instance: queries of `=` and `IN` with `^` between them, dot-walks, both forms of values,
//! conditions on unknown fields that are left out unseen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::server::{Reply, Request};

type Row = BTreeMap<String, String>;

/// What an instance holds.
#[derive(Default)]
pub struct Instance {
    pub tables: BTreeMap<String, Vec<Row>>,
    made: u32,
    /// The login that requests must show; none: any.
    pub authorization: Option<String>,
    /// Whether references of approvals are dropped, as where the account may not write them.
    pub drops_references: bool,
}

pub type Shared = Arc<Mutex<Instance>>;

/// Fields of each table, and which of them lead to which table.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "sc_task",
        &[
            "number",
            "correlation_id",
            "correlation_display",
            "short_description",
            "description",
            "due_date",
            "state",
            "approval",
            "assignment_group",
            "closed_at",
            "close_notes",
        ],
    ),
    (
        "sysapproval_approver",
        &["sysapproval", "document_id", "source_table", "approver", "state", "due_date", "comments"],
    ),
    ("sys_user", &["email", "user_name", "active", "name"]),
];
const SYSTEM: &[&str] = &["sys_id", "sys_created_on", "sys_updated_on", "sys_updated_by"];
const REFERENCES: &[(&str, &str)] = &[("approver", "sys_user"), ("sysapproval", "sc_task"), ("document_id", "sc_task")];

impl Instance {
    pub fn shared() -> Shared {
        let mut instance = Self::default();
        for (id, email, active) in [
            ("1", "boss@northwind.example", "true"),
            ("2", "head@northwind.example", "true"),
            ("3", "gone@northwind.example", "false"),
        ] {
            let row = [("email", email), ("user_name", email.split('@').next().unwrap()), ("active", active)];
            let id = id.repeat(32);
            let mut row: Row = row.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            row.insert("sys_id".to_owned(), id);
            instance.tables.entry("sys_user".to_owned()).or_default().push(row);
        }
        Arc::new(Mutex::new(instance))
    }

    fn now(&mut self) -> String {
        self.made += 1;
        format!("2026-11-21 {:02}:{:02}:{:02}", self.made / 3600 % 24, self.made / 60 % 60, self.made % 60)
    }

    pub fn rows(&self, table: &str) -> &[Row] {
        self.tables.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Sets fields of the rows that a test means.
    pub fn set(&mut self, table: &str, which: impl Fn(&Row) -> bool, values: &[(&str, &str)]) {
        let now = self.now();
        for row in self.tables.entry(table.to_owned()).or_default().iter_mut().filter(|row| which(row)) {
            row.insert("sys_updated_on".to_owned(), now.clone());
            row.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
    }

    /// A field, walking the dots.
    fn value(&self, row: &Row, field: &str) -> String {
        let Some((reference, rest)) = field.split_once('.') else { return row.get(field).cloned().unwrap_or_default() };
        let Some((_, table)) = REFERENCES.iter().find(|(name, _)| *name == reference) else { return String::new() };
        let id = row.get(reference).cloned().unwrap_or_default();
        let target = self.rows(table).iter().find(|row| row.get("sys_id") == Some(&id));
        target.map(|row| self.value(row, rest)).unwrap_or_default()
    }

    fn knows(table: &str, field: &str) -> bool {
        let first = field.split('.').next().unwrap();
        SYSTEM.contains(&first) || FIELDS.iter().any(|(name, fields)| *name == table && fields.contains(&first))
    }

    fn matches(&self, table: &str, row: &Row, query: &str) -> bool {
        query.split('^').filter(|term| !term.is_empty() && !term.starts_with("ORDERBY")).all(|term| {
            let (field, is_in, wanted) = match (term.find("IN"), term.find('=')) {
                (Some(at), None) => (&term[..at], true, &term[at + 2..]),
                (_, Some(at)) => (&term[..at], false, &term[at + 1..]),
                _ => return true,
            };
            let value = self.value(row, field);
            match is_in {
                _ if !Self::knows(table, field) => true,
                true => wanted.split(',').any(|one| one == value),
                false => wanted.eq_ignore_ascii_case(&value),
            }
        })
    }

    fn create(&mut self, table: &str, values: &Map<String, Value>) -> Row {
        let now = self.now();
        let mut row: Row = [("sys_created_on", now.clone()), ("sys_updated_on", now)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        row.insert("sys_id".to_owned(), format!("{:032x}", u64::from(self.made) + 0xabc0_0000));
        row.insert("sys_updated_by".to_owned(), "seatledger".to_owned());
        row.insert("number".to_owned(), format!("SCTASK{:07}", self.made));
        for (name, value) in values.iter().filter(|(name, _)| Self::knows(table, name)) {
            let is_dropped = self.drops_references && REFERENCES.iter().any(|(field, _)| field == name);
            let value = if is_dropped { "" } else { value.as_str().unwrap_or_default() };
            row.insert(name.clone(), value.to_owned());
        }
        self.tables.entry(table.to_owned()).or_default().push(row.clone());
        row
    }
}

fn shown(row: &Row, references: bool) -> Value {
    let value = |(name, value): (&String, &String)| {
        let is_reference = references && !value.is_empty() && REFERENCES.iter().any(|(field, _)| field == name);
        let shown = if is_reference { json!({ "link": "https://stub/x", "value": value }) } else { json!(value) };
        (name.clone(), shown)
    };
    Value::Object(row.iter().map(value).collect())
}

fn refusal(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "message": message, "detail": "" }, "status": "failure" }))
}

/// Answers as the instance would.
pub fn handler(shared: &Shared) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let shared = shared.clone();
    move |request| {
        let mut instance = shared.lock().unwrap();
        if instance.authorization.as_ref().is_some_and(|wanted| request.headers.get("authorization") != Some(wanted)) {
            return refusal(401, "User Not Authenticated");
        }
        let segments = request.segments();
        let ["api", "now", "table", table, rest @ ..] = &segments[..] else { return Reply::new(404) };
        if !FIELDS.iter().any(|(name, _)| name == table) {
            return refusal(400, &format!("Invalid table {table}"));
        }
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let query = request.query.get("sysparm_query").cloned().unwrap_or_default();
                let fields = request.query.get("sysparm_fields").cloned().unwrap_or_default();
                let rows = instance.rows(table).iter().filter(|row| instance.matches(table, row, &query));
                let row = |row: &Row| {
                    let cell = |field: &str| {
                        let value = instance.value(row, field);
                        let is_journal = field == "comments";
                        // A journal shows its entries and stores nothing.
                        let stored = if is_journal { "" } else { &value };
                        (field.to_owned(), json!({ "display_value": value, "value": stored }))
                    };
                    Value::Object(fields.split(',').map(cell).collect())
                };
                let rows: Vec<Value> = rows.map(row).collect();
                Reply::json(200, &json!({ "result": rows }))
            }
            ("POST", []) => match request.json() {
                Value::Object(values) => {
                    let row = instance.create(table, &values);
                    Reply::json(201, &json!({ "result": shown(&row, true) }))
                }
                _ => refusal(400, "Invalid body"),
            },
            ("PATCH", [id]) => {
                let Value::Object(values) = request.json() else { return refusal(400, "Invalid body") };
                let values: Vec<(&str, &str)> =
                    values.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect();
                let id = (*id).to_owned();
                if !instance.rows(table).iter().any(|row| row["sys_id"] == id) {
                    return refusal(404, "No Record found");
                }
                instance.set(table, |row| row["sys_id"] == id, &values);
                Reply::json(200, &json!({ "result": {} }))
            }
            _ => refusal(405, "Method not supported"),
        }
    }
}
