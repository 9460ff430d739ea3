//! A file becomes pieces of text while it is read: hashed as it comes, unpacked, cut at line ends. What lies in memory
//! is a few pieces, however large the file is.

use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::super::decode::{self, Packing};
use super::super::json;
use super::super::page::Refusal;
use crate::config::Format;
use crate::store::hex;

/// Bytes of a piece.
pub(super) const PIECE_BYTES: usize = 4 << 20;
/// A record may be so large; no event is.
const MAX_RECORD_BYTES: usize = 32 << 20;
/// Bytes that are hashed while they are still in the cache of the core.
const READ_BYTES: usize = 256 << 10;

/// Text in a buffer.
#[derive(Debug)]
pub(super) struct Text {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl From<Vec<u8>> for Text {
    fn from(buffer: Vec<u8>) -> Self {
        Self { start: 0, end: buffer.len(), buffer }
    }
}

impl Text {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

/// A part of a file that can be parsed alone.
#[derive(Debug)]
pub(super) enum Piece {
    /// Records, each on a line of its own.
    Lines(Text),
    /// The text of a whole file: a page of the API, or what could become one.
    Whole { text: Text, is_lines: bool },
}

/// What a file turned out to be, once it is read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub sha256: String,
    pub bytes: u64,
}

/// Buffers that are used again, from piece to piece and from landing to landing.
#[derive(Debug)]
pub(in crate::ingest) struct Buffers {
    bytes: usize,
    free: Mutex<Vec<Vec<u8>>>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new(PIECE_BYTES)
    }
}

impl Buffers {
    /// For pieces of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes, free: Mutex::default() }
    }

    fn take(&self) -> Vec<u8> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| vec![0; self.bytes])
    }

    /// Gives a buffer back; one that had to grow is not kept.
    pub(super) fn give(&self, text: Text) {
        if text.buffer.len() == self.bytes {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(text.buffer);
        }
    }

    #[cfg(test)]
    pub(super) fn made(&self) -> usize {
        self.free.lock().unwrap().len()
    }
}

/// A file that is open, and what its path and the project say about it.
pub(super) struct Opened<'a> {
    pub from: Box<dyn Read + Send + 'a>,
    /// How many bytes it has, as it was listed.
    pub bytes: u64,
    pub is_lines: bool,
    pub format: Option<Format>,
}

/// What was read of a file so far, as it lies there.
#[derive(Default)]
struct Tally {
    hash: Sha256,
    bytes: u64,
    failed: Option<std::io::Error>,
}

/// Counts and hashes what is read.
struct Tallied<'a> {
    from: Box<dyn Read + Send + 'a>,
    tally: Arc<Mutex<Tally>>,
}

impl Read for Tallied<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(READ_BYTES);
        let read = self.from.read(&mut into[..most]);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(n) => {
                tally.hash.update(&into[..n]);
                tally.bytes += n as u64;
                Ok(n)
            }
            Err(error) => {
                let told = std::io::Error::new(error.kind(), error.to_string());
                tally.failed = Some(error);
                Err(told)
            }
        }
    }
}

/// The hash of a file, and its length.
///
/// # Errors
/// A refusal, when it cannot be read.
pub(super) fn hash(from: Box<dyn Read + Send + '_>) -> Result<Whole, Refusal> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut from = Tallied { from, tally: Arc::clone(&tally) };
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(whole(&tally)),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Refusal::new("unreachable", error.to_string())),
        }
    }
}

fn whole(tally: &Mutex<Tally>) -> Whole {
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    Whole { sha256: hex(&std::mem::take(&mut tally.hash).finalize()), bytes: tally.bytes }
}

/// Reads a file to its end and gives its pieces away; `send` says whether they are still wanted.
///
/// # Errors
/// A refusal of the file; pieces of it may have been sent before.
pub(super) fn read(
    opened: Opened<'_>,
    buffers: &Buffers,
    mut send: impl FnMut(Piece) -> bool,
) -> Result<Option<Whole>, Refusal> {
    let Opened { from, bytes, is_lines, format } = opened;
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut raw = Tallied { from, tally: Arc::clone(&tally) };
    let mut head = Vec::new();
    let begun = raw.by_ref().take(4).read_to_end(&mut head);
    begun.map_err(|error| Refusal::new("unreachable", error.to_string()))?;
    let packing = Packing::of(&head);
    let from = std::io::Cursor::new(head).chain(raw);
    let from: Box<dyn Read + Send + '_> = match packing {
        // Pieces are read straight into their buffers.
        Packing::Plain => Box::new(from),
        packed => packed.reader(BufReader::with_capacity(READ_BYTES, from))?,
    };
    let most = if packing == Packing::Plain { u64::MAX } else { decode::limit(bytes) };
    let mut file = Unpacked { from, tally: &tally, listed: bytes, bytes: 0, most };
    let is_wanted = file.pieces(is_lines, format, buffers, &mut send)?;
    drop(file);
    if !is_wanted {
        return Ok(None);
    }
    let whole = whole(&tally);
    if whole.bytes != bytes {
        let message =
            format!("{} bytes were listed and {} read: it changed meanwhile, land it again", bytes, whole.bytes);
        return Err(Refusal::new("unreachable", message));
    }
    Ok(Some(whole))
}

/// The text of a file, as it is unpacked.
struct Unpacked<'a> {
    from: Box<dyn Read + Send + 'a>,
    tally: &'a Mutex<Tally>,
    listed: u64,
    bytes: u64,
    most: u64,
}

/// How the text of a file is to be taken.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Empty,
    /// Line by line, after so many bytes of mark.
    Lines(usize),
    /// As a whole.
    Whole,
}

impl Unpacked<'_> {
    /// Fills a buffer from a place on: up to where it is filled, and whether the file ended there.
    fn fill(&mut self, buffer: &mut [u8], mut at: usize) -> Result<(usize, bool), Refusal> {
        while at < buffer.len() {
            match self.from.read(&mut buffer[at..]) {
                Ok(0) => return Ok((at, true)),
                Ok(n) => {
                    at += n;
                    self.bytes += n as u64;
                    if self.bytes > self.most {
                        return Err(decode::bomb(self.listed, self.most));
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let failed = self.tally.lock().unwrap_or_else(PoisonError::into_inner).failed.take();
                    return Err(failed.map_or_else(
                        || decode::damaged(&error),
                        |cause| Refusal::new("unreachable", cause.to_string()),
                    ));
                }
            }
        }
        Ok((at, false))
    }

    fn pieces(
        &mut self,
        is_lines: bool,
        format: Option<Format>,
        buffers: &Buffers,
        send: &mut impl FnMut(Piece) -> bool,
    ) -> Result<bool, Refusal> {
        let mut buffer = buffers.take();
        let (filled, mut is_end) = self.fill(&mut buffer, 0)?;
        let mut start = match form(&buffer[..filled], is_end, is_lines, format)? {
            Form::Empty => return Ok(true),
            Form::Lines(start) => start,
            Form::Whole => {
                let mut end = filled;
                while !is_end {
                    let more = buffer.len() * 2;
                    buffer.resize(more, 0);
                    (end, is_end) = self.fill(&mut buffer, end)?;
                }
                let text = match decode::start(&buffer[..end])? {
                    Some(start) => Text { buffer, start, end },
                    None => {
                        buffer.truncate(end);
                        decode::plain(buffer)?.into()
                    }
                };
                return Ok(send(Piece::Whole { text, is_lines }));
            }
        };
        let (mut end, mut has_line) = (filled, false);
        loop {
            let line_end = buffer[start..end].iter().rposition(|b| *b == b'\n').map(|place| start + place + 1);
            has_line |= line_end.is_some();
            if is_end {
                let last = buffer[line_end.unwrap_or(start)..end].trim_ascii();
                let is_cut = last.first() == Some(&b'{') && json::value_end(last, 0)?.is_none();
                if is_cut || !(has_line || is_lines) {
                    return Err(json::cut());
                }
                return Ok(end == start || send(Piece::Lines(Text { buffer, start, end })));
            }
            match line_end {
                Some(cut) => {
                    let mut next = buffers.take();
                    let rest = end - cut;
                    if rest >= next.len() {
                        next.resize(rest * 2, 0);
                    }
                    next[..rest].copy_from_slice(&buffer[cut..end]);
                    if cut > start && !send(Piece::Lines(Text { buffer, start, end: cut })) {
                        return Ok(false);
                    }
                    (buffer, start, end) = (next, 0, rest);
                }
                None if end - start > MAX_RECORD_BYTES => {
                    let message = format!("a record of more than {MAX_RECORD_BYTES} bytes");
                    return Err(Refusal::new("field_too_large", message));
                }
                None => {
                    let more = buffer.len() * 2;
                    buffer.resize(more, 0);
                }
            }
            (end, is_end) = self.fill(&mut buffer, end)?;
        }
    }
}

/// How to take a file whose text begins so.
fn form(text: &[u8], is_end: bool, is_lines: bool, format: Option<Format>) -> Result<Form, Refusal> {
    let Some(mark) = decode::start(text)? else { return Ok(Form::Whole) };
    let start = text[mark..].trim_ascii_start();
    let is_json = match (format, start.first()) {
        (_, None) => return Ok(if is_end { Form::Empty } else { Form::Whole }),
        (Some(format), _) => format != Format::Csv,
        (None, first) => matches!(first, Some(b'[' | b'{')),
    };
    if !is_json {
        let message = "the System Log is read as JSON, an array or one event a line";
        return Err(Refusal::new("unsupported_format", message));
    }
    if start.first() == Some(&b'[') {
        return Ok(Form::Whole);
    }
    if is_lines {
        return Ok(Form::Lines(mark));
    }
    if is_end {
        return Ok(Form::Whole);
    }
    // Only a record that is followed by others is a line; an envelope goes on to the end of the file.
    let is_followed = json::value_end(start, 0)?.is_some_and(|end| !start[end..].trim_ascii().is_empty());
    Ok(if is_followed { Form::Lines(mark) } else { Form::Whole })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn opened(bytes: &[u8], is_lines: bool) -> Opened<'_> {
        Opened { from: Box::new(bytes), bytes: bytes.len() as u64, is_lines, format: None }
    }

    fn pieces(bytes: &[u8], is_lines: bool, size: usize) -> Result<Vec<String>, &'static str> {
        let buffers = Buffers::new(size);
        let mut found = Vec::new();
        let whole = read(opened(bytes, is_lines), &buffers, |piece| {
            found.push(match piece {
                Piece::Lines(text) => {
                    let lines = String::from_utf8(text.bytes().to_vec()).unwrap();
                    buffers.give(text);
                    lines
                }
                Piece::Whole { text, .. } => {
                    let whole = format!("whole {}", String::from_utf8(text.bytes().to_vec()).unwrap());
                    buffers.give(text);
                    whole
                }
            });
            true
        });
        let whole = whole.map_err(|refusal| refusal.reason)?.unwrap();
        assert_eq!(whole.sha256, crate::store::sha256_hex(bytes));
        assert!(buffers.made() <= 2, "buffers are used again");
        Ok(found)
    }

    #[test]
    fn lines_are_cut_at_their_ends_whatever_the_size_of_a_piece() {
        let lines = format!("{{\"a\":1}}\r\n\n{{\"b\":\"{}\"}}\n  \n{{\"c\":\"é\"}}", "x".repeat(300));
        for size in [1, 2, 7, 64, 400, 4096] {
            let found = pieces(lines.as_bytes(), true, size).unwrap();
            assert_eq!(found.concat(), lines, "{size}");
            let (last, before) = found.split_last().unwrap();
            assert!(before.iter().all(|piece| piece.ends_with('\n')), "{size}: {before:?}");
            assert!(last.ends_with('}'), "{size}");
        }
        let marked = [b"\xef\xbb\xbf", lines.as_bytes()].concat();
        assert_eq!(pieces(&marked, true, 64).unwrap().concat(), lines);
        assert_eq!(pieces(b" \n \n", true, 64), Ok(Vec::new()));
    }

    #[test]
    fn a_large_record_makes_its_piece_grow() {
        let lines = format!("{{\"a\":1}}\n[{{}}{}]\n{{\"b\":2}}\n", " ".repeat(10 << 20));
        let found = pieces(lines.as_bytes(), true, 4096).unwrap();
        assert_eq!(found.concat(), lines);
        assert!(found.iter().any(|piece| piece.len() > 10 << 20));
        let endless = [b"{\"a\":1}\n{".as_slice(), &vec![b' '; MAX_RECORD_BYTES * 2 + 9]].concat();
        assert_eq!(pieces(&endless, true, 4096), Err("field_too_large"));
    }

    #[test]
    fn packed_files_come_out_as_their_text() {
        let lines: String = (0..5000).map(|i| format!("{{\"n\":{i}}}\n")).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(lines.as_bytes()).unwrap();
        let (gzip, zstd) = (gzip.finish().unwrap(), zstd::encode_all(lines.as_bytes(), 3).unwrap());
        for packed in [&gzip, &zstd] {
            assert_eq!(pieces(packed, true, 1000).unwrap().concat(), lines);
            assert_eq!(pieces(&packed[..packed.len() - 9], true, 1000), Err("truncated"));
        }
        let spaces = zstd::encode_all(&vec![b' '; 64 << 20][..], 3).unwrap();
        assert_eq!(pieces(&spaces, true, 1000), Err("zip_bomb"));
    }

    #[test]
    fn what_is_no_sequence_of_lines_is_taken_as_a_whole() {
        let form = |text: &str, is_end, is_lines| form(text.as_bytes(), is_end, is_lines, None).map_err(|r| r.reason);
        assert_eq!(form("[{}]", true, true), Ok(Form::Whole));
        assert_eq!(form(" {\"value\":[", false, false), Ok(Form::Whole));
        assert_eq!(form("{}\n{", false, false), Ok(Form::Lines(0)));
        assert_eq!(form("{}\n{}", true, false), Ok(Form::Whole));
        assert_eq!(form("{", false, true), Ok(Form::Lines(0)));
        assert_eq!(form("  ", true, true), Ok(Form::Empty));
        assert_eq!(form("a,b", false, true), Err("unsupported_format"));
        assert_eq!(form(" <html>", false, true), Err("empty_feed"));
        assert_eq!(pieces(b"{\"a\":1}\n{\"b\":", true, 64), Err("truncated"));
        assert_eq!(pieces(b"{\"a\":1} {\"b\":1}   ", false, 9), Err("truncated"), "one line is no line");
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_not_landed() {
        let buffers = Buffers::new(64);
        let grown = Opened { bytes: 3, ..opened(b"{}\n{}\n", true) };
        assert_eq!(read(grown, &buffers, |_| true).unwrap_err().reason, "unreachable");
    }
}
