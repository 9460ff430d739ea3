//! The Table API of ServiceNow, as it is read: a value beside what people see, pages by offset that may be short, and a
//! `Link` to the next one as long as there is any.

use serde_json::{Map, Value, json};

use super::{Holds, Vendor, number, origin};
use crate::stub::server::{Reply, Request};

pub static ITAM: Vendor = Vendor { answer, unknown, scheme: Some("Basic") };

/// What one gets unasked.
const STANDARD: usize = 10_000;

fn unknown() -> Reply {
    let error = json!({ "message": "User Not Authenticated", "detail": "Required to provide Auth information" });
    Reply::json(401, &json!({ "error": error, "status": "failure" }))
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["api", "now", "table", table]) if holds.records.contains_key(*table) => rows(holds, table, request),
        _ => Reply::json(400, &json!({ "error": { "message": "Invalid table" }, "status": "failure" })),
    }
}

fn rows(holds: &Holds, table: &str, request: &Request) -> Reply {
    let all = holds.of(table);
    let limit = number(request, "sysparm_limit").unwrap_or(STANDARD).min(holds.page);
    let offset = number(request, "sysparm_offset").unwrap_or(0);
    let fields: Vec<&str> =
        request.query.get("sysparm_fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
    let (page, more) = holds.slice(all, offset, limit);
    // Rows that the reader may not see are taken out of a page that was cut before.
    let seen = page.iter().filter(|row| row["sys_class_name"] != "hidden");
    let both = request.query.get("sysparm_display_value").is_some_and(|how| how == "all");
    let shown = |row: &Value| -> Value {
        let row = row.as_object().unwrap();
        let is_asked = |(key, _): &(&String, &Value)| fields.is_empty() || fields.contains(&key.as_str());
        let cell = |(key, value): (&String, &Value)| (key.clone(), cell(value, both));
        row.iter().filter(is_asked).map(cell).collect::<Map<_, _>>().into()
    };
    let reply = Reply::json(200, &json!({ "result": seen.map(shown).collect::<Vec<_>>() }))
        .with("X-Total-Count", all.len().to_string());
    if !more {
        return reply;
    }
    let others: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| *name != "sysparm_offset")
        .map(|(name, value)| format!("{name}={}", value.replace('^', "%5E")))
        .collect();
    let next = format!("{}{}?{}&sysparm_offset={}", origin(request), request.path, others.join("&"), offset + limit);
    reply.with("Link", format!("<{next}>;rel=\"next\""))
}

/// A value as it is, or beside its display: text that is empty is never null.
fn cell(value: &Value, both: bool) -> Value {
    let (value, display) = match value.as_array().map(Vec::as_slice) {
        Some([value, display]) => (value.clone(), display.clone()),
        _ => (value.clone(), value.clone()),
    };
    if both { json!({ "display_value": display, "value": value }) } else { value }
}

/// Contracts, one of them open, some that the reader may not see.
pub fn contracts_of(n: usize) -> Vec<Value> {
    let contract = |i: usize| {
        json!({
            "sys_id": format!("{i:032x}"), "number": format!("CNTR{i:07}"), "sys_class_name": hidden(i),
            "vendor": [format!("{:032x}", 900 + i), format!("Vendor {i}")], "starts": "2026-01-01",
            "ends": if i % 9 == 8 { "" } else { "2026-12-31" }, "state": ["active", "Active"],
            "payment_amount": "1000.00", "business_owner": [format!("{:032x}", 800 + i), "Mia Marin"],
            "cost_center": [format!("{:032x}", 700 + i), "Design"], "po_number": format!("PO{i}"), "currency": "EUR",
        })
    };
    (0..n).map(contract).collect()
}

pub fn entitlements_of(n: usize) -> Vec<Value> {
    let line = |i: usize| {
        json!({
            "sys_id": format!("{:032x}", 10_000 + i), "contract": [format!("{i:032x}"), format!("CNTR{i:07}")],
            "software_model": [format!("{:032x}", 500 + i), "Figma Enterprise"], "publisher_part_number": "FIG-ENT",
            "purchased_rights": (10 + i).to_string(), "unit_cost": "75.00", "currency": "USD",
            "subscription_period": ["monthly", "Monthly"], "start_date": "2026-01-01", "end_date": "2026-12-31",
        })
    };
    (0..n).map(line).collect()
}

pub fn cost_centers_of(n: usize) -> Vec<Value> {
    let center = |i: usize| {
        json!({
            "sys_id": format!("{:032x}", 700 + i), "code": (1000 + i).to_string(), "name": format!("Design {i}"),
            "owner": [format!("{:032x}", 800 + i), "Mia Marin"], "owner.email": "mia@northwind.example", "parent": "",
        })
    };
    (0..n).map(center).collect()
}

fn hidden(i: usize) -> &'static str {
    // A whole page of them, and one within a page.
    if i == 1 || (4..8).contains(&i) { "hidden" } else { "ast_contract" }
}
