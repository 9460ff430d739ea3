//! GitHub: seats of Copilot and holders of licences by numbered pages, the next one named by a `Link` header.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Holds, TOKEN, Vendor, claims, number, origin};
use crate::stub::server::{Reply, Request};

pub static GITHUB: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most records of a page, and what one gets unasked.
const MOST: usize = 100;
const STANDARD: usize = 50;
const STANDARD_LICENCES: usize = 30;

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
        ("GET", ["orgs" | "enterprises", _, "copilot", "billing", "seats"]) => {
            let seats = holds.of("seats");
            let holders: BTreeSet<_> = seats.iter().map(|seat| seat["assignee"]["id"].to_string()).collect();
            paged(holds, request, seats, STANDARD, |seats| json!({ "total_seats": holders.len(), "seats": seats }))
        }
        ("GET", ["enterprises", "northwind", "consumed-licenses"]) => {
            let users = holds.of("users");
            // More than were bought.
            let (consumed, purchased) = (users.len(), users.len() - 1);
            paged(
                holds,
                request,
                users,
                STANDARD_LICENCES,
                |users| json!({ "total_seats_consumed": consumed, "total_seats_purchased": purchased, "users": users }),
            )
        }
        _ => Reply::json(404, &json!({ "message": "Not Found", "documentation_url": "https://docs.github.com/rest" })),
    }
}

/// A page of a list.
fn paged(
    holds: &Holds,
    request: &Request,
    all: &[Value],
    standard: usize,
    page_of: impl Fn(&[Value]) -> Value,
) -> Reply {
    let size = number(request, "per_page").unwrap_or(standard).min(MOST).min(holds.page);
    let page = number(request, "page").unwrap_or(1).max(1);
    let (records, more) = holds.slice(all, (page - 1) * size, size);
    let reply =
        Reply::json(200, &page_of(records)).with("x-ratelimit-limit", "5000").with("x-ratelimit-remaining", "4990");
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

/// Holders of licences: people with accounts here and at a server of the house, one at the server only, one who was invited,
/// and a subscriber of Visual Studio.
pub fn licences_of(n: usize) -> Vec<Value> {
    let holder = |i: usize| {
        let (is_invited, is_elsewhere) = (i % 6 == 5, i % 8 == 7);
        let has_both = i.is_multiple_of(3);
        let server = if has_both || is_elsewhere { vec![format!("ghes.northwind.example:{i}")] } else { vec![] };
        json!({
            "github_com_login": if is_elsewhere { Value::Null } else { json!(format!("user{i}_nw")) },
            "github_com_name": if is_elsewhere || is_invited { Value::Null } else { json!(format!("User {i}")) },
            "enterprise_server_user_ids": server, "github_com_user": !is_elsewhere,
            "enterprise_server_user": has_both || is_elsewhere, "visual_studio_subscription_user": i % 10 == 9,
            "license_type": match i % 10 { 9 => "Visual Studio subscription", 4 => "Enterprise", _ => "enterprise" },
            "github_com_profile": format!("https://github.com/user{i}_nw"),
            "github_com_member_roles": if is_invited || is_elsewhere { vec![] } else { vec!["northwind:Member"] },
            "github_com_enterprise_roles": if is_invited || is_elsewhere { vec![] } else { vec!["Member"] },
            "github_com_verified_domain_emails": [format!("user{i}@northwind.example")],
            "github_com_saml_name_id": if is_elsewhere { Value::Null } else { json!(format!("user{i}")) },
            "github_com_orgs_with_pending_invites": if is_invited { vec!["northwind"] } else { vec![] },
            "github_com_two_factor_auth": true, "enterprise_server_primary_emails": [],
            "visual_studio_license_status": "", "visual_studio_subscription_email": "",
            "total_user_accounts": 1 + usize::from(has_both),
        })
    };
    (0..n).map(holder).collect()
}
