//! Salesforce: User, UserLicense and LoginHistory as SOQL queries or exports give them.

use super::field::{Field, Rule, bool, id, int, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    full("users", &["account_id"], USERS),
    full("user_licenses", &["user_license_id"], USER_LICENSES),
    Dataset {
        kind: "salesforce",
        stream: "login_history",
        feed: Feed::Events,
        role: Role::Activity,
        key: &["event_id"],
        subject: "account_id",
        content_day: None,
        event_at: Some("login_at"),
        fields: LOGIN_HISTORY,
    },
];

const fn full(stream: &'static str, key: &'static [&'static str], fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "salesforce",
        stream,
        feed: Feed::Full,
        role: Role::Assignment,
        key,
        subject: key[0],
        content_day: None,
        event_at: None,
        fields,
    }
}

const USERS: &[Field] = &[
    id("account_id", &["Id"]).required().rule(Rule::SalesforceId).pseudonym(),
    text("user_name", &["Username"]).required().identifier(),
    text("email", &["Email"]).identifier(),
    text("display_name", &["Name"]).personal(),
    bool("is_active", &["IsActive"]).required(),
    text("user_type", &["UserType"]),
    id("profile_id", &["ProfileId"]).rule(Rule::SalesforceId),
    id("user_license_id", &["Profile.UserLicenseId", "UserLicenseId"]).rule(Rule::SalesforceId),
    text("federation_identifier", &["FederationIdentifier"]).identifier(),
    id("employee_number", &["EmployeeNumber"]).identifier(),
    time("last_login_at", &["LastLoginDate"]).activity(),
    time("created_at", &["CreatedDate"]),
];

const USER_LICENSES: &[Field] = &[
    id("user_license_id", &["Id"]).required().rule(Rule::SalesforceId),
    text("name", &["MasterLabel", "Name"]),
    text("license_definition_key", &["LicenseDefinitionKey"]),
    text("status", &["Status"]),
    int("total_licenses", &["TotalLicenses"]),
    int("used_licenses", &["UsedLicenses"]),
];

const LOGIN_HISTORY: &[Field] = &[
    id("event_id", &["Id"]).required().rule(Rule::SalesforceId).pseudonym(),
    id("account_id", &["UserId"]).required().rule(Rule::SalesforceId).pseudonym(),
    time("login_at", &["LoginTime"]).required().activity(),
    text("status", &["Status"]),
    text("application", &["Application"]),
    text("login_type", &["LoginType"]),
];
