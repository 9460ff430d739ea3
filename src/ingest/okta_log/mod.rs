//! The Okta System Log, by far the largest feed. Its files are streamed: threads read, hash, unpack and cut them into
//! pieces; every core parses pieces and encodes row groups; one thread takes what was parsed in the order of the files,
//! drops what is there already and rolls up sign-ins; one writes files. Channels are short and few ids are held, so
//! memory is the same for any size of a file and of a landing.

mod chunks;
mod committed;
mod event;
mod intake;
mod parse;
mod scan;
mod seen;
mod shapes;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod uses;

#[cfg(test)]
pub(super) use uses::uses_of_landing;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rayon::prelude::*;
use tokio::runtime::Handle;

use self::chunks::{Buffers, Opened, Piece, Whole};
use self::committed::{Committed, Newest};
use self::intake::{Intake, PART_GROUPS, Totals, instants};
use self::parse::{Parsed, Parser};
use self::seen::Seen;
use self::shapes::Shapes;
use super::discover::Place;
use super::page::{Page, Refusal};
use super::parse::is_lines;
use super::reader::Reader;
use super::write::Target;
use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::FileEntry;
use crate::store::parquet::Streamed;
use crate::usage::{Of, Rollup, put_day_use};

/// Pieces of a file that wait to be parsed.
const WAITING: usize = 2;

/// A file that is to be landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its path below the stream's folder.
    pub path: String,
    pub bytes: u64,
}

/// How files of a stream are landed.
pub(super) struct Job<'a> {
    pub place: &'a Place,
    pub stream: &'a str,
    pub runtime: Handle,
    pub reader: &'a Reader,
    pub target: Target<'a>,
    /// The files with the events that are committed already.
    pub committed: Vec<FileEntry>,
    pub buckets: u32,
    /// Row groups of a file.
    pub part_groups: usize,
    pub kept: &'a Kept,
    /// The cores that parse and encode.
    pub cores: Cores<'a>,
}

/// What stays from landing to landing.
pub(super) struct Kept {
    /// How many ids of files are held, and of how many others something is left.
    ids: (u64, u64),
    /// What pieces lie in.
    buffers: Buffers,
    /// How events were written so far.
    shapes: Mutex<Vec<Shapes>>,
    newest: Mutex<Newest>,
}

impl Kept {
    /// Nothing yet. Of what lies in files already so much is known as the bytes that the process may take allow.
    pub(super) fn within(memory: Option<u64>) -> Self {
        let ids = committed::ids_within(memory);
        Self { ids, buffers: Buffers::default(), shapes: Mutex::default(), newest: Mutex::default() }
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shapes that are known; those that can learn no more are forgotten.
    fn shapes(&self) -> &Mutex<Vec<Shapes>> {
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner).retain(|shapes| !shapes.is_full());
        &self.shapes
    }
}

/// Where pieces are parsed and row groups encoded.
#[derive(Clone, Copy)]
pub(super) enum Cores<'a> {
    /// On all there are, beside what else runs.
    All,
    /// On those of a pool; tests say how many.
    #[cfg_attr(not(test), allow(dead_code, reason = "only tests have pools of their own"))]
    Pool(&'a rayon::ThreadPool),
}

impl<'a> Cores<'a> {
    fn count(self) -> usize {
        match self {
            Self::All => rayon::current_num_threads(),
            Self::Pool(pool) => pool.current_num_threads(),
        }
    }

    fn scope<'s, R>(self, work: impl FnOnce(&rayon::Scope<'s>) -> R) -> R {
        match self {
            Self::All => rayon::in_place_scope(work),
            Self::Pool(pool) => pool.in_place_scope(work),
        }
    }
}

/// What the files held, and where it is now.
#[derive(Debug)]
pub(super) struct Landed {
    /// A page a file, without rows.
    pub pages: Vec<Page>,
    /// Hash and length of each file.
    pub wholes: Vec<(String, u64)>,
    /// The files with the rows, and those with the sign-ins by day.
    pub entries: Vec<FileEntry>,
    pub accepted: u64,
    pub duplicate: u64,
    pub filtered: u64,
    /// First and last event.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// What a thread that reads sends.
enum Sent {
    Piece(Piece),
    End(Whole),
    Refused(Refusal),
}

/// What is to be written.
enum Stored {
    Rows { bytes: Bytes, rows: u64, span: (i64, i64) },
    Uses(Box<Rollup>),
}

/// What was taken: a page and a hash a file, and all of them together.
type Taken = (Vec<Page>, Vec<Whole>, (Totals, Vec<Option<Arc<Seen>>>));

/// A piece that is being parsed: of which file, and where its result arrives.
type Parsing = (usize, Receiver<Result<Parsed, Refusal>>);

impl<'a> Job<'a> {
    /// A job on all cores, for one bucket.
    pub(super) fn new(
        place: &'a Place,
        reader: &'a Reader,
        target: Target<'a>,
        committed: Vec<FileEntry>,
        kept: &'a Kept,
    ) -> Self {
        let (stream, runtime) = (target.stream, Handle::current());
        Self {
            place,
            stream,
            runtime,
            reader,
            target,
            committed,
            buckets: 1,
            part_groups: PART_GROUPS,
            kept,
            cores: Cores::All,
        }
    }

    /// Lands files: their rows are written when it returns, and count once a record names them. It blocks, on a thread
    /// that runs no task.
    ///
    /// # Errors
    /// A store error; within, the refusal of a file.
    pub(super) fn land(&self, files: &[Listed]) -> Result<Result<Landed, Refusal>> {
        let schema = self.target.dataset.arrow_schema();
        let streamed = Streamed::new(&schema, "published_at", &["event_id"])?;
        let keeps = self.reader.options.keep_events.iter().map(|glob| glob.chars().collect()).collect();
        let parser = Parser { reader: self.reader, keeps, shapes: self.kept.shapes() };
        let (senders, receivers): (Vec<_>, Vec<_>) = files
            .iter()
            .map(|_| {
                let (sender, receiver) = sync_channel(WAITING);
                (Mutex::new(Some(sender)), receiver)
            })
            .unzip();
        let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let read = || {
            while !is_over.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(file), Some(sender)) = (files.get(at), senders.get(at)) else { break };
                let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(sender) = sender {
                    self.read(file, &sender);
                }
            }
        };
        std::thread::scope(|threads| {
            for _ in 0..files.len().min(self.cores.count()) {
                threads.spawn(read);
            }
            // What is full is written before more is handed over: it is large.
            let (stores, storing) = sync_channel(0);
            let (sender, written) = channel();
            let storer = threads.spawn(move || self.store(storing, &sender));
            let taken = self.cores.scope(|scope| {
                let (store, newest) = (self.target.store, std::mem::take(&mut *self.kept.newest()));
                let committed = Committed::new(store, &self.runtime, &self.committed, self.kept.ids, newest, written);
                let parts = (self.buckets, self.part_groups);
                let intake = Intake::new(&self.target, &streamed, committed, parts, stores);
                take_all(files, &receivers, intake, (&parser, &self.kept.buffers), self.cores.count() + 2, scope)
            });
            is_over.store(true, Ordering::Relaxed);
            drop(receivers);
            let stored = storer.join().map_err(|_| Error::internal("a thread died while writing files"))?;
            let entries = stored?;
            Ok(taken?.map(|(pages, wholes, (totals, ids))| {
                *self.kept.newest() = Newest::of(&entries, ids);
                Landed {
                    pages,
                    wholes: wholes.into_iter().map(|whole| (whole.sha256, whole.bytes)).collect(),
                    entries,
                    accepted: totals.accepted,
                    duplicate: totals.duplicate,
                    filtered: totals.filtered,
                    span: totals.instants(),
                }
            }))
        })
    }

    /// Reads a file into its channel.
    fn read(&self, file: &Listed, sender: &SyncSender<Sent>) {
        let read = || -> Result<Option<Whole>, Refusal> {
            let from = self.open(&file.path)?;
            let (format, bytes) = (self.reader.options.format, file.bytes);
            let opened = Opened { from, bytes, is_lines: is_lines(&file.path, format), format };
            chunks::read(opened, &self.kept.buffers, |piece| sender.send(Sent::Piece(piece)).is_ok())
        };
        let end = match read() {
            Ok(Some(whole)) => Sent::End(whole),
            Ok(None) => return,
            Err(refusal) => Sent::Refused(refusal),
        };
        // Nobody listens when another file was refused before.
        let _ = sender.send(end);
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, Refusal> {
        let opened = self.place.open(&self.runtime, self.stream, path);
        opened.map_err(|error| Refusal::new("unreachable", error.to_string()))
    }

    /// Writes files as they come, and says of those with rows that they are there; gives all in their order, those with
    /// rows first.
    fn store(&self, storing: Receiver<Stored>, written: &Sender<FileEntry>) -> Result<Vec<FileEntry>> {
        let (mut entries, mut uses, mut n) = (Vec::new(), Vec::new(), 0);
        let Target { store, source, stream, run_id, .. } = self.target;
        for what in storing {
            match what {
                Stored::Rows { bytes, rows, span } => {
                    let key = self.target.raw(entries.len() as u32);
                    let mut entry = self.runtime.block_on(store.put_encoded(key, bytes, rows))?;
                    (entry.min_at, entry.max_at) = instants(span).unzip();
                    // Nobody listens when nothing more comes.
                    let _ = written.send(entry.clone());
                    entries.push(entry);
                }
                Stored::Uses(mut rollup) => {
                    let parts = rollup.take()?;
                    let of = Of { source, stream };
                    uses.extend(self.runtime.block_on(put_day_use(store, of, run_id, &mut n, parts))?);
                }
            }
        }
        entries.extend(uses);
        Ok(entries)
    }
}

/// Takes every file, piece by piece in their order, while others, so many at most, are parsed.
fn take_all<'s, 'a: 's>(
    files: &[Listed],
    receivers: &[Receiver<Sent>],
    mut intake: Intake<'a>,
    (parser, buffers): (&'s Parser<'a>, &'s Buffers),
    most: usize,
    scope: &rayon::Scope<'s>,
) -> Result<Result<Taken, Refusal>> {
    let fields = parser.reader.dataset.fields.len();
    let mut pages: Vec<Page> = files.iter().map(|_| Page { seen: vec![true; fields], ..Page::default() }).collect();
    let mut wholes = Vec::with_capacity(files.len());
    let mut parsing: VecDeque<Parsing> = VecDeque::new();
    let mut open = receivers.iter().enumerate().peekable();
    loop {
        if let Some((file, receiver)) = open.peek().filter(|_| parsing.len() < most) {
            let sent = match receiver.try_recv() {
                // With nothing to take meanwhile, wait.
                Err(TryRecvError::Empty) if parsing.is_empty() => receiver.recv().map(Some),
                Err(TryRecvError::Empty) => Ok(None),
                sent => sent.map(Some).map_err(|_| std::sync::mpsc::RecvError),
            };
            let (sender, result) = sync_channel(1);
            match sent.context(ErrorKind::Internal, "a thread died while reading")? {
                None => {}
                Some(Sent::End(whole)) => {
                    wholes.push(whole);
                    open.next();
                    continue;
                }
                Some(Sent::Piece(piece)) => {
                    scope.spawn(move |_| {
                        let found = parser.read(&piece);
                        let (Piece::Lines(text) | Piece::Whole { text, .. }) = piece;
                        buffers.give(text);
                        let _ = sender.send(found);
                    });
                    parsing.push_back((*file, result));
                    continue;
                }
                Some(Sent::Refused(refusal)) => {
                    // What lies before it in the file may be refused first.
                    let _ = sender.send(Err(refusal));
                    parsing.push_back((*file, result));
                    open = receivers[receivers.len()..].iter().enumerate().peekable();
                    continue;
                }
            }
        }
        let Some((file, result)) = parsing.pop_front() else { break };
        match result.recv().context(ErrorKind::Internal, "a thread died while parsing")? {
            Ok(parsed) => intake.take(parsed, &mut pages[file], scope)?,
            Err(refusal) => return Ok(Err(refusal.within(&files[file].path))),
        }
    }
    Ok(Ok((pages, wholes, intake.finish(scope)?)))
}

/// Reads pages of the API, as far as their events must be known before they land.
#[derive(Default)]
pub(super) struct Pages {
    shapes: Shapes,
}

/// Where an event is in a page, and when it happened, as it says.
pub(super) struct Placed<'t> {
    pub at: Range<usize>,
    pub published: Option<Cow<'t, str>>,
}

impl Pages {
    /// The events of a page; none when anything about the page is odd.
    pub(super) fn events<'t>(&mut self, page: &'t [u8]) -> Option<Vec<Placed<'t>>> {
        let mut events = Vec::new();
        let mut is_sound = true;
        event::read_array(page, &mut self.shapes, |event, at| match event.published.value() {
            Some(published) => events.push(Placed { at, published }),
            None => is_sound = false,
        })?;
        is_sound.then_some(events)
    }
}

/// Hash and length of files, read side by side; it blocks like [`Job::land`].
///
/// # Errors
/// A refusal, when one cannot be read.
pub(super) fn hashes(
    place: &Place,
    runtime: &Handle,
    stream: &str,
    paths: &[&str],
) -> Result<Vec<(String, u64)>, Refusal> {
    let hash = |path: &&str| {
        let opened = place.open(runtime, stream, path);
        let whole = chunks::hash(opened.map_err(|error| Refusal::new("unreachable", error.to_string()))?)?;
        Ok((whole.sha256, whole.bytes))
    };
    paths.par_iter().map(hash).collect()
}
