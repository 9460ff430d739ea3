//! What each vendor documents: paths, paging, limits of a page. Records are told whole, whatever fields a query names.

use serde_json::value::RawValue;
use url::Url;

use super::shelf::{At, text};
use super::{Answer, Api, Asked, Shown};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};

/// The client to which tokens are given out.
pub(super) const CLIENT: &str = "seatledger";
/// Where Microsoft keeps reports.
pub(super) const STORAGE: &str = "storage";

/// One vendor.
pub(super) struct Vendor {
    /// The source that reads it.
    pub source: &'static str,
    /// The lines of `[source.live]` beside address and secret; `{url}` stands for the address.
    pub login: &'static str,
    pub shown: Shown,
    /// What it answers whom it does not know.
    pub refuses: (u16, &'static str),
    pub answer: fn(&Api, &Asked) -> Result<Answer>,
}

/// All of them.
pub(super) static ALL: &[Vendor] = &[
    Vendor {
        source: "okta",
        login: "auth = \"bearer\"\n",
        shown: Shown::Bearer,
        refuses: (401, "{\"errorCode\":\"E0000011\",\"errorSummary\":\"Invalid token provided\"}"),
        answer: okta,
    },
    Vendor {
        source: "microsoft365",
        login: "client_id = \"seatledger\"\ntenant = \"northwind\"\ntoken_url = \"{url}northwind/oauth2/v2.0/token\"\n",
        shown: Shown::Granted { at: "northwind/oauth2/v2.0/token", is_in_header: false },
        refuses: (401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Access token is empty.\"}}"),
        answer: graph,
    },
    Vendor {
        source: "salesforce",
        login: "auth = \"bearer\"\n",
        shown: Shown::Bearer,
        refuses: (401, "[{\"errorCode\":\"INVALID_SESSION_ID\",\"message\":\"Session expired or invalid\"}]"),
        answer: salesforce,
    },
    Vendor {
        source: "github",
        login: "auth = \"bearer\"\norganization = \"northwind\"\n",
        shown: Shown::Bearer,
        refuses: (401, "{\"message\":\"Bad credentials\"}"),
        answer: github,
    },
    Vendor {
        source: "slack",
        login: "",
        shown: Shown::Bearer,
        refuses: (200, "{\"ok\":false,\"error\":\"invalid_auth\"}"),
        answer: slack,
    },
    Vendor {
        source: "zoom",
        login: "client_id = \"seatledger\"\naccount_id = \"northwind\"\ntoken_url = \"{url}oauth/token\"\n",
        shown: Shown::Granted { at: "oauth/token", is_in_header: true },
        refuses: (401, "{\"code\":124,\"message\":\"Invalid access token.\"}"),
        answer: zoom,
    },
    Vendor {
        source: "workday",
        login: "user = \"isu_seatledger\"\ntenant = \"northwind\"\nowner = \"isu_seatledger\"\nworkers = \"workers\"\n\
                leaves = \"leaves\"\nproject_assignments = \"project_assignments\"\n",
        shown: Shown::Basic("isu_seatledger"),
        refuses: (401, "{\"error\":\"invalid username or password\"}"),
        answer: workday,
    },
    Vendor {
        source: "servicenow",
        login: "user = \"seatledger\"\n",
        shown: Shown::Basic("seatledger"),
        refuses: (401, "{\"error\":{\"message\":\"User is not authenticated\"},\"status\":\"failure\"}"),
        answer: servicenow,
    },
    Vendor { source: "ecb", login: "", shown: Shown::Nobody, refuses: (401, ""), answer: ecb },
];

/// A page of a list.
struct Page {
    /// The records, with commas between them.
    records: String,
    /// How many records come before the next page.
    next: Option<usize>,
    /// Records in all.
    total: usize,
}

fn page(all: &[Box<RawValue>], from: usize, size: Option<usize>, most: usize) -> Page {
    let from = from.min(all.len());
    let to = all.len().min(from + size.unwrap_or(most).clamp(1, most));
    let records: Vec<&str> = all[from..to].iter().map(|record| record.get()).collect();
    Page { records: records.join(","), next: (to < all.len()).then_some(to), total: all.len() }
}

/// The address of another page of what was asked.
fn again(api: &Api, asked: &Asked, name: &str, value: &str) -> Url {
    let mut url = api.url.clone();
    url.set_path(&asked.path.join("/"));
    let others = asked.query.iter().filter(|(other, _)| *other != name);
    url.query_pairs_mut().extend_pairs(others).append_pair(name, value);
    url
}

fn linked(answer: Answer, next: Option<Url>) -> Answer {
    match next {
        Some(next) => answer.with("link", format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

/// The segments of the path of a GET; of anything else none.
fn segments(asked: &Asked) -> Vec<&str> {
    if asked.method == "GET" { asked.path.iter().map(String::as_str).collect() } else { Vec::new() }
}

fn nothing() -> Answer {
    Answer::new(404, "{\"error\":\"not_found\"}")
}

fn okta(api: &Api, asked: &Asked) -> Result<Answer> {
    let (folder, most) = match segments(asked)[..] {
        ["api", "v1", "logs"] => return okta_log(api, asked),
        ["api", "v1", "users"] => match asked.text("filter") {
            "" => (api.today("users") + "/active", 200),
            "status eq \"DEPROVISIONED\"" => (api.today("users") + "/deprovisioned", 200),
            _ => return Ok(Answer::new(400, "{\"errorCode\":\"E0000031\",\"errorSummary\":\"filter\"}")),
        },
        ["api", "v1", "groups"] => (api.today("groups"), 200),
        ["api", "v1", "groups", group, "users"] => (format!("{}/{group}", api.today("group_members")), 1000),
        ["api", "v1", "apps"] => (api.today("apps"), 200),
        ["api", "v1", "apps", app, "users"] => (format!("{}/{app}", api.today("app_users")), 500),
        _ => return Ok(nothing()),
    };
    let page = page(&api.shelf.records(&folder)?, asked.number("after").unwrap_or(0), asked.number("limit"), most);
    let next = page.next.map(|next| again(api, asked, "after", &next.to_string()));
    Ok(linked(Answer::new(200, format!("[{}]", page.records)), next))
}

/// Events in the order in which they were stored. Without an end there is always one more page, if an empty one.
fn okta_log(api: &Api, asked: &Asked) -> Result<Answer> {
    let (since, until) = (asked.text("since"), asked.text("until"));
    let place = |after: &str| {
        let (file, line) = after.split_once('-')?;
        Some(At { file: file.parse().ok()?, line: line.parse().ok()? })
    };
    let from = match asked.text("after") {
        "" => At::default(),
        after => match place(after) {
            Some(at) => at,
            None => return Ok(Answer::new(400, "{\"errorCode\":\"E0000001\",\"errorSummary\":\"after\"}")),
        },
    };
    // Instants of one form: their texts have their order.
    let is_wanted = |event: &str| {
        let published = event.rsplit_once("\"published\":\"").map_or("", |(_, rest)| rest);
        published >= since && (until.is_empty() || published < until)
    };
    let most = asked.number("limit").unwrap_or(100).clamp(1, 1000);
    let (events, next) = api.shelf.lines("system_log", from, most, is_wanted)?;
    let is_last = events.is_empty() && !until.is_empty();
    let next = again(api, asked, "after", &format!("{}-{}", next.file, next.line));
    Ok(linked(Answer::new(200, format!("[{}]", events.join(","))), (!is_last).then_some(next)))
}

fn graph(api: &Api, asked: &Asked) -> Result<Answer> {
    const REPORTS: [(&str, &str); 4] = [
        ("getOffice365ActiveUserDetail", "office365_active_user_detail"),
        ("getM365AppUserDetail", "m365_app_user_detail"),
        ("getTeamsUserActivityUserDetail", "teams_user_activity_user_detail"),
        ("getEmailActivityUserDetail", "email_activity_user_detail"),
    ];
    let stream = match segments(asked)[..] {
        ["v1.0", "users"] => "users",
        ["v1.0", "subscribedSkus"] => "subscribed_skus",
        ["v1.0", "reports", report] => {
            let of = REPORTS.iter().find(|(name, _)| report.split(['(', '%']).next() == Some(*name));
            let moved = |(_, stream): &(&str, &str)| {
                Answer::new(302, "").with("location", format!("{}{STORAGE}/{stream}.csv", api.url))
            };
            return Ok(of.map_or_else(nothing, moved));
        }
        [STORAGE, file] => {
            let stream = REPORTS.iter().map(|(_, stream)| stream).find(|stream| file == format!("{stream}.csv"));
            let Some(stream) = stream else { return Ok(nothing()) };
            let file = api.shelf.file(&api.today(stream), "")?;
            return match file {
                None => Ok(nothing()),
                Some(file) => Ok(Answer::new(200, text(&file)?)),
            };
        }
        _ => return Ok(nothing()),
    };
    let all = api.shelf.records(&api.today(stream))?;
    // With signInActivity a page holds 500 at most.
    let page = page(&all, asked.number("$skiptoken").unwrap_or(0), asked.number("$top"), 500);
    let next = page.next.map(|next| again(api, asked, "$skiptoken", &next.to_string()));
    let next = next.map_or_else(String::new, |next| format!("\"@odata.nextLink\":\"{next}\","));
    Ok(Answer::new(200, format!("{{{next}\"value\":[{}]}}", page.records)))
}

/// SOQL as far as objects and a first instant go.
fn salesforce(api: &Api, asked: &Asked) -> Result<Answer> {
    const MOST: usize = 2000;
    const OBJECTS: [(&str, &str); 3] =
        [("User", "users"), ("UserLicense", "user_licenses"), ("LoginHistory", "login_history")];
    let after = |words: &str, word: &str| {
        let mut words = words.split_whitespace().skip_while(|found| *found != word);
        words.nth(1).unwrap_or_default().to_owned()
    };
    // The rest of a query stands for the query: nothing is remembered.
    let (object, since, from) = match segments(asked)[..] {
        ["services", "data", _, "query"] => (after(asked.text("q"), "FROM"), after(asked.text("q"), ">="), 0),
        ["services", "data", _, "query", locator] => {
            let mut parts = locator.splitn(3, '-');
            let (object, from) = (parts.next().unwrap_or_default(), parts.next().and_then(|from| from.parse().ok()));
            (object.to_owned(), parts.next().unwrap_or_default().to_owned(), from.unwrap_or(0))
        }
        _ => return Ok(nothing()),
    };
    let Some((_, stream)) = OBJECTS.iter().find(|(name, _)| *name == object) else {
        return Ok(Answer::new(
            400,
            "[{\"errorCode\":\"INVALID_TYPE\",\"message\":\"sObject type is not supported\"}]",
        ));
    };
    let all = match *stream {
        "login_history" => api.shelf.records(stream)?,
        _ => api.shelf.records(&api.today(stream))?,
    };
    let at = |record: &RawValue| record.get().split_once("\"LoginTime\":\"").map(|(_, rest)| rest.to_owned());
    let meant: Vec<Box<RawValue>> =
        all.iter().filter(|record| at(record).is_none_or(|at| *at >= *since)).cloned().collect();
    let page = page(&meant, from, None, MOST);
    let next = page.next.map(|next| {
        let version = asked.path.get(2).map_or("v62.0", String::as_str);
        format!(",\"nextRecordsUrl\":\"/services/data/{version}/query/{object}-{next}-{since}\"")
    });
    let (is_done, next) = (next.is_none(), next.unwrap_or_default());
    let (total, records) = (page.total, page.records);
    Ok(Answer::new(200, format!("{{\"totalSize\":{total},\"done\":{is_done}{next},\"records\":[{records}]}}")))
}

fn github(api: &Api, asked: &Asked) -> Result<Answer> {
    let ["orgs", "northwind", "copilot", "billing", "seats"] = segments(asked)[..] else { return Ok(nothing()) };
    let all = api.shelf.records(&api.today("copilot_seats"))?;
    let size = asked.number("per_page").unwrap_or(50).clamp(1, 100);
    let number = asked.number("page").unwrap_or(1).max(1);
    let page = page(&all, (number - 1) * size, Some(size), size);
    let next = page.next.map(|_| again(api, asked, "page", &(number + 1).to_string()));
    Ok(linked(Answer::new(200, format!("{{\"total_seats\":{},\"seats\":[{}]}}", page.total, page.records)), next))
}

fn slack(api: &Api, asked: &Asked) -> Result<Answer> {
    match segments(asked)[..] {
        ["api", "users.list"] => {
            let all = api.shelf.records(&api.today("users"))?;
            let page = page(&all, asked.number("cursor").unwrap_or(0), asked.number("limit"), 1000);
            let next = page.next.map_or_else(String::new, |next| next.to_string());
            let meta = format!("\"response_metadata\":{{\"next_cursor\":\"{next}\"}}");
            Ok(Answer::new(200, format!("{{\"ok\":true,\"members\":[{}],{meta}}}", page.records)))
        }
        ["api", "admin.analytics.getFile"] => {
            let day = asked.text("date");
            let file = if day.len() == 10 { api.shelf.file("member_analytics", day)? } else { None };
            let Some(file) = file else { return Ok(Answer::new(200, "{\"ok\":false,\"error\":\"file_not_found\"}")) };
            let packed = std::fs::read(&file).context(ErrorKind::Internal, file.display().to_string())?;
            Ok(Answer::new(200, packed).with("content-type", "application/gzip".to_owned()))
        }
        _ => Ok(Answer::new(200, "{\"ok\":false,\"error\":\"unknown_method\"}")),
    }
}

/// Everybody is active: who is gone is not told of.
fn zoom(api: &Api, asked: &Asked) -> Result<Answer> {
    let ["v2", "users"] = segments(asked)[..] else { return Ok(nothing()) };
    let all = match asked.text("status") {
        "" | "active" => api.shelf.records(&api.today("users"))?,
        _ => Default::default(),
    };
    let size = asked.number("page_size").unwrap_or(30).clamp(1, 300);
    let page = page(&all, asked.number("next_page_token").unwrap_or(0), Some(size), size);
    let next = page.next.map_or_else(String::new, |next| next.to_string());
    let (total, records) = (page.total, page.records);
    let counts = format!("\"page_count\":{},\"page_size\":{size},\"total_records\":{total}", total.div_ceil(size));
    Ok(Answer::new(200, format!("{{{counts},\"next_page_token\":\"{next}\",\"users\":[{records}]}}")))
}

fn workday(api: &Api, asked: &Asked) -> Result<Answer> {
    match segments(asked)[..] {
        ["ccx", "service", "customreport2", "northwind", _, report] if asked.text("format") == "json" => {
            let Some(file) = api.shelf.file(&api.today(report), "")? else { return Ok(nothing()) };
            Ok(Answer::new(200, text(&file)?))
        }
        _ => Ok(nothing()),
    }
}

fn servicenow(api: &Api, asked: &Asked) -> Result<Answer> {
    const TABLES: [(&str, &str); 3] =
        [("ast_contract", "contracts"), ("alm_license", "entitlements"), ("cmn_cost_center", "cost_centers")];
    let ["api", "now", "table", table] = segments(asked)[..] else { return Ok(nothing()) };
    let Some((_, stream)) = TABLES.iter().find(|(name, _)| *name == table) else { return Ok(nothing()) };
    let all = api.shelf.records(&api.today(stream))?;
    let page = page(&all, asked.number("sysparm_offset").unwrap_or(0), asked.number("sysparm_limit"), 10_000);
    let next = page.next.map(|next| again(api, asked, "sysparm_offset", &next.to_string()));
    let answer = Answer::new(200, format!("{{\"result\":[{}]}}", page.records));
    Ok(linked(answer.with("x-total-count", page.total.to_string()), next))
}

/// The rates of the ECB's own file, an observation a line.
fn ecb(api: &Api, asked: &Asked) -> Result<Answer> {
    let ["service", "data", "EXR", "D..EUR.SP00.A"] = segments(asked)[..] else { return Ok(nothing()) };
    let Some(file) = api.shelf.file(&api.today("rates"), "")? else { return Ok(nothing()) };
    let sheet = text(&file)?;
    let mut lines = sheet.lines();
    let currencies: Vec<&str> = lines.next().unwrap_or_default().split(',').skip(1).collect();
    let mut told = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE\r\n".to_owned();
    for line in lines {
        let (day, rates) = line.split_once(',').unwrap_or_default();
        let quotes = currencies.iter().zip(rates.split(','));
        for (currency, rate) in quotes.filter(|(_, rate)| day >= asked.text("startPeriod") && *rate != "N/A") {
            if !currency.is_empty() {
                let series = format!("EXR.D.{currency}.EUR.SP00.A,D,{currency},EUR,SP00,A");
                told.push_str(&format!("{series},{day},{rate}\r\n"));
            }
        }
    }
    Ok(Answer::new(200, told).with("content-type", "text/csv".to_owned()))
}
