//! JSON as far as events need it: values are skipped, but checked as they are skipped. Strings, of which events consist,
//! are looked through 32 bytes at a time.

use std::borrow::Cow;

use wide::u8x32;

use super::super::csv::MAX_FIELD_BYTES;
use super::super::json::{BLOCK, MAX_DEPTH, controls, last_block, plain};
use super::shapes::{Shapes, Step, Then};

/// A place in a text. Every step gives none when the text is no JSON there; where it stands then means nothing.
pub(super) struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub at: usize,
    /// Whether a value may go over the end of a line.
    is_free: bool,
    shapes: Shapes,
    /// The runs of the event that is being read step by step, when they are worth remembering.
    steps: Option<Vec<Step>>,
    /// Where the run begins that is being passed, ...
    run: usize,
    /// ... and whether a target ended in it.
    ends_target: bool,
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

/// How many bytes are left of a string that goes on with an escape, before its last quote; none when it is no string.
///
/// A text that is JSON itself has an escape every few bytes, so those of a block are found together: which characters
/// backslashes escape follows from where they are by a few operations on bits (simdjson's `json_escape_scanner`). A block
/// begins where nothing is escaped.
#[inline(never)]
fn escaped(text: &[u8]) -> Option<usize> {
    const ODD: u32 = 0xaaaa_aaaa;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let bytes = u8x32::new(rest.first_chunk().copied().unwrap_or_else(|| last_block(rest)));
        let is = |byte| bytes.simd_eq(u8x32::splat(byte));
        let (quotes, backslashes) = (is(b'"'), is(b'\\'));
        let known = quotes | backslashes | is(b'/') | is(b'b') | is(b'f') | is(b'n') | is(b'r') | is(b't');
        let backslashes = backslashes.to_bitmask();
        let code = ((backslashes << 1) | ODD).wrapping_sub(backslashes) ^ ODD;
        let (escaped, escapes) = (code ^ backslashes, code & backslashes);
        let ends = quotes.to_bitmask() & !escaped;
        let within = !ends & ends.wrapping_sub(1);
        let mut codes = escaped & !known.to_bitmask() & within;
        while codes != 0 {
            let code = codes.trailing_zeros() as usize;
            match rest.get(code..code + 5)? {
                [b'u', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit) => codes &= codes - 1,
                _ => return None,
            }
        }
        if controls(bytes).to_bitmask() & within != 0 {
            return None;
        }
        if ends != 0 {
            let end = ends.trailing_zeros() as usize;
            return (end < rest.len()).then_some(at + end);
        }
        // What is escaped by the last character is looked at with it.
        at += BLOCK - (escapes >> 31) as usize;
    }
}

impl<'a> Scan<'a> {
    /// Of a text in which every record is one line.
    pub(super) fn lines(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            is_free: false,
            shapes: Shapes::default(),
            steps: None,
            run: 0,
            ends_target: false,
        }
    }

    /// Of a text that may be laid out over lines.
    pub(super) fn free(text: &'a str) -> Self {
        Self { is_free: true, ..Self::lines(text) }
    }

    /// With the shapes that events of another text had.
    pub(super) fn with(self, shapes: Shapes) -> Self {
        Self { shapes, ..self }
    }

    /// The shapes that are known by now.
    pub(super) fn into_shapes(self) -> Shapes {
        self.shapes
    }

    /// An event whose shape is known: its texts by column; `end_target` is told them at the end of every target.
    #[inline(always)]
    pub(super) fn known<const N: usize>(
        &mut self,
        mut end_target: impl FnMut(&mut [Text<'a>; N]),
    ) -> Option<[Text<'a>; N]> {
        let (mut texts, mut run) = ([Text::default(); N], 0);
        loop {
            let (number, found) = self.shapes.after(run, self.bytes.get(self.at..)?)?;
            run = number;
            self.at += found.length;
            let then = found.then;
            if found.ends_target {
                end_target(&mut texts);
            }
            match then {
                Then::Text(column) => {
                    let start = self.at;
                    let is_escaped = self.string()?;
                    if let Some(text) = column.and_then(|column| texts.get_mut(usize::from(column))) {
                        *text = Text { raw: Some(self.text.get(start..self.at - 1)?), is_escaped };
                    }
                }
                Then::Number => {
                    let first = self.next()?;
                    self.number(first)?;
                }
                Then::End => return Some(texts),
            }
        }
    }

    /// Begins an event that is read step by step.
    pub(super) fn begin(&mut self) {
        self.steps = (!self.shapes.is_full()).then(Vec::new);
        (self.run, self.ends_target) = (self.at, false);
    }

    /// Ends it: its shape is known from now on.
    pub(super) fn end(&mut self) {
        self.step(self.at, Then::End);
        if let Some(steps) = self.steps.take() {
            self.shapes.learn(self.bytes, &steps);
        }
    }

    /// Ends a target of it.
    pub(super) fn end_target(&mut self) {
        self.ends_target = true;
    }

    /// Ends a run, where a value begins.
    #[inline(always)]
    fn step(&mut self, end: usize, then: Then) {
        if let Some(steps) = &mut self.steps {
            let ends_target = std::mem::take(&mut self.ends_target);
            steps.push(Step { start: self.run, end, ends_target, then });
        }
    }

    /// Passes the rest of a string that is a value.
    #[inline(always)]
    fn value(&mut self) -> Option<bool> {
        self.step(self.at, Then::Text(None));
        let is_escaped = self.string()?;
        self.run = self.at;
        Some(is_escaped)
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
        let start = self.at;
        self.at += plain(self.bytes.get(self.at..)?);
        let is_escaped = match *self.bytes.get(self.at)? {
            b'"' => false,
            b'\\' => {
                self.at += escaped(self.bytes.get(self.at..)?)?;
                true
            }
            _ => return None,
        };
        let length = self.at - start;
        self.at += 1;
        (length < MAX_FIELD_BYTES).then_some(is_escaped)
    }

    /// Passes a key and its colon.
    #[inline(always)]
    fn key(&mut self) -> Option<Text<'a>> {
        if self.next()? != b'"' {
            return None;
        }
        let start = self.at;
        let is_escaped = self.string()?;
        let raw = self.text.get(start..self.at - 1)?;
        (self.next()? == b':').then_some(Text { raw: Some(raw), is_escaped })
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
                b'"' => _ = self.value()?,
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
                first => {
                    self.step(self.at - 1, Then::Number);
                    self.number(first)?;
                    self.run = self.at;
                }
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

    /// A text or null, for a column.
    #[inline(always)]
    pub(super) fn text(&mut self, column: usize) -> Option<Text<'a>> {
        match self.next()? {
            b'"' => {
                let start = self.at;
                let is_escaped = self.value()?;
                if let Some(step) = self.steps.as_mut().and_then(|steps| steps.last_mut()) {
                    step.then = Then::Text(u8::try_from(column).ok());
                }
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
            let found = scan.text(0).unwrap().value().flatten();
            prop_assert_eq!(found.as_deref(), Some(text.as_str()));
            prop_assert_eq!(scan.at, before + written.len());
        }

        /// Escapes, sound or not, wherever they lie in a block: what is passed is a string to another reader.
        #[test]
        fn only_sound_escapes_are_passed(parts in proptest::collection::vec(
            prop_oneof![
                20 => Just("\\\""), 10 => Just("\\\\"), 10 => Just("a"), 5 => Just("\\u00e9"), 5 => Just("\\/\\b\\f\\n\\r\\t"),
                5 => Just("abcdefghij"), 1 => Just("\\u12"), 1 => Just("\\x"), 1 => Just("\t"), 1 => Just("\""),
            ], 0..40), is_closed in any::<bool>(), after in 0usize..40)
        {
            let text = format!("\"{}{}", parts.concat(), if is_closed { "\"" } else { "" });
            prop_assert_eq!(is_json(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
            let whole = format!("{text}{}", " ".repeat(after));
            prop_assert_eq!(is_json(&whole), serde_json::from_str::<serde_json::Value>(&whole).is_ok(), "{}", whole);
        }
    }
}
