//! Who holds which seat since when, and on which days it was used.

use super::apps::{APPS, AppId, COPILOT, FIGMA, M365, MIRO, POWER_BI, SALESFORCE, SLACK, VISIO, ZOOM};
use super::company::{AGENCY, HEADS, PRACTICES, Person};
use super::rng::{BASE36, BASE62, Rng, guid, hash, id, mix};
use super::text::{Calendar, Day};

/// A habit: days of use up to a last one.
#[derive(Clone, Copy, Default)]
pub struct Use {
    /// The last day of use; none: never.
    pub last: Option<Day>,
    /// Workdays of use of 1000.
    pub rate: u32,
}

/// What a day of use is of.
#[derive(Clone, Copy)]
pub enum Signal {
    /// A sign-in through Okta.
    SignIn,
    /// Use that the vendor sees.
    Feature,
    /// Use of what only a dearer tier has.
    Premium,
}

/// One seat.
#[derive(Clone)]
pub struct Seat {
    /// Index of the holder.
    pub person: usize,
    /// The app.
    pub app: AppId,
    /// Index of the tier.
    pub tier: usize,
    /// The tier before, and the day it changed.
    pub old_tier: Option<(usize, Day)>,
    /// First day.
    pub from: Day,
    /// First day without it.
    pub to: Option<Day>,
    /// The account at the vendor (the Okta user where only Okta knows it).
    pub account: String,
    /// The name the account signs in with.
    pub user_name: String,
    /// The account's address at the vendor.
    pub email: String,
    /// Sign-ins, features, premium features.
    pub uses: [Use; 3],
    /// Whether a group grants it.
    pub by_group: bool,
    /// Whether Okta assigns it.
    pub in_okta: bool,
    /// Failed sign-ins and a service's use of the name go on after the last real use.
    pub noise: bool,
    /// Its chance.
    pub key: u64,
}

impl Seat {
    /// A seat of the holder, who is the person of that index; used on most days up to `last`. Its account is named apart:
    /// a log has no use for that.
    pub fn new(holder: &Person, person: usize, app: AppId, tier: usize, from: Day, last: Option<Day>) -> Self {
        let spec = &APPS[app];
        Self {
            person,
            app,
            tier,
            old_tier: None,
            from,
            to: None,
            account: String::new(),
            user_name: String::new(),
            email: String::new(),
            uses: [
                Use { last: last.filter(|_| !spec.okta.is_empty()), rate: spec.sign_in_rate },
                Use { last: last.filter(|_| spec.use_rate > 0), rate: spec.use_rate },
                Use::default(),
            ],
            by_group: false,
            in_okta: holder.in_okta && !spec.okta.is_empty(),
            noise: false,
            key: hash(&holder.email) ^ mix(app as u64),
        }
    }

    /// Names the account of the holder at the vendor.
    pub fn name(&mut self, holder: &Person) {
        (self.account, self.user_name) = account_of(holder, self.app);
        self.email.clone_from(&holder.email);
    }

    /// Whether it stands on a day.
    pub fn stands(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// The tier on a day.
    pub fn tier_on(&self, day: Day) -> usize {
        match self.old_tier {
            Some((old, changed)) if day < changed => old,
            _ => self.tier,
        }
    }

    /// Whether it is used on a day.
    pub fn is_used(&self, signal: Signal, day: Day, calendar: Calendar) -> bool {
        let Use { last: Some(last), rate } = self.uses[signal as usize] else { return false };
        day >= self.from
            && day <= last
            && (day == last
                || calendar.is_workday(day)
                    && mix(self.key ^ ((signal as u64) << 56) ^ day as u64) % 1000 < u64::from(rate))
    }

    /// The last day of use that a report of a day can show.
    pub fn last_use(&self, signal: Signal, through: Day, calendar: Calendar) -> Option<Day> {
        let last = self.uses[signal as usize].last?.min(through);
        (self.from.max(last - 400)..=last).rev().find(|day| self.is_used(signal, *day, calendar))
    }

    /// The Okta app it is assigned in: one in twenty Jira seats is still in the old instance.
    pub fn okta_app(&self) -> Option<&'static str> {
        let apps = APPS[self.app].okta;
        apps.get(usize::from(self.key % 20 == 7)).or(apps.first()).copied().filter(|_| self.in_okta)
    }
}

/// The id and the user name of a person's account at a vendor.
pub fn account_of(person: &Person, app: AppId) -> (String, String) {
    let email = person.email.as_str();
    let key = hash(email) ^ mix(app as u64 + 100);
    match app {
        SALESFORCE => (salesforce_id("005", key), format!("{email}.crm")),
        M365 | POWER_BI | VISIO => (guid(hash(email)), email.to_owned()),
        COPILOT => ((key % 90_000_000 + 10_000_000).to_string(), github_login(email)),
        SLACK => (id("U0", key, 9, BASE36), email.to_owned()),
        ZOOM => (id("", key, 22, BASE62), email.to_owned()),
        FIGMA => ((key % 900_000_000_000_000_000 + 100_000_000_000_000_000).to_string(), email.to_owned()),
        _ => (person.okta_id.clone(), email.to_owned()),
    }
}

fn github_login(email: &str) -> String {
    format!("{}_nwind", email.split('@').next().unwrap_or_default().replace('.', "-"))
}

/// An 18-character Salesforce id: 15 characters, then three that say which of them are capitals.
pub fn salesforce_id(prefix: &str, key: u64) -> String {
    let mut out = id(&format!("{prefix}Nw"), key, 10, BASE62);
    for chunk in 0..3 {
        let bits = out.bytes().skip(chunk * 5).take(5).enumerate();
        let code = bits.fold(0, |code, (i, c)| code | (usize::from(c.is_ascii_uppercase()) << i));
        out.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[code]));
    }
    out
}

/// The chance of everybody's seats but those of the seeded cases: people must be asked for in their order.
pub struct Chance {
    rng: Rng,
    days: i32,
}

impl Chance {
    /// Of a company with so many days of history.
    pub fn new(days: i32, seed: u64) -> Self {
        Self { rng: Rng::new(seed, "seats"), days }
    }

    /// Adds the seats of a person of that index.
    pub fn seats(&mut self, holder: &Person, person: usize, seats: &mut Vec<Seat>) {
        let rng = &mut self.rng;
        if holder.start() > 0 {
            return;
        }
        if holder.spells.is_empty() {
            let is_guest = holder.email.ends_with(AGENCY);
            let (app, tier) = if is_guest { *rng.pick(&[(SLACK, 0), (FIGMA, 0), (FIGMA, 2)]) } else { (M365, 2) };
            seats.push(Seat::new(holder, person, app, tier, -500, Some(-rng.between(1, 40))));
            return;
        }
        let first = seats.len();
        for (app, spec) in APPS.iter().enumerate() {
            if rng.chance(spec.share[holder.practice]) {
                let tier = pick_tier(holder, app, rng);
                seats.push(habit(holder, person, app, tier, self.days, rng));
            }
        }
        if let Some(end) = holder.end() {
            close(&mut seats[first..], end, rng);
        }
    }
}

fn pick_tier(person: &Person, app: AppId, rng: &mut Rng) -> usize {
    if app == M365 {
        return match (person.worker_type, PRACTICES[person.practice].name) {
            ("seasonal" | "intern", _) => 2,
            (_, "Support" | "Operations") => rng.weighted([6, 24, 70].into_iter()),
            _ => rng.weighted([38, 54, 8].into_iter()),
        };
    }
    rng.weighted(APPS[app].tiers.iter().map(|t| t.weight))
}

fn habit(holder: &Person, person: usize, app: AppId, tier: usize, days: i32, rng: &mut Rng) -> Seat {
    let start = holder.start();
    let is_contractor = holder.worker_type == "contractor";
    let mut from = match app {
        M365 => start,
        _ if rng.chance(200) => rng.between(-days, -1),
        _ => rng.between(-1500, -days),
    }
    .max(start);
    let factor = if holder.office().region == "APAC" { 3 } else { 2 };
    let idle = APPS[app].idle * factor / 2 + if is_contractor { 40 } else { 0 };
    let last = if person >= HEADS && rng.chance(idle) {
        let last = if is_contractor { rng.between(-220, -45) } else { rng.between(-330, -96) };
        from = from.min(last - 20).max(start);
        if rng.chance(150) {
            from = from.clamp(-280, -125).max(start);
            (from > -100).then_some(-2)
        } else {
            Some(if last > from { last } else { -2 })
        }
    } else if app == MIRO {
        Some(rng.between(-330, 0))
    } else {
        Some(rng.between(-9, 0))
    };
    let mut seat = Seat::new(holder, person, app, tier, from, last.map(|l| l.max(from)));
    seat.by_group = rng.chance(APPS[app].by_group);
    if app == SALESFORCE && tier < 2 && rng.chance(if tier == 0 { 860 } else { 930 }) {
        seat.uses[Signal::Premium as usize] = Use { last: seat.uses[1].last, rate: 70 };
    }
    seat
}

/// Ends the seats of someone who left; a few at vendors are forgotten.
fn close(seats: &mut [Seat], end: Day, rng: &mut Rng) {
    for seat in seats {
        seat.from = seat.from.min(end);
        for habit in &mut seat.uses {
            habit.last = habit.last.map(|last| last.min(end).max(seat.from));
        }
        let at_vendor = APPS[seat.app].assignment != "okta" && !matches!(seat.app, M365 | POWER_BI | VISIO);
        if at_vendor && rng.chance(60) {
            seat.in_okta = false;
        } else {
            seat.to = Some(end + 1 + rng.between(0, 2));
        }
    }
}
