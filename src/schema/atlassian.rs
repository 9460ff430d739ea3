//! Atlassian: `GET /admin/v1/orgs/{org}/users`, the accounts of the domains that an organisation has claimed. Whoever was
//! invited with an address of another domain is not in it.

use super::field::{Field, bool, date, id, text};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[Dataset {
    kind: "atlassian",
    stream: "managed_accounts",
    feed: Feed::Full,
    role: Role::Assignment,
    key: &["account_id", "sku_id", "site_url"],
    subject: "account_id",
    content_day: None,
    event_at: None,
    fields: MANAGED_ACCOUNTS,
}];

/// One row per product and site that an account may use (`ingest::explode`); an account without any keeps one row. Which
/// plan a site has the list does not say.
const MANAGED_ACCOUNTS: &[Field] = &[
    id("account_id", &["account_id"]).required().pseudonym(),
    text("account_type", &["account_type"]),
    text("account_status", &["account_status"]).required(),
    text("email", &["email"]).identifier(),
    text("display_name", &["name"]).personal(),
    bool("is_billable", &["access_billable"]).required(),
    // Of all products, those that nobody governs among them.
    date("account_last_active_on", &["last_active"]).activity(),
    // A product without a key is no product that could be named: the row is set apart.
    id("sku_id", &["product_access.key", "product_access"]).required(),
    text("product_name", &["product_access.name"]),
    text("site_url", &["product_access.url"]),
    date("last_activity_on", &["product_access.last_active"]).required().activity(),
];
