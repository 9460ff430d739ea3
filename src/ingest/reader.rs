//! One stream as it is read: the dataset, the names of its fields at this source, the rules of its values.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::explode;
use super::page::{Page, Refusal, Reject, Row, Value};
use super::values::{self, Fault, Raw, Rules};
use crate::config::{Source, StreamOptions, Zone};
use crate::schema::{Dataset, Field, Role, Rule};

/// Names that begin so take a part of the file's path.
pub(super) const PATH: &str = "path:";

/// Reads the files of one stream, extracted on one day.
#[derive(Debug)]
pub(super) struct Reader {
    pub dataset: &'static Dataset,
    pub options: StreamOptions,
    /// For each field the names it may have.
    pub names: Vec<Vec<String>>,
    pub rules: Rules,
    /// The names that the first landing had; none before it.
    known: Option<BTreeSet<String>>,
}

impl Reader {
    pub(super) fn new(
        source: &Source,
        stream: &str,
        dataset: &'static Dataset,
        extract_date: NaiveDate,
        known: Option<BTreeSet<String>>,
    ) -> Self {
        let options = source.stream.get(stream).cloned().unwrap_or_default();
        let rules = Rules {
            extract_date,
            date_format: options.date_format.clone(),
            decimal_comma: options.decimal_comma,
            null_tokens: options.null_tokens.clone(),
            zone: options.zone.or_else(|| documented_zone(dataset)),
        };
        let names = dataset.fields.iter().map(|f| names(f, dataset, &options.columns)).collect();
        Self { dataset, options, names, rules, known }
    }

    /// Whether a column of the source came after its first landing, is no field, and may be kept.
    pub(super) fn is_extra(&self, column: &str) -> bool {
        let is_read = || self.names.iter().flatten().any(|n| n == column || n.split('.').next() == Some(column));
        self.dataset.keeps_extra() && self.known.as_ref().is_some_and(|known| !known.contains(column)) && !is_read()
    }

    /// Whether only the columns of the allow-list may be kept of a row that is set apart.
    pub(super) fn is_hr(&self) -> bool {
        self.dataset.role == Role::Hr
    }

    /// What the file's path says about a field.
    pub(super) fn path_part<'p>(&self, field: usize, path: &'p str) -> Option<&'p str> {
        path_part(self.names[field].iter().find_map(|n| n.strip_prefix(PATH))?, path)
    }

    /// Reads one record into the page: `raw` gives the value of a field, `source` the record as it was written.
    ///
    /// # Errors
    /// A refusal, when a value shows that the whole feed is spoilt.
    pub(super) fn record<'r>(
        &self,
        page: &mut Page,
        number: u64,
        raw: impl Fn(usize) -> Raw<'r>,
        source: impl Fn() -> String,
        extra: Option<String>,
        explode: impl FnOnce(Row) -> Vec<Row>,
    ) -> Result<(), Refusal> {
        let mut values = Vec::with_capacity(self.dataset.fields.len());
        let (mut is_ahead, mut is_twice) = (false, false);
        for (i, field) in self.dataset.fields.iter().enumerate() {
            match values::read(field, raw(i), &self.rules) {
                Ok(value) => {
                    is_ahead |= values::is_ahead(field, &value, &self.rules);
                    is_twice |= values::is_twice(field, raw(i), &self.rules);
                    values.push(value);
                }
                Err(Fault::Row(reason)) => {
                    page.rejects.push(self.reject(number, field.name, reason, &raw, &source));
                    return Ok(());
                }
                Err(Fault::Feed(reason)) => {
                    let message = format!(
                        "record {number}, column `{}`: ids were turned into numbers, most often by a spreadsheet; \
                         export the column as text",
                        self.names[i].first().map_or(field.name, String::as_str)
                    );
                    return Err(Refusal::new(reason, message));
                }
            }
        }
        for mut row in explode(Row { number, values, extra }) {
            match self.complete(&mut row) {
                Ok(note) => {
                    if is_ahead {
                        page.note("activity_ahead");
                    }
                    if is_twice {
                        page.note("dst_fold");
                    }
                    if let Some(note) = note {
                        page.note(note);
                    }
                    page.rows.push(row);
                }
                Err((column, reason)) => page.rejects.push(self.reject(number, column, reason, &raw, &source)),
            }
        }
        Ok(())
    }

    /// Makes what the parser owes to a row, and checks what no single value shows.
    fn complete(&self, row: &mut Row) -> Result<Option<&'static str>, (&'static str, &'static str)> {
        explode::compute(self.dataset, row);
        for (field, value) in self.dataset.fields.iter().zip(&row.values) {
            if field.required && value.is_null() {
                if self.dataset.key.contains(&field.name) && field.name != "sku_id" {
                    return Err((field.name, "empty_key"));
                }
                let is_needed = self.dataset.event_at == Some(field.name) || self.dataset.subject == field.name;
                if is_needed || self.is_hr() {
                    return Err((field.name, "missing_value"));
                }
            }
        }
        explode::check(self.dataset, row)
    }

    fn reject<'r>(
        &self,
        number: u64,
        column: &'static str,
        reason: &'static str,
        raw: &impl Fn(usize) -> Raw<'r>,
        source: &impl Fn() -> String,
    ) -> Reject {
        let written = if self.is_hr() { self.allowed(raw) } else { source() };
        let subject = self.dataset.index(self.dataset.subject).and_then(|i| {
            match values::read(&self.dataset.fields[i], raw(i), &self.rules) {
                Ok(Value::Text(text)) => Some(text),
                _ => None,
            }
        });
        Reject { subject, ..Reject::new(number, column, reason, &written) }
    }

    /// An HR record as far as it may land.
    fn allowed<'r>(&self, raw: &impl Fn(usize) -> Raw<'r>) -> String {
        let cells = self.dataset.fields.iter().enumerate().filter_map(|(i, field)| match raw(i) {
            Raw::Text(text) | Raw::Number(text) => Some((field.name, text.into())),
            Raw::Bool(b) => Some((field.name, serde_json::Value::from(b))),
            Raw::Missing | Raw::Inexact | Raw::Nested => None,
        });
        serde_json::Value::Object(cells.map(|(k, v)| (k.to_owned(), v)).collect()).to_string()
    }

    /// Refuses a file that lacks what it must have; `has` says which fields it has.
    pub(super) fn require(&self, has: &[bool], columns: &[String]) -> Result<(), Refusal> {
        let Some(i) = self.dataset.fields.iter().zip(has).position(|(f, has)| f.required && !has && !is_made(f, self))
        else {
            return Ok(());
        };
        let name = self.names[i].first().map_or(self.dataset.fields[i].name, String::as_str);
        let wanted = name.rsplit('.').next().unwrap_or(name).to_lowercase();
        let folded: BTreeMap<String, &String> = columns.iter().map(|c| (c.to_lowercase(), c)).collect();
        let hint = crate::base::text::nearest(&wanted, folded.keys().map(String::as_str))
            .and_then(|near| folded.get(near))
            .map(|near| format!("; is `{near}` the same? Then map it under `columns` in seatledger.toml"))
            .unwrap_or_default();
        Err(Refusal::new("missing_column", format!("the required column `{name}` is missing{hint}")))
    }
}

/// The part of a path that begins so.
pub(super) fn path_part<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    path.split(['/', '_', '.']).find(|part| part.starts_with(prefix))
}

/// Whether the parser makes a value where the source has none.
fn is_made(field: &Field, reader: &Reader) -> bool {
    field.rule == Rule::Computed || (field.name == "event_id" && reader.dataset.kind == "mapped")
}

fn names(field: &Field, dataset: &Dataset, columns: &BTreeMap<String, String>) -> Vec<String> {
    if let Some(name) = columns.get(field.name) {
        return vec![name.clone()];
    }
    // An account that a vendor knows by its e-mail alone.
    if dataset.kind == "mapped" && field.name == "account_id" {
        return vec![columns.get("email").map_or("account_id", String::as_str).to_owned()];
    }
    field.from.iter().map(|name| (*name).to_owned()).collect()
}

/// ServiceNow and Workday document that times without a zone are UTC; others must be told.
fn documented_zone(dataset: &Dataset) -> Option<Zone> {
    matches!(dataset.kind, "servicenow" | "workday").then_some(Zone::UTC)
}
