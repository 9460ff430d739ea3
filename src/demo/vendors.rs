//! Salesforce, GitHub, Slack, Zoom, Figma and the mapped activity feeds.

use super::apps::{APPS, AppId, COPILOT, FIGMA, POWER_BI, SALESFORCE, SLACK, TABLEAU, ZOOM};
use super::company::{PRACTICES, Person};
use super::out::{Job, Out};
use super::rng::{BASE36, hash, id, mix};
use super::seats::{Seat, Signal, salesforce_id};
use super::text::{Calendar, Cell, Day, Instant, Js, JsAscii, JsOpt, put};
use crate::base::Result;

/// Tableau's report was last dropped this many days before the as-of date.
pub const TABLEAU_STOPPED: Day = 12;
/// Slack's daily files that were kept.
const SLACK_DAYS: Day = 110;
/// Salesforce keeps logins for half a year.
const LOGIN_WEEKS: Day = 26;

/// What the vendors know.
#[derive(Clone, Copy)]
pub struct Vendors<'a> {
    /// Holders of accounts.
    pub people: &'a [Person],
    /// Their seats.
    pub seats: &'a [Seat],
    /// The calendar.
    pub calendar: Calendar,
}

impl<'a> Vendors<'a> {
    /// Seat lists on these days; events in weekly and daily drops over `days`.
    pub fn jobs(self, out: &'a Out, landings: &[Day], days: Day) -> Vec<Job<'a>> {
        let mut jobs: Vec<Job<'a>> = Vec::new();
        for day in landings.iter().copied() {
            jobs.push(Box::new(move || self.salesforce(out, day)));
            jobs.push(Box::new(move || self.copilot(out, day)));
            jobs.push(Box::new(move || self.slack(out, day)));
            jobs.push(Box::new(move || self.zoom(out, day)));
            jobs.push(Box::new(move || self.figma(out, day)));
        }
        for week in 0..days / 7 {
            let day = -7 * week;
            if week < LOGIN_WEEKS {
                jobs.push(Box::new(move || self.logins(out, day)));
            }
            jobs.push(Box::new(move || self.activity(out, "crm_usage", SALESFORCE, day)));
            jobs.push(Box::new(move || self.activity(out, "power_bi", POWER_BI, day)));
            jobs.push(Box::new(move || self.activity(out, "tableau", TABLEAU, day - TABLEAU_STOPPED)));
        }
        for back in 0..days.min(SLACK_DAYS) {
            jobs.push(Box::new(move || self.slack_day(out, -back)));
        }
        jobs
    }

    fn holders(self, app: AppId, day: Day) -> impl Iterator<Item = (&'a Seat, &'a Person)> {
        self.seats.iter().filter(move |s| s.app == app && s.stands(day)).map(move |s| (s, &self.people[s.person]))
    }

    /// The last day of any use.
    fn last(self, seat: &Seat, day: Day) -> Option<Day> {
        seat.last_use(Signal::Feature, day, self.calendar).max(seat.last_use(Signal::SignIn, day, self.calendar))
    }

    fn salesforce(self, out: &Out, day: Day) -> Result<()> {
        let date = self.calendar.date(day);
        let licence = |tier: usize| APPS[SALESFORCE].tiers[tier].skus[1];
        let profile = |tier: usize| salesforce_id("00e", tier as u64);
        let record = |kind: &str, id: &str| {
            format!(
                "{{\"attributes\":{{\"type\":\"{kind}\",\"url\":\"/services/data/v62.0/sobjects/{kind}/{id}\"}},\"Id\":\"{id}\","
            )
        };
        let mut rows = Vec::new();
        let mut used = [0_u32; 3];
        for (seat, person) in self.holders(SALESFORCE, day) {
            let tier = seat.tier_on(day);
            used[tier] += 1;
            let mut row = record("User", &seat.account);
            put!(
                row,
                "\"Username\":{},\"Email\":{},\"Name\":{},\"IsActive\":true,\"UserType\":\"Standard\",",
                Js(&seat.user_name),
                Js(&seat.email),
                Js(&person.name)
            );
            put!(
                row,
                "\"ProfileId\":\"{0}\",\"Profile\":{{\"attributes\":{{\"type\":\"Profile\",\"url\":\"/services/data/v62.0/sobjects/Profile/{0}\"}},\"UserLicenseId\":\"{1}\"}},",
                profile(tier),
                licence(tier)
            );
            let number = person.worker_id(day).filter(|_| person.has_employee_number && seat.key % 5 > 0);
            put!(
                row,
                "\"FederationIdentifier\":{},\"EmployeeNumber\":{},",
                JsOpt(person.in_okta.then_some(person.email.as_str())),
                JsOpt(number)
            );
            match self.last(seat, day) {
                Some(last) => {
                    put!(row, "\"LastLoginDate\":\"{}\",", self.calendar.instant(last, seat.key).with(".000+0000"))
                }
                None => row.push_str("\"LastLoginDate\":null,"),
            }
            put!(row, "\"CreatedDate\":\"{}\"}}", self.calendar.instant(seat.from, seat.key).with(".000+0000"));
            rows.push(row);
        }
        query_pages(out, &format!("extracts/salesforce/users/{date}"), &rows)?;
        let licences: Vec<String> = (0..3)
            .map(|t| {
                let tier = &APPS[SALESFORCE].tiers[t];
                format!("{}\"Name\":\"Salesforce {}\",\"MasterLabel\":\"Salesforce {1}\",\"LicenseDefinitionKey\":\"{}\",\"Status\":\"Active\",\"TotalLicenses\":{},\"UsedLicenses\":{}}}",
                    record("UserLicense", licence(t)), tier.name, tier.skus[0], used[t] + used[t] / 9 + 2, used[t])
            })
            .collect();
        query_pages(out, &format!("extracts/salesforce/user_licenses/{date}"), &licences)
    }

    /// A week of LoginHistory; a failure is a text in `Status`.
    fn logins(self, out: &Out, day: Day) -> Result<()> {
        let mut rows = Vec::new();
        for at in day - 6..=day {
            for (seat, _) in self.holders(SALESFORCE, at).filter(|(s, _)| s.is_used(Signal::SignIn, at, self.calendar))
            {
                let key = mix(seat.key ^ at as u64);
                let id = salesforce_id("0Ya", key);
                let failed = key.is_multiple_of(40) && seat.uses[0].last != Some(at);
                rows.push(format!(
                    "{{\"attributes\":{{\"type\":\"LoginHistory\",\"url\":\"/services/data/v62.0/sobjects/LoginHistory/{id}\"}},\"Id\":\"{id}\",\"UserId\":\"{}\",\"LoginTime\":\"{}\",\"Status\":\"{}\",\"Application\":\"Browser\",\"LoginType\":\"SAML Sfdc Initiated SSO\",\"SourceIp\":\"198.51.100.{}\"}}",
                    seat.account, self.calendar.instant(at, key).with(".000+0000"), if failed { "Failed: InResponseTo Invalid" } else { "Success" }, key % 250 + 2
                ));
            }
        }
        query_pages(out, &format!("extracts/salesforce/login_history/{}", self.calendar.date(day)), &rows)
    }

    /// Seats of an organisation; someone in two teams stands there twice.
    fn copilot(self, out: &Out, day: Day) -> Result<()> {
        let mut rows = Vec::new();
        for (seat, _) in self.holders(COPILOT, day) {
            let teams: &[&str] = match (seat.by_group, seat.key % 12) {
                (true, 0) => &["\"platform\"", "\"copilot-early\""],
                (true, 1..6) => &["\"platform\""],
                (true, _) => &["\"product\""],
                (false, _) => &[""],
            };
            let last = seat.last_use(Signal::Feature, day, self.calendar).filter(|last| day - last < 90);
            let created = self.calendar.instant(seat.from, seat.key).with("Z");
            for team in teams {
                let mut row = String::new();
                put!(
                    row,
                    "{{\"created_at\":\"{created}\",\"updated_at\":\"{created}\",\"pending_cancellation_date\":{},",
                    if seat.key % 97 == 0 {
                        Js(&self.calendar.date(21).to_string()).to_string()
                    } else {
                        "null".into()
                    }
                );
                match last {
                    Some(last) => put!(
                        row,
                        "\"last_activity_at\":\"{}\",\"last_activity_editor\":\"vscode/1.95.3/copilot/1.246.0\",",
                        self.calendar.instant(last, seat.key).with("-06:00")
                    ),
                    None => row.push_str("\"last_activity_at\":null,\"last_activity_editor\":null,"),
                }
                put!(
                    row,
                    "\"plan_type\":\"{}\",\"organization\":{{\"login\":\"northwind\",\"id\":9871}},",
                    APPS[COPILOT].tiers[seat.tier_on(day)].skus[0]
                );
                put!(
                    row,
                    "\"assignee\":{{\"login\":\"{}\",\"id\":{},\"type\":\"User\",\"site_admin\":false}},",
                    seat.user_name,
                    seat.account
                );
                match *team {
                    "" => row.push_str("\"assigning_team\":null}"),
                    team => put!(
                        row,
                        "\"assigning_team\":{{\"id\":{},\"name\":{team},\"slug\":{team}}}}}",
                        hash(team) % 90_000
                    ),
                }
                rows.push(row);
            }
        }
        for (n, page) in rows.chunks(100).enumerate() {
            let text =
                format!("{{\"total_seats\":{},\"seats\":[{}]}}", self.holders(COPILOT, day).count(), page.join(",\n"));
            out.file(
                &format!("extracts/github/copilot_seats/{}/page-{}.json.gz", self.calendar.date(day), n + 1),
                &text,
            )?;
        }
        Ok(())
    }

    fn slack(self, out: &Out, day: Day) -> Result<()> {
        let mut rows: Vec<String> = self
            .holders(SLACK, day)
            .map(|(seat, person)| {
                format!(
                    "{{\"id\":\"{}\",\"team_id\":\"T0NORTHW1\",\"name\":{},\"deleted\":false,\"profile\":{{\"real_name\":{},\"display_name\":\"\",\"email\":{}}},\"is_bot\":false,\"is_restricted\":false,\"is_ultra_restricted\":false,\"updated\":{}}}",
                    seat.account, Js(seat.email.split('@').next().unwrap_or_default()), JsAscii(&person.name), Js(&seat.email), self.calendar.instant(seat.from, seat.key).epoch_ms() / 1000
                )
            })
            .collect();
        rows.push("{\"id\":\"USLACKBOT\",\"team_id\":\"T0NORTHW1\",\"name\":\"slackbot\",\"deleted\":false,\"profile\":{\"real_name\":\"Slackbot\",\"display_name\":\"Slackbot\"},\"is_bot\":true,\"updated\":1650000000}".into());
        for (n, page) in rows.chunks(1000).enumerate() {
            let text = format!(
                "{{\"ok\":true,\"members\":[{}],\"response_metadata\":{{\"next_cursor\":\"\"}}}}",
                page.join(",\n")
            );
            out.file(&format!("extracts/slack/users/{}/page-{}.json.gz", self.calendar.date(day), n + 1), &text)?;
        }
        Ok(())
    }

    /// The member analytics file of a day: whoever did something, and some who did not.
    fn slack_day(self, out: &Out, day: Day) -> Result<()> {
        let date = self.calendar.date(day);
        let claimed = Instant::new(date, 0).epoch_ms() / 1000 - 90 * 86_400;
        let mut text = String::new();
        for (n, (seat, _)) in self.holders(SLACK, day).enumerate() {
            let is_active = seat.is_used(Signal::Feature, day, self.calendar);
            let key = mix(seat.key ^ day as u64);
            if !is_active && !key.is_multiple_of(30) && n > 0 {
                continue;
            }
            let posts = if is_active { key % 25 + 1 } else { 0 };
            put!(
                text,
                "{{\"enterprise_id\":\"E0NORTHW1\",\"team_id\":\"T0NORTHW1\",\"date\":\"{date}\",\"user_id\":\"{}\",\"email_address\":{},",
                seat.account,
                Js(&seat.email)
            );
            put!(
                text,
                "\"is_guest\":false,\"is_billable_seat\":true,\"is_active\":{is_active},\"is_active_ios\":false,\"is_active_android\":false,\"is_active_desktop\":{is_active},\"is_active_apps\":false,\"is_active_workflows\":false,\"is_active_slack_connect\":false,"
            );
            put!(
                text,
                "\"messages_posted_count\":{posts},\"channel_messages_posted_count\":{},\"reactions_added_count\":{},\"files_added_count\":{},\"total_calls_count\":0,\"slack_calls_count\":0,\"slack_huddles_count\":{},\"search_count\":{},\"date_claimed\":{claimed}}}\n",
                posts / 2,
                posts / 3,
                posts / 9,
                posts / 12,
                posts / 5
            );
        }
        if text.is_empty() {
            return Ok(());
        }
        out.file(&format!("extracts/slack/member_analytics/{date}.ndjson.gz"), &text)
    }

    fn zoom(self, out: &Out, day: Day) -> Result<()> {
        let rows: Vec<String> = self
            .holders(ZOOM, day)
            .map(|(seat, person)| {
                let mut row = String::new();
                put!(row, "{{\"id\":\"{}\",\"first_name\":{},\"last_name\":{},\"display_name\":{},\"email\":{},", seat.account, Js(&person.names.0), Js(&person.names.1), Js(&person.name), Js(&seat.email));
                put!(row, "\"type\":{},\"status\":\"active\",\"verified\":1,\"role_id\":\"2\",\"dept\":\"{}\",\"cost_center\":\"{}\",", APPS[ZOOM].tiers[seat.tier_on(day)].skus[1], PRACTICES[person.practice].name, person.cost_center());
                if let Some(number) = person.worker_id(day).filter(|_| person.has_employee_number && seat.key % 10 < 7) {
                    put!(row, "\"employee_unique_id\":{},", Js(number));
                }
                if let Some(last) = self.last(seat, day) {
                    put!(row, "\"last_login_time\":\"{}\",\"last_client_version\":\"6.2.11.46931(win)\",", self.calendar.instant(last, seat.key).with("Z"));
                }
                put!(row, "\"created_at\":\"{}\"}}", self.calendar.instant(seat.from, seat.key).with("Z"));
                row
            })
            .collect();
        let count = rows.len().div_ceil(300);
        for (n, page) in rows.chunks(300).enumerate() {
            let next = if n + 1 < count { id("", n as u64, 32, BASE36) } else { String::new() };
            let text = format!(
                "{{\"page_count\":{count},\"page_number\":{},\"page_size\":300,\"total_records\":{},\"next_page_token\":\"{next}\",\"users\":[{}]}}",
                n + 1,
                rows.len(),
                page.join(",\n")
            );
            out.file(&format!("extracts/zoom/users/{}/page-{}.json.gz", self.calendar.date(day), n + 1), &text)?;
        }
        Ok(())
    }

    /// A CSV from Figma's admin page: semicolons, days first, a line with the total.
    fn figma(self, out: &Out, day: Day) -> Result<()> {
        let shown = |d: Day| self.calendar.date(d).format("%d/%m/%Y").to_string();
        let mut text = String::from("\u{feff}User ID;Name;Email;Seat;Last active;Invited on;Team\r\n");
        let mut total = 0;
        for (seat, person) in self.holders(FIGMA, day) {
            let last = seat.last_use(Signal::Feature, day, self.calendar).map_or("-".into(), shown);
            put!(
                text,
                "{};{};{};{};{last};{};Product\r\n",
                seat.account,
                Cell(&person.name),
                Cell(&seat.email),
                APPS[FIGMA].tiers[seat.tier_on(day)].skus[0],
                shown(seat.from)
            );
            total += 1;
        }
        put!(text, "Total;{total} users;;;;;\r\n");
        out.file(&format!("extracts/figma/seats/{}/members.csv", self.calendar.date(day)), &text)
    }

    /// A week of feature use, one line for each account, feature and day.
    fn activity(self, out: &Out, source: &str, app: AppId, day: Day) -> Result<()> {
        let (common, premium): (&[&str], &[&str]) = match app {
            SALESFORCE => (&["opportunity_edit", "report_view", "case_update"], &["advanced_reporting", "sandbox"]),
            POWER_BI => (&["view_report", "view_dashboard", "export_report"], &[]),
            _ => (&["view", "web_edit"], &[]),
        };
        let mut text = String::from("Event Id,User Id,Email,Feature,Day,Uses\n");
        for at in day - 6..=day {
            for (seat, _) in self.holders(app, at) {
                for (signal, features) in [(Signal::Feature, common), (Signal::Premium, premium)] {
                    if features.is_empty() || !seat.is_used(signal, at, self.calendar) {
                        continue;
                    }
                    let key = mix(seat.key ^ mix(at as u64) ^ signal as u64);
                    let feature = features[(key % features.len() as u64) as usize];
                    put!(
                        text,
                        "{:016x},{},{},{feature},{},{}\n",
                        key,
                        seat.account,
                        Cell(&seat.email),
                        self.calendar.date(at),
                        key % 9 + 1
                    );
                }
            }
        }
        out.file(&format!("extracts/{source}/activity/{}/activity.csv.gz", self.calendar.date(day)), &text)
    }
}

/// Pages of a SOQL query; a query that finds nothing has one page, too.
fn query_pages(out: &Out, folder: &str, rows: &[String]) -> Result<()> {
    if rows.is_empty() {
        return out.file(&format!("{folder}/page-1.json.gz"), "{\"totalSize\":0,\"done\":true,\"records\":[]}");
    }
    let count = rows.len().div_ceil(2000);
    for (n, page) in rows.chunks(2000).enumerate() {
        let more = if n + 1 < count {
            format!("\"done\":false,\"nextRecordsUrl\":\"/services/data/v62.0/query/01gNw-{}\"", (n + 1) * 2000)
        } else {
            "\"done\":true".into()
        };
        out.file(
            &format!("{folder}/page-{}.json.gz", n + 1),
            format!("{{\"totalSize\":{},{more},\"records\":[{}]}}", rows.len(), page.join(",\n")),
        )?;
    }
    Ok(())
}
