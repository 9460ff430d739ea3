//! The events that are committed already. Okta keeps some for a day, and a file may be told twice: whoever lands a day
//! meets events of the day before. An event that comes again comes with its instant, so only files with events of that
//! time are asked, and the ids of a file are read when the first of its time is met. As events come by time, a few
//! files are held at once, however many there are.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::AsArray;
use tokio::runtime::Handle;

use super::seen::Seen;
use crate::base::{Error, Result};
use crate::ingest::page::hash_text;
use crate::store::parquet::Batches;
use crate::store::{FileEntry, Store};

/// Ids that are held of files: some 50 MB.
pub(super) const HELD: u64 = 4 << 20;
/// An instant may be told once more with fewer digits: so much, in microseconds, two of one event may differ.
const SLACK: i64 = 1_000_000;

/// Files of committed events.
pub(super) struct Committed<'a> {
    store: &'a Store,
    runtime: &'a Handle,
    files: Vec<File>,
    /// The files with events of a stretch of time in which they are the same; asked for last.
    near: (Range<i64>, Vec<usize>),
    /// Files that were read once and are held, the oldest first: they are given up for others.
    once: VecDeque<usize>,
    held: u64,
    most: u64,
}

struct File {
    entry: FileEntry,
    /// From its first event to its last, in microseconds since 1970, and [`SLACK`] more on both sides.
    span: Range<i64>,
    ids: Option<Arc<Seen>>,
    was_read: bool,
}

/// The ids of the landing before, whose files need not be read again.
#[derive(Default)]
pub(super) struct Newest {
    paths: Vec<String>,
    ids: Arc<Seen>,
}

impl Newest {
    /// Of a landing's files; nothing of one that has more ids than are held of files.
    pub(super) fn of(files: &[FileEntry], ids: Seen) -> Self {
        if ids.len() as u64 > HELD {
            return Self::default();
        }
        Self { paths: files.iter().map(|file| file.path.clone()).collect(), ids: Arc::new(ids) }
    }
}

impl<'a> Committed<'a> {
    /// Nothing is read yet. Of files that are read for the first time, no more than `most` ids are held beside the last.
    pub(super) fn new(store: &'a Store, runtime: &'a Handle, files: &[FileEntry], most: u64, newest: &Newest) -> Self {
        let file = |entry: &FileEntry| {
            let first = entry.min_at.map_or(i64::MIN, |at| at.timestamp_micros() - SLACK);
            let end = entry.max_at.map_or(i64::MAX, |at| at.timestamp_micros() + SLACK + 1);
            let ids = newest.paths.contains(&entry.path).then(|| Arc::clone(&newest.ids));
            File { entry: entry.clone(), span: first..end, ids, was_read: false }
        };
        let files = files.iter().map(file).collect();
        Self { store, runtime, files, near: (0..0, Vec::new()), once: VecDeque::new(), held: 0, most }
    }

    /// Whether an event of an instant is there.
    ///
    /// # Errors
    /// A store error, when a file with events of its time cannot be read.
    pub(super) fn holds(&mut self, at: i64, id: u128) -> Result<bool> {
        if !self.near.0.contains(&at) {
            self.near = self.near(at);
        }
        for i in 0..self.near.1.len() {
            let file = self.near.1[i];
            if self.ids(file)?.has(id) {
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

    fn ids(&mut self, at: usize) -> Result<&Seen> {
        let file = &self.files[at];
        if file.ids.is_none() {
            let (read, rows) = (read(self.store, self.runtime, &file.entry)?, file.entry.rows);
            while self.held + rows > self.most
                && let Some(oldest) = self.once.pop_front()
            {
                self.files[oldest].ids = None;
                self.held -= self.files[oldest].entry.rows;
            }
            self.held += rows;
            let file = &mut self.files[at];
            // Read once more, it stays: events that come in any order cost memory then, and no more reading.
            if !std::mem::replace(&mut file.was_read, true) {
                self.once.push_back(at);
            }
            file.ids = Some(Arc::new(read));
        }
        self.files[at].ids.as_deref().ok_or_else(|| Error::internal("ids that were read are not there"))
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
    use super::super::tests::{event, land_with};
    use super::*;
    use crate::ingest::write::is_raw;

    #[tokio::test]
    async fn few_ids_are_held_while_events_come_by_time_and_no_file_is_read_a_third_time() {
        let dir = tempfile::tempdir().unwrap();
        let (mut files, mut store) = (Vec::new(), None);
        for file in 0..6u64 {
            let lines: String = (file * 50..file * 50 + 50).map(|i| event(i, i) + "\n").collect();
            let (opened, landed) = land_with(dir.path(), &[("1.ndjson", lines.into_bytes())], &[], 4096, 2).await;
            let entries = landed.unwrap().unwrap().entries;
            files.extend(entries.into_iter().filter(is_raw));
            store = Some(opened);
        }
        let (store, runtime) = (store.unwrap(), Handle::current());
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let mut committed = Committed::new(&store, &runtime, &files, 120, &Newest::default());
                let at = |i: u64| files[0].min_at.unwrap().timestamp_micros() + i as i64 * 1_000_000;
                let mut ask = |i: u64| {
                    let id = hash_text(&format!("{i:032x}"));
                    assert_eq!(committed.holds(at(i), id).unwrap(), i < 300, "{i}");
                    assert!(!committed.holds(at(i), id + (1 << 100)).unwrap(), "{i}");
                    committed.held
                };
                for i in 0..320 {
                    let held = ask(i);
                    assert!(held <= 100, "{held}");
                }
                // In any order: every file is read once more at most, and then stays.
                let held: Vec<u64> = (0..600).map(|i| ask(i * 7919 % 300)).collect();
                assert_eq!(held[599], 300);
                (committed.files.iter().all(|file| file.ids.is_some()), committed.once.len())
            });
            assert_eq!(asked.join().unwrap(), (true, 0));
        });
    }
}
