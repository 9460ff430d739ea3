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
    (1 << 40) / (rank + people / 1000 + 1)
}

/// How often an app is opened again on a day of use; with it the first app has some 30 % of the sign-ins.
fn visits(app: AppId) -> u64 {
    match app {
        JIRA => 7,
        SALESFORCE => 5,
        _ => 4,
    }
}

/// What is added to, or left out of, what the seats make by themselves.
#[derive(Debug, Clone, Copy)]
pub struct Volume {
    /// Of 2^32 sign-ins that are no seat's last one so many are told.
    kept: u64,
    /// So many events more ...
    extra: u64,
    /// ... in a history of so many sign-ins that are no seat's last one.
    sign_ins: u64,
    seed: u64,
    people: u64,
}

impl Volume {
    /// For about `events` in the days `first..=0`.
    pub fn new(roster: &Roster, first: Day, calendar: Calendar, events: u64, seed: u64) -> Self {
        let mut workdays = vec![0];
        for day in first..=0 {
            workdays.push(workdays[workdays.len() - 1] + u64::from(calendar.is_workday(day)));
        }
        let workdays = |from: Day, to: Day| match from.max(first) {
            from if from < to => workdays[(to - first) as usize] - workdays[(from - first) as usize],
            _ => 0,
        };
        let within = |day: Option<Day>| u64::from(day.is_some_and(|day| (first..=0).contains(&day)));
        let (mut by_chance, mut last, mut others) = (0, 0, 4 * (1 - first) as u64);
        for account in roster.accounts() {
            if let Some(end) = account.last_used_on() {
                let days = workdays(account.granted_on().unwrap_or(end), end.min(1));
                by_chance += days * u64::from(APPS[account.app()].sign_in_rate);
                last += within(Some(end));
            }
            others += within(account.granted_on()) + within(account.removed_on());
        }
        by_chance /= 1000;
        others += roster.members().iter().map(|m| m.known_days(first) as u64).sum::<u64>() * 95 / 20_000;
        // What is told twice comes on top: 1 of 701 on the next day, 1 of 997 on the same one.
        let wanted = events - events / 411;
        let by_themselves = (by_chance + last) * SIGN_IN_EVENTS / 1000 + others;
        let may_go = (by_chance * SIGN_IN_EVENTS / 1000).max(1);
        let goes = by_themselves.saturating_sub(wanted).min(may_go);
        Self {
            kept: ((u128::from(may_go - goes) << 32) / u128::from(may_go)) as u64,
            extra: wanted.saturating_sub(by_themselves),
            sign_ins: by_chance.max(1),
            seed,
            people: roster.members().len() as u64,
        }
    }

    /// Whether a sign-in is told that the key of its day stands for.
    pub fn keeps(&self, account: &Account, day: Day, key: u64) -> bool {
        account.last_used_on() == Some(day) || mix(key ^ 0x6b65_6570) >> 32 < self.kept
    }

    fn weight(&self, account: &Account, member: &Member) -> u64 {
        zipf(below(mix(member.hash ^ self.seed), self.people), self.people) * visits(account.app())
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
    /// For a day with these sign-ins. A seat's last one is not told again: many fall on the days before the as-of date.
    pub fn new(volume: &Volume, roster: &Roster, day: Day, sign_ins: impl Iterator<Item = u32>) -> Self {
        let mut accounts: Vec<Vec<u32>> = vec![Vec::new(); PLACES.len()];
        for about in sign_ins {
            let account = &roster.accounts()[about as usize];
            if account.last_used_on() != Some(day) {
                accounts[roster.holder(account).place()].push(about);
            }
        }
        let total = accounts.iter().map(Vec::len).sum::<usize>();
        let count = (u128::from(volume.extra) * total as u128 / u128::from(volume.sign_ins)) as u64;
        if count == 0 {
            return Self::default();
        }
        let offices: Vec<(Draw, Vec<u32>)> = accounts
            .into_iter()
            .map(|accounts| {
                let weights = accounts.iter().map(|about| {
                    let account = &roster.accounts()[*about as usize];
                    volume.weight(account, roster.holder(account))
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
