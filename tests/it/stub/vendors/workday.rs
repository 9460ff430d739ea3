//! A report of Workday as a service: all of it in one answer, under the names that its author chose.

use serde_json::{Value, json};

use super::{Holds, Vendor};
use crate::stub::server::{Reply, Request};

pub static WORKDAY: Vendor = Vendor { answer, unknown, scheme: Some("Basic") };

fn unknown() -> Reply {
    Reply::json(401, &json!({ "error": "invalid username or password" }))
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    let is_json = request.query.get("format").is_some_and(|format| format == "json");
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["ccx", "service", "customreport2", _, _, report])
            if is_json && holds.records.contains_key(*report) =>
        {
            Reply::json(200, &json!({ "Report_Entry": holds.of(report) }))
        }
        _ => Reply::json(404, &json!({ "error": "Report not found" })),
    }
}

/// Workers with what a report may hold and nobody may keep: pay.
pub fn workers_of(n: usize) -> Vec<Value> {
    let worker = |i: usize| {
        let mut worker = json!({
            "Employee_ID": format!("{:05}", i), "Name": format!("Worker {i}"), "Worker_Type": "Employee",
            "Worker_Status": "Active", "Hire_Date": "2022-01-03", "Email_-_Work": format!("user{i}@northwind.example"),
            "Cost_Center": "Design", "Location_Address_-_Country": "Spain", "Total_Base_Pay": "54321.00",
        });
        if i > 0 {
            worker["Worker_s_Manager_group"] = json!([{ "Manager_ID": "00000" }]);
        }
        worker
    };
    (0..n).map(worker).collect()
}

/// Leaves, with what nobody may keep: why.
pub fn leaves_of(n: usize) -> Vec<Value> {
    let leave = |i: usize| {
        json!({
            "Leave_Request_ID": format!("LR-{i}"), "Employee_ID": format!("{:05}", i), "Leave_Start_Date": "2026-11-02",
            "Estimated_Last_Day_of_Leave": "2026-12-31", "Leave_Type": "Disability_USA_Long_Term_Disability",
        })
    };
    (0..n).map(leave).collect()
}
