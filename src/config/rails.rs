//! `[rails]` of the project file: how much may happen at once, how widely, and when nothing may.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::retention::NamedApp;
use super::section::Section;

/// The widths of a roll-out, in percent.
const RINGS: [i64; 4] = [1, 10, 50, 100];

/// The limits on candidates that would act.
#[derive(Debug, Clone, PartialEq)]
pub struct Rails {
    /// What holds for an app unless it has limits of its own.
    pub standard: AppRails,
    /// Apps with limits of their own.
    pub apps: BTreeMap<String, AppRails>,
    /// New candidates of the whole organisation, as a share of its seats.
    pub organisation_share: Decimal,
    /// New candidates of the whole organisation, whatever its size.
    pub organisation_limit: u32,
    /// New candidates that one approver is asked about.
    pub manager_limit: u32,
    /// People who leave by one HR feed, as a share of all.
    pub terminations_share: Decimal,
    /// People who leave by one HR feed, whatever their share.
    pub terminations_limit: u32,
    /// Days on which nothing goes outward.
    pub freezes: Vec<Freeze>,
}

/// The limits of one app.
#[derive(Debug, Clone, PartialEq)]
pub struct AppRails {
    /// New candidates as a share of the app's seats.
    pub share: Decimal,
    /// So many are let pass whatever their share.
    pub least: u32,
    /// Of an app with few seats only so many.
    pub small_limit: u32,
    /// The percentage of the actions that may go out: 1, 10, 50 or 100.
    pub ring: u32,
}

/// Days on which nothing goes outward, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The app; none: all.
    pub app: Option<String>,
    /// Why, for whoever wonders.
    pub reason: String,
}

impl Default for Rails {
    fn default() -> Self {
        Self {
            standard: AppRails::default(),
            apps: BTreeMap::new(),
            organisation_share: Decimal::new(5, 2),
            organisation_limit: 500,
            manager_limit: 25,
            terminations_share: Decimal::new(2, 2),
            terminations_limit: 50,
            freezes: Vec::new(),
        }
    }
}

impl Default for AppRails {
    fn default() -> Self {
        Self { share: Decimal::new(10, 2), least: 10, small_limit: 2, ring: 100 }
    }
}

impl Rails {
    /// The limits of an app.
    pub fn of(&self, app_id: &str) -> &AppRails {
        self.apps.get(app_id).unwrap_or(&self.standard)
    }

    /// Why nothing of an app goes outward on a day.
    pub fn frozen(&self, app_id: &str, day: NaiveDate) -> Option<&Freeze> {
        let covers = |freeze: &&Freeze| freeze.from <= day && day <= freeze.to;
        self.freezes.iter().filter(covers).find(|freeze| freeze.app.as_deref().is_none_or(|app| app == app_id))
    }

    /// What the project sets otherwise than everybody else, a line each: whoever loosens a limit goes on record.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let usual = Self::default();
        let mut lines = Vec::new();
        let mut say = |name: String, now: String, usual: String| {
            if now != usual {
                lines.push((name, now));
            }
        };
        let of_app = |rails: &AppRails| {
            [
                ("app_share", rails.share.to_string()),
                ("app_least", rails.least.to_string()),
                ("small_app_limit", rails.small_limit.to_string()),
                ("ring", rails.ring.to_string()),
            ]
        };
        for ((name, now), (_, usual)) in of_app(&self.standard).into_iter().zip(of_app(&usual.standard)) {
            say(name.to_owned(), now, usual);
        }
        for (app, rails) in &self.apps {
            for ((name, now), (_, usual)) in of_app(rails).into_iter().zip(of_app(&self.standard)) {
                say(format!("{app}.{name}"), now, usual);
            }
        }
        let of_all = |rails: &Self| {
            [
                ("organisation_share", rails.organisation_share.to_string()),
                ("organisation_limit", rails.organisation_limit.to_string()),
                ("manager_limit", rails.manager_limit.to_string()),
                ("terminations_share", rails.terminations_share.to_string()),
                ("terminations_limit", rails.terminations_limit.to_string()),
            ]
        };
        for ((name, now), (_, usual)) in of_all(self).into_iter().zip(of_all(&usual)) {
            say(name.to_owned(), now, usual);
        }
        lines
    }
}

/// Reads the section; the apps that it names come apart, for the catalogue is read later.
pub(super) fn read(section: &Section<'_>, named: &mut Vec<NamedApp>) -> Rails {
    let app_keys = ["app_share", "app_least", "small_app_limit", "ring"];
    let own_keys = [
        "organisation_share",
        "organisation_limit",
        "manager_limit",
        "terminations_share",
        "terminations_limit",
        "app",
        "freeze",
    ];
    section.only(&[&app_keys[..], &own_keys[..]].concat());
    let usual = Rails::default();
    let standard = read_app(section, &usual.standard);
    let mut apps = BTreeMap::new();
    if let Some(tables) = section.section("app") {
        for key in tables.keys() {
            let Some(own) = tables.section(&key.value) else { continue };
            own.only(&app_keys);
            named.push(NamedApp::new(section, key.span, &key.value));
            apps.insert(key.value, read_app(&own, &standard));
        }
    }
    let limit = |key: &str, usual: u32| read_limit(section, key).unwrap_or(usual);
    Rails {
        organisation_share: section.share("organisation_share").unwrap_or(usual.organisation_share),
        organisation_limit: limit("organisation_limit", usual.organisation_limit),
        manager_limit: limit("manager_limit", usual.manager_limit),
        terminations_share: section.share("terminations_share").unwrap_or(usual.terminations_share),
        terminations_limit: limit("terminations_limit", usual.terminations_limit),
        freezes: section.sections("freeze").iter().filter_map(|freeze| read_freeze(freeze, named)).collect(),
        standard,
        apps,
    }
}

fn read_app(section: &Section<'_>, usual: &AppRails) -> AppRails {
    let ring = section.whole("ring", 1..=100).unwrap_or_else(|| i64::from(usual.ring));
    if !RINGS.contains(&ring) {
        let help = "use 1, 10, 50 or 100: the percentage of actions that may go out";
        section.refuse("ring", format!("{ring} is no ring"), help);
    }
    AppRails {
        share: section.share("app_share").unwrap_or(usual.share),
        least: read_limit(section, "app_least").unwrap_or(usual.least),
        small_limit: read_limit(section, "small_app_limit").unwrap_or(usual.small_limit),
        ring: u32::try_from(ring).unwrap_or(usual.ring),
    }
}

fn read_limit(section: &Section<'_>, key: &str) -> Option<u32> {
    section.whole(key, 0..=1_000_000).and_then(|limit| u32::try_from(limit).ok())
}

fn read_freeze(section: &Section<'_>, named: &mut Vec<NamedApp>) -> Option<Freeze> {
    section.only(&["from", "to", "app", "reason"]);
    section.need(&["from", "to", "reason"]);
    let app = section.text("app");
    named.extend(app.as_deref().map(|app| NamedApp::new(section, section.span_of("app"), app)));
    let reason = section.text("reason");
    let (from, to) = (section.day("from")?, section.day("to")?);
    if to < from {
        section.refuse("to", format!("the freeze ends before it begins on {from}"), "both ends are included");
    }
    Some(Freeze { from, to, app, reason: reason? })
}
