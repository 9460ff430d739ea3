//! Microsoft Graph: users with their licences, subscribed SKUs, and four usage reports (CSV and JSON spellings).

use super::field::{CONCEALED, Field, bool, date, id, int, text, time};
use super::{Dataset, Feed, Role};

pub(super) const DATASETS: &[Dataset] = &[
    Dataset {
        kind: "microsoft365",
        stream: "users",
        feed: Feed::Full,
        role: Role::Assignment,
        key: &["account_id", "sku_id", "assigned_by_group"],
        subject: "account_id",
        content_day: None,
        event_at: None,
        fields: USERS,
    },
    Dataset {
        kind: "microsoft365",
        stream: "subscribed_skus",
        feed: Feed::Full,
        role: Role::Assignment,
        key: &["sku_id"],
        subject: "sku_id",
        content_day: None,
        event_at: None,
        fields: SUBSCRIBED_SKUS,
    },
    report("office365_active_user_detail", ACTIVE_USER_DETAIL),
    report("m365_app_user_detail", APP_USER_DETAIL),
    report("teams_user_activity_user_detail", TEAMS_USER_DETAIL),
    report("email_activity_user_detail", EMAIL_USER_DETAIL),
];

const fn report(stream: &'static str, fields: &'static [Field]) -> Dataset {
    Dataset {
        kind: "microsoft365",
        stream,
        feed: Feed::Full,
        role: Role::Report,
        key: &["user_principal_name"],
        subject: "user_principal_name",
        content_day: Some("report_refresh_on"),
        event_at: None,
        fields,
    }
}

const REFRESH: Field = date("report_refresh_on", &["Report Refresh Date", "reportRefreshDate"]).required();
const UPN: Field = text("user_principal_name", &["User Principal Name", "userPrincipalName"]).required().identifier();
const NAME: Field = text("display_name", &["Display Name", "displayName"]).personal();
const DELETED: Field = bool("is_deleted", &["Is Deleted", "isDeleted"]);
const DELETED_ON: Field = date("deleted_on", &["Deleted Date", "deletedDate"]);
const LAST_ACTIVITY: Field =
    date("last_activity_on", &["Last Activity Date", "lastActivityDate"]).required().activity();
const PRODUCTS: Field = text("assigned_products", &["Assigned Products", "assignedProducts"]);
const PERIOD: Field = text("report_period", &["Report Period", "reportPeriod"]);

/// One row per assigned licence (`ingest::explode`); a user without any keeps one row.
const USERS: &[Field] = &[
    id("account_id", &["id"]).required().pseudonym(),
    text("user_principal_name", &["userPrincipalName"]).required().identifier(),
    text("email", &["mail"]).identifier(),
    text("display_name", &["displayName"]).personal(),
    id("employee_id", &["employeeId"]).identifier(),
    bool("account_enabled", &["accountEnabled"]),
    text("user_type", &["userType"]),
    id("sku_id", &["assignedLicenses", "skuId"]).required(),
    id("assigned_by_group", &["licenseAssignmentStates", "assignedByGroup"]),
    time("last_successful_sign_in_at", &["signInActivity.lastSuccessfulSignInDateTime"]).activity(),
    time("created_at", &["createdDateTime"]),
];

const SUBSCRIBED_SKUS: &[Field] = &[
    id("sku_id", &["skuId"]).required(),
    text("sku_part_number", &["skuPartNumber"]),
    text("capability_status", &["capabilityStatus"]),
    int("consumed_units", &["consumedUnits"]).required(),
    int("enabled_units", &["prepaidUnits.enabled", "enabledUnits"]),
    int("suspended_units", &["prepaidUnits.suspended", "suspendedUnits"]),
    int("warning_units", &["prepaidUnits.warning", "warningUnits"]),
];

const ACTIVE_USER_DETAIL: &[Field] = &[
    REFRESH,
    UPN,
    NAME,
    DELETED,
    DELETED_ON,
    date("exchange_last_activity_on", &["Exchange Last Activity Date", "exchangeLastActivityDate"])
        .required()
        .activity(),
    date("onedrive_last_activity_on", &["OneDrive Last Activity Date", "oneDriveLastActivityDate"]).activity(),
    date("sharepoint_last_activity_on", &["SharePoint Last Activity Date", "sharePointLastActivityDate"]).activity(),
    date("skype_last_activity_on", &["Skype For Business Last Activity Date", "skypeForBusinessLastActivityDate"])
        .activity(),
    date("yammer_last_activity_on", &["Yammer Last Activity Date", "yammerLastActivityDate"]).activity(),
    date("teams_last_activity_on", &["Teams Last Activity Date", "teamsLastActivityDate"]).activity(),
    date("exchange_license_assigned_on", &["Exchange License Assign Date", "exchangeLicenseAssignDate"]),
    date("onedrive_license_assigned_on", &["OneDrive License Assign Date", "oneDriveLicenseAssignDate"]),
    date("sharepoint_license_assigned_on", &["SharePoint License Assign Date", "sharePointLicenseAssignDate"]),
    date("teams_license_assigned_on", &["Teams License Assign Date", "teamsLicenseAssignDate"]),
    PRODUCTS,
    CONCEALED,
];

/// In JSON the flags lie in `details`, one element per report period; the first is taken.
const APP_USER_DETAIL: &[Field] = &[
    REFRESH,
    UPN,
    date("last_activation_on", &["Last Activation Date", "lastActivationDate"]).activity(),
    LAST_ACTIVITY,
    text("report_period", &["Report Period", "details.reportPeriod", "reportPeriod"]),
    bool("windows", &["Windows", "details.windows"]),
    bool("mac", &["Mac", "details.mac"]),
    bool("mobile", &["Mobile", "details.mobile"]),
    bool("web", &["Web", "details.web"]),
    bool("outlook", &["Outlook", "details.outlook"]),
    bool("word", &["Word", "details.word"]),
    bool("excel", &["Excel", "details.excel"]),
    bool("powerpoint", &["PowerPoint", "details.powerPoint"]),
    bool("onenote", &["OneNote", "details.oneNote"]),
    bool("teams", &["Teams", "details.teams"]),
    CONCEALED,
];

const TEAMS_USER_DETAIL: &[Field] = &[
    REFRESH,
    id("user_id", &["User Id", "userId"]).pseudonym(),
    UPN,
    LAST_ACTIVITY,
    DELETED,
    bool("is_licensed", &["Is Licensed", "isLicensed"]),
    PRODUCTS,
    int("team_chat_message_count", &["Team Chat Message Count", "teamChatMessageCount"]),
    int("private_chat_message_count", &["Private Chat Message Count", "privateChatMessageCount"]),
    int("call_count", &["Call Count", "callCount"]),
    int("meeting_count", &["Meeting Count", "meetingCount"]),
    int("meetings_organized_count", &["Meetings Organized Count", "meetingsOrganizedCount"]),
    int("meetings_attended_count", &["Meetings Attended Count", "meetingsAttendedCount"]),
    bool("has_other_action", &["Has Other Action", "hasOtherAction"]),
    PERIOD,
    CONCEALED,
];

const EMAIL_USER_DETAIL: &[Field] = &[
    REFRESH,
    UPN,
    NAME,
    DELETED,
    DELETED_ON,
    LAST_ACTIVITY,
    int("send_count", &["Send Count", "sendCount"]),
    int("receive_count", &["Receive Count", "receiveCount"]),
    int("read_count", &["Read Count", "readCount"]),
    PRODUCTS,
    PERIOD,
    CONCEALED,
];
