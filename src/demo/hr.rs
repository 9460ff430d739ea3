//! Workday: three reports of a tenant, each one JSON document with everything in it.

use super::company::{PRACTICES, Person};
use super::out::{Job, Out};
use super::rng::{hash, hex32};
use super::text::{Calendar, Day, Js, put};
use crate::base::Result;

/// Hires and ends become known this many days ahead.
const KNOWN_AHEAD: Day = 30;

/// The landings of Workday on these days.
pub fn jobs<'a>(out: &'a Out, people: &'a [Person], calendar: Calendar, landings: &[Day]) -> Vec<Job<'a>> {
    landings
        .iter()
        .map(|day| -> Job<'a> {
            let day = *day;
            Box::new(move || land(out, people, calendar, day))
        })
        .collect()
}

fn land(out: &Out, people: &[Person], calendar: Calendar, day: Day) -> Result<()> {
    let date = calendar.date(day);
    let path = |stream: &str, report: &str| format!("extracts/workday/{stream}/{date}/{report}.json.gz");
    out.file(&path("workers", "CR_INT_SeatLedger_Workers"), workers(people, calendar, day))?;
    out.file(&path("leaves", "CR_INT_SeatLedger_Leaves"), leaves(people, calendar, day))?;
    out.file(&path("project_assignments", "CR_INT_SeatLedger_Assignments"), projects(people, calendar, day))
}

fn report(rows: impl FnOnce(&mut String)) -> String {
    let mut text = String::from("{\"Report_Entry\":[");
    rows(&mut text);
    if text.ends_with(",\n") {
        text.truncate(text.len() - 2);
    }
    text.push_str("]}\n");
    text
}

fn workers(people: &[Person], calendar: Calendar, day: Day) -> String {
    report(|text| {
        for person in people {
            for spell in person.spells.iter().filter(|s| s.start <= day + KNOWN_AHEAD) {
                let end = spell.end.filter(|end| *end <= day + KNOWN_AHEAD);
                put!(
                    text,
                    "{{\"Employee_ID\":{},\"Universal_ID\":\"{}\",\"Name\":{},",
                    Js(&spell.worker_id),
                    person.universal_id(),
                    Js(&person.name)
                );
                put!(
                    text,
                    "\"Worker_Type\":\"{}\",\"Worker_Status\":\"{}\",\"Hire_Date\":\"{}\",",
                    person.worker_type,
                    if end.is_some_and(|e| e < day) { "Terminated" } else { "Active" },
                    calendar.date(spell.start)
                );
                if let Some(end) = end {
                    put!(text, "\"Termination_Date\":\"{}\",", calendar.date(end));
                }
                put!(
                    text,
                    "\"Email_-_Work\":{},\"Job_Family\":{},\"Practice_Name\":\"{}\",\"Cost_Center_ID\":\"{}\",",
                    Js(person.email_on(day)),
                    Js(person.family),
                    PRACTICES[person.practice].name,
                    person.cost_center()
                );
                put!(
                    text,
                    "\"Region\":\"{}\",\"Location_Address_-_Country\":\"{}\",\"Is_Primary_Job\":\"1\"",
                    person.office().region,
                    person.office().country
                );
                if let Some(manager) = person.manager.and_then(|m| people[m].worker_id(day)) {
                    put!(text, ",\"Worker_s_Manager_group\":[{{\"Manager_ID\":{}}}]", Js(manager));
                }
                text.push_str("},\n");
            }
        }
    })
}

/// The leave's type is in the tenant's report, as it is in real ones; it must never land.
fn leaves(people: &[Person], calendar: Calendar, day: Day) -> String {
    report(|text| {
        for person in people {
            for (n, leave) in person.leaves.iter().enumerate().filter(|(_, l)| l.start <= day + KNOWN_AHEAD) {
                let Some(worker) = person.worker_id(day) else { continue };
                put!(
                    text,
                    "{{\"Leave_Request_ID\":\"{}\",\"Employee_ID\":{},\"Leave_Start_Date\":\"{}\",",
                    hex32(hash(&person.okta_id) ^ (n as u64 + 1)),
                    Js(worker),
                    calendar.date(leave.start)
                );
                put!(
                    text,
                    "\"Estimated_Leave_End_Date\":\"{}\",\"Leave_End_Date\":\"{}\",",
                    calendar.or(leave.estimated, ""),
                    calendar.or(leave.end.filter(|end| *end <= day), "")
                );
                text.push_str("\"Leave_of_Absence_Type\":\"Regulatory_Parental_Leave\"},\n");
            }
        }
    })
}

fn projects(people: &[Person], calendar: Calendar, day: Day) -> String {
    report(|text| {
        for person in people {
            for (n, (start, end)) in person.projects.iter().enumerate().filter(|(_, p)| p.0 <= day + 60) {
                let Some(worker) = person.worker_id(day) else { continue };
                let key = hash(&person.okta_id) ^ (n as u64 + 77);
                put!(
                    text,
                    "{{\"Assignment_ID\":\"{}\",\"Employee_ID\":{},\"Project_ID\":\"PRJ-{:04}\",",
                    hex32(key),
                    Js(worker),
                    key % 400 + 1000
                );
                put!(
                    text,
                    "\"Assignment_Start_Date\":\"{}\",\"Assignment_End_Date\":\"{}\"}},\n",
                    calendar.date(*start),
                    calendar.or(*end, "")
                );
            }
        }
    })
}
