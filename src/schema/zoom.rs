//! Zoom: `GET /v2/users` of every status.

use super::field::{Field, id, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[Dataset {
    kind: "zoom",
    stream: "users",
    feed: Feed::Full,
    role: Role::Assignment,
    key: &["account_id"],
    subject: "account_id",
    content_day: None,
    event_at: None,
    fields: USERS,
}];

/// A pending user has an id and a creation time, nothing more.
const USERS: &[Field] = &[
    id("account_id", &["id"]).required().pseudonym(),
    text("email", &["email"]).required().identifier(),
    text("display_name", &["display_name"]).personal(),
    text("license_type", &["type"]).required(),
    text("status", &["status"]),
    time("last_login_at", &["last_login_time"]).activity(),
    time("created_at", &["created_at", "user_created_at"]),
    id("employee_unique_id", &["employee_unique_id"]).identifier(),
    text("cost_center", &["cost_center"]),
    text("dept", &["dept"]),
];
