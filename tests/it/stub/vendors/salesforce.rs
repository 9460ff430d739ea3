//! Salesforce: SOQL over REST. A query gives pages of its fields, each with `attributes`; the next one lies at the path
//! that the page names. And Bulk API 2.0: a job for a query, done at once, its results in CSV by a locator.

use serde_json::{Map, Value, json};

use super::{Holds, TOKEN, Vendor, claims, form, number, origin};
use crate::stub::server::{Reply, Request};

pub static SALESFORCE: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most records of a page.
const BATCH: usize = 2000;

fn failed(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!([{ "errorCode": code, "message": message }]))
}

fn unknown() -> Reply {
    failed(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("POST", ["services", "oauth2", "token"]) => {
            let form = form(request);
            let claims = claims(&form["assertion"]);
            if claims["aud"] != "https://login.salesforce.com" || claims["sub"] != "collector@northwind.example" {
                return Reply::json(400, &json!({ "error": "invalid_grant" }));
            }
            Reply::json(200, &json!({ "access_token": TOKEN, "instance_url": origin(request), "token_type": "Bearer" }))
        }
        ("GET", ["services", "data", version, "query"]) => query(holds, version, &request.query["q"], 0),
        // The rest of a query stands for the query: a stub needs no memory.
        ("GET", ["services", "data", version, "query", locator]) => match locator.split_once('-') {
            Some((hex, from)) => match (unhex(hex), from.parse()) {
                (Some(soql), Ok(from)) => query(holds, version, &soql, from),
                _ => failed(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
            },
            None => failed(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
        },
        ("POST", ["services", "data", _, "jobs", "query"]) => match request.json() {
            job if job["operation"] == "query" => {
                let id = hex(job["query"].as_str().unwrap_or_default());
                Reply::json(200, &json!({ "id": id, "operation": "query", "state": "UploadComplete" }))
            }
            _ => failed(400, "INVALIDJOB", "no such operation"),
        },
        ("GET", ["services", "data", _, "jobs", "query", id]) => {
            let count = unhex(id).and_then(|soql| Some(meant(holds, &soql)?.2.len()));
            Reply::json(200, &json!({ "id": id, "state": "JobComplete", "numberRecordsProcessed": count }))
        }
        ("GET", ["services", "data", _, "jobs", "query", id, "results"]) => {
            let (most, from) = (number(request, "maxRecords"), number(request, "locator"));
            results(holds, &unhex(id).unwrap_or_default(), from.unwrap_or(0), most.unwrap_or(usize::MAX))
        }
        ("DELETE", ["services", "data", _, "jobs", "query", _]) => Reply::new(204),
        _ => failed(404, "NOT_FOUND", "The requested resource does not exist"),
    }
}

/// The fields of a query, and the records that it means.
fn meant<'h>(holds: &'h Holds, soql: &str) -> Option<(Vec<String>, String, Vec<&'h Value>)> {
    let words: Vec<&str> = soql.split_whitespace().collect();
    let at = |word: &str| words.iter().position(|w| w.eq_ignore_ascii_case(word));
    let (Some(0), Some(from_at)) = (at("select"), at("from")) else { return None };
    let fields = words[1..from_at].concat();
    let fields = fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
    let object = words[from_at + 1];
    let records = holds.of(object).iter().filter(|record| is_meant(record, &words)).collect();
    Some((fields, object.to_owned(), records))
}

/// A piece of what a job wrote: every value in quotes, instants ending in `Z`, and where the next piece begins.
fn results(holds: &Holds, soql: &str, from: usize, most: usize) -> Reply {
    let Some((fields, _, records)) = meant(holds, soql) else { return failed(400, "INVALIDJOB", "no such job") };
    let from = from.min(records.len());
    let to = records.len().min(from + most.min(holds.page));
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let cell = |record: &Value, field: &String| match walk(record, field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => quoted(&text.replace(".000+0000", ".000Z")),
        Some(other) => quoted(&other.to_string()),
    };
    let mut csv = line(fields.iter().map(|field| quoted(field)).collect());
    csv.extend(records[from..to].iter().map(|record| line(fields.iter().map(|field| cell(record, field)).collect())));
    let next = if to < records.len() { to.to_string() } else { "null".to_owned() };
    let reply = Reply { body: csv.into_bytes(), ..Reply::new(200) };
    reply.with("Content-Type", "text/csv").with("Sforce-Locator", next)
}

fn query(holds: &Holds, version: &str, soql: &str, from: usize) -> Reply {
    let Some((fields, object, records)) = meant(holds, soql) else {
        return failed(400, "MALFORMED_QUERY", "unexpected token");
    };
    let known = |field: &String| records.is_empty() || records.iter().any(|r| walk(r, field).is_some());
    if let Some(field) = fields.iter().find(|field| !known(field)) {
        return failed(400, "INVALID_FIELD", &format!("No such column '{field}' on entity '{object}'"));
    }
    let from = from.min(records.len());
    let to = records.len().min(from + BATCH.min(holds.page));
    let (page, more) = (&records[from..to], to < records.len());
    let shown: Vec<Value> = page.iter().map(|record| selected(record, &object, version, &fields)).collect();
    let mut reply = json!({ "totalSize": records.len(), "done": !more, "records": shown });
    if more {
        let locator = format!("{}-{}", hex(soql), from + page.len());
        reply["nextRecordsUrl"] = json!(format!("/services/data/{version}/query/{locator}"));
    }
    Reply::json(200, &reply).with("Sforce-Limit-Info", "api-usage=18/5000")
}

/// Whether a record satisfies conditions of the form `Field >= instant` and `Field < instant`.
fn is_meant(record: &Value, words: &[&str]) -> bool {
    words.windows(3).all(|w| {
        let value = || walk(record, w[0]).and_then(Value::as_str).unwrap_or_default().replace(".000+0000", "Z");
        match w[1] {
            ">=" => *value() >= *w[2],
            "<" => *value() < *w[2],
            _ => true,
        }
    })
}

fn walk<'v>(record: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(record, |value, key| value.get(key))
}

/// The fields of a record that a query names, a relation within an object of its own.
fn selected(record: &Value, object: &str, version: &str, fields: &[String]) -> Value {
    let id = record["Id"].as_str().unwrap_or_default();
    let url = |kind: &str, id: &str| format!("/services/data/{version}/sobjects/{kind}/{id}");
    let mut shown = Map::from_iter([("attributes".to_owned(), json!({ "type": object, "url": url(object, id) }))]);
    for field in fields {
        let value = walk(record, field).cloned().unwrap_or_default();
        match field.split_once('.') {
            None => drop(shown.insert(field.clone(), value)),
            Some((relation, inner)) => {
                let of = shown.entry(relation).or_insert_with(|| json!({ "attributes": { "type": relation } }));
                of[inner] = value;
            }
        }
    }
    shown.into()
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn unhex(hex: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// An id of 18 characters.
fn id(prefix: &str, n: usize) -> String {
    format!("{prefix}{n:012}AAA")
}

/// Users, one who never logged in and one without an employee number among them.
pub fn users_of(n: usize) -> Vec<Value> {
    let user = |i: usize| {
        json!({
            "Id": id("005", i),
            "Username": format!("user{i}@northwind.example.sfdc"),
            "Email": format!("user{i}@northwind.example"),
            "Name": format!("User \"{i}\" O'Neil"),
            "IsActive": i % 9 != 8,
            "UserType": "Standard",
            "ProfileId": id("00e", i % 3),
            "Profile": { "UserLicenseId": id("100", i % 3) },
            "FederationIdentifier": format!("user{i}@northwind.example"),
            "EmployeeNumber": if i % 4 == 3 { Value::Null } else { json!(format!("{:05}", i)) },
            "LastLoginDate": if i % 6 == 5 { Value::Null } else { json!("2026-11-01T12:00:00.000+0000") },
            "CreatedDate": "2023-06-01T12:00:00.000+0000",
        })
    };
    (0..n).map(user).collect()
}

pub fn licences_of(n: usize) -> Vec<Value> {
    let licence = |i: usize| {
        json!({
            "Id": id("100", i), "Name": format!("Salesforce {i}"), "MasterLabel": format!("Salesforce {i}"),
            "LicenseDefinitionKey": format!("SFDC_{i}"), "Status": "Active", "TotalLicenses": 100, "UsedLicenses": 101,
        })
    };
    (0..n).map(licence).collect()
}

/// Logins, a tenth of them failed, a day and a bit apart up to a day.
pub fn logins_of(n: usize, through: &str) -> Vec<Value> {
    let through: chrono::NaiveDate = through.parse().unwrap();
    let login = |i: usize| {
        let day = through - chrono::Days::new(i as u64 % 5);
        json!({
            "Id": id("0Ya", i), "UserId": id("005", i % 7),
            "LoginTime": format!("{day}T{:02}:15:00.000+0000", i % 24),
            "Status": if i % 10 == 9 { "Failed: InResponseTo Invalid" } else { "Success" },
            "Application": "Browser", "LoginType": "SAML Sfdc Initiated SSO",
        })
    };
    (0..n).map(login).collect()
}
