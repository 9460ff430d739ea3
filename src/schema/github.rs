//! GitHub Copilot seats, of an organisation or an enterprise. One object per granting team or organisation.

use super::field::{Field, date, id, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[Dataset {
    kind: "github",
    stream: "copilot_seats",
    feed: Feed::Full,
    role: Role::Assignment,
    key: &["account_id", "assigning_team", "organization"],
    subject: "account_id",
    content_day: None,
    event_at: None,
    fields: COPILOT_SEATS,
}];

const COPILOT_SEATS: &[Field] = &[
    id("account_id", &["assignee.id"]).required().pseudonym(),
    text("user_name", &["assignee.login"]).identifier(),
    time("created_at", &["created_at"]).required(),
    time("updated_at", &["updated_at"]),
    date("pending_cancellation_on", &["pending_cancellation_date"]),
    time("last_activity_at", &["last_activity_at"]).required().activity(),
    text("last_activity_editor", &["last_activity_editor"]),
    time("last_authenticated_at", &["last_authenticated_at"]).activity(),
    text("plan_type", &["plan_type"]),
    text("assigning_team", &["assigning_team.slug", "assigning_team.name"]),
    text("organization", &["organization.login", "organization"]),
    text("assignee_type", &["assignee.type"]),
];
