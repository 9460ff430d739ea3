//! Chance that is the same on every machine: SplitMix64 for sequences, its finaliser for "does this happen on this day".

/// Scrambles 64 bits (the SplitMix64 finaliser).
pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number for a text: FNV-1a, scrambled.
pub fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mix(fnv)
}

/// A sequence of chances.
pub struct Rng(u64);

impl Rng {
    /// One sequence per seed and purpose, so that a new purpose does not disturb the others.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(mix(seed) ^ hash(purpose))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A number in `from..=to`.
    pub fn between(&mut self, from: i32, to: i32) -> i32 {
        from + self.below((to - from + 1).max(1) as usize) as i32
    }

    /// True in `per_mille` of 1000 cases.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.next() % 1000 < u64::from(per_mille)
    }

    /// One of a list, all equally likely.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// The place of one of several weights.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum::<u32>() as usize) as u32;
        for (i, weight) in weights.enumerate() {
            if rest < weight {
                return i;
            }
            rest -= weight;
        }
        0
    }
}

/// An id as vendors make them: a prefix, then `len` characters of the alphabet drawn from the key.
pub fn id(prefix: &str, key: u64, len: usize, alphabet: &[u8]) -> String {
    let mut out = String::with_capacity(prefix.len() + len);
    out.push_str(prefix);
    let mut bits = 0;
    for i in 0..len {
        if i % 10 == 0 {
            bits = mix(key ^ (i as u64 + 1));
        }
        out.push(char::from(alphabet[(bits % alphabet.len() as u64) as usize]));
        bits /= alphabet.len() as u64;
    }
    out
}

/// Two letters or digits for each number below 62 * 62.
static PAIRS: [[u8; 2]; 3844] = {
    let mut pairs = [[0; 2]; 3844];
    let mut n = 0;
    while n < pairs.len() {
        pairs[n] = [BASE62[n % 62], BASE62[n / 62]];
        n += 1;
    }
    pairs
};

/// Writes what [`id`] gives for [`BASE62`].
pub fn put_id(out: &mut Vec<u8>, prefix: &str, key: u64, len: usize) {
    out.extend_from_slice(prefix.as_bytes());
    for start in (0..len).step_by(10) {
        let mut bits = mix(key ^ (start as u64 + 1));
        let mut block = [0; 10];
        for pair in block.as_chunks_mut::<2>().0 {
            *pair = PAIRS[(bits % 3844) as usize];
            bits /= 3844;
        }
        out.extend_from_slice(&block[..(len - start).min(10)]);
    }
}

/// Writes the lowest hex digits of a number.
pub fn put_hex(out: &mut Vec<u8>, value: u64, digits: usize) {
    let mut text = [0; 16];
    for (n, digit) in text.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (60 - 4 * n)) as usize & 15];
    }
    out.extend_from_slice(&text[16 - digits..]);
}

/// Writes what [`guid`] gives.
pub fn put_guid(out: &mut Vec<u8>, key: u64) {
    let (a, b) = (mix(key), mix(key ^ 0x5bd1));
    put_hex(out, a >> 32, 8);
    out.push(b'-');
    put_hex(out, a >> 16, 4);
    out.extend_from_slice(b"-4");
    put_hex(out, a, 3);
    out.push(b'-');
    put_hex(out, 0x8000 | ((b >> 48) & 0x3fff), 4);
    out.push(b'-');
    put_hex(out, b, 12);
}

/// Letters and digits.
pub const BASE62: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Capital letters and digits.
pub const BASE36: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A GUID drawn from the key.
pub fn guid(key: u64) -> String {
    let (a, b) = (mix(key), mix(key ^ 0x5bd1));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

/// 32 hex digits, as ServiceNow and Workday name records.
pub fn hex32(key: u64) -> String {
    format!("{:016x}{:016x}", mix(key), mix(key ^ 0x5bd1))
}
