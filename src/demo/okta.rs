//! Okta's directory: users, groups and their members, apps and their users, page by page as the API gives them.

use super::apps::{APPS, group_id, group_name};
use super::company::{PRACTICES, Person};
use super::out::{Job, Out};
use super::seats::Seat;
use super::text::{Calendar, Day, Js, JsOpt, put};
use crate::base::Result;

const ORG: &str = "https://northwind.okta.example/api/v1";

/// Rows of one page: `GET /users` gives 200, `GET /apps/{id}/users` 500, `GET /groups/{id}/users` 1000.
const PAGES: (usize, usize, usize) = (200, 500, 1000);

/// The landings of the directory on these days. Members of groups are collected only since the last `members` of them.
pub fn jobs<'a>(
    out: &'a Out,
    people: &'a [Person],
    seats: &'a [Seat],
    calendar: Calendar,
    landings: &[Day],
    members: usize,
) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for (n, day) in landings.iter().copied().enumerate() {
        jobs.push(Box::new(move || users(out, people, calendar, day)));
        jobs.push(Box::new(move || app_users(out, people, seats, calendar, day)));
        jobs.push(Box::new(move || apps(out, calendar, day)));
        if landings.len() - n <= members {
            jobs.push(Box::new(move || groups(out, seats, people, calendar, day)));
        }
    }
    jobs
}

/// Writes rows as JSON arrays, one file a page.
fn pages(out: &Out, folder: &str, rows: &[String], size: usize) -> Result<()> {
    for (n, page) in rows.chunks(size).enumerate() {
        out.file(&format!("{folder}/page-{}.json.gz", n + 1), format!("[{}]", page.join(",\n")))?;
    }
    Ok(())
}

/// Both passes over the users: the plain list leaves out whoever is deprovisioned.
fn users(out: &Out, people: &[Person], calendar: Calendar, day: Day) -> Result<()> {
    let mut rows = [Vec::new(), Vec::new()];
    for person in people.iter().filter(|p| p.in_okta && p.start() <= day) {
        let left = person.end().filter(|end| *end < day && person.has_employee_number);
        rows[usize::from(left.is_some())].push(user(person, left, calendar, day));
    }
    let date = calendar.date(day);
    pages(out, &format!("extracts/okta/users/{date}/active"), &rows[0], PAGES.0)?;
    pages(out, &format!("extracts/okta/users/{date}/deprovisioned"), &rows[1], PAGES.0)
}

fn user(person: &Person, left: Option<Day>, calendar: Calendar, day: Day) -> String {
    let mut row = String::with_capacity(900);
    let key = super::rng::hash(&person.okta_id);
    let created = calendar.instant(person.start() - 3, key);
    let changed = calendar.instant(left.map_or(person.start(), |end| end + 1), key);
    let email = person.email_on(day);
    put!(
        row,
        "{{\"id\":\"{}\",\"status\":\"{}\",\"created\":\"{created}\",",
        person.okta_id,
        if left.is_some() { "DEPROVISIONED" } else { "ACTIVE" }
    );
    put!(row, "\"activated\":\"{created}\",\"statusChanged\":\"{changed}\",\"lastLogin\":");
    match (left, key % 9) {
        (None, 1..) => put!(row, "\"{}\"", calendar.instant(day - (key % 5) as Day - 1, key)),
        _ => row.push_str("null"),
    }
    put!(row, ",\"lastUpdated\":\"{changed}\",\"passwordChanged\":null,\"type\":{{\"id\":\"otyc04qb2rUDcq2YA4x6\"}},");
    put!(
        row,
        "\"profile\":{{\"firstName\":{},\"lastName\":{},\"displayName\":{},\"login\":{3},\"email\":{3},\"mobilePhone\":null,\"secondEmail\":null",
        Js(&person.names.0),
        Js(&person.names.1),
        Js(&person.name),
        Js(email)
    );
    if !person.spells.is_empty() {
        if let Some(worker) = person.worker_id(day).filter(|_| person.has_employee_number) {
            put!(row, ",\"employeeNumber\":{}", Js(worker));
        }
        put!(
            row,
            ",\"department\":\"{}\",\"costCenter\":\"{}\",\"userType\":\"{}\",\"countryCode\":\"{}\"",
            PRACTICES[person.practice].name,
            person.cost_center(),
            person.worker_type,
            person.office().iso
        );
    }
    put!(
        row,
        "}},\"credentials\":{{\"provider\":{{\"type\":\"OKTA\",\"name\":\"OKTA\"}}}},\"_links\":{{\"self\":{{\"href\":\"{ORG}/users/{}\"}}}}}}",
        person.okta_id
    );
    row
}

fn app_users(out: &Out, people: &[Person], seats: &[Seat], calendar: Calendar, day: Day) -> Result<()> {
    for okta_app in APPS.iter().flat_map(|app| app.okta) {
        let held = seats.iter().filter(|s| s.okta_app() == Some(okta_app));
        let rows: Vec<String> = held
            .filter(|s| s.stands(day) || s.to.is_some_and(|to| (to..to + 30).contains(&day)))
            .map(|s| app_user(&people[s.person], s, okta_app, calendar, day))
            .collect();
        pages(out, &format!("extracts/okta/app_users/{}/{okta_app}", calendar.date(day)), &rows, PAGES.1)?;
    }
    Ok(())
}

fn app_user(person: &Person, seat: &Seat, okta_app: &str, calendar: Calendar, day: Day) -> String {
    let app = &APPS[seat.app];
    let mut row = String::with_capacity(800);
    let status = match (seat.stands(day), app.assignment) {
        (false, _) => "DEPROVISIONED",
        (true, "okta") => "ACTIVE",
        _ => "PROVISIONED",
    };
    let at_vendor = app.assignment != "okta";
    let created = calendar.instant(seat.from, seat.key);
    let changed = calendar.instant(seat.to.filter(|to| *to <= day).unwrap_or(seat.from), seat.key);
    put!(
        row,
        "{{\"id\":\"{}\",\"externalId\":{},\"created\":\"{created}\",",
        person.okta_id,
        JsOpt(at_vendor.then_some(seat.account.as_str()))
    );
    put!(
        row,
        "\"lastUpdated\":\"{changed}\",\"scope\":\"{}\",\"status\":\"{status}\",",
        if seat.by_group { "GROUP" } else { "USER" }
    );
    put!(
        row,
        "\"statusChanged\":\"{changed}\",\"passwordChanged\":null,\"syncState\":\"{}\",",
        if at_vendor { "SYNCHRONIZED" } else { "DISABLED" }
    );
    put!(row, "\"credentials\":{{\"userName\":{}}},\"profile\":{{", Js(&seat.user_name));
    if app.assignment == "okta" && app.tiers.len() > 1 {
        put!(row, "\"license\":{},", Js(app.tiers[seat.tier_on(day)].skus[0]));
    }
    put!(row, "\"email\":{}}},\"_links\":{{\"app\":{{\"href\":\"{ORG}/apps/{okta_app}\"}},", Js(&seat.email));
    if seat.by_group {
        put!(
            row,
            "\"group\":{{\"name\":{},\"href\":\"{ORG}/groups/{}\"}},",
            Js(&group_name(seat.app, seat.tier)),
            group_id(seat.app, seat.tier)
        );
    }
    put!(row, "\"user\":{{\"href\":\"{ORG}/users/{}\"}}}}}}", person.okta_id);
    row
}

fn apps(out: &Out, calendar: Calendar, day: Day) -> Result<()> {
    let mut rows = Vec::new();
    for app in &APPS {
        for (n, okta_app) in app.okta.iter().enumerate() {
            let label = if n == 0 { app.name.to_owned() } else { format!("{} (old)", app.name) };
            let mut row = String::new();
            put!(
                row,
                "{{\"id\":\"{okta_app}\",\"name\":\"{}\",\"label\":{},\"status\":\"ACTIVE\",",
                app.sign_on.0,
                Js(&label)
            );
            put!(
                row,
                "\"lastUpdated\":\"2024-05-14T09:12:44.000Z\",\"created\":\"2021-02-08T10:00:01.000Z\",\"features\":[],"
            );
            put!(
                row,
                "\"signOnMode\":\"{}\",\"licensing\":{{\"seatCount\":0}},\"visibility\":{{\"autoSubmitToolbar\":false}}}}",
                app.sign_on.1
            );
            rows.push(row);
        }
    }
    pages(out, &format!("extracts/okta/apps/{}", calendar.date(day)), &rows, PAGES.0)
}

fn groups(out: &Out, seats: &[Seat], people: &[Person], calendar: Calendar, day: Day) -> Result<()> {
    let date = calendar.date(day);
    let changed = calendar.instant(day - 1, 0);
    let mut rows = Vec::new();
    for (a, app) in APPS.iter().enumerate().filter(|(_, app)| !app.okta.is_empty()) {
        for t in 0..app.tiers.len() {
            let (id, name) = (group_id(a, t), group_name(a, t));
            let mut row = String::new();
            put!(
                row,
                "{{\"id\":\"{id}\",\"created\":\"2022-01-11T08:30:00.000Z\",\"lastUpdated\":\"2024-03-02T11:20:09.000Z\","
            );
            put!(
                row,
                "\"lastMembershipUpdated\":\"{changed}\",\"objectClass\":[\"okta:user_group\"],\"type\":\"OKTA_GROUP\","
            );
            put!(row, "\"profile\":{{\"name\":{},\"description\":null}}}}", Js(&name));
            rows.push(row);
            let held = seats.iter().filter(|s| s.app == a && s.tier == t && s.by_group && s.in_okta && s.stands(day));
            let members: Vec<String> = held.map(|s| member(&people[s.person], &id)).collect();
            pages(out, &format!("extracts/okta/group_members/{date}/{id}"), &members, PAGES.2)?;
        }
    }
    pages(out, &format!("extracts/okta/groups/{date}"), &rows, PAGES.0)
}

fn member(person: &Person, group: &str) -> String {
    let id = &person.okta_id;
    format!(
        "{{\"id\":\"{id}\",\"status\":\"ACTIVE\",\"profile\":{{\"login\":{},\"email\":{0}}},\"_links\":{{\"self\":{{\"href\":\"{ORG}/users/{id}\"}},\"group\":{{\"href\":\"{ORG}/groups/{group}\"}}}}}}",
        Js(&person.email)
    )
}
