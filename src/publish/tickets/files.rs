//! The desk without a server: a folder for each batch, with the orders as CSV for people and JSON for machines, and the
//! way back. People answer by drops.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::order::clean;
use super::{Answer, Desk, Order, Ticket};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::publish::{Format, encode};

/// Writes orders into folders below one.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

/// One order as it stands in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    key: String,
    candidate_id: String,
    app_id: String,
    app: String,
    tier: String,
    action: String,
    target: String,
    account: String,
    due_on: String,
    approver: String,
    policy_version: String,
    evidence_sha256: String,
    evidence: Vec<String>,
    undo: String,
}

impl Line {
    fn of(order: &Order) -> Self {
        Self {
            key: order.key.clone(),
            candidate_id: clean(&order.candidate_id),
            app_id: clean(&order.app_id),
            app: clean(&order.app),
            tier: clean(&order.tier),
            action: order.action.as_str().to_owned(),
            target: order.target.as_deref().map(clean).unwrap_or_default(),
            account: clean(&order.account),
            due_on: order.due_on.to_string(),
            approver: order.approver.as_deref().map(clean).unwrap_or_default(),
            policy_version: clean(&order.policy_version),
            evidence_sha256: order.evidence_sha256.clone(),
            evidence: order.evidence.iter().map(|line| clean(line)).collect(),
            undo: clean(&order.undo),
        }
    }
}

impl Files {
    /// Writes below a folder; it is made when the first order comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Adds orders to the file of their batch: those that stand there stay as they are, so that a second try writes
    /// the same bytes.
    fn write(&self, name: &str, orders: &[Order], with_undo: bool) -> Vec<Result<Ticket>> {
        let mut batches: BTreeMap<&str, Vec<&Order>> = BTreeMap::new();
        for order in orders {
            batches.entry(&order.batch).or_default().push(order);
        }
        let mut fresh: BTreeMap<String, Result<bool, (ErrorKind, String)>> = BTreeMap::new();
        for (batch, orders) in batches {
            let written = self.write_batch(batch, name, &orders, with_undo);
            for order in orders {
                let is_new = match &written {
                    Ok(new) => Ok(new.contains(&order.key)),
                    Err(error) => Err((error.kind(), error.to_string())),
                };
                fresh.insert(order.key.clone(), is_new);
            }
        }
        let ticket = |order: &Order| match fresh.get(&order.key) {
            Some(Ok(is_new)) => Ok(Ticket {
                key: order.key.clone(),
                id: format!("{}/{name}.csv", folder_of(&order.batch)),
                link: None,
                is_new: *is_new,
                is_done: false,
            }),
            Some(Err((kind, message))) => Err(Error::new(*kind, message.clone())),
            None => Err(Error::internal("an order in no batch")),
        };
        orders.iter().map(ticket).collect()
    }

    /// The keys that were not there before.
    fn write_batch(&self, batch: &str, name: &str, orders: &[&Order], with_undo: bool) -> Result<Vec<String>> {
        orders.iter().try_for_each(|order| order.check())?;
        let folder = self.folder.join(folder_of(batch));
        let place = |file: &str| folder.join(file);
        let json = place(&format!("{name}.json"));
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        match fs::read(&json) {
            Ok(bytes) => {
                let there: Vec<Line> = serde_json::from_slice(&bytes)
                    .context(ErrorKind::Data, format!("{}: is not as it was written", json.display()))?;
                lines.extend(there.into_iter().map(|line| (line.key.clone(), line)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::store(format!("{}: cannot be read", json.display())).because(error)),
        }
        let new: Vec<String> =
            orders.iter().map(|order| order.key.clone()).filter(|key| !lines.contains_key(key)).collect();
        for order in orders {
            lines.entry(order.key.clone()).or_insert_with(|| Line::of(order));
        }
        let lines: Vec<Line> = lines.into_values().collect();
        fs::create_dir_all(&folder).context(ErrorKind::Store, format!("{}: cannot be made", folder.display()))?;
        // The file that tells what is there comes last: without it the others are written again.
        put(&place(&format!("{name}.csv")), &csv(&lines, COLUMNS)?)?;
        if with_undo {
            put(&place("undo.csv"), &csv(&lines, UNDO)?)?;
        }
        let mut bytes = serde_json::to_vec_pretty(&lines).context(ErrorKind::Internal, "orders as JSON")?;
        bytes.push(b'\n');
        put(&json, &bytes)?;
        Ok(new)
    }
}

#[async_trait]
impl Desk for Files {
    fn name(&self) -> &'static str {
        "files"
    }

    async fn ask(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        self.write("questions", orders, false)
    }

    async fn release(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        self.write("tickets", orders, true)
    }

    /// Nothing: what people say comes by drops.
    async fn poll(&self, _keys: &[String]) -> Result<Vec<Answer>> {
        Ok(Vec::new())
    }
}

type Column = (&'static str, fn(&Line) -> String);

const COLUMNS: &[Column] = &[
    ("key", |l| l.key.clone()),
    ("candidate_id", |l| l.candidate_id.clone()),
    ("app_id", |l| l.app_id.clone()),
    ("app", |l| l.app.clone()),
    ("account", |l| l.account.clone()),
    ("tier", |l| l.tier.clone()),
    ("action", |l| l.action.clone()),
    ("target", |l| l.target.clone()),
    ("due_on", |l| l.due_on.clone()),
    ("approver", |l| l.approver.clone()),
    ("policy_version", |l| l.policy_version.clone()),
    ("evidence", |l| l.evidence.join(" | ")),
    ("evidence_sha256", |l| l.evidence_sha256.clone()),
];

const UNDO: &[Column] = &[
    ("key", |l| l.key.clone()),
    ("app_id", |l| l.app_id.clone()),
    ("account", |l| l.account.clone()),
    ("tier", |l| l.tier.clone()),
    ("undo", |l| l.undo.clone()),
];

fn csv(lines: &[Line], columns: &[Column]) -> Result<Vec<u8>> {
    let column = |(name, of): &Column| {
        let values: StringArray = lines.iter().map(|line| Some(of(line))).collect();
        (*name, Arc::new(values) as ArrayRef)
    };
    let batch = RecordBatch::try_from_iter(columns.iter().map(column)).context(ErrorKind::Internal, "orders as CSV")?;
    encode(Format::Csv, &batch.schema(), &[batch])
}

/// The folder of a batch. A name never becomes a path of its own.
fn folder_of(batch: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let plain: String = batch.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    if plain.is_empty() { "batch".to_owned() } else { plain }
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("part");
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .context(ErrorKind::Store, format!("{}: cannot be written", path.display()))
}
