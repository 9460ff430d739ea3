//! JSON as far as events need it: values are skipped, but checked as they are skipped. Strings, of which events consist,
//! are looked through 32 bytes at a time.

use std::borrow::Cow;

use super::super::csv::MAX_FIELD_BYTES;
use super::super::json::MAX_DEPTH;

/// Bytes that are looked at together.
const BLOCK: usize = 32;
/// Keys that are remembered.
const MOST_KEYS: usize = 4096;
/// Keys that are remembered after the same one.
const MOST_AFTER_ONE: usize = 8;

/// A place in a text. Every step gives none when the text is no JSON there; where it stands then means nothing.
pub(super) struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub at: usize,
    /// Whether a value may go over the end of a line.
    is_free: bool,
    keys: Keys,
}

/// A text as it is written, without its quotes; none for null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub raw: Option<&'a str>,
    pub is_escaped: bool,
}

impl<'a> Text<'a> {
    /// What it says; the outer none when an escape stands for no character.
    pub(super) fn value(self) -> Option<Option<Cow<'a, str>>> {
        match self.raw {
            Some(raw) if self.is_escaped => Some(Some(Cow::Owned(unescape(raw)?))),
            raw => Some(raw.map(Cow::Borrowed)),
        }
    }

    /// Whether it says this word.
    pub(super) fn is(self, word: &str) -> bool {
        self.raw == Some(word) || (self.is_escaped && self.value().flatten().as_deref() == Some(word))
    }
}

#[cold]
fn unescape(raw: &str) -> Option<String> {
    sonic_rs::from_str(&format!("\"{raw}\"")).ok()
}

/// Where a string ends to be plain text: at its quote, an escape, or a control character.
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

/// The place of the first special byte of a block. Written in two steps without a branch in the first one, which the
/// compiler turns into comparisons of all 32 bytes at once whatever it is told to optimise for; in one step it does not at
/// opt-level 3, and takes six times as long.
#[inline(always)]
fn first_special(block: &[u8; BLOCK]) -> Option<usize> {
    let mut marks = [0; BLOCK];
    for (mark, byte) in marks.iter_mut().zip(block) {
        *mark = 0u8.wrapping_sub(u8::from(is_special(*byte)));
    }
    let words = marks.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
    let (before, word) = words.enumerate().find(|(_, word)| *word != 0)?;
    Some(before * 8 + word.trailing_zeros() as usize / 8)
}

/// How many bytes are plain before the first special one.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    let (mut rest, mut n) = (bytes, 0);
    while let Some((block, more)) = rest.split_first_chunk::<BLOCK>() {
        if let Some(first) = first_special(block) {
            return n + first;
        }
        n += BLOCK;
        rest = more;
    }
    n + rest.iter().position(|b| is_special(*b)).unwrap_or(rest.len())
}

/// Keys as records of one text had them, one after the other: the next record most likely has the same ones. Where a
/// key that is expected ends is known without looking for its end.
#[derive(Default)]
struct Keys {
    /// A tree: the first is no key, but what lies before every record.
    nodes: Vec<Key>,
    /// The key that was passed last.
    last: usize,
}

/// A key with its quotes and its colon.
struct Key {
    written: [u8; BLOCK],
    mask: [u8; BLOCK],
    length: usize,
    /// One that came after it; 0 for none.
    next: usize,
    /// Another that came after the same one.
    other: usize,
}

impl Keys {
    /// How long the key is that comes next, if it is one of those that came here before.
    #[inline(always)]
    fn expected(&mut self, block: &[u8; BLOCK]) -> Option<usize> {
        let mut at = self.nodes.get(self.last)?.next;
        while at != 0 {
            let key = self.nodes.get(at)?;
            if key.begins(block) {
                self.last = at;
                return Some(key.length);
            }
            at = key.other;
        }
        None
    }

    /// Remembers a key after the one before it, when it is written without spaces and short. There are never so many
    /// that looking through them would cost more than it gains.
    #[cold]
    #[inline(never)]
    fn learn(&mut self, written: &[u8], is_escaped: bool) {
        if self.nodes.is_empty() {
            self.nodes.push(Key { written: [0; BLOCK], mask: [0; BLOCK], length: 0, next: 0, other: 0 });
        }
        let is_plain = !is_escaped && written.first() == Some(&b'"') && written.ends_with(b"\":");
        let Some(node) = self.nodes.get(self.last) else { return };
        let (mut siblings, mut end, mut at) = (0, None, node.next);
        while at != 0 {
            (siblings, end) = (siblings + 1, Some(at));
            at = self.nodes[at].other;
        }
        if !is_plain || written.len() > BLOCK || siblings == MOST_AFTER_ONE || self.nodes.len() == MOST_KEYS {
            // What comes after it is not expected either.
            self.last = usize::MAX;
            return;
        }
        let mut key = Key { written: [0; BLOCK], mask: [0; BLOCK], length: written.len(), next: 0, other: 0 };
        key.written[..written.len()].copy_from_slice(written);
        key.mask[..written.len()].fill(u8::MAX);
        let new = self.nodes.len();
        self.nodes.push(key);
        match end {
            Some(sibling) => self.nodes[sibling].other = new,
            None => self.nodes[self.last].next = new,
        }
        self.last = new;
    }
}

impl Key {
    /// Whether a text begins so: all bytes are compared at once.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "iterators over three arrays are not turned into vectors")]
    fn begins(&self, block: &[u8; BLOCK]) -> bool {
        let mut differs = 0;
        for i in 0..BLOCK {
            differs |= (block[i] ^ self.written[i]) & self.mask[i];
        }
        differs == 0
    }
}

impl<'a> Scan<'a> {
    /// Of a text in which every record is one line.
    pub(super) fn lines(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, is_free: false, keys: Keys::default() }
    }

    /// Of a text that may be laid out over lines.
    pub(super) fn free(text: &'a str) -> Self {
        Self { is_free: true, ..Self::lines(text) }
    }

    /// Begins a record: its keys are expected in the order of those before it.
    pub(super) fn begin(&mut self) {
        self.keys.last = 0;
    }

    /// The next byte that is no space; it is passed.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        if byte > b' ' {
            self.at += 1;
            return Some(byte);
        }
        self.next_after_spaces()
    }

    fn next_after_spaces(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r') && (byte != b'\n' || !self.is_free) {
                self.at += 1;
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Passes the rest of a string, whose first quote is passed; says whether it has escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<bool> {
        let (start, mut is_escaped) = (self.at, false);
        loop {
            self.at += plain(self.bytes.get(self.at..)?);
            match *self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    self.escape()?;
                }
                _ => return None,
            }
        }
        let length = self.at - start;
        self.at += 1;
        (length < MAX_FIELD_BYTES).then_some(is_escaped)
    }

    #[cold]
    #[inline(never)]
    fn escape(&mut self) -> Option<()> {
        self.at += match *self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' if self.bytes.get(self.at + 2..self.at + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return None,
        };
        Some(())
    }

    /// Passes a key and its colon.
    #[inline(always)]
    fn key(&mut self) -> Option<Text<'a>> {
        let start = self.at;
        if let Some(block) = self.bytes.get(start..)?.first_chunk::<BLOCK>()
            && let Some(length) = self.keys.expected(block)
        {
            self.at += length;
            return Some(Text { raw: Some(self.text.get(start + 1..self.at - 2)?), is_escaped: false });
        }
        self.unexpected_key()
    }

    fn unexpected_key(&mut self) -> Option<Text<'a>> {
        let begin = self.at;
        if self.next()? != b'"' {
            return None;
        }
        let start = self.at;
        let is_escaped = self.string()?;
        let raw = self.text.get(start..self.at - 1)?;
        if self.next()? != b':' {
            return None;
        }
        self.keys.learn(self.bytes.get(begin..self.at)?, is_escaped);
        Some(Text { raw: Some(raw), is_escaped })
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        let end = self.at + rest.len();
        let is_there = self.bytes.get(self.at..end)? == rest;
        self.at = end;
        is_there.then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Passes a number whose first character is passed.
    fn number(&mut self, first: u8) -> Option<()> {
        match first {
            b'-' => {
                let digit = *self.bytes.get(self.at)?;
                self.at += 1;
                return if digit == b'-' { None } else { self.number(digit) };
            }
            b'0' => {}
            b'1'..=b'9' => _ = self.digits(),
            _ => return None,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// Passes a value that lies in so many objects and arrays.
    #[inline(never)]
    pub(super) fn skip(&mut self, inside: usize) -> Option<()> {
        // A bit a level: whether it is an object.
        let (mut objects, mut depth, most) = (0u64, 0, MAX_DEPTH.checked_sub(inside)?);
        loop {
            match self.next()? {
                b'"' => _ = self.string()?,
                open @ (b'{' | b'[') => {
                    // Its end is two characters after its beginning in ASCII.
                    if depth == most {
                        return None;
                    }
                    if self.next()? != open + 2 {
                        self.at -= 1;
                        depth += 1;
                        objects = objects << 1 | u64::from(open == b'{');
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'n' => self.word(b"ull")?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                first => self.number(first)?,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                match (self.next()?, objects & 1) {
                    (b',', 1) => {
                        self.key()?;
                        break;
                    }
                    (b',', _) => break,
                    (b'}', 1) | (b']', 0) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// A text or null.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Option<Text<'a>> {
        match self.next()? {
            b'"' => {
                let start = self.at;
                let is_escaped = self.string()?;
                Some(Text { raw: Some(self.text.get(start..self.at - 1)?), is_escaped })
            }
            b'n' => self.word(b"ull").map(|()| Text::default()),
            _ => None,
        }
    }

    /// An object or null: `each` passes the value of every key.
    #[inline(always)]
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        match self.next()? {
            b'{' => {}
            b'n' => return self.word(b"ull"),
            _ => return None,
        }
        if self.next()? == b'}' {
            return Some(());
        }
        self.at -= 1;
        loop {
            match self.key()? {
                Text { raw: Some(key), is_escaped: false } => each(self, key)?,
                key => each(self, &key.value()??)?,
            }
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// An array or null: `each` passes every element.
    #[inline(always)]
    pub(super) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        match self.next()? {
            b'[' => {}
            b'n' => return self.word(b"ull"),
            _ => return None,
        }
        if self.next()? == b']' {
            return Some(());
        }
        self.at -= 1;
        loop {
            each(self)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Whether the next thing is a quote; nothing is passed but spaces.
    pub(super) fn is_at_text(&mut self) -> bool {
        let is_quote = self.next() == Some(b'"');
        self.at = self.at.saturating_sub(1);
        is_quote
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut scan = Scan::free(text);
        scan.skip(0).is_some() && scan.next().is_none()
    }

    #[test]
    fn keys_are_found_whether_they_were_expected_or_not() {
        // Long enough that the blocks of the last keys are whole, too.
        let tail = " ".repeat(BLOCK);
        let records = [
            r#"{"a":1,"b":{"c":"x","d":[]},"e":null}"#,
            r#"{"a":1,"b":{"c":"x","d":[]},"e":null}"#,
            r#"{"a":1,"bb":{"c":"x"},"b":2,"e":null}"#,
            r#"{"a" :1, "b":{"d":[{"c":1}]},"e\"":3,"e":{}}"#,
            r#"{"a_key_that_is_longer_than_a_block_is":1,"a":1}"#,
            r#"{"a":1,"b":{"c":"x","d":[]},"e":null}"#,
        ];
        let text = records.map(|record| format!("{record}{tail}\n")).concat();
        let mut scan = Scan::lines(&text);
        let (mut keys, mut expected) = (Vec::new(), Vec::new());
        for record in records {
            scan.begin();
            scan.object(|scan, key| {
                keys.push(key.to_owned());
                scan.skip(1)
            });
            assert_eq!(scan.next(), Some(b'\n'), "{record}");
            let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(record).unwrap();
            expected.extend(whole.keys().cloned());
        }
        assert_eq!(keys, expected);
        let mut wide = Scan::lines("");
        for n in 0..MOST_KEYS * 2 {
            wide.begin();
            wide.keys.learn(format!("\"{n}\":").as_bytes(), false);
            wide.keys.learn(format!("\"{n}\":").as_bytes(), false);
        }
        assert!(wide.keys.nodes.len() <= MOST_AFTER_ONE * 2 + 1, "no more than are looked through");
    }

    #[test]
    fn what_is_no_json_is_not_skipped() {
        for good in ["0", "-0.5e+3", "[]", "[1,[{}],\"a\\u00e9\\\\\"]", " { \"a\" : null , \"b\":[true,false] } "] {
            assert!(is_json(good), "{good}");
        }
        let bad = [
            "",
            "01",
            "1.",
            "-",
            "--1",
            "1e",
            "+1",
            ".5",
            "NaN",
            "tru",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":1]",
            "[1}",
            "\"a",
            "\"\\x\"",
            "\"\\u00g0\"",
            "\"a\tb\"",
            "[1]]",
            "{\"a\" 1}",
            "{,}",
            "[",
        ];
        for bad in bad {
            assert!(!is_json(bad), "{bad}");
        }
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(is_json(&deep(64)) && !is_json(&deep(65)));
        let long = |n: usize| format!("\"{}\"", "x".repeat(n));
        assert!(is_json(&long(MAX_FIELD_BYTES - 1)) && !is_json(&long(MAX_FIELD_BYTES)));
        let mut line = Scan::lines("{\"a\":\n1}");
        assert_eq!(line.skip(0), None, "a record is one line");
    }

    proptest! {
        /// Bytes of JSON, shuffled: whatever is skipped is JSON to another reader, and the other way round.
        #[test]
        fn it_agrees_with_another_reader(parts in proptest::collection::vec(
            prop_oneof![
                Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""), Just("\"b\\n\""),
                Just("\"\u{e9}\""), Just("1"), Just("-2.5"), Just("null"), Just("true"), Just(" "), Just("\n"), Just("\\"),
            ], 0..12))
        {
            let text = parts.concat();
            prop_assert_eq!(is_json(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }

        /// Where a string ends does not depend on where in a block it lies.
        #[test]
        fn strings_end_at_their_quote(text in "[a-z\u{e9}\"\\\\ ]{0,100}", before in 0usize..40) {
            let written = serde_json::to_string(&text).unwrap();
            let whole = format!("{}{written}{}", " ".repeat(before), "x".repeat(40));
            let mut scan = Scan::lines(&whole);
            let found = scan.text().unwrap().value().flatten();
            prop_assert_eq!(found.as_deref(), Some(text.as_str()));
            prop_assert_eq!(scan.at, before + written.len());
        }
    }
}
