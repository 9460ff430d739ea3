//! Any vendor without a parser of its own: the project file says which column is which. The names below are the
//! defaults.

use super::field::{Field, date, id, int, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    Dataset {
        kind: "mapped",
        stream: "seats",
        feed: Feed::Full,
        role: Role::Assignment,
        key: &["account_id", "sku_id"],
        subject: "account_id",
        content_day: None,
        event_at: None,
        fields: SEATS,
    },
    Dataset {
        kind: "mapped",
        stream: "activity",
        feed: Feed::Events,
        role: Role::Activity,
        key: &["event_id"],
        subject: "account_id",
        content_day: None,
        event_at: Some("used_on"),
        fields: ACTIVITY,
    },
];

const SEATS: &[Field] = &[
    id("account_id", &["account_id"]).required().pseudonym(),
    text("user_name", &["user_name"]).identifier(),
    text("email", &["email"]).identifier(),
    id("external_id", &["external_id"]).identifier(),
    id("employee_number", &["employee_number"]).identifier(),
    text("display_name", &["display_name"]).personal(),
    text("sku_id", &["sku_id"]),
    text("status", &["status"]),
    date("assigned_on", &["assigned_on"]),
    text("assigned_via", &["assigned_via"]),
    date("last_activity_on", &["last_activity_on"]).activity(),
];

const ACTIVITY: &[Field] = &[
    id("event_id", &["event_id"]).required().pseudonym(),
    id("account_id", &["account_id"]).required().pseudonym(),
    text("email", &["email"]).identifier(),
    text("feature", &["feature"]),
    date("used_on", &["used_on"]).required().activity(),
    int("uses", &["uses"]),
];
