//! GitHub: seats of Copilot, of an organisation or an enterprise, and who holds a licence of an enterprise.

use super::field::{Field, bool, date, id, int, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    full("copilot_seats", &["account_id", "assigning_team", "organization"], COPILOT_SEATS),
    full("consumed_licenses", &["account_id"], CONSUMED_LICENSES),
];

const fn full(stream: &'static str, key: &'static [&'static str], fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "github",
        stream,
        feed: Feed::Full,
        role: Role::Assignment,
        key,
        subject: "account_id",
        content_day: None,
        event_at: None,
        fields,
    }
}

/// One object per granting team or organisation.
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

/// One object per person, however many accounts that is. Of several addresses and organisations the first speaks. There is
/// no activity in it.
const CONSUMED_LICENSES: &[Field] = &[
    // The list has no ids. Who is at servers of one's own only has no name at github.com, who is invited may have neither.
    id(
        "account_id",
        &[
            "github_com_login",
            "enterprise_server_user_ids",
            "visual_studio_subscription_email",
            "github_com_verified_domain_emails",
        ],
    )
    .required()
    .identifier(),
    text("user_name", &["github_com_login"]).identifier(),
    text(
        "email",
        &["github_com_verified_domain_emails", "enterprise_server_primary_emails", "visual_studio_subscription_email"],
    )
    .identifier(),
    text("saml_name_id", &["github_com_saml_name_id"]).identifier(),
    text("display_name", &["github_com_name"]).personal(),
    text("license_type", &["license_type"]).required(),
    bool("github_com_user", &["github_com_user"]),
    bool("enterprise_server_user", &["enterprise_server_user"]),
    bool("visual_studio_subscription_user", &["visual_studio_subscription_user"]),
    text("visual_studio_license_status", &["visual_studio_license_status"]),
    text("enterprise_role", &["github_com_enterprise_roles"]),
    text("member_role", &["github_com_member_roles"]),
    text("pending_invite_organization", &["github_com_orgs_with_pending_invites"]),
    int("total_user_accounts", &["total_user_accounts"]),
    // Only of metered plans.
    bool("is_license_active", &["ghe_license_active"]),
];
