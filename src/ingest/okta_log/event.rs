//! What of an event lands, found in one pass over it. Targets come in any order and are found by their type.

use std::mem::take;
use std::ops::Range;

use super::scan::{Scan, Text};
use super::shapes::Shapes;

/// Columns of text, in the order of the dataset; the instant stands beside them.
pub(super) const TEXTS: usize = 13;
pub(super) const EVENT_ID: usize = 0;
pub(super) const EVENT_TYPE: usize = 1;
pub(super) const OUTCOME: usize = 2;
pub(super) const ACTOR: usize = 3;
pub(super) const ACTOR_TYPE: usize = 4;
const ACTOR_NAME: usize = 5;
pub(super) const APP: usize = 6;
const APP_LABEL: usize = 7;
const APP_USER: usize = 8;
const USER: usize = 9;
const GROUP: usize = 10;
const SESSION: usize = 11;
const SIGN_ON_MODE: usize = 12;
/// Beside them: the instant, and what is said of the target that is being read.
const PUBLISHED: usize = 13;
const TARGET: usize = 14;
const COLUMNS: usize = 17;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event<'a> {
    pub texts: [Text<'a>; TEXTS],
    pub published: Text<'a>,
}

/// An actor or a target.
#[derive(Default)]
struct Party<'a> {
    id: Text<'a>,
    kind: Text<'a>,
    name: Text<'a>,
}

/// Which keys of an object were there: a key that comes twice makes it no record.
#[derive(Default)]
struct Once(u32);

impl Once {
    fn is_first(&mut self, key: u32) -> Option<()> {
        let bit = 1 << key;
        let was_there = self.0 & bit != 0;
        self.0 |= bit;
        (!was_there).then_some(())
    }
}

impl<'a> Event<'a> {
    /// Reads the event that comes next; none when it is no JSON, or when what lands of it has not the form that Okta
    /// documents.
    pub(super) fn read(scan: &mut Scan<'a>) -> Option<Self> {
        let (start, mut targets) = (scan.at, Once::default());
        let known = scan.known::<COLUMNS>(|texts| {
            let [.., id, kind, name] = texts;
            let target = Party { id: take(id), kind: take(kind), name: take(name) };
            target.put(texts, &mut targets);
        });
        if let Some([texts @ .., published, _, _, _]) = known {
            return Some(Self { texts, published });
        }
        scan.at = start;
        Self::step_by_step(scan)
    }

    #[inline(never)]
    fn step_by_step(scan: &mut Scan<'a>) -> Option<Self> {
        scan.begin();
        if scan.next()? != b'{' {
            return None;
        }
        scan.at -= 1;
        let mut event = Self::default();
        let mut once = Once::default();
        scan.object(|scan, key| {
            let texts = &mut event.texts;
            match key {
                "uuid" => {
                    once.is_first(0)?;
                    texts[EVENT_ID] = scan.text(EVENT_ID)?;
                }
                "published" => {
                    once.is_first(1)?;
                    event.published = scan.text(PUBLISHED)?;
                }
                "eventType" => {
                    once.is_first(2)?;
                    texts[EVENT_TYPE] = scan.text(EVENT_TYPE)?;
                }
                "actor" => {
                    once.is_first(3)?;
                    let actor = Party::read(scan, ACTOR, 2)?;
                    (texts[ACTOR], texts[ACTOR_TYPE], texts[ACTOR_NAME]) = (actor.id, actor.kind, actor.name);
                }
                "outcome" => {
                    once.is_first(4)?;
                    texts[OUTCOME] = one_text(scan, OUTCOME, "result", 2)?;
                }
                "target" => {
                    once.is_first(5)?;
                    read_targets(scan, texts)?;
                }
                "authenticationContext" => {
                    once.is_first(6)?;
                    texts[SESSION] = one_text(scan, SESSION, "externalSessionId", 2)?;
                }
                "debugContext" => {
                    once.is_first(7)?;
                    texts[SIGN_ON_MODE] = read_mode(scan)?;
                }
                _ => scan.skip(1)?,
            }
            Some(())
        })?;
        scan.end();
        Some(event)
    }
}

/// Reads the events of an array, and where each is; none when anything about it is odd, and what was read is worth nothing
/// then.
pub(super) fn read_array<'a>(
    bytes: &'a [u8],
    shapes: &mut Shapes,
    mut each: impl FnMut(Event<'a>, Range<usize>),
) -> Option<()> {
    let text = simdutf8::basic::from_utf8(bytes).ok().filter(|text| text.trim_ascii_start().starts_with('['))?;
    let mut scan = Scan::free(text).with(take(shapes));
    let read = scan.array(|scan| {
        let start = scan.at;
        each(Event::read(scan)?, start..scan.at);
        Some(())
    });
    let is_whole = read.is_some() && scan.next().is_none();
    *shapes = scan.into_shapes();
    is_whole.then_some(())
}

impl<'a> Party<'a> {
    /// Its id, type and name are columns one after the other.
    fn read(scan: &mut Scan<'a>, column: usize, inside: usize) -> Option<Self> {
        let mut party = Self::default();
        let mut once = Once::default();
        scan.object(|scan, key| {
            match key {
                "id" => {
                    once.is_first(0)?;
                    party.id = scan.text(column)?;
                }
                "type" => {
                    once.is_first(1)?;
                    party.kind = scan.text(column + 1)?;
                }
                "alternateId" => {
                    once.is_first(2)?;
                    party.name = scan.text(column + 2)?;
                }
                _ => scan.skip(inside)?,
            }
            Some(())
        })?;
        Some(party)
    }

    /// A target becomes columns if it is the first of a type that lands.
    fn put(self, texts: &mut [Text<'a>], seen: &mut Once) {
        let column = match self.kind {
            kind if kind.is("AppInstance") => APP,
            kind if kind.is("AppUser") => APP_USER,
            kind if kind.is("User") => USER,
            kind if kind.is("UserGroup") => GROUP,
            _ => return,
        };
        if seen.is_first(column as u32).is_some() {
            texts[column] = self.id;
            if column == APP {
                texts[APP_LABEL] = self.name;
            }
        }
    }
}

fn read_targets<'a>(scan: &mut Scan<'a>, texts: &mut [Text<'a>; TEXTS]) -> Option<()> {
    let mut seen = Once::default();
    scan.array(|scan| {
        Party::read(scan, TARGET, 3)?.put(texts, &mut seen);
        scan.end_target();
        Some(())
    })
}

/// The text under one key of an object.
fn one_text<'a>(scan: &mut Scan<'a>, column: usize, wanted: &str, inside: usize) -> Option<Text<'a>> {
    let (mut text, mut once) = (Text::default(), Once::default());
    scan.object(|scan, key| {
        if key != wanted {
            return scan.skip(inside);
        }
        once.is_first(0)?;
        text = scan.text(column)?;
        Some(())
    })?;
    Some(text)
}

/// `debugData` is an object by the documentation, and an empty text in events that people trimmed.
fn read_mode<'a>(scan: &mut Scan<'a>) -> Option<Text<'a>> {
    let (mut mode, mut once) = (Text::default(), Once::default());
    scan.object(|scan, key| {
        if key != "debugData" {
            return scan.skip(2);
        }
        once.is_first(0)?;
        if scan.is_at_text() {
            return scan.skip(2);
        }
        mode = one_text(scan, SIGN_ON_MODE, "signOnMode", 3)?;
        Some(())
    })?;
    Some(mode)
}
