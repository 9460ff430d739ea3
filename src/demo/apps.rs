//! The apps: what they cost, how they are judged, where their seats and signals come from.

/// A price step of an app.
pub struct Tier {
    /// Its name in policies.
    pub name: &'static str,
    /// Higher is dearer.
    pub rank: u32,
    /// The ids that sources and contracts use; the first is shown.
    pub skus: &'static [&'static str],
    /// Whether it costs anything.
    pub is_paid: bool,
    /// Seats of 100 of the app.
    pub weight: u32,
}

const fn tier(name: &'static str, rank: u32, skus: &'static [&'static str], is_paid: bool, weight: u32) -> Tier {
    Tier { name, rank, skus, is_paid, weight }
}

/// An app of the catalogue.
pub struct App {
    /// Its id in seeds and policies.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Who sells it.
    pub vendor: &'static str,
    /// Who owns it.
    pub owner: &'static str,
    /// standard or high.
    pub sensitivity: &'static str,
    /// Okta's ids of it; empty: Okta does not know it.
    pub okta: &'static [&'static str],
    /// Okta's name of the integration, and how it signs on.
    pub sign_on: (&'static str, &'static str),
    /// `okta`, or the vendor's seat list.
    pub assignment: &'static str,
    /// Feeds of use.
    pub features: &'static str,
    /// Days the vendor remembers.
    pub horizon: &'static str,
    /// What removal does.
    pub consequence: &'static str,
    /// Price steps, dearest first; the first of weight 0 is nobody's by chance.
    pub tiers: &'static [Tier],
    /// Sign-ins through Okta, of 1000 workdays.
    pub sign_in_rate: u32,
    /// Days with use at the vendor, of 1000 workdays.
    pub use_rate: u32,
    /// Seats of 1000 that have fallen out of use.
    pub idle: u32,
    /// Seats of 1000 granted through a group.
    pub by_group: u32,
    /// Holders of 1000 people of each practice.
    pub share: [u32; 7],
}

/// Index of an app in [`APPS`].
pub type AppId = usize;

/// Salesforce.
pub const SALESFORCE: AppId = 0;
/// Microsoft 365.
pub const M365: AppId = 1;
/// Power BI, in the seat list of Microsoft 365.
pub const POWER_BI: AppId = 2;
/// Visio, in the seat list of Microsoft 365, with no signal at all.
pub const VISIO: AppId = 3;
/// GitHub Copilot.
pub const COPILOT: AppId = 4;
/// Slack.
pub const SLACK: AppId = 5;
/// Zoom.
pub const ZOOM: AppId = 6;
/// Jira, known only from Okta.
pub const JIRA: AppId = 7;
/// Figma, a CSV.
pub const FIGMA: AppId = 8;
/// Miro, whose sessions never end.
pub const MIRO: AppId = 9;
/// Tableau, whose report has stopped.
pub const TABLEAU: AppId = 10;
/// NetSuite, of high sensitivity.
pub const NETSUITE: AppId = 11;
/// Dropbox, where removal deletes files.
pub const DROPBOX: AppId = 12;

/// The catalogue.
#[rustfmt::skip]
pub const APPS: [App; 13] = [
    App {
        id: "salesforce", name: "Salesforce", vendor: "Salesforce", owner: "crm-platform", sensitivity: "standard",
        okta: &["0oa1sfdcprodNwd4x7A1"], sign_on: ("salesforce", "SAML_2_0"),
        assignment: "salesforce/users", features: "salesforce/users|salesforce/login_history|crm_usage/activity",
        horizon: "", consequence: "none",
        tiers: &[
            tier("unlimited", 3, &["SFDC_UNLIMITED", "100Nw0000000UNLIA2"], true, 22),
            tier("enterprise", 2, &["SFDC_ENTERPRISE", "100Nw0000000ENTIA2"], true, 58),
            tier("platform", 1, &["SFDC_PLATFORM", "100Nw0000000PLTIA2"], true, 20),
        ],
        sign_in_rate: 340, use_rate: 160, idle: 55, by_group: 300, share: [0, 700, 50, 0, 0, 150, 0],
    },
    App {
        id: "microsoft365", name: "Microsoft 365", vendor: "Microsoft", owner: "workplace", sensitivity: "standard",
        okta: &["0oa2m365wsfdNwd4x7B2"], sign_on: ("office365", "WS_FEDERATION"),
        assignment: "microsoft365/users",
        features: "microsoft365/office365_active_user_detail|microsoft365/m365_app_user_detail|\
                   microsoft365/teams_user_activity_user_detail|microsoft365/email_activity_user_detail",
        horizon: "180", consequence: "data_moved",
        tiers: &[
            tier("e5", 3, &["SPE_E5", "06ebc4ee-1bb5-47dd-8120-11324bc54e06"], true, 27),
            tier("e3", 2, &["SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965"], true, 48),
            tier("f3", 1, &["SPE_F1", "66b55226-6b4f-492c-910c-a3b7a3c9d993"], true, 25),
        ],
        sign_in_rate: 48, use_rate: 820, idle: 32, by_group: 950, share: [1000; 7],
    },
    App {
        id: "power_bi", name: "Power BI", vendor: "Microsoft", owner: "data-office", sensitivity: "standard",
        okta: &[], sign_on: ("", ""),
        assignment: "microsoft365/users", features: "power_bi/activity", horizon: "", consequence: "none",
        tiers: &[
            tier("premium_per_user", 3, &["PBI_PREMIUM_PER_USER", "c1d032e0-5619-4761-9b5c-75b6831e1711"], true, 1),
            tier("pro", 2, &["POWER_BI_PRO", "f8a1db68-be16-40ed-86d5-cb42ce701560"], true, 74),
            tier("free", 1, &["POWER_BI_STANDARD", "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235"], false, 25),
        ],
        sign_in_rate: 0, use_rate: 180, idle: 105, by_group: 400, share: [0, 80, 100, 500, 60, 0, 150],
    },
    App {
        id: "visio", name: "Visio Plan 2", vendor: "Microsoft", owner: "workplace", sensitivity: "standard",
        okta: &[], sign_on: ("", ""),
        assignment: "microsoft365/users", features: "", horizon: "", consequence: "none",
        tiers: &[tier("plan_2", 1, &["VISIOCLIENT", "c5928f49-12ba-48f7-ada3-0d743a3601d5"], true, 100)],
        sign_in_rate: 0, use_rate: 0, idle: 100, by_group: 0, share: [30, 0, 40, 0, 0, 0, 10],
    },
    App {
        id: "github_copilot", name: "GitHub Copilot", vendor: "GitHub", owner: "developer-platform", sensitivity: "standard",
        okta: &["0oa5ghubemusNwd4x7E5"], sign_on: ("githubcloud", "SAML_2_0"),
        assignment: "github/copilot_seats", features: "github/copilot_seats", horizon: "90", consequence: "none",
        tiers: &[tier("enterprise", 2, &["enterprise"], true, 15), tier("business", 1, &["business"], true, 85)],
        sign_in_rate: 110, use_rate: 520, idle: 130, by_group: 700, share: [350, 0, 0, 0, 0, 0, 0],
    },
    App {
        id: "slack", name: "Slack", vendor: "Salesforce", owner: "workplace", sensitivity: "standard",
        okta: &["0oa6slackentNwd4x7F6"], sign_on: ("slack", "SAML_2_0"),
        assignment: "slack/users", features: "slack/member_analytics", horizon: "", consequence: "none",
        tiers: &[tier("business_plus", 1, &["slack-business-plus"], true, 100)],
        sign_in_rate: 75, use_rate: 560, idle: 50, by_group: 600, share: [600, 0, 200, 0, 0, 0, 0],
    },
    App {
        id: "zoom", name: "Zoom", vendor: "Zoom", owner: "workplace", sensitivity: "standard",
        okta: &["0oa7zoomsamlNwd4x7G7"], sign_on: ("zoomus", "SAML_2_0"),
        assignment: "zoom/users", features: "zoom/users", horizon: "", consequence: "none",
        tiers: &[tier("licensed", 2, &["ZOOM-WORKPLACE-BIZ", "2"], true, 76), tier("basic", 1, &["ZOOM-BASIC", "1"], false, 24)],
        sign_in_rate: 70, use_rate: 260, idle: 95, by_group: 400, share: [100, 500, 400, 0, 400, 100, 0],
    },
    App {
        id: "jira", name: "Jira", vendor: "Atlassian", owner: "developer-platform", sensitivity: "standard",
        okta: &["0oa8jiracldeNwd4x7H8", "0oa8jiralegyNwd4x7H9"], sign_on: ("jira_onprem", "SAML_2_0"),
        assignment: "okta", features: "", horizon: "", consequence: "none",
        tiers: &[tier("premium", 1, &["jira-premium"], true, 100)],
        sign_in_rate: 300, use_rate: 0, idle: 52, by_group: 850, share: [650, 0, 0, 0, 0, 100, 30],
    },
    App {
        id: "figma", name: "Figma", vendor: "Figma", owner: "product-design", sensitivity: "standard",
        okta: &["0oa9figmaorgNwd4x7J9"], sign_on: ("figma", "SAML_2_0"),
        assignment: "figma/seats", features: "figma/seats", horizon: "", consequence: "none",
        tiers: &[
            tier("full", 3, &["Full"], true, 52),
            tier("dev", 2, &["Dev"], true, 28),
            tier("view", 1, &["View"], false, 20),
        ],
        sign_in_rate: 120, use_rate: 300, idle: 130, by_group: 0, share: [120, 0, 70, 0, 0, 0, 0],
    },
    App {
        id: "miro", name: "Miro", vendor: "Miro", owner: "product-design", sensitivity: "standard",
        okta: &["0oa0miroboarNwd4x7K0"], sign_on: ("miro", "SAML_2_0"),
        assignment: "okta", features: "", horizon: "", consequence: "none",
        tiers: &[tier("team", 1, &["miro-team"], true, 100)],
        sign_in_rate: 9, use_rate: 0, idle: 80, by_group: 200, share: [80, 0, 250, 0, 0, 0, 0],
    },
    App {
        id: "tableau", name: "Tableau", vendor: "Salesforce", owner: "data-office", sensitivity: "standard",
        okta: &["0oaAtableausNwd4x7LA"], sign_on: ("tableau_online", "SAML_2_0"),
        assignment: "okta", features: "tableau/activity", horizon: "", consequence: "none",
        tiers: &[
            tier("creator", 3, &["Creator"], true, 18),
            tier("explorer", 2, &["Explorer"], true, 62),
            tier("viewer", 1, &["Viewer"], true, 20),
        ],
        sign_in_rate: 130, use_rate: 200, idle: 60, by_group: 300, share: [0, 100, 0, 300, 0, 0, 100],
    },
    App {
        id: "netsuite", name: "NetSuite", vendor: "Oracle", owner: "finance-systems", sensitivity: "high",
        okta: &["0oaBnetsuiteNwd4x7MB"], sign_on: ("netsuite", "SAML_2_0"),
        assignment: "okta", features: "", horizon: "", consequence: "none",
        tiers: &[tier("full_user", 2, &["NS-FULL"], true, 78), tier("employee_center", 1, &["NS-ECENTER"], true, 22)],
        sign_in_rate: 360, use_rate: 0, idle: 40, by_group: 0, share: [0, 0, 0, 500, 0, 0, 0],
    },
    App {
        id: "dropbox", name: "Dropbox", vendor: "Dropbox", owner: "workplace", sensitivity: "standard",
        okta: &["0oaCdropboxbNwd4x7NC"], sign_on: ("dropbox_for_business", "SAML_2_0"),
        assignment: "okta", features: "", horizon: "", consequence: "data_deleted",
        tiers: &[tier("business_plus", 1, &["dropbox-bp"], true, 100)],
        sign_in_rate: 85, use_rate: 0, idle: 115, by_group: 0, share: [0, 50, 150, 0, 0, 0, 0],
    },
];

/// The id of the group that grants a tier of an app.
pub fn group_id(app: AppId, tier: usize) -> String {
    super::rng::id("00g", super::rng::hash(&group_name(app, tier)), 17, super::rng::BASE62)
}

/// The name of the group that grants a tier of an app.
pub fn group_name(app: AppId, tier: usize) -> String {
    format!("lic-{}-{}", APPS[app].id.replace('_', "-"), APPS[app].tiers[tier].name.replace('_', "-"))
}
