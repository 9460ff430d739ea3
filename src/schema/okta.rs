//! Okta: System Log, users, groups and their members, apps and their users.

use super::field::{Field, Rule, id, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    Dataset {
        kind: "okta",
        stream: "system_log",
        feed: Feed::Events,
        role: Role::Log,
        key: &["event_id"],
        subject: "event_id",
        content_day: None,
        event_at: Some("published_at"),
        fields: SYSTEM_LOG,
    },
    full("users", &["account_id"], USERS),
    full("groups", &["group_id"], GROUPS),
    full("group_members", &["group_id", "account_id"], GROUP_MEMBERS),
    full("apps", &["okta_app_id"], APPS),
    full("app_users", &["okta_app_id", "account_id"], APP_USERS),
];

const fn full(stream: &'static str, key: &'static [&'static str], fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "okta",
        stream,
        feed: Feed::Full,
        role: Role::Directory,
        key,
        subject: key[key.len() - 1],
        content_day: None,
        event_at: None,
        fields,
    }
}

/// Read by `ingest::okta_log`, which knows that targets come in any order.
const SYSTEM_LOG: &[Field] = &[
    id("event_id", &["uuid"]).required().pseudonym(),
    time("published_at", &["published"]).required().activity(),
    text("event_type", &["eventType"]).required(),
    text("outcome_result", &["outcome.result"]),
    id("actor_id", &["actor.id"]).pseudonym(),
    text("actor_type", &["actor.type"]),
    text("actor_alternate_id", &["actor.alternateId"]).identifier(),
    id("app_instance_id", &["target"]),
    text("app_instance_label", &["target"]),
    id("app_user_id", &["target"]).pseudonym(),
    id("target_user_id", &["target"]).pseudonym(),
    id("target_group_id", &["target"]),
    id("session_id", &["authenticationContext.externalSessionId"]).pseudonym(),
    text("sign_on_mode", &["debugContext.debugData.signOnMode"]),
];

const USERS: &[Field] = &[
    id("account_id", &["id"]).required().pseudonym(),
    text("status", &["status"]).required(),
    text("login", &["profile.login", "login"]).required().identifier(),
    text("email", &["profile.email", "email"]).identifier(),
    id("employee_number", &["profile.employeeNumber", "employeeNumber"]).identifier(),
    text("display_name", &["profile.displayName", "displayName"]).personal(),
    text("department", &["profile.department", "department"]),
    text("cost_center", &["profile.costCenter", "costCenter"]),
    text("user_type", &["profile.userType", "userType"]),
    text("manager", &["profile.managerId", "profile.manager", "managerId", "manager"]).personal(),
    time("created_at", &["created"]),
    time("activated_at", &["activated"]),
    time("status_changed_at", &["statusChanged"]),
    time("last_login_at", &["lastLogin"]).activity(),
    time("last_updated_at", &["lastUpdated"]),
];

const GROUPS: &[Field] = &[
    id("group_id", &["id"]).required(),
    text("name", &["profile.name", "name"]).required(),
    text("group_type", &["type"]),
    time("last_membership_updated_at", &["lastMembershipUpdated"]),
];

/// `GET /groups/{id}/users` does not repeat the group: it stands in the record or in the file's path.
const GROUP_MEMBERS: &[Field] = &[
    id("group_id", &["group_id", "groupId", "_links.group.href", "path:00g"]).required().rule(Rule::Link),
    id("account_id", &["account_id", "userId", "user_id", "id"]).required().pseudonym(),
];

const APPS: &[Field] = &[
    id("okta_app_id", &["id"]).required(),
    text("label", &["label"]),
    text("name", &["name"]),
    text("status", &["status"]),
    text("sign_on_mode", &["signOnMode"]),
];

const APP_USERS: &[Field] = &[
    id("okta_app_id", &["okta_app_id", "appId", "_links.app.href", "path:0oa"]).required().rule(Rule::Link),
    id("account_id", &["id", "account_id"]).required().pseudonym(),
    id("external_id", &["externalId"]).identifier(),
    text("scope", &["scope"]),
    text("status", &["status"]).required(),
    text("user_name", &["credentials.userName", "userName"]).identifier(),
    text("sku_id", &["sku_id", "profile.sku", "profile.license", "profile.licenseType", "profile.licenses"]),
    id("group_id", &["group_id", "groupId", "_links.group.href"]).rule(Rule::Link),
    text("group_name", &["group_name", "groupName", "_links.group.name"]),
    time("created_at", &["created"]),
    time("status_changed_at", &["statusChanged"]),
];
