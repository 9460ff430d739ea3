//! The door without a server: `outputs/<as_of>/review/`, sheets for people and JSON for machines. Each thing is a file of
//! its own under its key, so that whoever writes at the same time loses nothing; the sheets are made of all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use super::outputs::write;
use super::outward::{Ask, Links, Notice, Order, Outward, Sent};
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::publish::{Format, encode};

/// The folder below that of the day.
pub(super) const FOLDER: &str = "review";
const ASKS: &str = "asks";
const NOTICES: &str = "notices";
const ACTIONS: &str = "actions";
/// Actions that an executor carries out by itself: only their way back is for people.
const EXECUTED: &str = "executed";
/// What stands in the sheet that takes actions back.
const UNDO: &[&str] = &["key", "candidate_id", "app_id", "account_id", "sku_id", "action", "undo"];

/// Writes what goes out into a folder.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Writes into the folder of a day; nothing is made before there is something to write.
    pub fn new(of_day: &Path) -> Self {
        Self { folder: of_day.join(FOLDER) }
    }

    /// Keeps the way back of what an executor is about to do.
    pub(super) fn keep_undo(&self, orders: &[Order]) -> Vec<Result<()>> {
        self.put(EXECUTED, orders, |order| &order.key).into_iter().map(|kept| kept.map(drop)).collect()
    }

    fn put<T: Serialize>(&self, name: &str, things: &[T], key: impl Fn(&T) -> &str) -> Vec<Result<Sent>> {
        let written = self.write(name, things, key);
        let sent = |_: &T| match &written {
            Ok(()) => Ok(Sent { ticket: Some(format!("{FOLDER}/{name}.csv")), ..Sent::default() }),
            Err(error) => Err(Error::new(error.kind(), error.to_string())),
        };
        things.iter().map(sent).collect()
    }

    fn write<T: Serialize>(&self, name: &str, things: &[T], key: impl Fn(&T) -> &str) -> Result<()> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).context(ErrorKind::Store, format!("cannot make {}", folder.display()))?;
        for thing in things {
            let bytes = serde_json::to_vec_pretty(thing).context(ErrorKind::Internal, "JSON")?;
            write(&folder.join(format!("{}.json", key(thing))), &bytes)?;
        }
        // Whoever writes last sees what all others wrote.
        let mut lines = read(&folder)?;
        loop {
            self.write_sheets(name, &lines)?;
            let now = read(&folder)?;
            if now.len() == lines.len() {
                return Ok(());
            }
            lines = now;
        }
    }

    fn write_sheets(&self, name: &str, lines: &[Map<String, Value>]) -> Result<()> {
        let Some(first) = lines.first() else { return Ok(()) };
        let columns: Vec<&str> = first.keys().map(String::as_str).filter(|column| *column != "order").collect();
        write(&self.folder.join(format!("{name}.csv")), &sheet(&columns, lines)?)?;
        let json = serde_json::to_vec_pretty(lines).context(ErrorKind::Internal, "JSON")?;
        write(&self.folder.join(format!("{name}.json")), &json)?;
        let mut batches: BTreeMap<String, Vec<Map<String, Value>>> = BTreeMap::new();
        for line in lines {
            if let Some(batch) = line.get("batch").and_then(Value::as_str) {
                batches.entry(batch.replace('/', "-")).or_default().push(line.clone());
            }
        }
        for (batch, lines) in batches {
            write(&self.folder.join(format!("{}{batch}.csv", undo(name))), &sheet(UNDO, &lines)?)?;
        }
        Ok(())
    }
}

/// How the sheets begin that take actions back.
fn undo(name: &str) -> String {
    if name == EXECUTED { format!("undo-{EXECUTED}-") } else { "undo-".to_owned() }
}

/// Takes out of the folder of a day what is about somebody, and makes its sheets anew; without `apply` counts it.
///
/// # Errors
/// Store when a file cannot be read or written.
pub(super) fn erase(of_day: &Path, is_about: impl Fn(&str) -> bool, apply: bool) -> Result<usize> {
    let files = Files::new(of_day);
    let mut taken = 0;
    for name in [ASKS, NOTICES, ACTIONS, EXECUTED] {
        let folder = files.folder.join(name);
        let mut of_name = 0;
        for path in paths(&folder)? {
            let text = std::fs::read_to_string(&path).context(ErrorKind::Store, format!("{}", path.display()))?;
            if is_about(&text) {
                of_name += 1;
                if apply {
                    std::fs::remove_file(&path).context(ErrorKind::Store, format!("{}", path.display()))?;
                }
            }
        }
        if apply && of_name > 0 {
            for sheet in std::fs::read_dir(&files.folder).into_iter().flatten().flatten() {
                let sheet = sheet.path();
                let of_this = sheet.file_stem().is_some_and(|stem| stem == name);
                let is_undo = sheet.file_name().is_some_and(|file| {
                    let file = file.to_string_lossy();
                    let kind = if file.starts_with(&undo(EXECUTED)) { EXECUTED } else { ACTIONS };
                    kind == name && file.starts_with(&undo(kind))
                });
                if sheet.is_file() && (of_this || is_undo) {
                    std::fs::remove_file(&sheet).context(ErrorKind::Store, format!("{}", sheet.display()))?;
                }
            }
            files.write_sheets(name, &read(&folder)?)?;
        }
        taken += of_name;
    }
    Ok(taken)
}

#[async_trait]
impl Outward for Files {
    fn desk(&self) -> &'static str {
        "files"
    }

    fn channel(&self) -> &'static str {
        "file"
    }

    async fn ask(&self, asks: &[Ask], _links: &Links) -> Vec<Result<Sent>> {
        self.put(ASKS, asks, |ask| &ask.key)
    }

    async fn tell(&self, notices: &[Notice], _links: &Links) -> Vec<Result<Sent>> {
        self.put(NOTICES, notices, |notice| &notice.key)
    }

    async fn order(&self, orders: &[Order]) -> Vec<Result<Sent>> {
        self.put(ACTIONS, orders, |order| &order.key)
    }
}

/// The files of a folder that hold one thing each; none when it is not there.
fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.context(ErrorKind::Store, format!("cannot read {}", folder.display()))?,
    };
    let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_json).collect();
    paths.sort();
    Ok(paths)
}

/// Everything in a folder, by key.
fn read(folder: &Path) -> Result<Vec<Map<String, Value>>> {
    let mut lines = Vec::new();
    for path in paths(folder)? {
        let bytes = std::fs::read(&path).context(ErrorKind::Store, format!("cannot read {}", folder.display()))?;
        lines.push(serde_json::from_slice(&bytes).context(ErrorKind::Data, format!("{}", path.display()))?);
    }
    Ok(lines)
}

fn sheet(columns: &[&str], lines: &[Map<String, Value>]) -> Result<Vec<u8>> {
    let cells = |name: &str| -> ArrayRef {
        Arc::new(lines.iter().map(|line| line.get(name).and_then(cell)).collect::<StringArray>())
    };
    let columns = columns.iter().map(|name| (*name, cells(name), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).context(ErrorKind::Internal, "a sheet")?;
    encode(Format::Csv, &batch.schema(), &[batch])
}

fn cell(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => Some(lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")),
        other => Some(other.to_string()),
    }
}
