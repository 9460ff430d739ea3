//! Okta's System Log: a file a day, events in the order in which Okta kept them, which is not quite that of time.

use super::apps::{APPS, group_id, group_name};
use super::company::Person;
use super::out::{Job, Out};
use super::rng::{BASE62, guid, hash, id, mix};
use super::seats::{Seat, Signal};
use super::text::{Calendar, Day, Instant, Js, put};
use crate::base::Result;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sso,
    FailedSso,
    ServiceSso,
    Session,
    FailedSession,
    Mfa,
    Unassigned,
    Grant,
    Removal,
    GroupGrant,
    Token,
    Profile,
    Created,
    Deactivated,
}

#[derive(Clone, Copy)]
struct Event {
    ms: u32,
    kind: Kind,
    /// Index of the seat, or of the person for events that name no app.
    about: usize,
    key: u64,
}

/// What stands in many events, written once.
struct Parts {
    /// By person: the actor, and the client.
    actors: Vec<(String, String)>,
    /// By seat: the two targets of a sign-in.
    targets: Vec<(String, String)>,
}

/// One file for each of the `days` up to the as-of date; counts the events.
pub struct Log<'a> {
    people: &'a [Person],
    seats: &'a [Seat],
    calendar: Calendar,
    parts: Parts,
    events: AtomicU64,
}

impl<'a> Log<'a> {
    /// The log of these people and seats.
    pub fn new(people: &'a [Person], seats: &'a [Seat], calendar: Calendar) -> Self {
        let actors = people.iter().map(|p| (actor(p), client(p))).collect();
        let targets = seats.iter().map(|s| targets(s, &people[s.person])).collect();
        Self { people, seats, calendar, parts: Parts { actors, targets }, events: AtomicU64::new(0) }
    }

    /// Events written.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// The landings: one a day.
    pub fn jobs<'j>(&'j self, out: &'j Out, days: Day) -> Vec<Job<'j>> {
        (1 - days..=0).map(|day| -> Job<'j> { Box::new(move || self.land(out, day, 1 - days)) }).collect()
    }

    fn land(&self, out: &Out, day: Day, first: Day) -> Result<()> {
        let mut events: Vec<(Day, Event)> = Vec::new();
        if day > first {
            // What Okta kept only after midnight, and what the collector saw twice.
            let late = self.events_of(day - 1).into_iter().filter(|e| is_late(e) || e.key % 701 == 0);
            events.extend(late.map(|e| (day - 1, e)));
        }
        let mut today = self.events_of(day);
        today.retain(|e| !is_late(e) || day == 0);
        for at in 1..today.len() {
            if today[at].key.is_multiple_of(83) {
                today.swap(at - 1, at);
            }
        }
        events.extend(today.into_iter().map(|e| (day, e)));
        let mut text = String::with_capacity(events.len() * 1250);
        for (day, event) in &events {
            self.write(&mut text, *day, event);
        }
        self.events.fetch_add(events.len() as u64, Ordering::Relaxed);
        out.file(&format!("extracts/okta/system_log/{}.ndjson.zst", self.calendar.date(day)), &text)
    }

    /// What happened on a day, by time.
    fn events_of(&self, day: Day) -> Vec<Event> {
        let mut events = Vec::new();
        for (about, seat) in self.seats.iter().enumerate() {
            let key = mix(seat.key ^ mix(day as u64));
            let opens = self.people[seat.person].office().opens * 3_600_000;
            let ms = ((opens + key % 34_200_000) % 86_400_000) as u32;
            let mut add = |kind, later: u32| {
                events.push(Event { ms: (ms + later).min(86_399_999), kind, about, key: mix(key ^ kind as u64) })
            };
            if seat.is_used(Signal::SignIn, day, self.calendar) && seat.in_okta {
                if key % 100 < 16 {
                    add(Kind::Session, 0);
                }
                if key % 100 < 5 {
                    add(Kind::Mfa, 700);
                }
                if key % 1000 < 12 {
                    add(Kind::FailedSso, 900);
                }
                add(Kind::Sso, 2100);
            }
            if seat.noise && day > -80 && day % 6 == 0 {
                add(Kind::FailedSso, 0);
                add(Kind::ServiceSso, 5000);
            }
            if seat.in_okta && seat.from == day {
                add(if seat.by_group { Kind::GroupGrant } else { Kind::Grant }, 0);
            }
            if seat.in_okta && seat.to == Some(day) {
                add(Kind::Removal, 0);
            }
        }
        for (about, person) in self.people.iter().enumerate().filter(|(_, p)| p.in_okta) {
            let key = mix(hash(&person.okta_id) ^ mix(day as u64 ^ 0x5e55));
            let kind = match key % 20_000 {
                _ if !person.spells.is_empty() && person.start() == day => Kind::Created,
                _ if person.end().is_some_and(|end| end + 1 == day) => Kind::Deactivated,
                0..60 => Kind::FailedSession,
                60..75 => Kind::Unassigned,
                75..95 => Kind::Profile,
                _ => continue,
            };
            if person.start() <= day && person.end().is_none_or(|end| day <= end + 1) {
                events.push(Event { ms: (key % 86_400_000) as u32, kind, about, key });
            }
        }
        for n in 0..4 {
            let key = mix(day as u64 ^ (n << 40));
            events.push(Event { ms: (key % 86_400_000) as u32, kind: Kind::Token, about: 0, key });
        }
        events.sort_unstable_by_key(|e| (e.ms, e.key));
        events
    }

    fn write(&self, out: &mut String, day: Day, event: &Event) {
        let published = Instant::new(self.calendar.date(day), event.ms);
        let key = event.key;
        let person = match event.kind {
            Kind::Sso
            | Kind::FailedSso
            | Kind::ServiceSso
            | Kind::Session
            | Kind::Mfa
            | Kind::Grant
            | Kind::Removal
            | Kind::GroupGrant => self.seats[event.about].person,
            _ => event.about,
        };
        let (actor, client) = &self.parts.actors[person];
        let (app, user) = self.parts.targets.get(event.about).map_or(("", ""), |(a, u)| (a.as_str(), u.as_str()));
        let person = &self.people[person];
        let as_user = || actor.as_str();
        match event.kind {
            Kind::Sso | Kind::FailedSso | Kind::ServiceSso => {
                let mode = if app.contains("WS_FEDERATION") { "WS-Federation" } else { "SAML 2.0" };
                head(
                    out,
                    client,
                    match event.kind {
                        Kind::ServiceSso => SERVICE,
                        _ => as_user(),
                    },
                );
                session(out, key);
                out.push_str("\"displayMessage\":\"User single sign on to app\",\"eventType\":\"user.authentication.sso\",\"legacyEventType\":\"app.auth.sso\",");
                out.push_str(if event.kind == Kind::FailedSso {
                    "\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"VERIFICATION_ERROR\"},\"severity\":\"WARN\","
                } else {
                    "\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\","
                });
                network(out, person);
                out.push_str("\"debugContext\":{\"debugData\":{\"initiationType\":\"SP_INITIATED\",\"signOnMode\":\"");
                out.push_str(mode);
                out.push_str("\",\"risk\":\"{level=LOW}\",\"requestUri\":\"/app/sso/saml\"}},\"target\":[");
                match key % 8 {
                    0 => push(out, &[user, ",", app]),
                    1 => push(
                        out,
                        &[
                            app,
                            ",",
                            user,
                            ",{\"id\":\"",
                            &person.okta_id,
                            "\",\"type\":\"User\",\"alternateId\":null,\"displayName\":null,\"detailEntry\":null}",
                        ],
                    ),
                    _ => push(out, &[app, ",", user]),
                }
                out.push_str("],");
                tail(out, "WEB", key, published);
            }
            Kind::Session | Kind::FailedSession => {
                let failed = event.kind == Kind::FailedSession;
                head(out, client, actor);
                if failed {
                    out.push_str("\"authenticationContext\":{\"authenticationProvider\":null,\"authenticationStep\":0,\"credentialType\":null,\"externalSessionId\":null},");
                } else {
                    session(out, key);
                }
                out.push_str("\"displayMessage\":\"User login to Okta\",\"eventType\":\"user.session.start\",\"legacyEventType\":\"core.user_auth.login_success\",");
                out.push_str(if failed {
                    "\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"INVALID_CREDENTIALS\"},\"severity\":\"WARN\","
                } else {
                    "\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\","
                });
                network(out, person);
                out.push_str("\"debugContext\":{\"debugData\":{\"requestUri\":\"/idp/idx/identify\",\"threatSuspected\":\"false\"}},\"target\":");
                out.push_str(if key.is_multiple_of(3) { "[]," } else { "null," });
                tail(out, "WEB", key, published);
            }
            Kind::Mfa => {
                head(out, client, actor);
                session(out, key);
                out.push_str("\"displayMessage\":\"Authentication of user via MFA\",\"eventType\":\"user.authentication.auth_via_mfa\",\"legacyEventType\":null,\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\",");
                network(out, person);
                push(
                    out,
                    &["\"debugContext\":{\"debugData\":{\"factor\":\"SIGNED_NONCE\"}},\"target\":[", actor, "],"],
                );
                tail(out, "WEB", key, published);
            }
            Kind::Unassigned => {
                let app = &APPS[(key % 13) as usize];
                head(out, client, actor);
                session(out, key);
                out.push_str("\"displayMessage\":\"User attempted unauthorized access to app\",\"eventType\":\"app.generic.unauth_app_access_attempt\",\"legacyEventType\":\"app.generic.unauth_app_access_attempt\",\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"User is not assigned to app\"},\"severity\":\"WARN\",");
                network(out, person);
                push(
                    out,
                    &[
                        "\"debugContext\":{\"debugData\":{}},\"target\":[{\"id\":\"",
                        app.okta.first().unwrap_or(&"unknown"),
                        "\",\"type\":\"AppInstance\",\"alternateId\":\"",
                        app.name,
                        "\",\"displayName\":\"",
                        app.name,
                        "\",\"detailEntry\":null}],",
                    ],
                );
                tail(out, "WEB", key, published);
            }
            Kind::Grant | Kind::Removal => {
                let (verb, message) = if event.kind == Kind::Grant {
                    ("add", "Add user to application membership")
                } else {
                    ("remove", "Remove user's application membership")
                };
                head(out, NO_CLIENT, SYSTEM);
                out.push_str(NO_SESSION);
                push(
                    out,
                    &[
                        "\"displayMessage\":\"",
                        message,
                        "\",\"eventType\":\"application.user_membership.",
                        verb,
                        "\",\"legacyEventType\":\"app.user_membership.",
                        verb,
                        "\",\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\",",
                    ],
                );
                out.push_str(NO_NETWORK);
                push(
                    out,
                    &[
                        "\"debugContext\":{\"debugData\":{\"AppName\":\"",
                        APPS[self.seats[event.about].app].sign_on.0,
                        "\"}},\"target\":[",
                        user,
                        ",",
                        app,
                        ",",
                        actor,
                        "],",
                    ],
                );
                tail(out, "JOB", key, published);
            }
            Kind::GroupGrant => {
                let seat = &self.seats[event.about];
                head(out, NO_CLIENT, SYSTEM);
                out.push_str(NO_SESSION);
                out.push_str("\"displayMessage\":\"Add user to group membership\",\"eventType\":\"group.user_membership.add\",\"legacyEventType\":\"core.user_group_member.user_add\",\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\",");
                out.push_str(NO_NETWORK);
                let group = format!(
                    "{{\"id\":\"{}\",\"type\":\"UserGroup\",\"alternateId\":\"unknown\",\"displayName\":\"{}\",\"detailEntry\":null}}",
                    group_id(seat.app, seat.tier),
                    group_name(seat.app, seat.tier)
                );
                let (first, second) = if key.is_multiple_of(2) {
                    (actor.as_str(), group.as_str())
                } else {
                    (group.as_str(), actor.as_str())
                };
                push(out, &["\"debugContext\":{\"debugData\":{}},\"target\":[", first, ",", second, "],"]);
                tail(out, "JOB", key, published);
            }
            Kind::Token => {
                head(out, NO_CLIENT, SERVICE_CLIENT);
                out.push_str(NO_SESSION);
                out.push_str("\"displayMessage\":\"OAuth2 access token is granted\",\"eventType\":\"app.oauth2.token.grant.access_token\",\"legacyEventType\":\"app.oauth2.token.grant.access_token_success\",\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},\"severity\":\"INFO\",");
                out.push_str(NO_NETWORK);
                out.push_str("\"debugContext\":{\"debugData\":{\"scopes\":\"[\\\"okta.logs.read\\\",\\\"okta.users.read\\\"]\"}},\"target\":[{\"id\":\"AT.northwind\",\"type\":\"access_token\",\"alternateId\":null,\"displayName\":\"Access Token\",\"detailEntry\":null}],");
                tail(out, "WEB", key, published);
            }
            Kind::Profile | Kind::Created | Kind::Deactivated => {
                let (kind, message) = match event.kind {
                    Kind::Profile => ("user.account.update_profile", "Update user profile for Okta"),
                    Kind::Created => ("user.lifecycle.create", "Create okta user"),
                    _ => ("user.lifecycle.deactivate", "Deactivate Okta user"),
                };
                head(out, NO_CLIENT, SYSTEM);
                out.push_str(NO_SESSION);
                push(
                    out,
                    &[
                        "\"displayMessage\":\"",
                        message,
                        "\",\"eventType\":\"",
                        kind,
                        "\",\"legacyEventType\":null,\"outcome\":",
                    ],
                );
                out.push_str(if event.kind == Kind::Profile {
                    "null,"
                } else {
                    "{\"result\":\"SUCCESS\",\"reason\":null},"
                });
                push(
                    out,
                    &[
                        "\"severity\":\"INFO\",",
                        NO_NETWORK,
                        "\"debugContext\":{\"debugData\":{}},\"target\":[",
                        actor,
                        "],",
                    ],
                );
                tail(out, "JOB", key, published);
            }
        }
    }
}

/// One event of 300 reaches the log a day late; never the only sign-in of someone.
fn is_late(event: &Event) -> bool {
    event.key.is_multiple_of(300)
}

const SYSTEM: &str = "{\"id\":\"00uSystemPrincipal00\",\"type\":\"SystemPrincipal\",\"alternateId\":\"system@okta.com\",\"displayName\":\"Okta System\",\"detailEntry\":null}";
const SERVICE: &str = "{\"id\":\"00uSystemPrincipal00\",\"type\":\"SystemPrincipal\",\"alternateId\":\"it-automation@northwind.example\",\"displayName\":\"IT Automation\",\"detailEntry\":null}";
const SERVICE_CLIENT: &str = "{\"id\":\"0oaSvcLicenceAuditXY\",\"type\":\"PublicClientApp\",\"alternateId\":\"unknown\",\"displayName\":\"licence-audit\",\"detailEntry\":null}";
const NO_CLIENT: &str =
    "{\"userAgent\":null,\"zone\":null,\"device\":null,\"id\":null,\"ipAddress\":null,\"geographicalContext\":null}";
const NO_SESSION: &str = "\"authenticationContext\":{\"authenticationProvider\":null,\"authenticationStep\":0,\"credentialType\":null,\"externalSessionId\":\"unknown\"},";
const NO_NETWORK: &str = "\"securityContext\":{\"asNumber\":null,\"asOrg\":null,\"isp\":null,\"domain\":null,\"isProxy\":null},\"request\":{\"ipChain\":[]},";

fn push(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

fn head(out: &mut String, client: &str, actor: &str) {
    push(out, &["{\"actor\":", actor, ",\"client\":", client, ",\"device\":null,"]);
}

fn session(out: &mut String, key: u64) {
    let session = id("idx", mix(key ^ 3), 22, BASE62);
    push(
        out,
        &[
            "\"authenticationContext\":{\"authenticationProvider\":null,\"authenticationStep\":0,\"credentialProvider\":null,\"credentialType\":null,\"externalSessionId\":\"",
            &session,
            "\",\"rootSessionId\":\"",
            &session,
            "\"},",
        ],
    );
}

fn network(out: &mut String, person: &Person) {
    let number = ["3320", "5607", "3215", "8866", "7018", "577", "26599", "4713", "9829", "1221"][person.place % 10];
    push(
        out,
        &[
            "\"securityContext\":{\"asNumber\":",
            number,
            ",\"asOrg\":\"northwind ",
            person.office().iso,
            "\",\"isp\":\"northwind\",\"domain\":\"northwind.example\",\"isProxy\":false},\"request\":{\"ipChain\":[]},",
        ],
    );
}

fn tail(out: &mut String, kind: &str, key: u64, published: Instant) {
    push(
        out,
        &[
            "\"transaction\":{\"type\":\"",
            kind,
            "\",\"id\":\"",
            &id("", mix(key ^ 9), 27, BASE62),
            "\",\"detail\":{}},\"uuid\":\"",
            &guid(key),
            "\",\"version\":\"0\",\"published\":\"",
        ],
    );
    put!(out, "{published}\"}}\n");
}

fn actor(person: &Person) -> String {
    format!(
        "{{\"id\":\"{}\",\"type\":\"User\",\"alternateId\":{},\"displayName\":{},\"detailEntry\":null}}",
        person.okta_id,
        Js(&person.email),
        Js(&person.name)
    )
}

fn client(person: &Person) -> String {
    let key = hash(&person.okta_id);
    let office = person.office();
    let (os, browser, agent) = [
        (
            "Windows 10",
            "EDGE",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Edg/131.0.0.0",
        ),
        (
            "Windows 10",
            "CHROME",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
        ),
        (
            "Mac OS 15.7.3 (Sequoia)",
            "SAFARI",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2",
        ),
    ][(key % 3) as usize];
    let address = ["192.0.2", "198.51.100", "203.0.113"][(key % 3) as usize];
    format!(
        "{{\"userAgent\":{{\"rawUserAgent\":\"{agent}\",\"os\":\"{os}\",\"browser\":\"{browser}\"}},\"zone\":\"null\",\"device\":\"Computer\",\"id\":null,\"ipAddress\":\"{address}.{}\",\"geographicalContext\":{{\"city\":{},\"state\":{},\"country\":\"{}\",\"postalCode\":null,\"geolocation\":{{\"lat\":{},\"lon\":{}}}}}}}",
        key % 250 + 2,
        Js(office.city),
        Js(office.state),
        office.country,
        office.at.0,
        office.at.1
    )
}

fn targets(seat: &Seat, person: &Person) -> (String, String) {
    let app = &APPS[seat.app];
    let instance = format!(
        "{{\"id\":\"{}\",\"type\":\"AppInstance\",\"alternateId\":\"{}\",\"displayName\":\"{1}\",\"detailEntry\":{{\"signOnModeType\":\"{}\"}}}}",
        seat.okta_app().unwrap_or("unknown"),
        app.name,
        app.sign_on.1
    );
    let user = format!(
        "{{\"id\":\"{}\",\"type\":\"AppUser\",\"alternateId\":{},\"displayName\":{},\"detailEntry\":null}}",
        seat.app_user_id(),
        Js(&seat.user_name),
        Js(&person.name)
    );
    (instance, user)
}
