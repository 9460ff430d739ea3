//! Terraform: what the state of a workspace says of Okta (`terraform show -json`), one row for each grant it declares.

use super::field::{Field, Rule, Type, id, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[Dataset {
    kind: "terraform",
    stream: "state",
    feed: Feed::Full,
    role: Role::Declared,
    key: &["workspace", "address", "okta_app_id", "group_id", "account_id"],
    subject: "account_id",
    content_day: None,
    event_at: None,
    fields: STATE,
}];

/// Made by `ingest::terraform` from the attributes named beside each; of a state nothing else lands. An address may hold
/// whatever a `for_each` runs over, people's addresses too.
const STATE: &[Field] = &[
    text("workspace", &[]).rule(Rule::Computed).required(),
    text("address", &["address"]).required().personal(),
    text("resource_type", &["type"]).required(),
    id("resource_id", &["values.id"]).pseudonym(),
    id("okta_app_id", &["values.app_id"]),
    id("group_id", &["values.group_id", "values.groups", "values.group.id", "values.group_assignments"]),
    id("account_id", &["values.user_id", "values.users"]).pseudonym(),
    text("status", &["values.status"]),
    text("sku_id", &["profile.sku", "profile.license", "profile.licenseType", "profile.licenses"]),
    Field::new("priority", Type::Int, &["values.priority"]),
    Field::new("tracks_all", Type::Bool, &["values.track_all_users"]),
];
