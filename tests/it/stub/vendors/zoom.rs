//! Zoom: users of one status at a time, by pages with a token that expires.

use serde_json::{Value, json};

use super::{Holds, TOKEN, Vendor, form, number};
use crate::stub::server::{Reply, Request};

pub static ZOOM: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most users of a page, and what one gets unasked.
const MOST: usize = 300;
const STANDARD: usize = 30;

fn unknown() -> Reply {
    Reply::json(401, &json!({ "code": 124, "message": "Invalid access token." }))
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("POST", ["oauth", "token"]) => {
            let is_known = form(request)["account_id"] == "acc" && form(request)["grant_type"] == "account_credentials";
            if !is_known || request.headers.get("authorization").is_none_or(|shown| !shown.starts_with("Basic ")) {
                return Reply::json(400, &json!({ "reason": "Bad Request", "error": "invalid_request" }));
            }
            let scope = "user:read:list_users:admin";
            let token = json!({ "access_token": TOKEN, "token_type": "bearer", "expires_in": 3599, "scope": scope });
            Reply::json(200, &token)
        }
        ("GET", ["v2", "users"]) => users(holds, request),
        _ => Reply::json(404, &json!({ "code": 404, "message": "HTTP 404 Not Found" })),
    }
}

fn users(holds: &Holds, request: &Request) -> Reply {
    let status = request.query.get("status").map_or("active", String::as_str);
    let size = number(request, "page_size").unwrap_or(STANDARD).min(MOST);
    let from = match request.query.get("next_page_token").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            match token.strip_prefix("IAfJX3jsOLW7w3dokmFl84zOa0MAVGyMEB").and_then(|from| from.parse().ok()) {
                Some(from) => from,
                None => {
                    let message = "The next page token is invalid or expired.";
                    return Reply::json(400, &json!({ "code": 300, "message": message }));
                }
            }
        }
    };
    let all: Vec<Value> = holds.of("users").iter().filter(|user| user["status"] == status).cloned().collect();
    let (users, more) = holds.slice(&all, from, size);
    let next = if more { format!("IAfJX3jsOLW7w3dokmFl84zOa0MAVGyMEB{}", from + users.len()) } else { String::new() };
    let page = json!({
        "page_count": all.len().div_ceil(size), "page_number": 1, "page_size": size, "total_records": all.len(),
        "next_page_token": next, "users": users,
    });
    Reply::json(200, &page)
}

/// Users of every status; of those who are pending next to nothing is known.
pub fn users_of(n: usize) -> Vec<Value> {
    let user = |i: usize| match i % 10 {
        9 => json!({ "id": format!("z{i:021}"), "status": "pending", "email": format!("user{i}@northwind.example"),
            "type": 1, "created_at": "2026-11-01T08:00:00Z" }),
        rest => json!({
            "id": format!("z{i:021}"), "email": format!("user{i}@northwind.example"), "display_name": format!("User {i}"),
            "type": if i.is_multiple_of(4) { 1 } else { 2 }, "status": if rest == 8 { "inactive" } else { "active" },
            "last_login_time": "2026-11-03T09:00:00Z", "created_at": "2022-01-01T00:00:00Z", "dept": "Sales",
            "cost_center": "CC-1", "employee_unique_id": format!("{:05}", i), "role_id": "2", "verified": 1,
        }),
    };
    (0..n).map(user).collect()
}
