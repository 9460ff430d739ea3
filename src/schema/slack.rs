//! Slack: `users.list` / `admin.users.list`, and the daily member analytics file.

use super::field::{Field, Rule, bool, date, id, int, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    Dataset {
        kind: "slack",
        stream: "users",
        feed: Feed::Full,
        role: Role::Assignment,
        key: &["account_id"],
        subject: "account_id",
        content_day: None,
        event_at: None,
        fields: USERS,
    },
    Dataset {
        kind: "slack",
        stream: "member_analytics",
        feed: Feed::Events,
        role: Role::Activity,
        key: &["account_id", "activity_on"],
        subject: "account_id",
        content_day: Some("activity_on"),
        event_at: Some("activity_on"),
        fields: MEMBER_ANALYTICS,
    },
];

const USERS: &[Field] = &[
    id("account_id", &["id"]).required().pseudonym(),
    text("user_name", &["name", "username"]).identifier(),
    text("email", &["profile.email", "email"]).identifier(),
    text("display_name", &["profile.real_name", "real_name", "full_name"]).personal(),
    bool("is_deleted", &["deleted"]),
    bool("is_bot", &["is_bot"]),
    bool("is_restricted", &["is_restricted"]),
    bool("is_ultra_restricted", &["is_ultra_restricted"]),
    time("updated_at", &["updated"]).rule(Rule::Epoch),
    time("last_active_at", &["last_active_ts"]).rule(Rule::EpochActivity),
];

const MEMBER_ANALYTICS: &[Field] = &[
    id("account_id", &["user_id"]).required().pseudonym(),
    date("activity_on", &["date"]).required().activity(),
    text("email", &["email_address"]).identifier(),
    bool("is_billable_seat", &["is_billable_seat"]),
    bool("is_guest", &["is_guest"]),
    bool("is_active", &["is_active"]).required(),
    int("messages_posted_count", &["messages_posted_count"]),
    int("channel_messages_posted_count", &["channel_messages_posted_count"]),
    int("reactions_added_count", &["reactions_added_count"]),
    int("files_added_count", &["files_added_count"]),
    int("total_calls_count", &["total_calls_count"]),
    int("slack_huddles_count", &["slack_huddles_count"]),
    int("search_count", &["search_count"]),
];
