//! A set of event ids. Ten bytes are kept of each, and a quarter more: 25 million of them take a third of a gigabyte.
//! With the part of the set that an id belongs to, those are 84 bits of it, well mixed: that two among 25 million ids
//! agree in them is to be expected once in 60 thousand million days. Of a set that is seldom asked less is kept, which
//! says that an id may be there.

/// Parts that grow one by one, so that growing never needs the whole set twice. Few, so that those of a large set are
/// pieces that an allocator gives back to the system, not keeps.
const SHARDS: usize = 16;
/// Places of a part up to which it grows fast: a million ids in all.
const ROOMY: usize = 65_536;
/// Ids that are looked at together: the memory they lie in is asked for at once.
pub(super) const BLOCK: usize = 32;

/// Ids by number.
pub(super) struct Seen {
    shards: Vec<Shard>,
}

#[derive(Default)]
struct Shard {
    places: Vec<Kept>,
    taken: usize,
}

/// What is kept of an id. An empty place has only zeros.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed(2))]
struct Kept {
    low: u64,
    high: u16,
}

impl Default for Seen {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }
}

impl Seen {
    /// Adds an id; says whether it is new.
    pub(super) fn insert(&mut self, id: u128) -> bool {
        let (shard, kept) = split(id);
        self.shards[shard].insert(kept)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.taken).sum()
    }

    /// Whether an id is there.
    pub(super) fn has(&self, id: u128) -> bool {
        let (shard, kept) = split(id);
        let places = &self.shards[shard].places;
        !places.is_empty() && places[find(places, kept)] == kept
    }

    /// Reads the places at which some ids would lie: the reads do not wait for each other, and the inserts that follow
    /// find them in the cache.
    pub(super) fn touch(&self, ids: &[u128]) -> u64 {
        ids.iter().fold(0, |all, id| {
            let (shard, kept) = split(*id);
            let places = &self.shards[shard].places;
            all ^ places.get(kept.place(places.len())).copied().unwrap_or_default().low
        })
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.places.capacity() * size_of::<Kept>()).sum()
    }
}

/// What is left of a set: four bytes of an id, where it lay. Of a thousand million ids that were not there, three or four
/// are taken to be. One block, which an allocator gives back to the system.
pub(super) struct Thin {
    marks: Box<[u32]>,
    /// Where each shard ends.
    ends: [usize; SHARDS],
}

impl Thin {
    pub(super) fn of(seen: &Seen) -> Self {
        let (mut marks, mut ends) = (Vec::new(), [0; SHARDS]);
        marks.reserve_exact(seen.shards.iter().map(|shard| shard.places.len()).sum());
        for (shard, end) in seen.shards.iter().zip(&mut ends) {
            marks.extend(shard.places.iter().map(|kept| if kept.is_none() { 0 } else { kept.mark() }));
            *end = marks.len();
        }
        Self { marks: marks.into(), ends }
    }

    /// Whether an id may be there; false when it is not.
    pub(super) fn may_have(&self, id: u128) -> bool {
        let (shard, kept) = split(id);
        let start = if shard == 0 { 0 } else { self.ends[shard - 1] };
        let places = &self.marks[start..self.ends[shard]];
        let (before, after) = places.split_at(kept.place(places.len()));
        after.iter().chain(before).take_while(|mark| **mark != 0).any(|mark| *mark == kept.mark())
    }
}

impl Shard {
    fn insert(&mut self, kept: Kept) -> bool {
        if (self.taken + 1) * 5 > self.places.len() * 4 {
            self.grow();
        }
        let is_new = put(&mut self.places, kept);
        self.taken += usize::from(is_new);
        is_new
    }

    /// Half larger while it is small, since every id moves; then an eighth, so that at least seven tenths are taken.
    fn grow(&mut self) {
        let places = self.places.len();
        let more = (places + if places < ROOMY { places / 2 } else { places / 8 }).max(16);
        let before = std::mem::replace(&mut self.places, vec![Kept::default(); more]);
        for kept in before.into_iter().filter(|kept| !kept.is_none()) {
            put(&mut self.places, kept);
        }
    }
}

impl Kept {
    fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Of its bits those that say least about its place; never 0.
    fn mark(self) -> u32 {
        (self.low as u32).max(1)
    }

    /// Its own place among so many.
    fn place(self, places: usize) -> usize {
        ((u128::from(self.low) * places as u128) >> 64) as usize
    }
}

/// Puts an id into its place, unless it is there; a place is free.
fn put(places: &mut [Kept], kept: Kept) -> bool {
    let place = &mut places[find(places, kept)];
    let is_new = *place != kept;
    *place = kept;
    is_new
}

/// Where an id is: the first place from its own on that holds it, or nothing. One of them is free.
fn find(places: &[Kept], kept: Kept) -> usize {
    let mut at = kept.place(places.len());
    loop {
        match places.get(at) {
            Some(taken) if taken.is_none() || *taken == kept => return at,
            Some(_) => at += 1,
            None => at = 0,
        }
    }
}

/// The shard of an id, and what is kept of it.
fn split(id: u128) -> (usize, Kept) {
    let mixed = mixed(id);
    let kept = Kept { low: (mixed as u64).max(1), high: (mixed >> 64) as u16 };
    ((mixed >> 124) as usize % SHARDS, kept)
}

/// Ids of some vendors count up, and half of their digits are the same: every digit moves every bit. No two ids become
/// the same: an odd factor and a shift can be undone.
fn mixed(id: u128) -> u128 {
    let step = |id: u128| {
        let product = id.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        product ^ product >> 64
    };
    step(step(step(id)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn it_is_a_set() {
        let (mut seen, mut set) = (Seen::default(), HashSet::new());
        // Ids that count up in their high half, their low half or both, each met twice.
        for n in (0..60_000u128).chain(0..60_000) {
            for id in [n << 64 | 0x11f0, n, n << 64 | n, n.wrapping_mul(0x9e37_79b9_7f4a_7c15_0123_4567_89ab_cdef)] {
                assert_eq!(seen.insert(id), set.insert(id), "{id}");
            }
        }
        assert_eq!(seen.len(), set.len());
        let fullest = seen.shards.iter().map(|s| s.taken).max().unwrap();
        assert!(fullest < set.len() / SHARDS * 2, "{fullest} of {} in one of {SHARDS} shards", set.len());
    }

    #[test]
    fn what_is_left_of_it_knows_what_was_there() {
        let mut seen = Seen::default();
        assert!(!Thin::of(&seen).may_have(1));
        let count = 100_000u128;
        for n in 0..count {
            seen.insert(n << 64 | n);
        }
        let thin = Thin::of(&seen);
        assert!((0..count).all(|n| thin.may_have(n << 64 | n)));
        assert_eq!((count..20 * count).filter(|n| thin.may_have(n << 64 | n)).count(), 0);
        let each = size_of_val(&*thin.marks) as f64 / count as f64;
        assert!((5.0..7.0).contains(&each), "{each} bytes an id");
    }

    #[test]
    fn it_takes_little_more_than_its_ids() {
        let mut seen = Seen::default();
        let count = 1_000_000u64;
        for n in 0..count {
            seen.insert(mixed(u128::from(n)));
        }
        let each = seen.bytes() as f64 / count as f64;
        assert!((12.5..14.5).contains(&each), "{each} bytes an id: 25 million need less than 370 MB");
        assert_eq!(seen.touch(&[0]), seen.touch(&[0]));
    }
}
