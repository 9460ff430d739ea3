//! BambooHR: a report of the fields that are asked for, and requests for time off.

use serde_json::{Map, Value, json};

use super::{Holds, Vendor};
use crate::stub::server::{Reply, Request};

pub static BAMBOOHR: Vendor = Vendor { answer, unknown, scheme: Some("Basic") };

fn unknown() -> Reply {
    Reply::new(401)
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("POST", ["api", "v1", "reports", "custom"]) => {
            let body = request.json();
            let fields: Vec<&str> = body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let is_all = request.query.get("onlyCurrent").is_some_and(|only| only == "false");
            let employees = holds.of("employees").iter().filter(|e| is_all || e["status"] == "Active");
            let shown = |employee: &Value| -> Value {
                let fields =
                    fields.iter().chain(&["id"]).filter_map(|f| Some(((*f).to_owned(), employee.get(*f)?.clone())));
                fields.collect::<Map<_, _>>().into()
            };
            let rows: Vec<Value> = employees.map(shown).collect();
            Reply::json(200, &json!({ "employees": rows, "fields": [], "title": body["title"] }))
        }
        ("GET", ["api", "v1", "time_off", "requests"]) => {
            let (from, to) = (&request.query["start"], &request.query["end"]);
            let touches = |r: &&Value| r["start"].as_str() <= Some(to) && r["end"].as_str() >= Some(from);
            Reply::json(200, &holds.of("requests").iter().filter(touches).cloned().collect())
        }
        _ => Reply::new(404),
    }
}

/// Employees, some of whom have left.
pub fn employees_of(n: usize) -> Vec<Value> {
    let employee = |i: usize| {
        let has_left = i % 6 == 5;
        json!({
            "id": (100 + i).to_string(), "employeeNumber": format!("{:05}", i), "workEmail": format!("user{i}@nw.example"),
            "displayName": format!("Employee {i}"), "status": if has_left { "Inactive" } else { "Active" },
            "employmentHistoryStatus": "Full-Time", "hireDate": "2022-01-03",
            "terminationDate": if has_left { "2026-03-31" } else { "0000-00-00" }, "supervisorEId": "100",
            "division": "Design", "location": "Madrid", "country": "Spain", "payRate": "54321.00 EUR",
        })
    };
    (0..n).map(employee).collect()
}

pub fn requests_of(n: usize) -> Vec<Value> {
    let request = |i: usize| {
        let status = ["approved", "superceded", "canceled"][i % 3];
        json!({
            "id": (5000 + i).to_string(), "employeeId": (100 + i).to_string(), "name": format!("Employee {i}"),
            "status": { "status": status, "lastChanged": "2026-11-01" }, "start": "2026-11-02", "end": "2026-12-31",
            "type": { "id": "78", "name": "Medical" }, "dates": { "2026-11-02": "1" },
        })
    };
    (0..n).map(request).collect()
}
