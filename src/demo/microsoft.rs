//! Microsoft Graph: users with licences, subscribed SKUs, and four usage reports as CSV with BOM and CRLF.

use std::collections::BTreeMap;

use super::apps::{APPS, M365, POWER_BI, VISIO, group_name};
use super::company::Person;
use super::out::{Job, Out};
use super::rng::{guid, hash, mix};
use super::seats::{Seat, Signal};
use super::text::{Calendar, Cell, Day, Js, JsOpt, put};
use crate::base::Result;

/// Reports speak for the day before yesterday.
const LAG: Day = 2;
const PAGE: usize = 999;

/// The landings on these days; the three smaller reports only on the last `recent` of them.
pub fn jobs<'a>(
    out: &'a Out,
    people: &'a [Person],
    seats: &'a [Seat],
    calendar: Calendar,
    landings: &[Day],
    recent: usize,
) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for (n, day) in landings.iter().copied().enumerate() {
        let tenant = Tenant { people, seats, calendar, day };
        jobs.push(Box::new(move || tenant.users(out)));
        jobs.push(Box::new(move || tenant.subscribed_skus(out)));
        jobs.push(Box::new(move || tenant.active_users(out)));
        if landings.len() - n <= recent {
            jobs.push(Box::new(move || tenant.app_users(out)));
            jobs.push(Box::new(move || tenant.teams(out)));
            jobs.push(Box::new(move || tenant.mail(out)));
        }
    }
    jobs
}

/// The tenant on a day.
#[derive(Clone, Copy)]
struct Tenant<'a> {
    people: &'a [Person],
    seats: &'a [Seat],
    calendar: Calendar,
    day: Day,
}

impl Tenant<'_> {
    fn users(self, out: &Out) -> Result<()> {
        let mut licences: BTreeMap<usize, Vec<&Seat>> = BTreeMap::new();
        for seat in self.seats.iter().filter(|s| matches!(s.app, M365 | POWER_BI | VISIO) && s.stands(self.day)) {
            licences.entry(seat.person).or_default().push(seat);
        }
        let rows: Vec<String> =
            licences.iter().map(|(person, seats)| self.user(&self.people[*person], seats)).collect();
        let date = self.calendar.date(self.day);
        let count = rows.len().div_ceil(PAGE);
        for (n, page) in rows.chunks(PAGE).enumerate() {
            let next = if n + 1 < count {
                "\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/users?$skiptoken=RFNwdAIAAQ\","
            } else {
                ""
            };
            let text = format!(
                "{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#users\",{next}\"value\":[{}]}}",
                page.join(",\n")
            );
            out.file(&format!("extracts/microsoft365/users/{date}/page-{}.json.gz", n + 1), &text)?;
        }
        Ok(())
    }

    fn user(self, person: &Person, seats: &[&Seat]) -> String {
        let mut row = String::with_capacity(900);
        let key = hash(&person.email);
        put!(
            row,
            "{{\"id\":\"{}\",\"userPrincipalName\":{},\"mail\":{},",
            seats[0].account,
            Js(upn(person, seats[0], self.day)),
            Js(upn(person, seats[0], self.day))
        );
        let number = person.worker_id(self.day).filter(|_| person.has_employee_number);
        put!(
            row,
            "\"displayName\":{},\"employeeId\":{},\"accountEnabled\":true,\"userType\":\"Member\",",
            Js(&person.name),
            JsOpt(number)
        );
        put!(
            row,
            "\"createdDateTime\":\"{}\",\"assignedLicenses\":[",
            self.calendar.instant(person.start() - 2, key).with("Z")
        );
        for (n, seat) in seats.iter().enumerate() {
            put!(row, "{}{{\"disabledPlans\":[],\"skuId\":\"{}\"}}", if n > 0 { "," } else { "" }, sku(seat, self.day));
        }
        row.push_str("],\"licenseAssignmentStates\":[");
        for (n, seat) in seats.iter().enumerate() {
            let group = seat.by_group.then(|| guid(hash(&group_name(seat.app, seat.tier))));
            put!(
                row,
                "{}{{\"skuId\":\"{}\",\"disabledPlans\":[],\"assignedByGroup\":{},",
                if n > 0 { "," } else { "" },
                sku(seat, self.day),
                JsOpt(group.as_deref())
            );
            put!(
                row,
                "\"state\":\"Active\",\"error\":\"None\",\"lastUpdatedDateTime\":\"{}\"}}",
                self.calendar.instant(seat.from, seat.key).with("Z")
            );
        }
        row.push(']');
        let signed_in =
            seats.iter().find(|s| s.app == M365).and_then(|s| s.last_use(Signal::SignIn, self.day, self.calendar));
        if let Some(day) = signed_in {
            let at = self.calendar.instant(day, key).with("Z");
            put!(
                row,
                ",\"signInActivity\":{{\"lastSignInDateTime\":\"{at}\",\"lastNonInteractiveSignInDateTime\":null,\"lastSuccessfulSignInDateTime\":\"{at}\"}}"
            );
        }
        row.push('}');
        row
    }

    fn subscribed_skus(self, out: &Out) -> Result<()> {
        let mut rows = Vec::new();
        for app in [M365, POWER_BI, VISIO] {
            for (t, tier) in APPS[app].tiers.iter().enumerate() {
                let consumed = self
                    .seats
                    .iter()
                    .filter(|s| s.app == app && s.tier_on(self.day) == t && s.stands(self.day))
                    .count();
                rows.push(format!(
                    "{{\"accountName\":\"northwind\",\"appliesTo\":\"User\",\"capabilityStatus\":\"Enabled\",\"consumedUnits\":{consumed},\"prepaidUnits\":{{\"enabled\":{},\"lockedOut\":0,\"suspended\":0,\"warning\":0}},\"skuId\":\"{}\",\"skuPartNumber\":\"{}\"}}",
                    consumed + consumed / 10, tier.skus[1], tier.skus[0]
                ));
            }
        }
        rows.push("{\"accountName\":\"northwind\",\"appliesTo\":\"User\",\"capabilityStatus\":\"Suspended\",\"consumedUnits\":14,\"prepaidUnits\":{\"enabled\":0,\"lockedOut\":0,\"suspended\":25,\"warning\":0},\"skuId\":\"d17b27af-3f49-4822-99f9-56a661538792\",\"skuPartNumber\":\"CRMSTANDARD\"}".into());
        let text = format!(
            "{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#subscribedSkus\",\"value\":[{}]}}",
            rows.join(",\n")
        );
        out.file(
            &format!("extracts/microsoft365/subscribed_skus/{}/subscribedSkus.json", self.calendar.date(self.day)),
            &text,
        )
    }

    /// One line for each holder of a suite: the person, the seat, the day last used.
    fn report(
        self,
        out: &Out,
        stream: &str,
        name: &str,
        header: &str,
        line: impl Fn(&mut String, &Person, &Seat, Option<Day>),
    ) -> Result<()> {
        let mut text = format!("\u{feff}{header}\r\n");
        for seat in self.seats.iter().filter(|s| s.app == M365 && s.stands(self.day - LAG)) {
            let last = seat
                .last_use(Signal::Feature, self.day - LAG, self.calendar)
                .filter(|last| self.day - LAG - last <= 180);
            line(&mut text, &self.people[seat.person], seat, last);
            text.push_str("\r\n");
        }
        out.file(&format!("extracts/microsoft365/{stream}/{}/{name}.csv.gz", self.calendar.date(self.day)), &text)
    }

    fn refreshed(self) -> chrono::NaiveDate {
        self.calendar.date(self.day - LAG)
    }

    fn active_users(self, out: &Out) -> Result<()> {
        self.report(
            out,
            "office365_active_user_detail",
            "Office365ActiveUserDetail",
            ACTIVE_USERS,
            |text, person, seat, last| {
                let is = |yes: bool| if yes { "True" } else { "False" };
                put!(
                    text,
                    "{},{},{},False,,True,True,{},False,True,True,",
                    self.refreshed(),
                    Cell(upn(person, seat, self.day)),
                    Cell(&person.name),
                    is(seat.tier < 2)
                );
                let earlier = |back: u64| last.map(|l| (l - (seat.key % back) as Day).max(seat.from));
                let date = |day: Option<Day>| self.calendar.or(day, "");
                put!(text, "{},{},{},,,{},", date(last), date(earlier(7)), date(earlier(16)), date(earlier(2)));
                let from = self.calendar.date(seat.from);
                put!(text, "{from},{from},{from},,{from},{from},{}", products(seat, self.day));
            },
        )
    }

    fn app_users(self, out: &Out) -> Result<()> {
        self.report(out, "m365_app_user_detail", "M365AppUserDetail", APP_USERS, |text, person, seat, last| {
            put!(
                text,
                "{},{},{},{},90",
                self.refreshed(),
                Cell(upn(person, seat, self.day)),
                self.calendar.date(seat.from),
                self.calendar.or(last, "")
            );
            let bits = if last.is_some() { mix(seat.key) | 1 } else { 0 };
            for bit in 0..34 {
                text.push_str(if (bits >> bit) & 1 == 1 && !(seat.tier == 2 && bit == 0) { ",Yes" } else { ",No" });
            }
        })
    }

    fn teams(self, out: &Out) -> Result<()> {
        self.report(
            out,
            "teams_user_activity_user_detail",
            "TeamsUserActivityUserDetail",
            TEAMS,
            |text, person, seat, last| {
                let n = if last.is_some_and(|l| self.day - l < 32) { seat.key % 40 + 1 } else { 0 };
                put!(
                    text,
                    "{},{},{},{},False,,{},",
                    self.refreshed(),
                    seat.account,
                    Cell(upn(person, seat, self.day)),
                    self.calendar.or(last, ""),
                    products(seat, self.day)
                );
                put!(
                    text,
                    "{},{},{},{},{},{},0,0,0,0,0,0,PT{}M,PT0S,PT0S,{},0,0,{},0,{},NORTHWIND,,0,Yes,30",
                    n * 3,
                    n * 2,
                    n / 3,
                    n / 2,
                    n / 5,
                    n / 2,
                    n * 4,
                    n * 240,
                    if last.is_some() { "Yes" } else { "No" },
                    n / 4
                );
            },
        )
    }

    fn mail(self, out: &Out) -> Result<()> {
        self.report(out, "email_activity_user_detail", "EmailActivityUserDetail", MAIL, |text, person, seat, last| {
            let n = if last.is_some_and(|l| self.day - l < 32) { seat.key % 200 + 3 } else { 0 };
            put!(
                text,
                "{},{},{},False,,{},",
                self.refreshed(),
                Cell(upn(person, seat, self.day)),
                Cell(&person.name),
                self.calendar.or(last, "")
            );
            put!(text, "{},{},{},{},{},{},30", n, n * 4 + seat.key % 30, n * 3, n / 9, n / 6, products(seat, self.day));
        })
    }
}

/// The principal name: the work address of the day, unless the account is called otherwise.
fn upn<'a>(person: &'a Person, seat: &'a Seat, day: Day) -> &'a str {
    if seat.email == person.email { person.email_on(day) } else { &seat.email }
}

fn sku(seat: &Seat, day: Day) -> &'static str {
    APPS[seat.app].tiers[seat.tier_on(day)].skus[1]
}

/// Product names joined by `+`; one of them has a ` + ` of its own.
fn products(seat: &Seat, day: Day) -> &'static str {
    match seat.tier_on(day) {
        0 => "MICROSOFT 365 E5+ENTERPRISE MOBILITY + SECURITY E5+MICROSOFT POWER AUTOMATE FREE",
        1 => "MICROSOFT 365 E3+MICROSOFT POWER AUTOMATE FREE",
        _ => "MICROSOFT 365 F3",
    }
}

const ACTIVE_USERS: &str = "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Deleted Date,Has Exchange License,Has OneDrive License,Has SharePoint License,Has Skype For Business License,Has Yammer License,Has Teams License,Exchange Last Activity Date,OneDrive Last Activity Date,SharePoint Last Activity Date,Skype For Business Last Activity Date,Yammer Last Activity Date,Teams Last Activity Date,Exchange License Assign Date,OneDrive License Assign Date,SharePoint License Assign Date,Skype For Business License Assign Date,Yammer License Assign Date,Teams License Assign Date,Assigned Products";
const APP_USERS: &str = "Report Refresh Date,User Principal Name,Last Activation Date,Last Activity Date,Report Period,Windows,Mac,Mobile,Web,Outlook,Word,Excel,PowerPoint,OneNote,Teams,Outlook (Windows),Word (Windows),Excel (Windows),PowerPoint (Windows),OneNote (Windows),Teams (Windows),Outlook (Mac),Word (Mac),Excel (Mac),PowerPoint (Mac),OneNote (Mac),Teams (Mac),Outlook (Mobile),Word (Mobile),Excel (Mobile),PowerPoint (Mobile),OneNote (Mobile),Teams (Mobile),Outlook (Web),Word (Web),Excel (Web),PowerPoint (Web),OneNote (Web),Teams (Web)";
const TEAMS: &str = "Report Refresh Date,User Id,User Principal Name,Last Activity Date,Is Deleted,Deleted Date,Assigned Products,Team Chat Message Count,Private Chat Message Count,Call Count,Meeting Count,Meetings Organized Count,Meetings Attended Count,Ad Hoc Meetings Organized Count,Ad Hoc Meetings Attended Count,Scheduled One-time Meetings Organized Count,Scheduled One-time Meetings Attended Count,Scheduled Recurring Meetings Organized Count,Scheduled Recurring Meetings Attended Count,Audio Duration,Video Duration,Screen Share Duration,Audio Duration In Seconds,Video Duration In Seconds,Screen Share Duration In Seconds,Has Other Action,Urgent Messages,Post Messages,Tenant Display Name,Shared Channel Tenant Display Names,Reply Messages,Is Licensed,Report Period";
const MAIL: &str = "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Deleted Date,Last Activity Date,Send Count,Receive Count,Read Count,Meeting Created Count,Meeting Interacted Count,Assigned Products,Report Period";
