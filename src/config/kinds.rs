//! The source kinds this program knows, their streams and the canonical columns of each.
//! `schema` holds the full contract of every stream; a test keeps both lists equal.

use super::word::words;

words! {
    /// What kind of system a source is.
    Kind {
        Okta = "okta",
        Microsoft365 = "microsoft365",
        Salesforce = "salesforce",
        Github = "github",
        Slack = "slack",
        Zoom = "zoom",
        Atlassian = "atlassian",
        Workday = "workday",
        Bamboohr = "bamboohr",
        Servicenow = "servicenow",
        Ecb = "ecb",
        Terraform = "terraform",
        Mapped = "mapped",
    }
}

/// A stream of a kind. For [`Kind::Mapped`] its name is a role and the project file names the streams.
#[derive(Debug)]
pub struct KnownStream {
    /// The kind it belongs to.
    pub kind: Kind,
    /// Its name, the name of its sub-folder.
    pub name: &'static str,
    columns: &'static str,
}

impl KnownStream {
    /// The canonical columns.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.split_ascii_whitespace()
    }

    /// Whether it has this canonical column.
    pub fn has_column(&self, column: &str) -> bool {
        self.columns().any(|known| known == column)
    }
}

impl Kind {
    /// The streams of this kind.
    pub fn streams(self) -> impl Iterator<Item = &'static KnownStream> {
        STREAMS.iter().filter(move |stream| stream.kind == self)
    }

    /// One stream of this kind.
    pub fn stream(self, name: &str) -> Option<&'static KnownStream> {
        self.streams().find(|stream| stream.name == name)
    }

    /// By how many days what this kind of source reports about use may lag behind.
    pub(super) fn reporting_lag_days(self) -> u32 {
        match self {
            Self::Microsoft365 => 2,
            Self::Github | Self::Slack | Self::Atlassian => 1,
            _ => 0,
        }
    }
}

const fn stream(kind: Kind, name: &'static str, columns: &'static str) -> KnownStream {
    KnownStream { kind, name, columns }
}

const WORKERS: &str = "worker_id person_id email display_name worker_type status start_on end_on manager_id \
    cost_center_id practice region country job_family is_primary email_valid_from";
const LEAVES: &str = "leave_id worker_id start_on end_on estimated_end_on status";
const PROJECT_ASSIGNMENTS: &str = "assignment_id worker_id project_id start_on end_on";

/// Every stream of every kind.
pub const STREAMS: &[KnownStream] = &[
    stream(
        Kind::Okta,
        "system_log",
        "event_id published_at event_type outcome_result actor_id actor_type actor_alternate_id app_instance_id \
         app_instance_label app_user_id target_user_id target_group_id session_id sign_on_mode",
    ),
    stream(
        Kind::Okta,
        "users",
        "account_id status login email employee_number display_name department cost_center user_type manager \
         created_at activated_at status_changed_at last_login_at last_updated_at",
    ),
    stream(Kind::Okta, "groups", "group_id name group_type last_membership_updated_at"),
    stream(Kind::Okta, "group_members", "group_id account_id"),
    stream(Kind::Okta, "apps", "okta_app_id label name status sign_on_mode"),
    stream(
        Kind::Okta,
        "app_users",
        "okta_app_id account_id external_id scope status user_name sku_id group_id group_name created_at \
         status_changed_at",
    ),
    stream(
        Kind::Microsoft365,
        "users",
        "account_id user_principal_name email display_name employee_id account_enabled user_type sku_id \
         assigned_by_group last_successful_sign_in_at created_at",
    ),
    stream(
        Kind::Microsoft365,
        "subscribed_skus",
        "sku_id sku_part_number capability_status consumed_units enabled_units suspended_units warning_units",
    ),
    stream(
        Kind::Microsoft365,
        "office365_active_user_detail",
        "report_refresh_on user_principal_name display_name is_deleted deleted_on exchange_last_activity_on \
         onedrive_last_activity_on sharepoint_last_activity_on skype_last_activity_on yammer_last_activity_on \
         teams_last_activity_on exchange_license_assigned_on onedrive_license_assigned_on \
         sharepoint_license_assigned_on teams_license_assigned_on assigned_products is_concealed",
    ),
    stream(
        Kind::Microsoft365,
        "m365_app_user_detail",
        "report_refresh_on user_principal_name last_activation_on last_activity_on report_period windows mac mobile \
         web outlook word excel powerpoint onenote teams is_concealed",
    ),
    stream(
        Kind::Microsoft365,
        "teams_user_activity_user_detail",
        "report_refresh_on user_id user_principal_name last_activity_on is_deleted is_licensed assigned_products \
         team_chat_message_count private_chat_message_count call_count meeting_count meetings_organized_count \
         meetings_attended_count has_other_action report_period is_concealed",
    ),
    stream(
        Kind::Microsoft365,
        "email_activity_user_detail",
        "report_refresh_on user_principal_name display_name is_deleted deleted_on last_activity_on send_count \
         receive_count read_count assigned_products report_period is_concealed",
    ),
    stream(
        Kind::Salesforce,
        "users",
        "account_id user_name email display_name is_active user_type profile_id user_license_id \
         federation_identifier employee_number last_login_at created_at",
    ),
    stream(
        Kind::Salesforce,
        "user_licenses",
        "user_license_id name license_definition_key status total_licenses used_licenses",
    ),
    stream(Kind::Salesforce, "login_history", "event_id account_id login_at status application login_type"),
    stream(
        Kind::Github,
        "copilot_seats",
        "account_id user_name created_at updated_at pending_cancellation_on last_activity_at last_activity_editor \
         last_authenticated_at plan_type assigning_team organization assignee_type",
    ),
    stream(
        Kind::Github,
        "consumed_licenses",
        "account_id user_name email saml_name_id display_name license_type github_com_user enterprise_server_user \
         visual_studio_subscription_user visual_studio_license_status enterprise_role member_role \
         pending_invite_organization total_user_accounts is_license_active",
    ),
    stream(
        Kind::Slack,
        "users",
        "account_id user_name email display_name is_deleted is_bot is_restricted is_ultra_restricted updated_at \
         last_active_at",
    ),
    stream(
        Kind::Slack,
        "member_analytics",
        "account_id activity_on email is_billable_seat is_guest is_active messages_posted_count \
         channel_messages_posted_count reactions_added_count files_added_count total_calls_count \
         slack_huddles_count search_count",
    ),
    stream(
        Kind::Zoom,
        "users",
        "account_id email display_name license_type status last_login_at created_at employee_unique_id cost_center \
         dept",
    ),
    stream(
        Kind::Atlassian,
        "managed_accounts",
        "account_id account_type account_status email display_name is_billable account_last_active_on sku_id \
         product_name site_url last_activity_on",
    ),
    stream(Kind::Workday, "workers", WORKERS),
    stream(Kind::Workday, "leaves", LEAVES),
    stream(Kind::Workday, "project_assignments", PROJECT_ASSIGNMENTS),
    stream(Kind::Bamboohr, "workers", WORKERS),
    stream(Kind::Bamboohr, "leaves", LEAVES),
    stream(Kind::Bamboohr, "project_assignments", PROJECT_ASSIGNMENTS),
    stream(
        Kind::Servicenow,
        "contracts",
        "contract_id number vendor starts_on ends_on state renewal_on notice_days is_auto_renew uplift_percent \
         currency owner_email cost_center_id po_number",
    ),
    stream(
        Kind::Servicenow,
        "entitlements",
        "contract_line_id contract_id app_name sku_id line_type quantity unit_price currency billing_period region \
         starts_on ends_on has_true_up has_true_down true_down_on suspended_unit_price contract_rate",
    ),
    stream(Kind::Servicenow, "cost_centers", "cost_center_id code name owner_email parent_id"),
    stream(Kind::Ecb, "rates", "rate_on currency rate"),
    stream(
        Kind::Terraform,
        "state",
        "workspace address resource_type resource_id okta_app_id group_id account_id status sku_id priority tracks_all",
    ),
    stream(
        Kind::Mapped,
        "seats",
        "account_id user_name email external_id employee_number display_name sku_id status assigned_on assigned_via \
         last_activity_on",
    ),
    stream(Kind::Mapped, "activity", "event_id account_id email feature used_on uses"),
];
