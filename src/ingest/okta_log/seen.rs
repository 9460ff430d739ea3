//! A set of event ids, 16 bytes each and a quarter more: 25 million of them take half a gigabyte.

/// Parts that grow one by one, so that growing never needs the whole set twice.
const SHARDS: usize = 1024;
/// Places of a part up to which it grows fast: a million ids in all.
const ROOMY: usize = 1024;
/// Ids that are looked at together: the memory they lie in is asked for at once.
pub(super) const BLOCK: usize = 32;

/// Ids by number. The number 0 marks an empty place, and is itself kept beside.
pub(super) struct Seen {
    shards: Vec<Shard>,
    has_zero: bool,
}

#[derive(Default)]
struct Shard {
    places: Vec<u128>,
    taken: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), has_zero: false }
    }
}

impl Seen {
    /// Adds an id; says whether it is new.
    pub(super) fn insert(&mut self, id: u128) -> bool {
        if id == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        let hash = mixed(id);
        self.shards[hash as usize % SHARDS].insert(id, hash)
    }

    /// Reads the places at which some ids would lie: the reads do not wait for each other, and the inserts that follow
    /// find them in the cache.
    pub(super) fn touch(&self, ids: &[u128]) -> u128 {
        ids.iter().fold(0, |all, id| {
            let hash = mixed(*id);
            let places = &self.shards[hash as usize % SHARDS].places;
            all ^ places.get(place(hash, places.len())).copied().unwrap_or_default()
        })
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.places.capacity() * 16).sum()
    }
}

impl Shard {
    fn insert(&mut self, id: u128, hash: u64) -> bool {
        if (self.taken + 1) * 5 > self.places.len() * 4 {
            self.grow();
        }
        let is_new = put(&mut self.places, id, hash);
        self.taken += usize::from(is_new);
        is_new
    }

    /// Half larger while it is small, since every id moves; then an eighth, so that at least seven tenths are taken.
    fn grow(&mut self) {
        let places = self.places.len();
        let more = (places + if places < ROOMY { places / 2 } else { places / 8 }).max(16);
        let before = std::mem::replace(&mut self.places, vec![0; more]);
        for id in before.into_iter().filter(|id| *id != 0) {
            put(&mut self.places, id, mixed(id));
        }
    }
}

/// Puts an id into the first free place from its own on; there is one.
fn put(places: &mut [u128], id: u128, hash: u64) -> bool {
    let mut at = place(hash, places.len());
    loop {
        match places.get_mut(at) {
            Some(taken) if *taken == 0 => {
                *taken = id;
                return true;
            }
            Some(taken) if *taken == id => return false,
            Some(_) => at += 1,
            None => at = 0,
        }
    }
}

/// A place among so many, by the upper half of a hash; the lowest bits choose the shard.
fn place(hash: u64, places: usize) -> usize {
    ((u128::from(hash) * places as u128) >> 64) as usize
}

/// Ids of some vendors count up, and half of their digits are the same: every digit moves every bit.
fn mixed(id: u128) -> u64 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product >> 64) as u64 ^ product as u64
    };
    let (high, low) = ((id >> 64) as u64, id as u64);
    fold(fold(high ^ 0x9e37_79b9_7f4a_7c15, low ^ 0xd6e8_feb8_6659_fd93) ^ high, 0xa076_1d64_78bd_642f ^ low)
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
        assert_eq!(seen.shards.iter().map(|s| s.taken).sum::<usize>() + 1, set.len());
        let fullest = seen.shards.iter().map(|s| s.taken).max().unwrap();
        assert!(fullest < set.len() / SHARDS * 2, "{fullest} of {} in one of {SHARDS} shards", set.len());
    }

    #[test]
    fn it_takes_little_more_than_its_ids() {
        let mut seen = Seen::default();
        let count = 1_000_000u64;
        for n in 0..count {
            seen.insert(u128::from(mixed(u128::from(n))) << 64 | u128::from(n));
        }
        let each = seen.bytes() as f64 / count as f64;
        assert!((20.0..24.0).contains(&each), "{each} bytes an id: 25 million need less than 600 MB");
        assert_eq!(seen.touch(&[0]), seen.touch(&[0]));
    }
}
