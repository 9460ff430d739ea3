//! How a history reaches the number of events that was asked for. A (seat, day) of use is told once by itself; for more
//! it is told again and again, heavy users and popular apps most; for less, sign-ins are left out, never the last one.
//! Whole numbers only: the same on every machine.

use std::ops::Range;

use super::apps::{APPS, AppId, JIRA, SALESFORCE};
use super::company::PLACES;
use super::log::{Event, Kind, SIGN_IN_EVENTS};
use super::rng::mix;
use super::roster::{Account, Member, Roster};
use super::text::{Calendar, Day};

/// Milliseconds of half an hour; how many of them a day has, and the working hours of an office.
const SLOT: u64 = 1_800_000;
const SLOTS: usize = 48;
const OPEN_SLOTS: usize = 19;

/// One of several by weight: in a table of running sums, whose guide says where to begin to look.
pub struct Draw {
    /// The sum of the weights up to and with each.
    sums: Vec<u64>,
    /// For each step of weight the first that reaches into it.
    guide: Vec<u32>,
    step: u64,
}

impl Draw {
    /// By these weights, none of which is zero.
    pub fn new(weights: impl Iterator<Item = u64>) -> Self {
        let mut total = 0;
        let sums: Vec<u64> = weights
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        let step = total / sums.len().max(1) as u64 + 1;
        let mut at = 0;
        let guide = (0..sums.len() as u64)
            .map(|n| {
                while sums.get(at).is_some_and(|sum| *sum <= n * step) {
                    at += 1;
                }
                at as u32
            })
            .collect();
        Self { sums, guide, step }
    }

    /// All weights together.
    pub fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// Which one a weight below the total falls on.
    pub fn at(&self, weight: u64) -> usize {
        let mut at = self.guide[(weight / self.step) as usize] as usize;
        while self.sums[at] <= weight {
            at += 1;
        }
        at
    }
}

/// A number below `n`, drawn from the key.
pub fn below(key: u64, n: u64) -> u64 {
    ((u128::from(key) * u128::from(n)) >> 64) as u64
}

/// Zipf's law with a flat top: the weight of the person of a rank among so many. The busiest thousandth has a tenth of
/// the whole, the busier half nine tenths.
fn zipf(rank: u64, people: u64) -> u64 {
    (1 << 36) / (rank + people / 1000 + 1)
}

/// How often an app is opened again on a day of use; with it the first app has some 30 % of the sign-ins.
fn visits(app: AppId) -> u64 {
    match app {
        JIRA => 7,
        SALESFORCE => 5,
        _ => 4,
    }
}

/// The days before the as-of date in which most seats have their last sign-in, which is no sign of falling out of use.
const STILL_USED: Day = -9;

/// What is added to, or left out of, what the seats make by themselves.
pub struct Volume {
    /// Of 2^32 sign-ins that are no seat's last one so many are told.
    kept: u64,
    /// By day since the first: how many events are told beside those of the seats.
    extra: Vec<u64>,
    first: Day,
    seed: u64,
    people: u64,
}

impl Volume {
    /// For about `events` in the days `first..=0`.
    pub fn new(roster: &Roster, first: Day, calendar: Calendar, events: u64, seed: u64) -> Self {
        let (mut chance, mut usual) = (Rates::new(first), Rates::new(first));
        let (mut last, mut others) = (0, 4 * (1 - first) as u64);
        let within = |day: Option<Day>| u64::from(day.is_some_and(|day| (first..=0).contains(&day)));
        for account in roster.accounts() {
            if let (Some(from), Some(end)) = (account.granted_on(), account.last_used_on()) {
                let rate = APPS[account.app()].sign_in_rate;
                chance.add(from..end, rate);
                usual.add(from..if end >= STILL_USED { 1 } else { end }, rate);
                last += within(Some(end));
            }
            others += within(account.granted_on()) + within(account.removed_on());
        }
        others += roster.members().iter().map(|m| m.known_days(first) as u64).sum::<u64>() * 95 / 20_000;
        // What is told twice comes on top: 1 of 701 on the next day, 1 of 997 on the same one.
        let wanted = events - events / 411;
        let by_chance = chance.by_day(calendar).sum::<u64>() / 1000;
        let by_themselves = (by_chance + last) * SIGN_IN_EVENTS / 1000 + others;
        let may_go = (by_chance * SIGN_IN_EVENTS / 1000).max(1);
        let goes = by_themselves.saturating_sub(wanted).min(may_go);
        let extra = u128::from(wanted.saturating_sub(by_themselves));
        let all = u128::from(usual.by_day(calendar).sum::<u64>().max(1));
        Self {
            kept: ((u128::from(may_go - goes) << 32) / u128::from(may_go)) as u64,
            extra: usual.by_day(calendar).map(|rate| (extra * u128::from(rate) / all) as u64).collect(),
            first,
            seed,
            people: roster.members().len() as u64,
        }
    }

    /// Whether a sign-in is told that the key of its day stands for.
    pub fn keeps(&self, account: &Account, day: Day, key: u64) -> bool {
        account.last_used_on() == Some(day) || mix(key ^ 0x6b65_6570) >> 32 < self.kept
    }

    /// How often a sign-in of a day is told again. That a seat's last day is one of use is no chance: it must not show.
    fn weight(&self, account: &Account, member: &Member, day: Day) -> u64 {
        let rate = if account.last_used_on() == Some(day) { APPS[account.app()].sign_in_rate } else { 1000 };
        zipf(below(mix(member.hash ^ self.seed), self.people), self.people) * visits(account.app()) * u64::from(rate)
    }
}

/// Sign-ins of 1000 workdays, summed up by day.
struct Rates {
    first: Day,
    /// How much more than on the day before.
    more: Vec<i64>,
}

impl Rates {
    fn new(first: Day) -> Self {
        Self { first, more: vec![0; (2 - first) as usize] }
    }

    fn add(&mut self, days: Range<Day>, rate: u32) {
        let at = |day: Day| (day.clamp(self.first, 1) - self.first) as usize;
        let (from, to) = (at(days.start), at(days.end.max(days.start)));
        self.more[from] += i64::from(rate);
        self.more[to] -= i64::from(rate);
    }

    /// From the first day to day 0; nothing on weekends.
    fn by_day(&self, calendar: Calendar) -> impl Iterator<Item = u64> {
        let sums = self.more.iter().scan(0, |sum, more| {
            *sum += more;
            Some(*sum as u64)
        });
        (self.first..=0).zip(sums).map(move |(day, sum)| if calendar.is_workday(day) { sum } else { 0 })
    }
}

/// What is told of a day beside its own events: by a number that counts them in the order of time, each by itself.
#[derive(Default)]
pub struct Extras {
    key: u64,
    count: u64,
    /// By office: who signs in there on the day.
    offices: Vec<(Draw, Vec<u32>)>,
    /// By half hour: the weight of the offices that are open, and how many events came before.
    open: Vec<u64>,
    before: Vec<u64>,
}

/// When an extra event is, and its chance.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Its number of the day.
    number: u64,
    /// Milliseconds since midnight.
    pub ms: u32,
    /// Its key.
    pub key: u64,
}

impl Extras {
    /// For a day with these sign-ins.
    pub fn new(volume: &Volume, roster: &Roster, day: Day, sign_ins: impl Iterator<Item = u32>) -> Self {
        let mut accounts: Vec<Vec<u32>> = vec![Vec::new(); PLACES.len()];
        for about in sign_ins {
            accounts[roster.holder(&roster.accounts()[about as usize]).place()].push(about);
        }
        let count = volume.extra[(day - volume.first) as usize];
        if count == 0 || accounts.iter().all(Vec::is_empty) {
            return Self::default();
        }
        let offices: Vec<(Draw, Vec<u32>)> = accounts
            .into_iter()
            .map(|accounts| {
                let weights = accounts.iter().map(|about| {
                    let account = &roster.accounts()[*about as usize];
                    volume.weight(account, roster.holder(account), day)
                });
                (Draw::new(weights), accounts)
            })
            .collect();
        let is_open = |slot: usize, place: usize| {
            let opens = PLACES[place].opens as usize * 2;
            (opens..opens + OPEN_SLOTS).contains(&slot)
        };
        let open: Vec<u64> = (0..SLOTS)
            .map(|slot| offices.iter().enumerate().filter(|(p, _)| is_open(slot, *p)).map(|(_, o)| o.0.total()).sum())
            .collect();
        let all: u128 = open.iter().map(|weight| u128::from(*weight)).sum();
        let mut sum = 0;
        let mut before = vec![0];
        before.extend(open.iter().map(|weight| {
            sum += u128::from(*weight);
            (u128::from(count) * sum / all) as u64
        }));
        Self { key: mix(mix(volume.seed) ^ mix(day as u64 ^ 0x6578)), count, offices, open, before }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// When one of them is; a later number is never earlier.
    pub fn moment(&self, number: u64) -> Moment {
        let slot = self.slot(number);
        let (from, to) = (self.before[slot], self.before[slot + 1]);
        let key = mix(self.key ^ number);
        let within = ((number - from) * SLOT + below(key, SLOT)) / (to - from);
        Moment { number, ms: (slot as u64 * SLOT + within) as u32, key }
    }

    /// All within a time.
    pub fn moments(&self, time: Range<u32>) -> impl Iterator<Item = Moment> {
        (self.first_at(time.start)..self.first_at(time.end)).map(|number| self.moment(number))
    }

    /// What happens then, and to whom.
    pub fn event(&self, moment: Moment) -> Event {
        let slot = self.slot(moment.number);
        let draw = mix(moment.key ^ 0x77_686f);
        let mut weight = below(draw, self.open[slot]);
        let mut about = 0;
        for (place, (office, accounts)) in self.offices.iter().enumerate() {
            let opens = PLACES[place].opens as usize * 2;
            if !(opens..opens + OPEN_SLOTS).contains(&slot) {
                continue;
            }
            if weight < office.total() {
                about = accounts[office.at(weight)];
                break;
            }
            weight -= office.total();
        }
        let kind = match mix(draw) % 1000 {
            0..700 => Kind::Sso,
            700..715 => Kind::FailedSso,
            715..815 => Kind::OtherSso,
            815..880 => Kind::Session,
            880..915 => Kind::Mfa,
            915..965 => Kind::Policy,
            965..985 => Kind::Verify,
            _ => Kind::SessionEnd,
        };
        Event { ms: moment.ms, kind, about, key: moment.key }
    }

    fn slot(&self, number: u64) -> usize {
        self.before.partition_point(|before| *before <= number) - 1
    }

    /// The first number that is not before a time.
    fn first_at(&self, ms: u32) -> u64 {
        let Range { mut start, mut end } = 0..self.count;
        while start < end {
            let middle = start + (end - start) / 2;
            if self.moment(middle).ms < ms {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }
}
