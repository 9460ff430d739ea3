//! What single values do not show: rows that a record explodes into, values the parser makes, checks across columns.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::json::Json;
use super::page::{Page, Reject, Row, Value};
use crate::schema::Dataset;

/// A row as the checks see it.
struct View<'r> {
    dataset: &'static Dataset,
    row: &'r mut Row,
}

impl View<'_> {
    fn get(&self, column: &str) -> &Value {
        self.dataset.index(column).map_or(&Value::Null, |i| &self.row.values[i])
    }

    fn set(&mut self, column: &str, value: Value) {
        if let Some(i) = self.dataset.index(column) {
            self.row.values[i] = value;
        }
    }

    fn is_before(&self, end: &str, start: &str) -> bool {
        matches!((self.get(end).day(), self.get(start).day()), (Some(end), Some(start)) if end < start)
    }
}

/// Parts a record that is several rows: an Atlassian account is one per product, each with what its own entry says.
pub(super) fn parts(dataset: &Dataset, record: Json) -> Vec<Json> {
    const PRODUCTS: &str = "product_access";
    if dataset.kind != "atlassian" {
        return vec![record];
    }
    let count = record.get(PRODUCTS).map_or(0, |products| products.items().len());
    if count < 2 {
        return vec![record];
    }
    let Json::Map(entries) = record else { return vec![record] };
    let with_only = |at: usize| {
        let entry = |(key, value): &(String, Json)| match key.as_str() {
            PRODUCTS => (key.clone(), Json::List(value.items().get(at).cloned().into_iter().collect())),
            _ => (key.clone(), value.clone()),
        };
        Json::Map(entries.iter().map(entry).collect())
    };
    (0..count).map(with_only).collect()
}

/// Turns one record into rows: a Microsoft user has one per licence and per way it was granted.
pub(super) fn explode(dataset: &Dataset, record: &Json, row: Row) -> Vec<Row> {
    if dataset.table() != "microsoft365_users" {
        return vec![row];
    }
    let (Some(sku), Some(group)) = (dataset.index("sku_id"), dataset.index("assigned_by_group")) else {
        return vec![row];
    };
    let states = record.get("licenseAssignmentStates").map_or(&[][..], Json::items);
    let held = record.get("assignedLicenses").map_or(&[][..], Json::items);
    let mut grants = BTreeSet::new();
    for sku_id in held.iter().filter_map(|l| l.get("skuId")?.text()) {
        let of_sku = states.iter().filter(|s| s.get("skuId").and_then(Json::text) == Some(sku_id));
        let groups: BTreeSet<_> = of_sku.map(|s| s.get("assignedByGroup").and_then(Json::text)).collect();
        let groups = if groups.is_empty() { BTreeSet::from([None]) } else { groups };
        grants.extend(groups.into_iter().map(|g| (sku_id, g)));
    }
    if grants.is_empty() {
        return vec![row];
    }
    let text = |t: Option<&str>| t.map_or(Value::Null, |t| Value::Text(t.to_owned()));
    let granted = |(sku_id, by): (&str, Option<&str>)| {
        let mut row = row.clone();
        row.values[sku] = text(Some(sku_id));
        row.values[group] = text(by);
        row
    };
    grants.into_iter().map(granted).collect()
}

/// Makes the values that the source does not write.
pub(super) fn compute(dataset: &'static Dataset, row: &mut Row) {
    let mut view = View { dataset, row };
    if dataset.index("is_concealed").is_some() {
        let is_concealed = view.get("user_principal_name").text().is_some_and(is_concealed);
        view.set("is_concealed", Value::Bool(is_concealed));
    }
    match dataset.table().as_str() {
        "mapped_activity" => {
            if view.get("uses").is_null() {
                view.set("uses", Value::Int(1));
            }
            if view.get("event_id").is_null() {
                let id = Value::Text(event_id(view.row));
                view.set("event_id", id);
            }
        }
        "servicenow_entitlements" => {
            let words = [("line_type", "normal"), ("billing_period", "annually")];
            for (column, default) in words {
                let word = view.get(column).text().map_or_else(|| default.to_owned(), |w| canonical(w).to_owned());
                view.set(column, Value::Text(word));
            }
        }
        _ => {}
    }
}

/// The words of ServiceNow's choices that mean the same.
fn canonical(word: &str) -> &str {
    match word.to_ascii_lowercase().as_str() {
        "monthly" | "month" => "monthly",
        "quarterly" | "quarter" => "quarterly",
        "annually" | "annual" | "yearly" | "year" => "annually",
        "entire" | "entire term" | "one time" => "entire",
        "normal" | "purchase" | "subscription" => "normal",
        "credit" => "credit",
        "refund" => "refund",
        _ => word,
    }
}

/// Whether a Microsoft report hides the name: 32 hexadecimal digits.
fn is_concealed(upn: &str) -> bool {
    upn.len() == 32 && upn.bytes().all(|b| b.is_ascii_hexdigit())
}

/// An id for an event without one: the hash of its values, so that landing it twice adds nothing.
fn event_id(row: &Row) -> String {
    crate::store::hex(&Sha256::digest(format!("{:?}", row.values).as_bytes()))
}

/// Checks a row as a whole; what is odd but legal comes back as a note.
///
/// # Errors
/// The column and the reason for which the row is kept apart.
pub(super) fn check(
    dataset: &'static Dataset,
    row: &mut Row,
) -> Result<Option<&'static str>, (&'static str, &'static str)> {
    let view = View { dataset, row };
    match dataset.stream {
        "workers" if view.is_before("end_on", "start_on") => Err(("end_on", "termination_before_hire")),
        "leaves" if view.is_before("end_on", "start_on") => Err(("end_on", "leave_ends_before_start")),
        "leaves" if view.is_before("estimated_end_on", "start_on") => {
            Err(("estimated_end_on", "leave_ends_before_start"))
        }
        "project_assignments" if view.is_before("end_on", "start_on") => Err(("end_on", "ends_before_start")),
        "contracts" | "entitlements" if view.is_before("ends_on", "starts_on") => Err(("ends_on", "ends_before_start")),
        "entitlements" => check_entitlement(&view),
        _ => Ok(None),
    }
}

fn check_entitlement(view: &View<'_>) -> Result<Option<&'static str>, (&'static str, &'static str)> {
    let line_type = view.get("line_type").text().unwrap_or_default();
    if !matches!(line_type, "normal" | "credit" | "refund") {
        return Err(("line_type", "unknown_word"));
    }
    if !matches!(view.get("billing_period").text(), Some("monthly" | "quarterly" | "annually" | "entire")) {
        return Err(("billing_period", "unknown_word"));
    }
    match view.get("unit_price") {
        Value::Decimal(price) if *price < 0 && line_type == "normal" => Err(("unit_price", "negative_price")),
        Value::Decimal(0 | 10_000) => Ok(Some("placeholder_price")),
        Value::Decimal(_) if view.get("currency").is_null() => Err(("currency", "unknown_currency")),
        _ => Ok(None),
    }
}

/// Keeps apart a leave that begins inside another one of the same worker; both ends must be known.
pub(super) fn part_overlapping_leaves(dataset: &Dataset, pages: &mut [Page]) {
    let (Some(id), Some(worker), Some(start), Some(end), Some(status)) = (
        dataset.index("leave_id"),
        dataset.index("worker_id"),
        dataset.index("start_on"),
        dataset.index("end_on"),
        dataset.index("status"),
    ) else {
        return;
    };
    let mut spans = Vec::new();
    for (p, page) in pages.iter().enumerate() {
        for (r, row) in page.rows.iter().enumerate() {
            let counts = row.values[status].text().is_none_or(|s| s.eq_ignore_ascii_case("approved"));
            if let (true, Some(from), Some(to)) = (counts, row.values[start].day(), row.values[end].day()) {
                spans.push((row.values[worker].text(), from, to, row.values[id].text(), p, r));
            }
        }
    }
    spans.sort();
    let mut overlapping = BTreeSet::new();
    let mut open: Option<(Option<&str>, i32, Option<&str>)> = None;
    for (worker, from, to, id, p, r) in spans {
        match open {
            Some((w, until, other)) if w == worker && from <= until => {
                if other != id {
                    overlapping.insert((p, r));
                }
                open = Some((w, until.max(to), other));
            }
            _ => open = Some((worker, to, id)),
        }
    }
    for (p, r) in overlapping.into_iter().rev() {
        let row = pages[p].rows.remove(r);
        let subject = row.values[worker].text().map(str::to_owned);
        let reject = Reject::new(row.number, "start_on", "overlapping_leave", "");
        pages[p].rejects.push(Reject { subject, ..reject });
    }
}
