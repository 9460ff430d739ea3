//! GitHub: seats of Copilot by numbered pages, the next one named by a `Link` header.

use serde_json::{Value, json};

use super::{Holds, TOKEN, Vendor, claims, number, origin};
use crate::stub::server::{Reply, Request};

pub static GITHUB: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most seats of a page, and what one gets unasked.
const MOST: usize = 100;
const STANDARD: usize = 50;

fn unknown() -> Reply {
    let docs = "https://docs.github.com/rest";
    Reply::json(401, &json!({ "message": "Bad credentials", "documentation_url": docs, "status": "401" }))
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match (request.method.as_str(), &request.segments()[..]) {
        ("POST", ["app", "installations", "77", "access_tokens"]) => {
            let shown = request.headers["authorization"].strip_prefix("Bearer ").map(claims);
            if shown.is_none_or(|claims| claims["iss"] != "Iv1.seatledger") {
                return unknown();
            }
            Reply::json(201, &json!({ "token": TOKEN, "expires_at": "2099-01-01T00:00:00Z" }))
        }
        ("GET", ["orgs" | "enterprises", _, "copilot", "billing", "seats"]) => seats(holds, request),
        _ => Reply::json(404, &json!({ "message": "Not Found", "documentation_url": "https://docs.github.com/rest" })),
    }
}

fn seats(holds: &Holds, request: &Request) -> Reply {
    let size = number(request, "per_page").unwrap_or(STANDARD).min(MOST).min(holds.page);
    let page = number(request, "page").unwrap_or(1).max(1);
    let all = holds.of("seats");
    let (seats, more) = holds.slice(all, (page - 1) * size, size);
    let holders: std::collections::BTreeSet<_> = all.iter().map(|seat| seat["assignee"]["id"].to_string()).collect();
    let reply = Reply::json(200, &json!({ "total_seats": holders.len(), "seats": seats }))
        .with("x-ratelimit-limit", "5000")
        .with("x-ratelimit-remaining", "4990");
    if !more {
        return reply;
    }
    let link = |n: usize| format!("<{}{}?per_page={size}&page={n}>", origin(request), request.path);
    let last = all.len().div_ceil(size);
    reply.with("Link", format!("{}; rel=\"next\", {}; rel=\"last\"", link(page + 1), link(last)))
}

/// Seats; every fifth holder has one by two teams, and one has not used it for longer than is kept.
pub fn seats_of(n: usize) -> Vec<Value> {
    let seat = |i: usize, team: Option<&str>| {
        json!({
            "created_at": "2026-01-03T09:00:00-06:00", "updated_at": "2026-01-03T09:00:00-06:00",
            "pending_cancellation_date": if i % 17 == 16 { json!("2026-12-12") } else { Value::Null },
            "last_activity_at": if i % 8 == 7 { Value::Null } else { json!("2026-11-09T12:00:00-06:00") },
            "last_activity_editor": "vscode/1.95.3/copilot/1.246.0", "plan_type": "business",
            "assignee": { "login": format!("user{i}_nw"), "id": 1000 + i, "type": "User" },
            "assigning_team": team.map(|slug| json!({ "id": 7, "name": slug, "slug": slug })),
            "organization": { "login": "northwind", "id": 9871 },
        })
    };
    let seats = (0..n).flat_map(|i| match i % 5 {
        4 => vec![seat(i, Some("platform")), seat(i, Some("copilot-early"))],
        3 => vec![seat(i, Some("platform"))],
        _ => vec![seat(i, None)],
    });
    seats.collect()
}
