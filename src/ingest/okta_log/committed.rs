//! The events that lie in files already, of landings before and of this one. Okta keeps some for a day, and a file may be
//! told twice: whoever lands a day meets events of the day before. An event that comes again comes with its instant, so
//! only files with events of that time are asked, and the ids of a file are read when the first of its time is met. As
//! events come by time, a few files are held at once, however many there are, and however many a landing writes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use arrow::array::AsArray;
use tokio::runtime::Handle;

use super::seen::{Seen, Thin};
use crate::base::{Error, Result};
use crate::ingest::page::hash_text;
use crate::store::parquet::Batches;
use crate::store::{FileEntry, Store};

/// Ids that are held of files: some 50 MB.
const HELD: u64 = 4 << 20;
/// What an id takes that is held, and one of which something is left, in bytes.
const BYTES: (u64, u64) = (14, 5);
/// The share of a memory limit for either, in percent.
const PERCENT: u64 = 5;
/// An instant may be told once more with fewer digits: so much, in microseconds, two of one event may differ.
const SLACK: i64 = 1_000_000;

/// Ids of which something is left when they are held no more: some 180 MB, as many events as a large company has in a day.
const LEFT: u64 = 32 << 20;
/// How often a file is read and given up again. Read once more, it stays: events that come in no order cost memory then,
/// and no more reading.
const MOST_READS: u8 = 4;
/// So often a file counts as read of which something is left when it is given up. Most files of landings before are met
/// once, by what came late.
const OFTEN: u8 = 2;

/// How many ids are held, and of how many others something is left, where the process may take so many bytes.
pub(super) fn ids_within(memory: Option<u64>) -> (u64, u64) {
    let within = |most: u64, bytes: u64| memory.map_or(most, |memory| most.min(memory / 100 * PERCENT / bytes));
    (within(HELD, BYTES.0), within(LEFT, BYTES.1))
}

/// Files with events.
pub(super) struct Committed<'a> {
    store: &'a Store,
    runtime: &'a Handle,
    files: Vec<File>,
    /// How many are of landings before; those of this one follow.
    before: usize,
    /// The files of this landing, once they are written.
    written: Receiver<FileEntry>,
    /// The files with events of a stretch of time in which they are the same: the stretch that was asked for last, and the
    /// one before, for where one ends events come from both.
    near: [(Range<i64>, Vec<usize>); 2],
    held: Passing,
    left: Passing,
}

/// Files of which something is in memory, the oldest first: they are given up for others.
struct Passing {
    files: VecDeque<usize>,
    /// Ids that are there by now, and how many there may be.
    ids: u64,
    most: u64,
}

impl Passing {
    fn new(most: u64) -> Self {
        Self { files: VecDeque::new(), ids: 0, most }
    }

    /// A file that is to be given up before so many ids come.
    fn give_up(&mut self, ids: u64) -> Option<usize> {
        (self.ids + ids > self.most).then(|| self.files.pop_front()).flatten()
    }
}

struct File {
    /// None while it is written.
    entry: Option<FileEntry>,
    /// From its first event to its last, in microseconds since 1970, and [`SLACK`] more on both sides.
    span: Range<i64>,
    ids: Ids,
    /// How many ids there are, once they were read.
    count: u64,
    reads: u8,
}

impl File {
    /// A file whose ids are not known.
    fn new(entry: Option<FileEntry>, (first, last): (i64, i64), reads: u8) -> Self {
        let span = first.saturating_sub(SLACK)..last.saturating_add(SLACK + 1);
        Self { entry, span, ids: Ids::Unread, count: 0, reads }
    }
}

/// What is known of the ids of a file.
enum Ids {
    Unread,
    Held(Arc<Seen>),
    Left(Thin),
}

/// The ids of the landing before, as far as they were held: its files need not be read again.
#[derive(Default)]
pub(super) struct Newest(Vec<(String, Arc<Seen>)>);

impl Newest {
    /// Of a landing's files, and the ids of each.
    pub(super) fn of(files: &[FileEntry], ids: Vec<Option<Arc<Seen>>>) -> Self {
        Self(files.iter().zip(ids).filter_map(|(file, ids)| Some((file.path.clone(), ids?))).collect())
    }
}

impl<'a> Committed<'a> {
    /// Nothing is read yet. So many ids are held, and something is left of so many others, but for files that are met again
    /// and again. `written` gives the files whose ids [`Committed::add`] is told, in that order.
    pub(super) fn new(
        store: &'a Store,
        runtime: &'a Handle,
        files: &[FileEntry],
        (held, left): (u64, u64),
        newest: Newest,
        written: Receiver<FileEntry>,
    ) -> Self {
        let (held, left, before) = (Passing::new(held), Passing::new(left), files.len());
        let mut all = Self { store, runtime, files: Vec::new(), before, written, near: Default::default(), held, left };
        for entry in files {
            let first = entry.min_at.map_or(i64::MIN, |at| at.timestamp_micros());
            let last = entry.max_at.map_or(i64::MAX, |at| at.timestamp_micros());
            all.files.push(File::new(Some(entry.clone()), (first, last), 0));
            if let Some((_, ids)) = newest.0.iter().find(|(path, _)| *path == entry.path) {
                all.hold(all.files.len() - 1, Arc::clone(ids));
            }
        }
        all
    }

    /// Takes the ids of the next file that this landing writes, and its first and last instant.
    pub(super) fn add(&mut self, span: (i64, i64), ids: Seen) {
        self.files.push(File::new(None, span, OFTEN));
        self.hold(self.files.len() - 1, Arc::new(ids));
        self.near = Default::default();
    }

    /// The ids of the files of this landing, in their order, as far as they are held.
    pub(super) fn into_added(self) -> Vec<Option<Arc<Seen>>> {
        let held = |file: File| if let Ids::Held(ids) = file.ids { Some(ids) } else { None };
        self.files.into_iter().skip(self.before).map(held).collect()
    }

    /// Whether an event of an instant is there.
    ///
    /// # Errors
    /// A store error, when a file with events of its time cannot be read.
    pub(super) fn holds(&mut self, at: i64, id: u128) -> Result<bool> {
        if !self.near[0].0.contains(&at) {
            self.near.swap(0, 1);
        }
        if !self.near[0].0.contains(&at) {
            self.near[0] = self.near(at);
        }
        for i in 0..self.near[0].1.len() {
            let file = self.near[0].1[i];
            let is_there = match &self.files[file].ids {
                Ids::Held(ids) => ids.has(id),
                Ids::Left(left) if !left.may_have(id) => false,
                Ids::Left(_) | Ids::Unread => self.read(file)?.has(id),
            };
            if is_there {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files with events of the time of an instant, and how far that time goes.
    fn near(&self, at: i64) -> (Range<i64>, Vec<usize>) {
        let (mut from, mut to, mut met) = (i64::MIN, i64::MAX, Vec::new());
        for (i, File { span, .. }) in self.files.iter().enumerate() {
            if span.contains(&at) {
                met.push(i);
            }
            for edge in [span.start, span.end] {
                if edge <= at {
                    from = from.max(edge);
                } else {
                    to = to.min(edge);
                }
            }
        }
        (from..to, met)
    }

    fn read(&mut self, at: usize) -> Result<Arc<Seen>> {
        let entry = self.files[at].entry.as_ref();
        let entry = entry.ok_or_else(|| Error::internal("a file was given up before it was written"))?;
        let ids = Arc::new(read(self.store, self.runtime, entry)?);
        self.files[at].reads += 1;
        self.hold(at, Arc::clone(&ids));
        Ok(ids)
    }

    /// Holds the ids of a file, and gives up others for them.
    fn hold(&mut self, at: usize, ids: Arc<Seen>) {
        let count = ids.len() as u64;
        for entry in self.written.try_iter() {
            if let Some(next) = self.files.iter_mut().find(|file| file.entry.is_none()) {
                next.entry = Some(entry);
            }
        }
        while let Some(oldest) = self.held.give_up(count) {
            if self.files[oldest].entry.is_none() {
                // It cannot be read yet.
                self.held.files.push_front(oldest);
                break;
            }
            self.leave(oldest);
        }
        let file = &mut self.files[at];
        if let Ids::Left(_) = std::mem::replace(&mut file.ids, Ids::Held(ids)) {
            self.left.ids -= file.count;
        }
        file.count = count;
        self.held.ids += count;
        if file.reads < MOST_READS {
            self.held.files.push_back(at);
        }
    }

    /// Holds the ids of a file no more; something may be left.
    fn leave(&mut self, at: usize) {
        let file = &mut self.files[at];
        let Ids::Held(ids) = std::mem::replace(&mut file.ids, Ids::Unread) else { return };
        self.held.ids -= file.count;
        if file.reads < OFTEN {
            return;
        }
        file.ids = Ids::Left(Thin::of(&ids));
        let count = file.count;
        while let Some(oldest) = self.left.give_up(count) {
            let file = &mut self.files[oldest];
            if let Ids::Left(_) = file.ids {
                file.ids = Ids::Unread;
                self.left.ids -= file.count;
            }
        }
        self.left.ids += count;
        self.left.files.push_back(at);
    }
}

fn read(store: &Store, runtime: &Handle, file: &FileEntry) -> Result<Seen> {
    let mut found = Seen::default();
    let bytes = runtime.block_on(store.read(file))?;
    for batch in Batches::of_columns(bytes, &["event_id"])? {
        let batch = batch?;
        let ids = batch.column_by_name("event_id").and_then(|ids| ids.as_string_opt::<i32>());
        let ids = ids.ok_or_else(|| Error::store(format!("{} holds no events", file.path)))?;
        ids.iter().flatten().for_each(|id| _ = found.insert(hash_text(id)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::channel;

    use super::super::tests::{event, land_with};
    use super::*;
    use crate::ingest::write::is_raw;

    /// Six files of fifty events each, a second apart.
    async fn six(root: &Path) -> (Store, Vec<FileEntry>) {
        let (mut files, mut store) = (Vec::new(), None);
        for file in 0..6u64 {
            let lines: String = (file * 50..file * 50 + 50).map(|i| event(i, i) + "\n").collect();
            let (opened, landed) = land_with(root, &[("1.ndjson", lines.into_bytes())], &[], 4096, 2).await;
            files.extend(landed.unwrap().unwrap().entries.into_iter().filter(is_raw));
            store = Some(opened);
        }
        (store.unwrap(), files)
    }

    #[test]
    fn less_memory_knows_fewer_ids() {
        assert_eq!(ids_within(None), (HELD, LEFT));
        assert_eq!(ids_within(Some(1 << 40)), (HELD, LEFT));
        let (held, left) = ids_within(Some(512_000_000));
        assert!(held * BYTES.0 + left * BYTES.1 <= 51_200_000 && held > 1_000_000 && left > 5_000_000);
    }

    fn id(i: u64) -> u128 {
        hash_text(&format!("{i:032x}"))
    }

    fn reads(committed: &Committed<'_>) -> Vec<u8> {
        committed.files.iter().map(|file| file.reads).collect()
    }

    #[tokio::test]
    async fn few_ids_are_held_while_events_come_by_time_and_no_file_is_read_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (store, files) = six(dir.path()).await;
        let runtime = Handle::current();
        let ask = || {
            let mut committed = Committed::new(&store, &runtime, &files, (120, 1000), Newest::default(), channel().1);
            let first = files[0].min_at.unwrap().timestamp_micros();
            let mut ask = |i: u64| {
                let at = first + i as i64 * 1_000_000;
                assert_eq!(committed.holds(at, id(i)).unwrap(), i < 300, "{i}");
                assert!(!committed.holds(at, id(i) + (1 << 100)).unwrap(), "{i}");
                committed.held.ids
            };
            assert!((0..320).map(&mut ask).all(|held| held <= 120));
            // In any order: every file is read a few times more, and then stays.
            let held: Vec<u64> = (0..600).map(|i| ask(i * 7919 % 300)).collect();
            assert_eq!((held[599], committed.held.files.len(), committed.left.ids), (300, 0, 0));
            assert_eq!(reads(&committed), [MOST_READS; 6]);
        };
        std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
    }

    #[tokio::test]
    async fn what_this_landing_wrote_is_read_only_for_what_comes_again() {
        let dir = tempfile::tempdir().unwrap();
        let (store, files) = six(dir.path()).await;
        let (runtime, (sender, written)) = (Handle::current(), channel());
        let ask = || {
            let mut committed = Committed::new(&store, &runtime, &[], (120, 120), Newest::default(), written);
            let first = files[0].min_at.unwrap().timestamp_micros();
            let at = |i: u64| first + i as i64 * 1_000_000;
            let mut add = |from: u64, to: u64| {
                let mut ids = Seen::default();
                (from..to).for_each(|i| _ = ids.insert(id(i)));
                committed.add((at(from), at(to - 1)), ids);
                committed.held.ids
            };
            let held: Vec<u64> = (0..6).map(|n| add(n * 50, n * 50 + 50)).collect();
            assert_eq!(held, [50, 100, 150, 200, 250, 300], "nothing can be read before it is written");
            files.iter().for_each(|file| sender.send(file.clone()).unwrap());
            assert_eq!(add(400, 401), 101);
            assert_eq!(committed.left.ids, 100, "of the first two nothing is left");
            assert!((102..300).all(|i| !committed.holds(at(i), id(i) + (1 << 100)).unwrap()));
            assert_eq!(reads(&committed), [OFTEN; 7], "nothing of it came again");
            assert!(committed.holds(at(107), id(107)).unwrap() && committed.holds(at(299), id(299)).unwrap());
            assert_eq!(reads(&committed), [OFTEN, OFTEN, OFTEN + 1, OFTEN, OFTEN, OFTEN, OFTEN]);
            assert!(committed.holds(at(7), id(7)).unwrap());
            assert_eq!(reads(&committed), [OFTEN + 1, OFTEN, OFTEN + 1, OFTEN, OFTEN, OFTEN, OFTEN]);
            assert_eq!((committed.held.ids, committed.left.ids), (101, 100));
            assert!(!committed.holds(at(30), id(107)).unwrap(), "at another time it is another event");
            let held: Vec<bool> = committed.into_added().iter().map(Option::is_some).collect();
            assert_eq!(held, [true, false, true, false, false, false, true]);
        };
        std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
    }
}
