//! What lies between the values of events, as those before had it. Events of a log are written alike: all keys, brackets
//! and words between one value and the next are passed by one comparison.
//!
//! A run is the text from the end of one value, a text or a number, to the beginning of the next. Nothing but runs says
//! what a value is: an event whose runs, one after the other, are those of an event that was read step by step means the
//! same. So they are kept as a tree of the ways that events took.

use wide::u8x32;

/// Bytes that are compared together.
const BLOCK: usize = 32;
/// Runs that are remembered.
const MOST_RUNS: usize = 1 << 14;
/// Runs that are remembered after the same one: looking through more would cost more than it gains.
const MOST_AFTER_ONE: usize = 12;

/// What comes after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// A text, whose first quote ends the run, and the column that it is for; none for most.
    Text(Option<u8>),
    Number,
    /// Nothing: the event is over.
    End,
}

/// A run of an event that was read step by step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub start: usize,
    pub end: usize,
    /// Whether a target ends within it.
    pub ends_target: bool,
    pub then: Then,
}

/// A run that is remembered.
#[derive(Debug)]
pub(super) struct Run {
    /// The first of its blocks.
    block: usize,
    pub length: usize,
    pub ends_target: bool,
    pub then: Then,
    /// One that came after it; 0 for none.
    next: usize,
    /// Another that came after the same one.
    other: usize,
}

/// The runs of events, as a tree.
#[derive(Debug)]
pub(super) struct Shapes {
    /// The first is what lies before every event.
    runs: Vec<Run>,
    /// Their texts, filled up to whole blocks.
    blocks: Vec<[u8; BLOCK]>,
}

impl Default for Shapes {
    fn default() -> Self {
        let root = Run { block: 0, length: 0, ends_target: false, then: Then::End, next: 0, other: 0 };
        Self { runs: vec![root], blocks: Vec::new() }
    }
}

impl Shapes {
    /// The run with which a text goes on after another one, and its number.
    #[inline(always)]
    pub(super) fn after(&self, run: usize, text: &[u8]) -> Option<(usize, &Run)> {
        let mut at = self.runs.get(run)?.next;
        while at != 0 {
            let run = self.runs.get(at)?;
            if self.begins(run, text) {
                return Some((at, run));
            }
            at = run.other;
        }
        None
    }

    /// Whether a text begins with a run and what comes after it; where fewer bytes are left than its blocks have, it is
    /// as good as none.
    #[inline(always)]
    fn begins(&self, run: &Run, text: &[u8]) -> bool {
        let (mut rest, mut left, mut at) = (text, run.length, run.block);
        while let (Some((block, more)), Some(own)) = (rest.split_first_chunk(), self.blocks.get(at)) {
            let same = u8x32::new(*block).simd_eq(u8x32::new(*own)).to_bitmask();
            if left <= BLOCK {
                let all = u32::MAX >> (BLOCK - left);
                // A word may stand where a number stood.
                return same & all == all
                    && (run.then != Then::Number || matches!(text.get(run.length), Some(b'0'..=b'9' | b'-')));
            }
            if same != u32::MAX {
                return false;
            }
            (rest, left, at) = (more, left - BLOCK, at + 1);
        }
        false
    }

    pub(super) fn is_full(&self) -> bool {
        self.runs.len() >= MOST_RUNS
    }

    /// Remembers the runs of an event, from the first one on that is new. One that goes over the end of a line is not
    /// remembered, for not every file may have it.
    #[cold]
    #[inline(never)]
    pub(super) fn learn(&mut self, text: &[u8], steps: &[Step]) {
        let mut at = 0;
        for step in steps {
            let run = text.get(step.start..step.end).filter(|run| !run.is_empty() && !run.contains(&b'\n'));
            let Some(run) = run else { return };
            let (mut siblings, mut last, mut found) = (0, None, self.runs[at].next);
            while found != 0 && !self.is(&self.runs[found], run, step.then) {
                (siblings, last, found) = (siblings + 1, Some(found), self.runs[found].other);
            }
            if found == 0 {
                if siblings == MOST_AFTER_ONE || self.is_full() {
                    return;
                }
                found = self.add(run, step);
                match last {
                    Some(sibling) => self.runs[sibling].other = found,
                    None => self.runs[at].next = found,
                }
            }
            at = found;
        }
    }

    fn is(&self, run: &Run, text: &[u8], then: Then) -> bool {
        let own = self.blocks[run.block..].as_flattened();
        run.then == then && own.get(..run.length) == Some(text)
    }

    fn add(&mut self, text: &[u8], step: &Step) -> usize {
        let (new, block) = (self.runs.len(), self.blocks.len());
        let Step { ends_target, then, .. } = *step;
        self.runs.push(Run { block, length: text.len(), ends_target, then, next: 0, other: 0 });
        self.blocks.extend(text.chunks(BLOCK).map(|part| std::array::from_fn(|i| part.get(i).copied().unwrap_or(0))));
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::event::Event;
    use super::super::scan::Scan;
    use super::*;

    /// Parts of an event, one of each after the other: what is there, is null, is of another kind, or is no JSON.
    const PARTS: [&[&str]; 7] = [
        &["{", " {", "{ ", "{\"uuid\":\"u\",", "{\t\"k\":false,"],
        &["\"uuid\":\"u1\",", "\"uuid\":null,", "\"uuid\":7,", "", "\"uuid\":\"a\\\"b\",", "\"uu\\u0069d\":\"x\","],
        &[
            "\"n\":-1.5e3,",
            "\"n\":0,",
            "\"n\":null,",
            "\"n\":\"\u{e9}\",",
            "\"n\":{\"a\":[1,\"b\",{}]},",
            "\"n\":01,",
            "\"n\":[],",
            "\"n\" : \"x\" ,",
        ],
        &[
            "\"actor\":{\"id\":\"a\",\"type\":\"User\",\"alternateId\":\"n\"},",
            "\"actor\":{\"type\":\"User\",\"id\":null},",
            "\"actor\":null,",
            "\"actor\":{\"id\":\"a\",\"id\":\"b\"},",
            "\"actor\":\"a\",",
        ],
        &[
            "\"target\":[{\"id\":\"1\",\"type\":\"AppInstance\",\"alternateId\":\"S\"}],",
            "\"target\":[{\"id\":\"1\",\"type\":\"AppUser\"},{\"id\":\"2\",\"type\":\"User\",\"more\":{\"a\":1}}],",
            "\"target\":[null,{\"id\":\"1\"},{\"id\":\"2\",\"type\":\"App\\u0055ser\"},{\"type\":\"AppUser\"}],",
            "\"target\":[{\"id\":null,\"type\":\"User\"},{\"id\":\"3\",\"type\":\"User\"},{\"id\":null}],",
            "\"target\":[],",
            "\"target\":null,",
        ],
        &[
            "\"published\":\"2026\",\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},",
            "\"outcome\":{\"reason\":\"r\",\"result\":null},\"published\":\"2027\",",
            "\"authenticationContext\":{\"externalSessionId\":\"s\"},\"debugContext\":{\"debugData\":{\"signOnMode\":\"m\"}},",
            "\"debugContext\":{\"debugData\":\"\"},",
        ],
        &["\"z\":1}", "\"z\":\"y\"}", "\"z\":true}", "\"z\":{}}  ", "\"z\":2} x", "\"z\":\"y}", "}"],
    ];

    fn event() -> impl Strategy<Value = String> {
        PARTS.map(|part| proptest::sample::select(part).prop_map(str::to_owned)).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_known_shape_means_what_it_did_step_by_step(events in proptest::collection::vec(event(), 1..60)) {
            // Twice, so that every shape is met again.
            let text = format!("{0}\n{0}\n", events.join("\n"));
            let mut shapes = Shapes::default();
            let mut at = 0;
            for line in text.lines() {
                let mut scan = Scan::lines(&text).with(shapes);
                scan.at = at;
                let event = Event::read(&mut scan).filter(|_| matches!(scan.next(), Some(b'\n')));
                let mut alone = Scan::lines(line);
                let expected = Event::read(&mut alone).filter(|_| alone.next().is_none());
                prop_assert_eq!(event, expected, "{}", line);
                shapes = scan.into_shapes();
                at += line.len() + 1;
            }
        }
    }

    #[test]
    fn what_was_met_is_known_and_nothing_else() {
        let tail = " ".repeat(BLOCK);
        let texts = |text: &str, shapes: Shapes| {
            let text = format!("{text}{tail}");
            let mut scan = Scan::lines(&text).with(shapes);
            let mut targets = 0;
            let known = scan.known::<1>(|_| targets += 1).map(|[id]| id.raw.map(str::to_owned));
            (known, targets, scan.into_shapes())
        };
        let first = format!(
            r#"{{"uuid":"u1","n":1,"long":"{}","target":[{{"id":"x"}},{{"id":null,"type":"y"}}],"e":null}}"#,
            "x".repeat(99)
        );
        let (known, _, shapes) = texts(&first, Shapes::default());
        assert_eq!(known, None);
        let mut scan = Scan::lines(&first).with(shapes);
        assert!(Event::read(&mut scan).is_some());
        let again = first.replace("u1", "another").replace("\"n\":1", "\"n\":-20.5");
        let (known, targets, mut shapes) = texts(&again, scan.into_shapes());
        assert_eq!((known, targets), (Some(Some("another".to_owned())), 2));
        for other in ["\"n\":null", "\"n\":\"1\"", "\"n\": 1", "\"m\":1", "\"n\":-"] {
            let (known, _, back) = texts(&first.replace("\"n\":1", other), shapes);
            assert_eq!(known, None, "{other}");
            shapes = back;
        }
    }

    #[test]
    fn no_more_is_remembered_than_is_worth_it() {
        let mut shapes = Shapes::default();
        let mut learn = |text: &str| {
            let whole = Step { start: 0, end: text.len(), ends_target: false, then: Then::End };
            let half = Step { end: text.len() / 2, ..whole };
            shapes.learn(text.as_bytes(), &[half, Step { start: half.end, ..whole }]);
            shapes.runs.len()
        };
        assert_eq!((learn("{\n}}"), learn("{}{}")), (1, 3), "one over lines is not for every file");
        for n in 0..2 * MOST_AFTER_ONE {
            learn(&format!("{{{n:03}}}{{{n:03}}}"));
            learn(&format!("{{}}{{{n:02}"));
        }
        assert!(learn("{}{}") <= 1 + MOST_AFTER_ONE * 3);
    }
}
