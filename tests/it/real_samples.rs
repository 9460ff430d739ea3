//! Payloads of the real systems, gathered from public repositories (`../shared/data`, not part of this one), land as
//! they are: nothing is refused, and every row that is set apart is explained below. Without the folder, a line says so.
//! There is no payload of Zoom, BambooHR, Okta's licences of an app, or ServiceNow's contracts in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use seatledger::ingest::Outcome;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::project::Project;

/// The only reasons for which a row may be set apart.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("system_log", "empty_key", "Panther's rule tests trim the uuid"),
    ("system_log", "missing_value", "Panther's rule tests trim the instant"),
    ("system_log", "date_format", "Panther wrote `redacted` in place of the instant"),
    ("users", "out_of_range", "Slack's SDK fills in 12345 for an instant: a day of 1970 is no activity"),
];

/// Landings that are partial, and why.
const PARTIAL: &[(&str, &str, &str)] = &[
    ("m365_app_user_detail", "2026-11-20", "the documented page names a next one"),
    ("users", "2026-11-18", "Slack's SDK fills in `\"ok\": false`"),
    ("users", "2026-11-19", "Slack's SDK fills in `\"ok\": false`"),
];

/// Ten rows set apart refuse a landing of this size, rightly; events of which most lack something come in smaller drops.
const EVENTS_A_DROP: usize = 9;

const PROJECT: &str = r#"name = "samples"
reporting_currency = "EUR"

[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"
[source.stream.system_log]
zone = "UTC"                       # Panther writes instants without one

[[source]]
name = "microsoft365"
kind = "microsoft365"
from = "extracts/microsoft365"
may_be_empty = ["office365_active_user_detail", "m365_app_user_detail", "email_activity_user_detail"]

[[source]]
name = "github"
kind = "github"
from = "extracts/github"

[[source]]
name = "slack"
kind = "slack"
from = "extracts/slack"

[[source]]
name = "salesforce"
kind = "salesforce"
from = "extracts/salesforce"

[[source]]
name = "workday"
kind = "workday"
from = "extracts/workday"
[source.stream.workers.columns]
worker_id = "worker_code"
person_id = "id"
start_on = "hire_date"
end_on = "termination_date"
country = "home_country"

[[source]]
name = "ecb"
kind = "ecb"
from = "extracts/ecb"
"#;

const APPS: &str = "app_id,name,vendor,owner_email,sensitivity,okta_app_ids,assignment_source,feature_source,feature_horizon_days,reclaim_consequence,suspend_worker_types\n\
    github_copilot,GitHub Copilot,GitHub,it@samples.example,standard,,github/copilot_seats,github/copilot_seats,90,none,\n\
    slack,Slack,Slack,it@samples.example,standard,,slack/users,,,none,\n";

const TIERS: &str = "app_id,tier,rank,sku_id,is_paid,is_default\n\
    github_copilot,business,1,business,true,true\n\
    github_copilot,enterprise,2,enterprise,true,false\n\
    slack,member,1,member,true,true\n";

/// What a landing must come to: accepted and duplicate; the rest is explained or a fault.
type Counts = BTreeMap<(&'static str, &'static str, &'static str), (usize, usize)>;

#[test]
fn samples_of_the_real_systems_land_without_an_unexplained_reject() {
    let Some(samples) = Samples::found() else {
        println!("skipped: no ../shared/data beside the project");
        return;
    };
    let project = Project::in_folder(TempDir::new().unwrap())
        .with("seatledger.toml", PROJECT)
        .with("seeds/apps.csv", APPS)
        .with("seeds/tiers.csv", TIERS);
    let mut expected = Counts::new();
    let (project, events) = samples.okta(project, &mut expected);
    let project = samples.vendors(project, &mut expected);
    let (project, rates) = samples.rates(project, &mut expected);

    let report = project.land().unwrap();
    let mut faults = Vec::new();
    for landing in &report.landings {
        let day = landing.extract_date.map(|d| d.to_string()).unwrap_or_default();
        let place = format!("{}/{} {day}", landing.source, landing.stream);
        let is_partial = PARTIAL.iter().any(|(stream, of, _)| *stream == landing.stream && *of == day)
            && (landing.stream != "users" || landing.source == "slack");
        match &landing.outcome {
            Outcome::Landed { .. } if !is_partial => {}
            Outcome::Partial { .. } if is_partial => {}
            other => faults.push(format!("{place}: {other:?} {:?}", landing.warnings)),
        }
        if landing.fetched != landing.accepted + landing.duplicate + landing.filtered + landing.quarantined {
            faults.push(format!("{place}: totals do not tie: {landing:?}"));
        }
        for reason in &landing.quarantine_reasons {
            let is_explained = EXPLAINED.iter().any(|(stream, why, _)| *stream == landing.stream && why == reason);
            if !is_explained {
                faults.push(format!("{place}: {} rows set apart, {reason} among the reasons", landing.quarantined));
            }
        }
        let key = expected
            .keys()
            .copied()
            .find(|(source, stream, of)| *source == landing.source && *stream == landing.stream && *of == day);
        if let Some(key) = key {
            let found = (landing.accepted as usize, landing.duplicate as usize);
            let wanted = expected.remove(&key).unwrap();
            if found != wanted {
                faults.push(format!("{place}: (accepted, duplicate) {found:?}, expected {wanted:?}"));
            }
        }
    }
    faults.extend(expected.keys().map(|place| format!("{place:?}: did not land")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));

    let tables = project.build("2026-11-20").unwrap();
    let value = |sql: &str| tables.value(sql).parse::<usize>().unwrap();
    assert_eq!(
        value("select count(*) as n from staging.okta_events"),
        events,
        "an event counts once, however often it came"
    );
    assert_eq!(value("select count(distinct rate_on) as n from raw.ecb_rates"), rates, "business days of the ECB");
    assert_eq!(value("select count(*) as n from raw.github_copilot_seats"), 17, "two lists of seats");
    assert_eq!(
        value("select count(*) as n from core.seats where app_id = 'github_copilot'"),
        9,
        "one seat a person, whichever list and team it came by"
    );
    assert_eq!(
        value("select count(*) as n from core.seats where app_id = 'github_copilot' and strpos(grant_paths, '|') > 0"),
        8,
        "and every path is kept"
    );
    assert_eq!(value("select count(*) as n from core.seats where app_id = 'slack'"), 2, "a bot holds no seat");
    assert_eq!(
        value("select count(*) as n from core.persons where is_terminated"),
        5,
        "Fivetran's workers but one have left"
    );
}

/// The folder with the payloads.
struct Samples(PathBuf);

impl Samples {
    fn found() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
        folder.is_dir().then_some(Self(folder))
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.text(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        self.text(file)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{file}: {e}")))
            .collect()
    }

    /// The answers of Okta's API as its SDK recorded them, and System Log events of two collections. Says how many
    /// different events can land.
    fn okta(&self, mut project: Project, expected: &mut Counts) -> (Project, usize) {
        for stream in ["users", "apps", "groups", "app_users", "group_members"] {
            let recorded = self.lines(&format!("okta_http/derived_{stream}.jsonl")).into_iter();
            let bodies: Vec<Value> = recorded
                .map(|mut line| {
                    let mut body = line["body"].take();
                    if stream == "group_members" {
                        // The answer does not repeat whose members it lists: a collector adds that.
                        let request = line["_request"].as_str().unwrap();
                        let group = request.split('/').find(|part| part.starts_with("00g")).unwrap();
                        body["group_id"] = group.into();
                    }
                    body
                })
                // Rules are of another endpoint.
                .filter(|body| body["type"] != "group_rule")
                .collect();
            let key = |body: &Value| {
                (text(body, "id"), text(body, "group_id"), body.pointer("/_links/app/href").map(Value::to_string))
            };
            let distinct = bodies.iter().map(key).collect::<BTreeSet<_>>().len();
            expected.insert(("okta", stream, "2026-11-20"), (distinct, bodies.len() - distinct));
            project = project
                .with(&format!("extracts/okta/{stream}/2026-11-20/page-1.json"), &Value::from(bodies).to_string());
        }

        let events = self.lines("okta/derived_system_log_all.jsonl").into_iter().map(|mut line| line["event"].take());
        let events: Vec<Value> = events.filter(|event| event.get("eventType").is_some()).collect();
        assert!(events.len() > 20, "{} events", events.len());
        for (drop, day) in events.chunks(EVENTS_A_DROP).zip(1..) {
            let lines: Vec<String> = drop.iter().map(Value::to_string).collect();
            project = project.with(&format!("extracts/okta/system_log/2026-11-{day:02}.ndjson"), &lines.join("\n"));
        }
        let grafana = self.text("okta/grafana_response.json");
        // Grafana's sample bears the id that one of Panther's has: the event came before.
        expected.insert(("okta", "system_log", "2026-11-20"), (0, 1));
        project = project.with("extracts/okta/system_log/2026-11-20.json", &grafana);

        let page: Vec<Value> = serde_json::from_str(&grafana).unwrap();
        let sound =
            events.iter().chain(&page).filter(|e| e["published"].as_str().is_some_and(|at| at.starts_with("20")));
        let ids: BTreeSet<String> = sound.map(|e| text(e, "uuid")).filter(|id| !id.is_empty()).collect();
        (project, ids.len())
    }

    /// Microsoft, GitHub, Slack, Salesforce and Workday.
    fn vendors(&self, project: Project, expected: &mut Counts) -> Project {
        let slack = &self.json("slack/derived_cartography_slack_users.json")["SLACK_MEMBERS"];
        let users = self.json("salesforce/derived_cartography_salesforce_data.json")["SALESFORCE_USERS"].take();
        let users = json!({ "totalSize": 2, "done": true, "records": users });
        let files = [
            (
                "microsoft365",
                "subscribed_skus",
                "2026-11-20",
                "json",
                self.text("microsoft/transcribed_subscribedSkus.json"),
                2,
            ),
            (
                "microsoft365",
                "m365_app_user_detail",
                "2026-11-19",
                "csv",
                self.text("microsoft/header_getM365AppUserDetail.csv"),
                0,
            ),
            (
                "microsoft365",
                "m365_app_user_detail",
                "2026-11-20",
                "json",
                self.text("microsoft/transcribed_getM365AppUserDetail_D7.json"),
                1,
            ),
            (
                "microsoft365",
                "office365_active_user_detail",
                "2026-11-20",
                "csv",
                self.text("microsoft/header_getOffice365ActiveUserDetail.csv"),
                0,
            ),
            (
                "microsoft365",
                "email_activity_user_detail",
                "2026-11-20",
                "csv",
                self.text("microsoft/header_getEmailActivityUserDetail.csv"),
                0,
            ),
            ("slack", "users", "2026-11-18", "json", self.text("slack/api_users.list.json"), 1),
            ("slack", "users", "2026-11-19", "json", self.text("slack/api_admin.users.list.json"), 0),
            ("slack", "users", "2026-11-20", "json", slack.to_string(), 3),
            ("salesforce", "users", "2026-11-20", "json", users.to_string(), 2),
        ];
        let project = files.into_iter().fold(project, |project, (source, stream, day, extension, text, accepted)| {
            expected.insert((source, stream, day), (accepted, 0));
            project.with(&format!("extracts/{source}/{stream}/{day}.{extension}"), &text)
        });
        expected.insert(("github", "copilot_seats", "2026-11-20"), (17, 0));
        // One worker stands in the table twice, as Fivetran's history of changes.
        expected.insert(("workday", "workers", "2026-11-20"), (6, 1));
        project
            .with(
                "extracts/github/copilot_seats/2026-11-20/page-1.json",
                &self.text("github/copilot_enterprise_seats_response_sample.json"),
            )
            .with(
                "extracts/github/copilot_seats/2026-11-20/page-2.json",
                &self.text("github/copilot_organization_seats_response_sample.json"),
            )
            .with(
                "extracts/workday/workers/2026-11-20.csv",
                &self.text("workday/fivetran_workday_worker_history_data.csv"),
            )
    }

    /// The rates of the ECB: its history, then one day. Says on how many days there are rates.
    fn rates(&self, project: Project, expected: &mut Counts) -> (Project, usize) {
        let (history, daily) = (self.text("fx/eurofxref-hist.csv"), self.text("fx/eurofxref.csv"));
        let is_rate = |cell: &&str| cell.trim().parse::<rust_decimal::Decimal>().is_ok();
        let rates = |line: &str| line.split(',').skip(1).filter(is_rate).count();
        let days: Vec<&str> = history.lines().skip(1).collect();
        let today = daily.lines().nth(1).unwrap();
        let is_new = !days.iter().any(|line| line.starts_with("2026-10-30"));
        assert!(days.len() > 6000 && today.starts_with("30 October 2026"), "{} days, {today}", days.len());
        expected.insert(("ecb", "rates", "2026-10-31"), (days.iter().map(|line| rates(line)).sum(), 0));
        expected.insert(("ecb", "rates", "2026-11-01"), if is_new { (rates(today), 0) } else { (0, rates(today)) });
        let project = project
            .with("extracts/ecb/rates/2026-10-31/eurofxref-hist.csv", &history)
            .with("extracts/ecb/rates/2026-11-01/eurofxref.csv", &daily);
        (project, days.len() + usize::from(is_new))
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
