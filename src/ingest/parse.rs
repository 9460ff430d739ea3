//! From the bytes of one file to a page: by what it holds, not by what it is called.

use super::page::{Page, Refusal};
use super::reader::Reader;
use super::{csv, decode, ecb, json, okta_log};
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
    let name = path.trim_end_matches(".gz").trim_end_matches(".zst");
    let is_lines =
        reader.options.format == Some(Format::Ndjson) || name.ends_with(".ndjson") || name.ends_with(".jsonl");
    match (reader.dataset.kind, reader.dataset.stream) {
        ("okta", "system_log") if is_json => okta_log::read(&text, is_lines, reader),
        ("okta", "system_log") => {
            Err(Refusal::new("unsupported_format", "the System Log is read as JSON, an array or one event a line"))
        }
        ("ecb", _) => ecb::read(&text, reader),
        _ if is_json => json::read(&text, path, is_lines, reader),
        _ => csv::read(&text, path, reader),
    }
}
