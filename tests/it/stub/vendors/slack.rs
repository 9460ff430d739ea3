//! Slack: members by cursor, and the file of a day, a gzip of lines. Whatever goes wrong is said with status 200.

use serde_json::{Value, json};

use super::{Holds, Vendor, number};
use crate::stub::server::{Reply, Request};

pub static SLACK: Vendor = Vendor { answer, unknown, scheme: Some("Bearer") };

/// The most members of a page.
const MOST: usize = 1000;

fn failed(error: &str) -> Reply {
    Reply::json(200, &json!({ "ok": false, "error": error }))
}

fn unknown() -> Reply {
    failed("invalid_auth")
}

fn answer(holds: &Holds, request: &Request) -> Reply {
    match &request.segments()[..] {
        ["api", "users.list"] => members(holds, request),
        ["api", "admin.analytics.getFile"] => match request.query.get("type").map(String::as_str) {
            Some("member") => match holds.files.get(&request.query["date"]) {
                Some(bytes) => Reply {
                    status: 200,
                    headers: vec![("Content-Type", "application/gzip".to_owned())],
                    body: bytes.clone(),
                },
                None => failed("file_not_found"),
            },
            _ => failed("invalid_type"),
        },
        _ => failed("unknown_method"),
    }
}

fn members(holds: &Holds, request: &Request) -> Reply {
    let from = match request.query.get("cursor").filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => match cursor.strip_prefix("dXNlcjpV").and_then(|from| from.parse().ok()) {
            Some(from) => from,
            None => return failed("invalid_cursor"),
        },
    };
    let (members, more) = holds.slice(holds.of("members"), from, number(request, "limit").unwrap_or(MOST).min(MOST));
    let next = if more { format!("dXNlcjpV{}", from + members.len()) } else { String::new() };
    let page = json!({
        "ok": true, "members": members, "cache_ts": 1_795_000_000, "response_metadata": { "next_cursor": next },
    });
    Reply::json(200, &page)
}

/// Members, a bot, a guest and one who is gone among them.
pub fn members_of(n: usize) -> Vec<Value> {
    let member = |i: usize| {
        json!({
            "id": format!("U{i:08}"), "team_id": "T0NORTHW1", "name": format!("user{i}"), "deleted": i % 9 == 8,
            "profile": { "real_name": format!("Üser {i}"), "email": format!("user{i}@northwind.example") },
            "is_bot": i % 13 == 12, "is_restricted": i % 7 == 6, "is_ultra_restricted": false,
            "updated": 1_790_000_000 + i,
        })
    };
    (0..n).map(member).collect()
}

/// The lines of a day.
pub fn analytics_of(n: usize, day: &str) -> String {
    let line = |i: usize| {
        json!({
            "enterprise_id": "E0NORTHW1", "team_id": "T0NORTHW1", "date": day, "user_id": format!("U{i:08}"),
            "email_address": format!("user{i}@northwind.example"), "is_guest": false, "is_billable_seat": true,
            "is_active": !i.is_multiple_of(3), "messages_posted_count": i % 5, "channel_messages_posted_count": i % 2,
            "reactions_added_count": 0, "files_added_count": 0, "total_calls_count": if i.is_multiple_of(3) { 15 } else { 0 },
            "slack_huddles_count": 0, "search_count": 1, "date_claimed": 1_700_000_000,
        })
    };
    (0..n).map(|i| format!("{}\n", line(i))).collect()
}

/// A file as Slack packs it.
pub fn packed(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, text.as_bytes()).unwrap();
    packer.finish().unwrap()
}
