//! From the bytes of a file to text: decompression within bounds, encodings by their mark, and what is no data at all.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::page::Refusal;

/// A compressed file may grow by this factor, ...
const MAX_RATIO: u64 = 200;
/// ... or to this many bytes whatever its factor, ...
const FREE_BYTES: u64 = 1 << 20;
/// ... and no file that is read as a whole may be larger than this once decompressed.
const MAX_BYTES: u64 = 8 << 30;

/// How a file is compressed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub(super) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// What it unpacks to, as it is read.
    ///
    /// # Errors
    /// Refuses what cannot even begin.
    pub(super) fn reader<'r>(self, from: impl BufRead + Send + 'r) -> Result<Box<dyn Read + Send + 'r>, Refusal> {
        Ok(match self {
            Self::Plain => Box::new(from),
            Self::Gzip => Box::new(MultiGzDecoder::new(from)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(from).map_err(|e| damaged(&e))?),
        })
    }
}

/// How many bytes so many compressed ones may grow to.
pub(super) fn limit(compressed: u64) -> u64 {
    compressed.saturating_mul(MAX_RATIO).max(FREE_BYTES)
}

/// The text of a file as bytes of UTF-8, as far as it is UTF-8: a row with invalid bytes is found where it is read.
///
/// # Errors
/// Refuses truncated, damaged or explosive compression, UTF-16 without mark, and pages meant for people.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    let text = to_utf8(decompress(bytes)?)?;
    refuse_page(&text)?;
    Ok(text)
}

/// The text of a file that is not compressed.
///
/// # Errors
/// Refuses UTF-16 without mark, and pages meant for people.
pub(super) fn plain(bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let text = to_utf8(Cow::Owned(bytes))?.into_owned();
    refuse_page(&text)?;
    Ok(text)
}

/// Where the text of a file begins that is not compressed, by its first bytes; none when it must be read as a whole,
/// because it is no UTF-8.
///
/// # Errors
/// As [`plain`], as far as the first bytes show it.
pub(super) fn start(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    match encoding(bytes)? {
        Encoding::Utf8 { mark } => {
            refuse_page(&bytes[mark..])?;
            Ok(Some(mark))
        }
        Encoding::Utf16(_) => Ok(None),
    }
}

fn refuse_page(text: &[u8]) -> Result<(), Refusal> {
    if text.trim_ascii_start().first() != Some(&b'<') {
        return Ok(());
    }
    Err(Refusal::new(
        "empty_feed",
        "a page of HTML or XML where data should be: most often the sign-in page of an expired session",
    ))
}

fn decompress(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    let packing = Packing::of(bytes);
    if packing == Packing::Plain {
        return Ok(Cow::Borrowed(bytes));
    }
    let (compressed, limit) = (bytes.len(), limit(bytes.len() as u64).min(MAX_BYTES));
    let mut out = Vec::new();
    packing.reader(bytes)?.take(limit + 1).read_to_end(&mut out).map_err(|e| damaged(&e))?;
    if out.len() as u64 > limit {
        return Err(bomb(compressed as u64, limit));
    }
    Ok(Cow::Owned(out))
}

pub(super) fn bomb(compressed: u64, limit: u64) -> Refusal {
    Refusal::new("zip_bomb", format!("{compressed} bytes grow beyond {limit} when decompressed"))
}

pub(super) fn damaged(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            Refusal::new("truncated", "the compressed file ends too early: fetch it again")
        }
        _ => Refusal::new("corrupt", format!("the compressed file is damaged ({error}): fetch it again")),
    }
}

/// How text is written.
enum Encoding {
    /// As UTF-8, after a mark of so many bytes.
    Utf8 {
        mark: usize,
    },
    Utf16(&'static encoding_rs::Encoding),
}

fn encoding(bytes: &[u8]) -> Result<Encoding, Refusal> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Err(Refusal::new(
            "unsupported_format",
            "a zip archive or workbook: drop the CSV or JSON in it, plain or .gz",
        )),
        [0xef, 0xbb, 0xbf, ..] => Ok(Encoding::Utf8 { mark: 3 }),
        [0xff, 0xfe, ..] => Ok(Encoding::Utf16(encoding_rs::UTF_16LE)),
        [0xfe, 0xff, ..] => Ok(Encoding::Utf16(encoding_rs::UTF_16BE)),
        [0, b, ..] | [b, 0, ..] if *b != 0 => {
            Err(Refusal::new("encoding", "looks like UTF-16 without a byte order mark: export it as UTF-8"))
        }
        _ => Ok(Encoding::Utf8 { mark: 0 }),
    }
}

fn to_utf8(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, Refusal> {
    let wide = match encoding(&bytes)? {
        Encoding::Utf8 { mark } => {
            return Ok(match bytes {
                Cow::Borrowed(b) => Cow::Borrowed(&b[mark..]),
                Cow::Owned(b) if mark == 0 => Cow::Owned(b),
                Cow::Owned(mut b) => Cow::Owned(b.split_off(mark)),
            });
        }
        Encoding::Utf16(wide) => wide,
    };
    let (text, broken) = wide.decode_with_bom_removal(&bytes);
    if broken {
        return Err(Refusal::new("encoding", "invalid UTF-16: export it as UTF-8"));
    }
    Ok(Cow::Owned(text.into_owned().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn reason(bytes: &[u8]) -> &'static str {
        decode(bytes).unwrap_err().reason
    }

    #[test]
    fn marks_are_removed_and_utf16_is_read_by_its_mark_only() {
        assert_eq!(decode(b"\xef\xbb\xbfa,b").unwrap().as_ref(), b"a,b");
        assert_eq!(decode(b"\xff\xfea\0,\0\xe9\0").unwrap().as_ref(), "a,é".as_bytes());
        assert_eq!(reason(b"a\0,\0b\0"), "encoding");
    }

    #[test]
    fn compression_is_bounded_and_whole() {
        let data: Vec<u8> = (0..200_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let good = gzip(&data);
        assert_eq!(decode(&good).unwrap().len(), data.len());
        assert_eq!(reason(&good[..good.len() / 2]), "truncated");
        let mut bent = good.clone();
        let at = bent.len() - 6;
        bent[at] ^= 1;
        assert_eq!(reason(&bent), "corrupt");
        assert_eq!(reason(&gzip(&vec![b'x'; 64 << 20])), "zip_bomb");
        let zstd = zstd::encode_all(&data[..], 3).unwrap();
        assert_eq!(decode(&zstd).unwrap().len(), data.len());
    }

    #[test]
    fn what_is_no_data_is_refused() {
        assert_eq!(reason(b"<!DOCTYPE html><title>Sign in"), "empty_feed");
        assert_eq!(reason(b"PK\x03\x04...."), "unsupported_format");
    }
}
