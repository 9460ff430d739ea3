//! The project folder while it is read: every file once, each byte of it in the hash of the configuration.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::diagnostic::{Diagnostic, Problems, Snippet};
use crate::base::text::is_invisible;

/// Larger files are refused: people do not write them.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Characters of a line that a finding shows.
const MAX_SNIPPET_CHARS: usize = 160;

/// The folder, the findings and the files read so far.
pub(super) struct Folder<'a> {
    root: &'a Path,
    pub(super) problems: Problems,
    read: RefCell<BTreeMap<String, String>>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, problems: Problems::default(), read: RefCell::default() }
    }

    /// Reads a file named relative to the folder. `None`: it is missing, or unreadable and reported under `code`.
    pub(super) fn read(&self, name: &str, code: &'static str) -> Option<SourceFile> {
        let refuse = |reason: String| self.problems.report(Diagnostic::file(code, name, reason));
        let file = match std::fs::File::open(self.root.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                refuse(format!("cannot be read: {error}"));
                return None;
            }
        };
        let mut bytes = Vec::new();
        if let Err(error) = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes) {
            refuse(format!("cannot be read: {error}"));
            return None;
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            refuse(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20));
            return None;
        }
        self.read.borrow_mut().insert(name.to_owned(), hex_sha256(&bytes));
        match String::from_utf8(bytes) {
            Ok(raw) => Some(SourceFile::new(name, raw)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let file = SourceFile::new(name, String::from_utf8_lossy(error.as_bytes()).into_owned());
                let found = file.at(code, valid..valid + 1, "is not UTF-8 text");
                self.problems.report(found.help("save the file with encoding UTF-8"));
                None
            }
        }
    }

    /// The names of the files in a sub-folder that end in one of the extensions, sorted; a missing one is empty.
    pub(super) fn names(&self, sub_folder: &str, extensions: &[&str]) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(sub_folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .filter(|name| name.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension)))
            .collect();
        names.sort();
        names
    }

    /// Reports files that nothing reads: an error when the name looks like a slip of the pen, else a warning.
    pub(super) fn refuse_strays(&self, sub_folder: &str, known: &[String], extensions: &[&str], code: &'static str) {
        for name in self.names(sub_folder, extensions).iter().filter(|name| !known.contains(name)) {
            let found = Diagnostic::file(code, format!("{sub_folder}/{name}"), "no such file is known: it is not read");
            let found = found.suggest(name, known.iter().map(String::as_str));
            let is_slip = found.help.as_ref().is_some_and(|help| help.starts_with("did you mean"));
            self.problems.report(if is_slip { found } else { found.warning() });
        }
    }

    /// The findings, and the hash of the names and contents of all files read.
    pub(super) fn finish(self) -> (Vec<Diagnostic>, String) {
        let lines: String = self.read.take().iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
        (self.problems.into_sorted(), hex_sha256(lines.as_bytes()))
    }
}

/// The sha256 of bytes in lower-case hex.
pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One file as text, able to say where an offset lies.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) name: String,
    /// As read; a byte order mark is still there.
    pub(super) raw: String,
    /// The offset at which each line begins.
    lines: Vec<usize>,
}

impl SourceFile {
    pub(super) fn new(name: &str, raw: String) -> Self {
        let mut file = Self { name: name.to_owned(), raw, lines: vec![0] };
        let bytes = file.text().as_bytes();
        let ends = bytes.iter().enumerate().filter(|(i, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(i + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts: Vec<usize> = ends.map(|(i, _)| i + 1).collect();
        file.lines.extend(starts);
        file
    }

    /// The text without a byte order mark; offsets count from its start.
    pub(super) fn text(&self) -> &str {
        self.raw.strip_prefix('\u{FEFF}').unwrap_or(&self.raw)
    }

    /// A finding at a place of this file.
    pub(super) fn at(&self, code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let (line, start_of_line) = self.line_of(span.start);
        let rest = self.text().get(start_of_line..).unwrap_or_default();
        let shown = rest.split(['\n', '\r']).next().unwrap_or_default();
        let before = rest.get(..span.start.saturating_sub(start_of_line)).map_or(0, |text| text.chars().count());
        let marked = self.text().get(span).map_or(1, |text| text.split(['\n', '\r']).next().map_or(1, char_count));
        let is_long = char_count(shown) > MAX_SNIPPET_CHARS;
        let cut = if is_long { before.saturating_sub(MAX_SNIPPET_CHARS / 2) } else { 0 };
        let text: String = shown.chars().skip(cut).take(MAX_SNIPPET_CHARS).map(printable).collect();
        let start = before - cut;
        let width = marked.min(char_count(&text).saturating_sub(start)).max(1);
        let snippet = Snippet { text, start, width, label: String::new() };
        Diagnostic {
            line,
            column: before + 1,
            snippet: Some(snippet),
            ..Diagnostic::file(code, self.name.clone(), message)
        }
    }

    /// The number of the line an offset lies in, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_of(offset).0
    }

    fn line_of(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset);
        (line, self.lines[line - 1])
    }
}

fn char_count(text: &str) -> usize {
    text.chars().count()
}

/// Tabs and invisible characters become one space, so that the caret stands under its character.
fn printable(c: char) -> char {
    if is_invisible(c) { ' ' } else { c }
}
