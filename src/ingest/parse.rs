//! From the bytes of one file to a page: by what it holds, not by what it is called. The System Log has a way of its own.

use super::page::{Page, Refusal};
use super::reader::Reader;
use super::{csv, decode, ecb, json, terraform};
use crate::config::Format;

/// Reads one file of a stream; `path` is the one below the stream's folder.
///
/// # Errors
/// A refusal of the whole feed.
pub(super) fn file(reader: &Reader, path: &str, bytes: &[u8]) -> Result<Page, Refusal> {
    let text = decode::decode(bytes)?;
    let start = text.trim_ascii_start();
    if start.is_empty() {
        return Ok(Page::default());
    }
    let is_json = match reader.options.format {
        Some(format) => format != Format::Csv,
        None => matches!(start[0], b'[' | b'{'),
    };
    match reader.dataset.kind {
        "ecb" => ecb::read(&text, reader),
        "terraform" => terraform::read(&text, path, reader),
        _ if is_json => json::read(&text, path, is_lines(path, reader.options.format), reader),
        _ => csv::read(&text, path, reader),
    }
}

/// Whether a file says by its name, or the project for it, that it holds one record a line.
pub(super) fn is_lines(path: &str, format: Option<Format>) -> bool {
    let name = path.trim_end_matches(".gz").trim_end_matches(".zst");
    format == Some(Format::Ndjson) || name.ends_with(".ndjson") || name.ends_with(".jsonl")
}
