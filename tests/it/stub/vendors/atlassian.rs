//! Atlassian: managed accounts of an organisation, a page leading to the next by the whole address of it.

use serde_json::{Value, json};

use super::{Holds, Vendor, origin};
use crate::stub::server::{Reply, Request};

pub static ATLASSIAN: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most accounts of a page.
const MOST: usize = 100;
/// How cursors begin.
const CURSOR: &str = "MDNlZWRmNzMt";

fn failed(status: u16, title: &str) -> Reply {
    Reply::json(status, &json!({ "errors": [{ "status": status.to_string(), "title": title }] }))
}

fn unknown() -> Reply {
    failed(401, "Unauthorized")
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["admin", "v1", "orgs", "b1d7", "users"]) => users(holds, request),
        _ => failed(404, "Not Found"),
    }
}

fn users(holds: &Holds, request: &Request) -> Reply {
    let from = match request.query.get("cursor") {
        None => 0,
        Some(cursor) => match cursor.strip_prefix(CURSOR).and_then(|from| from.parse().ok()) {
            Some(from) => from,
            None => return failed(400, "Invalid page cursor"),
        },
    };
    let all = holds.of("users");
    let (users, more) = holds.slice(all, from, MOST);
    let here = format!("{}{}", origin(request), request.path);
    let next = more.then(|| format!("{here}?cursor={CURSOR}{}", from + users.len()));
    let links = json!({ "self": here, "next": next });
    Reply::json(200, &json!({ "data": users, "meta": { "total": all.len() }, "links": links }))
}

/// Accounts: of people with one product or two, some never opened; one that is closed, one of an app, one that nobody pays.
pub fn users_of(n: usize) -> Vec<Value> {
    let product = |key: &str, last: Option<&str>| {
        let mut product = json!({ "key": key, "name": key, "url": "https://northwind.atlassian.net" });
        if let Some(last) = last {
            product["last_active"] = json!(last);
        }
        product
    };
    let user = |i: usize| {
        let jira = product("jira-software", Some("2026-11-18T08:00:00.000Z"));
        let products = match i % 4 {
            0 => vec![jira, product("confluence", None)],
            1 => vec![jira, product("confluence", Some("2026-11-17"))],
            2 => vec![jira],
            _ => vec![],
        };
        json!({
            "account_id": format!("557058:{i:08}"), "account_type": if i % 11 == 10 { "app" } else { "atlassian" },
            "account_status": if i % 9 == 8 { "closed" } else { "active" }, "name": format!("User {i}"),
            "picture": "https://avatar-management.services.atlassian.com/default/48",
            "email": format!("user{i}@northwind.example"), "access_billable": i % 7 != 6,
            "last_active": if products.is_empty() { Value::Null } else { json!("2026-11-18T08:00:00.000Z") },
            "product_access": products, "links": { "self": format!("https://api.atlassian.com/users/{i}") },
        })
    };
    (0..n).map(user).collect()
}
