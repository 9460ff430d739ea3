//! The files that people keep by hand: the project file, policies, seeds and drops.

use super::apps::{APPS, App};
use super::cases::Drops;
use super::clauses;
use super::company::{DOMAIN, Person};
use super::out::Out;
use super::rng::Rng;
use super::seats::Seat;
use super::text::{Calendar, Cell, Day, put};
use crate::base::Result;

/// The project file; every extract is dropped as a file.
pub const PROJECT: &str = r#"# Northwind: a company made by `seatledger demo`. See README.md.
name = "northwind"
store = "warehouse"
reporting_currency = "EUR"
rate_set = "spot"
fiscal_year_start_month = 1

[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"

[source.stream.system_log]
covers_days = 1                       # a file a day; a few events come a day late

[[source]]
name = "microsoft365"
kind = "microsoft365"
from = "extracts/microsoft365"

[[source]]
name = "salesforce"
kind = "salesforce"
from = "extracts/salesforce"
may_be_empty = ["login_history"]

[source.stream.login_history]
covers_days = 7

[[source]]
name = "crm_usage"                    # feature use of Salesforce, from its event log
kind = "mapped"
from = "extracts/crm_usage"
may_be_empty = ["activity"]

[source.stream.activity]
role = "activity"
format = "csv"
covers_days = 7

[source.stream.activity.columns]
event_id = "Event Id"
account_id = "User Id"
email = "Email"
feature = "Feature"
used_on = "Day"
uses = "Uses"

[[source]]
name = "power_bi"
kind = "mapped"
from = "extracts/power_bi"
may_be_empty = ["activity"]

[source.stream.activity]
role = "activity"
format = "csv"
covers_days = 7

[source.stream.activity.columns]
event_id = "Event Id"
account_id = "User Id"
email = "Email"
feature = "Feature"
used_on = "Day"
uses = "Uses"

[[source]]
name = "tableau"                      # its last drop is late: see the cases
kind = "mapped"
from = "extracts/tableau"
may_be_empty = ["activity"]

[source.stream.activity]
role = "activity"
format = "csv"
covers_days = 7

[source.stream.activity.columns]
event_id = "Event Id"
account_id = "User Id"
email = "Email"
feature = "Feature"
used_on = "Day"
uses = "Uses"

[[source]]
name = "github"
kind = "github"
from = "extracts/github"

[[source]]
name = "slack"
kind = "slack"
from = "extracts/slack"
may_be_empty = ["member_analytics"]

[source.stream.member_analytics]
covers_days = 1

[[source]]
name = "zoom"
kind = "zoom"
from = "extracts/zoom"

[[source]]
name = "figma"
kind = "mapped"
from = "extracts/figma"

[source.stream.seats]
role = "seats"
format = "csv"
delimiter = ";"
date_format = "%d/%m/%Y"
null_tokens = ["-"]
skip_rows_starting_with = ["Total"]

[source.stream.seats.columns]
account_id = "User ID"
display_name = "Name"
email = "Email"
sku_id = "Seat"
last_activity_on = "Last active"
assigned_on = "Invited on"

[[source]]
name = "workday"
kind = "workday"
from = "extracts/workday"
may_be_empty = ["leaves", "project_assignments"]

[source.stream.workers.columns]
practice = "Practice_Name"

[[source]]
name = "servicenow"
kind = "servicenow"
from = "extracts/servicenow"

[source.stream.contracts.columns]
cost_center_id = "cost_center.display_value"

[source.stream.cost_centers.columns]
cost_center_id = "code"

[[source]]
name = "ecb"
kind = "ecb"
from = "extracts/ecb"
"#;

/// The project file of a log without a company around it.
pub const LOG_ONLY: &str = r#"# The Okta log of Northwind, a company that does not exist: made by `seatledger demo --only log`.
name = "northwind"
store = "warehouse"
reporting_currency = "EUR"
rate_set = "spot"

[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"
streams = ["system_log"]

[source.stream.system_log]
covers_days = 1                       # a few events come a day late
"#;

/// The seats: contracts are of all, chance plays with those that are no cases.
#[derive(Clone, Copy)]
pub struct Seats<'a> {
    /// Every seat.
    pub all: &'a [Seat],
    /// Those that are no case.
    pub by_chance: &'a [Seat],
}

/// Writes all of them but the project file.
pub fn write(
    out: &Out,
    people: &[Person],
    seats: Seats<'_>,
    calendar: Calendar,
    drops: &Drops,
    seed: u64,
) -> Result<()> {
    for app in &APPS {
        out.file(&format!("policies/{}.toml", app.id), policy(app, calendar))?;
    }
    out.file("seeds/apps.csv", apps())?;
    out.file("seeds/tiers.csv", tiers())?;
    out.file("seeds/account_types.csv", ACCOUNT_TYPES)?;
    out.file("seeds/identity_overrides.csv", drops.overrides(calendar))?;
    out.file("seeds/budget_rates.csv", budget_rates(calendar))?;
    out.file("seeds/critical_roles.csv", "job_family\nTreasury\nPlatform Administration\n")?;
    out.file("seeds/sod_rules.csv", SOD_RULES)?;
    out.file("seeds/reason_codes.csv", REASON_CODES)?;
    out.file("seeds/contract_clauses.csv", clauses::clauses(seats.all, calendar))?;
    out.file("seeds/budget.csv", clauses::budget(seats.all, calendar))?;
    out.file("seeds/invoices.csv", clauses::invoices(seats.all, calendar))?;
    let (mut holds, mut exceptions) = (drops.holds(calendar), drops.exceptions(calendar));
    let mut rng = Rng::new(seed, "drops");
    for seat in seats.by_chance.iter().filter(|s| s.stands(0)) {
        let (target, reason, from) = match rng.below(1000) {
            0 => (&mut holds, "client_project", -rng.between(1, 60)),
            1 => (&mut exceptions, "audit_access", -rng.between(10, 150)),
            _ => continue,
        };
        let manager = people[seat.person].manager.unwrap_or_default();
        put!(
            target,
            "{},{},,{},{},{reason},{}\n",
            APPS[seat.app].id,
            Cell(&seat.account),
            calendar.date(from),
            calendar.date(from + 90),
            people[manager].email
        );
    }
    out.file("drops/holds.csv", &holds)?;
    out.file("drops/exceptions.csv", &exceptions)?;
    out.file("drops/self_confirmations.csv", drops.self_confirmations(calendar))?;
    out.file("drops/executed.csv", drops.executed(calendar))?;
    out.file("drops/legal_holds.csv", drops.legal_holds(calendar))
}

const ACCOUNT_TYPES: &str = "app_id,pattern,account_type\n*,svc-*,service\n*,breakglass-*,break_glass\n*,adm-*,admin\nmicrosoft365,room-*,shared\nmicrosoft365,info@*,shared\n";
const SOD_RULES: &str = "rule_id,grant_a,grant_b,severity\nSOD-01,netsuite:full_user,salesforce:unlimited,medium\n";
const REASON_CODES: &str = "code,meaning,kind\n\
    client_project,Needed for a client project that is not yet booked,hold\n\
    seasonal_return,The holder comes back next season,hold\n\
    audit_access,Kept for auditors,exception\n\
    regulatory_access,A regulator asks for this access to be kept,exception\n\
    litigation,Litigation hold,legal_hold\n\
    still_needed,The approver says it is needed,denial\n\
    wrong_data,The approver says the evidence is wrong,denial\n";

fn apps() -> String {
    let mut text = String::from(
        "app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,feature_horizon_days,reclaim_consequence,suspend_worker_types\n",
    );
    for app in &APPS {
        let suspended = if app.id == "slack" { "seasonal" } else { "" };
        put!(
            text,
            "{},{},{},{}@{DOMAIN},{},{},{},{},{},{},{suspended}\n",
            app.id,
            app.name,
            app.vendor,
            app.owner,
            app.sensitivity,
            app.okta.join("|"),
            app.assignment,
            app.features,
            app.horizon,
            app.consequence
        );
    }
    text
}

fn tiers() -> String {
    let mut text = String::from("app_id,tier,rank,sku_id,is_paid,is_default\n");
    for app in &APPS {
        for (n, tier) in app.tiers.iter().enumerate() {
            let is_default = app.tiers.len() == 1 && n == 0;
            put!(
                text,
                "{},{},{},{},{},{is_default}\n",
                app.id,
                tier.name,
                tier.rank,
                tier.skus.join("|"),
                tier.is_paid
            );
        }
    }
    text
}

fn budget_rates(calendar: Calendar) -> String {
    use chrono::Datelike as _;
    let year = calendar.date(0).year();
    let mut text = String::from("fiscal_year,currency,rate\n");
    for year in year - 1..=year + 1 {
        put!(text, "{year},USD,1.10\n{year},GBP,0.85\n{year},JPY,168\n");
    }
    text
}

/// What a policy says beyond the defaults.
fn policy(app: &App, calendar: Calendar) -> String {
    let mut text = String::new();
    put!(text, "app   = \"{}\"\nowner = \"{}@{DOMAIN}\"\n", app.id, app.owner);
    let first = month(calendar, -470);
    match app.id {
        "salesforce" => {
            version(&mut text, first, "the contract's own definition of an active user", "inactive_after_days = 120\n");
            version(&mut text, month(calendar, -95), "90-day window agreed with Sales Ops, CHG-912", SALESFORCE);
        }
        "microsoft365" => version(&mut text, first, "suites step down before they go, CHG-640", M365),
        "power_bi" => version(
            &mut text,
            first,
            "reports are read monthly",
            "signals = [\"feature_use\"]\ninactive_after_days = 60\n",
        ),
        "visio" => version(&mut text, first, "no signal is collected yet: seats are listed, none is judged", ""),
        "github_copilot" => version(
            &mut text,
            first,
            "the editor says who uses it",
            "signals = [\"feature_use\"]\ninactive_after_days = 45\nidle_action = \"reclaim\"\n",
        ),
        "slack" => version(&mut text, first, "60 days, as the vendor bills", SLACK),
        "zoom" => version(
            &mut text,
            first,
            "a licence is for hosting; basic stays",
            "inactive_after_days = 90\nidle_action = \"downgrade_first\"\n",
        ),
        "jira" => version(&mut text, first, "sign-in is all there is", JIRA),
        "figma" => version(
            &mut text,
            first,
            "invited by mail, so unknown accounts go",
            "signals = [\"feature_use\"]\ninactive_after_days = 60\norphan_action = \"reclaim\"\nnew_seat_grace_days = 45\n",
        ),
        "miro" => version(
            &mut text,
            first,
            "sessions may never end: coverage decides",
            "signals = [\"sign_in\"]\ninactive_after_days = 60\nmin_signal_coverage = 0.30\n",
        ),
        "netsuite" => version(
            &mut text,
            first,
            "finance system: two persons decide",
            "signals = [\"sign_in\"]\ninactive_after_days = 60\nidle_action = \"reclaim\"\nmaker_checker = true\ndue_days = 7\n",
        ),
        "dropbox" => version(
            &mut text,
            first,
            "removal deletes files: suspend",
            "signals = [\"sign_in\"]\ninactive_after_days = 90\nidle_action = \"suspend\"\ndue_days = 21\n",
        ),
        _ => version(&mut text, first, "the standard window", "inactive_after_days = 90\n"),
    }
    text
}

/// The first day of the month of a day.
fn month(calendar: Calendar, day: Day) -> chrono::NaiveDate {
    use chrono::Datelike as _;
    calendar.date(day).with_day(1).unwrap_or_default()
}

fn version(text: &mut String, from: chrono::NaiveDate, rationale: &str, rest: &str) {
    put!(text, "\n[[version]]\nid             = \"{}\"\neffective_from = {from}\n", from.format("%Y-%m"));
    put!(
        text,
        "rationale      = \"{rationale}\"\napproved_by    = \"procurement@{DOMAIN}\"\nmode           = \"shadow\"\n{rest}"
    );
}

const SALESFORCE: &str = r#"signals        = ["feature_use", "sign_in"]
inactive_after_days = 90
idle_action    = "downgrade_first"

[[version.tier_rule]]
tier = "unlimited"
downgrade_to = "enterprise"
features = ["advanced_reporting", "sandbox"]
min_uses = 1
within_days = 90

[[version.tier_rule]]
tier = "enterprise"
downgrade_to = "platform"
features = ["advanced_reporting", "sandbox", "opportunity_edit", "report_view", "case_update"]
min_uses = 1
within_days = 90

[[version.override]]
worker_type = "contractor"
inactive_after_days = 30
idle_action = "reclaim"

[[version.override]]
region = "APAC"
due_days = 21

[[version.override]]
worker_type = "contractor"
region = "APAC"
inactive_after_days = 45
"#;

const M365: &str = r#"inactive_after_days = 90
idle_action = "downgrade_first"
min_signal_coverage = 0.30

[[version.override]]
worker_type = "contractor"
inactive_after_days = 45
idle_action = "reclaim"

[[version.override]]
practice = "Operations"
tier = "f3"
inactive_after_days = 120
"#;

const SLACK: &str = r#"inactive_after_days = 60
idle_action = "reclaim"

[[version.override]]
worker_type = "contractor"
inactive_after_days = 30

[[version.override]]
worker_type = "seasonal"
inactive_after_days = 45
idle_action = "suspend"
"#;

const JIRA: &str = r#"signals = ["sign_in"]
inactive_after_days = 90
idle_action = "reclaim"

[[version.override]]
worker_type = "contractor"
inactive_after_days = 30
"#;
