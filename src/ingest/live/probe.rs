//! One small request for each stream: whether the credential is taken and may read it, and what clock and limits the
//! server shows. Nothing of the answer lands.

use super::read::{Api, absent, at, code, days};
use super::table::{Pass, Stream, vendor};
use crate::base::{Clock, Error, ErrorKind, Result};
use crate::config::{Config, Kind, Source};
use crate::http::{Limits, Response};

/// What an API said to a request for one stream.
#[derive(Debug)]
pub struct Probe {
    /// The source.
    pub source: String,
    /// The stream; empty when no stream could be asked for.
    pub stream: String,
    /// What the vendor calls the permission to read it.
    pub needs: &'static str,
    /// What came back.
    pub answer: Result<Answer>,
}

/// An answer, as far as it says something about the way to the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The vendor's code for why it does not give the stream; none when it does.
    pub refusal: Option<String>,
    /// Seconds by which the server's clock is ahead of ours, where it shows it.
    pub ahead_seconds: Option<i64>,
    /// The requests that the server allows in a window, and how many are left, where it says so.
    pub room: Option<(u64, u64)>,
}

/// What the permission for a stream is called, and what makes the request for it small: what stands here replaces what
/// the table asks for. None: there is no small request.
struct Ask {
    kind: Kind,
    stream: &'static str,
    needs: &'static str,
    small: Option<&'static [(&'static str, &'static str)]>,
}

const ASKS: &[Ask] = &[
    ask(Kind::Okta, "system_log", "okta.logs.read", &[("limit", "1")]),
    ask(Kind::Okta, "users", "okta.users.read", &[("limit", "1")]),
    ask(Kind::Okta, "groups", "okta.groups.read", &[("limit", "1")]),
    ask(Kind::Okta, "group_members", "okta.groups.read", &[("limit", "1")]),
    ask(Kind::Okta, "apps", "okta.apps.read", &[("limit", "1")]),
    ask(Kind::Okta, "app_users", "okta.apps.read", &[("limit", "1")]),
    ask(Kind::Microsoft365, "users", "User.Read.All and AuditLog.Read.All", &[("$top", "1")]),
    ask(Kind::Microsoft365, "subscribed_skus", "LicenseAssignment.Read.All", &[("$select", "skuId")]),
    // A report is one redirect, which a probe does not follow.
    ask(Kind::Microsoft365, "office365_active_user_detail", "Reports.Read.All", &[]),
    ask(Kind::Microsoft365, "m365_app_user_detail", "Reports.Read.All", &[]),
    ask(Kind::Microsoft365, "teams_user_activity_user_detail", "Reports.Read.All", &[]),
    ask(Kind::Microsoft365, "email_activity_user_detail", "Reports.Read.All", &[]),
    ask(Kind::Salesforce, "users", "API Enabled and View Setup", &[("q", "SELECT Id FROM User LIMIT 1")]),
    ask(Kind::Salesforce, "user_licenses", "View Setup", &[("q", "SELECT Id FROM UserLicense LIMIT 1")]),
    ask(Kind::Salesforce, "login_history", "Manage Users", &[("q", "SELECT Id FROM LoginHistory LIMIT 1")]),
    ask(Kind::Slack, "users", "users:read and users:read.email", &[("limit", "1")]),
    ask(Kind::Slack, "member_analytics", "admin.analytics:read", &[]),
    ask(Kind::Zoom, "users", "user:read:list_users:admin", &[("page_size", "1")]),
    ask(Kind::Github, "copilot_seats", "GitHub Copilot Business: read", &[("per_page", "1")]),
    ask(Kind::Servicenow, "contracts", "read on ast_contract", &[("sysparm_limit", "1")]),
    ask(Kind::Servicenow, "entitlements", "read on alm_license", &[("sysparm_limit", "1")]),
    ask(Kind::Servicenow, "cost_centers", "read on cmn_cost_center", &[("sysparm_limit", "1")]),
    ask(Kind::Ecb, "rates", "", &[("lastNObservations", "1")]),
    // All of a report comes in one answer.
    Ask { kind: Kind::Workday, stream: "workers", needs: "the report, shared with the user", small: None },
    Ask { kind: Kind::Workday, stream: "leaves", needs: "the report, shared with the user", small: None },
    Ask { kind: Kind::Workday, stream: "project_assignments", needs: "the report, shared with the user", small: None },
    Ask { kind: Kind::Bamboohr, stream: "workers", needs: "access to the fields", small: None },
    Ask { kind: Kind::Bamboohr, stream: "leaves", needs: "access to time off", small: None },
];

const fn ask(
    kind: Kind,
    stream: &'static str,
    needs: &'static str,
    small: &'static [(&'static str, &'static str)],
) -> Ask {
    Ask { kind, stream, needs, small: Some(small) }
}

/// Asks every API of the project for a little of each stream that it has a small request for.
pub async fn probe(config: &Config, limits: Limits, clock: Clock) -> Vec<Probe> {
    let mut probes = Vec::new();
    for source in &config.project.sources {
        let Some((live, vendor)) = source.live.as_ref().zip(vendor(source.kind)) else { continue };
        let api = match Api::open(config, live, vendor, limits, clock) {
            Ok(api) => api,
            Err(error) => {
                probes.push(Probe {
                    source: source.name.clone(),
                    stream: String::new(),
                    needs: "",
                    answer: Err(error),
                });
                continue;
            }
        };
        for stream in source.configured(&config.root) {
            let Some((ask, table)) = asked(source, &stream).zip(vendor.stream(&stream)) else { continue };
            let Some(small) = ask.small else { continue };
            let answer = send(&api, table, small, clock).await;
            probes.push(Probe { source: source.name.clone(), stream, needs: ask.needs, answer });
        }
    }
    probes
}

fn asked(source: &Source, stream: &str) -> Option<&'static Ask> {
    ASKS.iter().find(|ask| ask.kind == source.kind && ask.stream == stream)
}

async fn send(api: &Api, table: &Stream, small: &[(&str, &str)], clock: Clock) -> Result<Answer> {
    let Some(first) = table.passes.first() else { return Err(Error::internal("a stream that asks for nothing")) };
    // Of lists that belong to others, those others stand for them.
    let pass: &Pass = first.of.map_or(first, |parent| &parent.list);
    let today = clock.today().day();
    let day = today.pred_opt().unwrap_or(today);
    let call = api.call(pass, &days(day, today), small)?;
    let sent = clock.now();
    let response = api.send(&call).await.map_err(|refusal| Error::new(ErrorKind::Source, refusal.message))?;
    let middle = sent + (clock.now() - sent) / 2;
    Ok(Answer {
        status: response.status,
        refusal: refusal(&response, pass),
        ahead_seconds: response.date().map(|date| (date - middle).num_seconds()),
        room: room(&response),
    })
}

/// Why a stream is not given; the vendor's code, else the status.
fn refusal(response: &Response, pass: &Pass) -> Option<String> {
    let is_moved = response.status == 302 && !pass.moved_to.is_empty();
    // Slack says no with 200.
    let is_failed = at(response.bytes(), "/ok") == Some(false.into());
    if is_moved || (response.is_success() && !is_failed) || absent(pass, response).is_some() {
        return None;
    }
    Some(code(response).unwrap_or_else(|| response.status.to_string()))
}

/// The requests of a window, and those left of it, in the headers of Okta, GitHub and Salesforce.
fn room(response: &Response) -> Option<(u64, u64)> {
    let number = |name: &str| response.header(name)?.trim().parse::<u64>().ok();
    let windows = ["x-rate-limit-", "x-ratelimit-"].iter();
    let window =
        windows.filter_map(|name| Some((number(&format!("{name}limit"))?, number(&format!("{name}remaining"))?)));
    window.into_iter().next().or_else(|| {
        let (used, limit) = response.header("sforce-limit-info")?.split_once("api-usage=")?.1.split_once('/')?;
        let limit: u64 = limit.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()?;
        Some((limit, limit.saturating_sub(used.parse().ok()?)))
    })
}
