//! Okta's System Log: what happened on which day, and the files of it, with events in the order in which Okta kept them,
//! which is not quite that of time. Without a wanted number of events a file a day; else a folder a day, in parts.

use std::collections::VecDeque;
use std::io::Write;
use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::event::Texts;
use super::out::{Compression, Job, Out};
use super::rng::mix;
use super::roster::Roster;
use super::text::{Calendar, Day};
use super::volume::{Extras, Volume};
use crate::base::error::Context as _;
use crate::base::{ErrorKind, Result};

/// What an event tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sign-in to an app.
    Sso,
    /// One that failed.
    FailedSso,
    /// An automation that used the account.
    ServiceSso,
    /// A session began.
    Session,
    /// A password was wrong.
    FailedSession,
    /// A second factor was shown.
    Mfa,
    /// Somebody opened an app that they do not have.
    Unassigned,
    /// An app was assigned.
    Grant,
    /// An assignment was taken away.
    Removal,
    /// A group that grants an app took somebody in.
    GroupGrant,
    /// The collector asked for a token.
    Token,
    /// A profile changed.
    Profile,
    /// Somebody began.
    Created,
    /// Somebody left.
    Deactivated,
    /// A sign-in to an app that nobody governs.
    OtherSso,
    /// A policy was evaluated.
    Policy,
    /// An app asked who it was.
    Verify,
    /// A session ended.
    SessionEnd,
}

impl Kind {
    /// Whether it is about a seat; otherwise about a person.
    pub fn is_of_a_seat(self) -> bool {
        use Kind::{Created, Deactivated, FailedSession, Profile, Token, Unassigned};
        !matches!(self, FailedSession | Unassigned | Token | Profile | Created | Deactivated)
    }
}

/// Events that a seat makes on a day of use, of 1000 such days.
pub const SIGN_IN_EVENTS: u64 = 1000 + 160 + 50 + 12;

/// Milliseconds of a day.
const DAY: u32 = 86_400_000;
/// About how many events a part of a day holds; few in tests, so that they see several parts.
const PART_EVENTS: usize = if cfg!(test) { 2_000 } else { 100_000 };
/// Days with so many events are written one after the other, their parts side by side; others side by side.
const LARGE_DAY: u64 = 4 * PART_EVENTS as u64;
/// An event that is told twice is told again after so many others.
const TWICE_AFTER: u64 = 64;
/// Bytes of text that are passed on at once.
const PIECE: usize = 1 << 18;

/// One event.
#[derive(Clone, Copy)]
pub struct Event {
    /// Milliseconds since midnight.
    pub ms: u32,
    /// What it tells.
    pub kind: Kind,
    /// Index of the seat, or of the person for events that name no app.
    pub about: u32,
    /// Its chance, and its uuid.
    pub key: u64,
}

/// What happened on a day.
struct Happened {
    day: Day,
    /// What the seats and people make by themselves, by time.
    events: Vec<Event>,
    /// What is told beside them.
    extras: Extras,
}

/// How a log is written, and how large it becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// About how many events the whole history holds; none: what the seats make by themselves.
    pub events: Option<u64>,
    /// The compression of its files.
    pub compression: Compression,
}

/// What was written of a log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// Events, each time they were told.
    pub events: u64,
    /// Events that were told before.
    pub repeats: u64,
    /// Bytes of text.
    pub text_bytes: u64,
}

/// The log of a company over the days up to the as-of date; counts what it writes.
pub struct Log {
    roster: Roster,
    calendar: Calendar,
    first: Day,
    options: LogOptions,
    volume: Option<Volume>,
    texts: Texts,
    events: AtomicU64,
    repeats: AtomicU64,
    text_bytes: AtomicU64,
}

impl Log {
    /// The log of these people over so many days.
    pub fn new(roster: Roster, calendar: Calendar, days: Day, seed: u64, options: LogOptions) -> Self {
        let first = 1 - days;
        let volume = options.events.map(|events| Volume::new(&roster, first, calendar, events, seed));
        let texts = Texts::new(volume.is_some());
        let [events, repeats, text_bytes] = [const { AtomicU64::new(0) }; 3];
        Self { roster, calendar, first, options, volume, texts, events, repeats, text_bytes }
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Written { events: of(&self.events), repeats: of(&self.repeats), text_bytes: of(&self.text_bytes) }
    }

    /// Whose log it is.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The landings of these days.
    pub fn jobs<'j>(&'j self, out: &'j Out, days: RangeInclusive<Day>) -> Vec<Job<'j>> {
        let days: Vec<Day> = days.collect();
        let on_a_workday = self.options.events.map(|events| events * 7 / 5 / (1 - self.first) as u64);
        let together = match on_a_workday {
            None => 1,
            Some(events) if events < LARGE_DAY => 8,
            Some(_) => days.len().max(1),
        };
        let rows = days.chunks(together).map(<[Day]>::to_vec);
        rows.map(|days| -> Job<'j> { Box::new(move || self.land(out, &days)) }).collect()
    }

    /// Takes a day away that was made before, perhaps otherwise compressed.
    pub fn clear(&self, out: &Out, day: Day) -> Result<()> {
        let folder = self.folder(day);
        out.remove(&folder)?;
        Compression::ALL.iter().try_for_each(|c| out.remove(&format!("{folder}.ndjson{}", c.ending())))
    }

    /// Where a day's parts are; a day in one file has its name from here, too.
    fn folder(&self, day: Day) -> String {
        format!("extracts/okta/system_log/{}", self.calendar.date(day))
    }

    /// Lands days in a row: what happened on one is wanted again on the next.
    fn land(&self, out: &Out, days: &[Day]) -> Result<()> {
        let mut before: Option<Happened> = None;
        for day in days.iter().copied() {
            let yesterday = before.take().or_else(|| (day > self.first).then(|| self.happened(day - 1)));
            let today = self.happened(day);
            let folder = self.folder(day);
            let ending = self.options.compression.ending();
            if self.volume.is_some() {
                let parts = today.len().div_ceil(PART_EVENTS);
                (0..parts).into_par_iter().try_for_each(|part| {
                    let time = today.cut(part, parts)..today.cut(part + 1, parts);
                    let late = yesterday.as_ref().filter(|_| part == 0);
                    out.stream(&format!("{folder}/part-{:04}.ndjson{ending}", part + 1), |to| {
                        self.tell(to, late, &today, time)
                    })
                })?;
            } else {
                let mut text = Vec::with_capacity(today.len() * 1700);
                self.tell(&mut text, yesterday.as_ref(), &today, 0..DAY).context(ErrorKind::Internal, "no memory")?;
                out.file(&format!("{folder}.ndjson{ending}"), &text)?;
            }
            before = Some(today);
        }
        Ok(())
    }

    /// Writes the events that Okta kept in a time of a day, after those of yesterday that come late or again.
    fn tell(
        &self,
        to: &mut dyn Write,
        yesterday: Option<&Happened>,
        today: &Happened,
        time: Range<u32>,
    ) -> std::io::Result<()> {
        let mut told = Told {
            log: self,
            to,
            text: Vec::with_capacity(PIECE + 4096),
            date: String::new(),
            written: Written::default(),
        };
        if let Some(yesterday) = yesterday {
            told.date = self.calendar.date(yesterday.day).to_string();
            for event in yesterday.sequence(0..DAY, |key| is_late(key) || is_seen_again(key)) {
                told.written.repeats += u64::from(!is_late(event.key));
                told.event(&event)?;
            }
        }
        told.date = self.calendar.date(today.day).to_string();
        let is_newest = today.day == 0;
        let mut held: Option<Event> = None;
        let mut again: VecDeque<(u64, Event)> = VecDeque::new();
        let mut events = today.sequence(time, |key| is_newest || !is_late(key));
        loop {
            let next = match (held.take(), events.next()) {
                (Some(before), Some(event)) if is_early(event.key) => {
                    held = Some(before);
                    event
                }
                (before, Some(event)) => {
                    held = Some(event);
                    let Some(before) = before else { continue };
                    before
                }
                (Some(before), None) => before,
                (None, None) => break,
            };
            told.event(&next)?;
            if self.volume.is_some() && is_told_twice(next.key) {
                again.push_back((told.written.events + TWICE_AFTER, next));
            }
            while let Some((_, event)) = again.pop_front_if(|(at, _)| *at <= told.written.events) {
                told.again(&event)?;
            }
        }
        again.into_iter().try_for_each(|(_, event)| told.again(&event))?;
        told.finish()
    }

    /// What happened on a day.
    fn happened(&self, day: Day) -> Happened {
        let mut events = Vec::new();
        let of_the_day = mix(day as u64);
        for (about, account) in self.roster.accounts().iter().enumerate() {
            let is_used = account.signs_in(day, self.calendar);
            let is_noisy = account.noise && day > -80 && day % 6 == 0;
            let is_granted = account.granted_on() == Some(day);
            let is_removed = account.removed_on() == Some(day);
            if !(is_used || is_noisy || is_granted || is_removed) {
                continue;
            }
            let key = mix(account.key ^ of_the_day);
            let opens = self.roster.holder(account).office().opens * 3_600_000;
            let ms = ((opens + key % 34_200_000) % u64::from(DAY)) as u32;
            let mut add = |kind, later: u32| {
                let key = mix(key ^ kind as u64);
                events.push(Event { ms: (ms + later).min(DAY - 1), kind, about: about as u32, key });
            };
            if is_used && self.volume.as_ref().is_none_or(|volume| volume.keeps(account, day, key)) {
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
            if is_noisy {
                add(Kind::FailedSso, 0);
                add(Kind::ServiceSso, 5000);
            }
            if is_granted {
                add(if account.by_group { Kind::GroupGrant } else { Kind::Grant }, 0);
            }
            if is_removed {
                add(Kind::Removal, 0);
            }
        }
        for (about, member) in self.roster.members().iter().enumerate().filter(|(_, member)| member.is_known(day)) {
            let key = mix(member.hash ^ mix(day as u64 ^ 0x5e55));
            let kind = match key % 20_000 {
                _ if member.begins(day) => Kind::Created,
                _ if member.is_gone(day) => Kind::Deactivated,
                0..60 => Kind::FailedSession,
                60..75 => Kind::Unassigned,
                75..95 => Kind::Profile,
                _ => continue,
            };
            events.push(Event { ms: (key % u64::from(DAY)) as u32, kind, about: about as u32, key });
        }
        for n in 0..4 {
            let key = mix(day as u64 ^ (n << 40));
            events.push(Event { ms: (key % u64::from(DAY)) as u32, kind: Kind::Token, about: 0, key });
        }
        events.sort_unstable_by_key(|e| (e.ms, e.key));
        let sign_ins = events.iter().filter(|e| e.kind == Kind::Sso).map(|e| e.about);
        let extras = self.volume.as_ref().map(|volume| Extras::new(volume, &self.roster, day, sign_ins));
        Happened { day, extras: extras.unwrap_or_default(), events }
    }
}

impl Happened {
    fn len(&self) -> usize {
        self.events.len() + self.extras.count() as usize
    }

    /// Where one of so many parts of about equal size begins.
    fn cut(&self, part: usize, parts: usize) -> u32 {
        let extras = self.extras.count();
        match part {
            0 => 0,
            _ if part == parts => DAY,
            _ if extras > self.events.len() as u64 => self.extras.moment(extras * part as u64 / parts as u64).ms,
            _ => self.events[self.events.len() * part / parts].ms,
        }
    }

    /// The events of a time of the day that a test of their keys lets pass, in the order of time.
    fn sequence(&self, time: Range<u32>, is_wanted: impl Fn(u64) -> bool + Copy) -> impl Iterator<Item = Event> {
        let at = |ms: u32| self.events.partition_point(|e| e.ms < ms);
        let own = self.events[at(time.start)..at(time.end)].iter().copied();
        let mut own = own.filter(move |e| is_wanted(e.key)).peekable();
        let extras = self.extras.moments(time).filter(move |moment| is_wanted(moment.key));
        let mut extras = extras.map(|moment| self.extras.event(moment)).peekable();
        std::iter::from_fn(move || match (own.peek(), extras.peek()) {
            (Some(one), Some(other)) if (one.ms, one.key) <= (other.ms, other.key) => own.next(),
            (Some(_), None) => own.next(),
            _ => extras.next(),
        })
    }
}

/// Text on its way to a file.
struct Told<'a> {
    log: &'a Log,
    to: &'a mut dyn Write,
    text: Vec<u8>,
    date: String,
    written: Written,
}

impl Told<'_> {
    fn event(&mut self, event: &Event) -> std::io::Result<()> {
        self.log.texts.write(&mut self.text, &self.log.roster, &self.date, event);
        self.written.events += 1;
        if self.text.len() >= PIECE { self.pass_on() } else { Ok(()) }
    }

    fn again(&mut self, event: &Event) -> std::io::Result<()> {
        self.written.repeats += 1;
        self.event(event)
    }

    fn pass_on(&mut self) -> std::io::Result<()> {
        self.to.write_all(&self.text)?;
        self.written.text_bytes += self.text.len() as u64;
        self.text.clear();
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.pass_on()?;
        let add = |count: &AtomicU64, n| count.fetch_add(n, Ordering::Relaxed);
        add(&self.log.events, self.written.events);
        add(&self.log.repeats, self.written.repeats);
        add(&self.log.text_bytes, self.written.text_bytes);
        Ok(())
    }
}

/// One event of 300 reaches the log a day late; never the only sign-in of someone.
fn is_late(key: u64) -> bool {
    key.is_multiple_of(300)
}

/// One event of 701 the collector sees again on the next day.
fn is_seen_again(key: u64) -> bool {
    key.is_multiple_of(701)
}

/// One event of 997 stands twice in the files of a large log.
fn is_told_twice(key: u64) -> bool {
    key.is_multiple_of(997)
}

/// One event of 83 changes places with the one before it.
fn is_early(key: u64) -> bool {
    key.is_multiple_of(83)
}
