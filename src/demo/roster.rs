//! People and seats as the log needs them: 24 bytes each and their texts, so that ten million seats fit in memory.

use super::apps::{APPS, AppId, COPILOT, SALESFORCE};
use super::company::{PLACES, Person, Place};
use super::rng::{hash, mix};
use super::seats::{Seat, Signal};
use super::text::{Calendar, Day, Js, put};

/// Characters of an Okta user id.
const ID_LEN: usize = 20;
/// An end that never comes.
const NEVER: i16 = i16::MAX;
/// A last day of use where there was none.
const UNUSED: i16 = i16::MIN;

/// Someone whom the log may name.
#[derive(Clone, Copy)]
pub struct Member {
    /// A number for the Okta id.
    pub hash: u64,
    text: u32,
    email_len: u8,
    name_len: u8,
    place: u8,
    in_okta: bool,
    is_worker: bool,
    start: i16,
    end: i16,
}

/// What the log calls a member; address and name are JSON strings.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The Okta user id.
    pub id: &'a str,
    /// The address, quoted.
    pub email: &'a str,
    /// The display name, quoted and escaped.
    pub name: &'a str,
}

/// A seat that Okta assigns, or whose name is used there.
#[derive(Clone, Copy)]
pub struct Account {
    /// Its chance.
    pub key: u64,
    /// Index of the holder.
    pub member: u32,
    /// First day.
    from: i16,
    to: i16,
    last: i16,
    app: u8,
    tier: u8,
    /// Whether a group grants it.
    pub by_group: bool,
    /// Whether Okta assigns it.
    pub in_okta: bool,
    /// Failed sign-ins and a service's use of the name go on after the last real use.
    pub noise: bool,
}

/// Everybody.
#[derive(Default)]
pub struct Roster {
    members: Vec<Member>,
    accounts: Vec<Account>,
    texts: String,
    people: usize,
    seats: usize,
}

impl Roster {
    /// Room for about so many.
    pub fn with_capacity(people: usize, seats: usize) -> Self {
        Self {
            members: Vec::with_capacity(people),
            accounts: Vec::with_capacity(seats),
            texts: String::with_capacity(people * 68),
            ..Self::default()
        }
    }

    /// Adds people and their seats, which count them from `first`.
    pub fn add(&mut self, people: &[Person], seats: &[Seat], first: usize) {
        let before = self.members.len();
        for person in people {
            self.people += usize::from(person.is_at_work(0));
            let text = self.texts.len();
            self.texts.push_str(&person.okta_id);
            put!(self.texts, "{}", Js(&person.email));
            let name = self.texts.len();
            put!(self.texts, "{}", Js(&person.name));
            self.members.push(Member {
                hash: hash(&person.okta_id),
                text: text as u32,
                email_len: (name - text - ID_LEN) as u8,
                name_len: (self.texts.len() - name) as u8,
                place: person.place as u8,
                in_okta: person.in_okta,
                is_worker: !person.spells.is_empty(),
                start: person.start() as i16,
                end: person.end().map_or(NEVER, |end| end as i16),
            });
        }
        self.seats += seats.iter().filter(|s| s.stands(0)).count();
        self.accounts.extend(seats.iter().filter(|s| s.in_okta || s.noise).map(|s| Account {
            key: s.key,
            member: (before + s.person - first) as u32,
            from: s.from as i16,
            to: s.to.map_or(NEVER, |to| to as i16),
            last: s.uses[Signal::SignIn as usize].last.map_or(UNUSED, |last| last as i16),
            app: s.app as u8,
            tier: s.tier as u8,
            by_group: s.by_group,
            in_okta: s.in_okta,
            noise: s.noise,
        }));
    }

    /// Everybody whom the log may name.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Every seat that the log may name.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The holder of a seat.
    pub fn holder(&self, account: &Account) -> &Member {
        &self.members[account.member as usize]
    }

    /// What a member is called.
    pub fn names(&self, member: &Member) -> Names<'_> {
        let (id, rest) = self.texts[member.text as usize..].split_at(ID_LEN);
        let (email, rest) = rest.split_at(usize::from(member.email_len));
        Names { id, email, name: &rest[..usize::from(member.name_len)] }
    }

    /// People at work and seats held on the last day.
    pub fn totals(&self) -> (usize, usize) {
        (self.people, self.seats)
    }
}

impl Member {
    /// The office.
    pub fn office(&self) -> &'static Place {
        &PLACES[usize::from(self.place)]
    }

    /// Its index.
    pub fn place(&self) -> usize {
        usize::from(self.place)
    }

    /// Whether Okta knows them on a day: from the first day of work to the day after the last.
    pub fn is_known(&self, day: Day) -> bool {
        self.in_okta && Day::from(self.start) <= day && (self.end == NEVER || day <= Day::from(self.end) + 1)
    }

    /// Whether a worker begins on a day.
    pub fn begins(&self, day: Day) -> bool {
        self.is_worker && Day::from(self.start) == day
    }

    /// Whether a day is the first without them.
    pub fn is_gone(&self, day: Day) -> bool {
        self.end != NEVER && Day::from(self.end) + 1 == day
    }

    /// Days of `first..=0` on which Okta knows them.
    pub fn known_days(&self, first: Day) -> Day {
        let end = if self.end == NEVER { 0 } else { (Day::from(self.end) + 1).min(0) };
        if self.in_okta { (end + 1 - first.max(Day::from(self.start))).max(0) } else { 0 }
    }
}

impl Account {
    /// The app.
    pub fn app(&self) -> AppId {
        usize::from(self.app)
    }

    /// Index of the tier.
    pub fn tier(&self) -> usize {
        usize::from(self.tier)
    }

    /// Which of the app's instances it is assigned in, as [`Seat::okta_app`] has it.
    pub fn instance(&self) -> usize {
        usize::from(self.key % 20 == 7).min(APPS[self.app()].okta.len().saturating_sub(1))
    }

    /// The day it is assigned in Okta.
    pub fn granted_on(&self) -> Option<Day> {
        self.in_okta.then_some(Day::from(self.from))
    }

    /// The day Okta takes it away.
    pub fn removed_on(&self) -> Option<Day> {
        (self.in_okta && self.to != NEVER).then_some(Day::from(self.to))
    }

    /// The day of its last sign-in.
    pub fn last_used_on(&self) -> Option<Day> {
        (self.in_okta && self.last >= self.from).then_some(Day::from(self.last))
    }

    /// Whether its holder signs in on a day, as [`Seat::is_used`] has it.
    pub fn signs_in(&self, day: Day, calendar: Calendar) -> bool {
        let last = Day::from(self.last);
        self.in_okta
            && Day::from(self.from) <= day
            && (day == last
                || day < last
                    && calendar.is_workday(day)
                    && mix(self.key ^ ((Signal::SignIn as u64) << 56) ^ day as u64) % 1000
                        < u64::from(APPS[self.app()].sign_in_rate))
    }

    /// Writes the name the account signs in with, quoted, for a holder's quoted address.
    pub fn put_user_name(&self, out: &mut Vec<u8>, email: &str) {
        let plain = email.trim_matches('"');
        match self.app() {
            SALESFORCE => [b"\"", plain.as_bytes(), b".crm\""].iter().for_each(|part| out.extend_from_slice(part)),
            COPILOT => {
                out.push(b'"');
                let local = plain.bytes().take_while(|b| *b != b'@');
                out.extend(local.map(|b| if b == b'.' { b'-' } else { b }));
                out.extend_from_slice(b"_nwind\"");
            }
            _ => out.extend_from_slice(email.as_bytes()),
        }
    }
}
