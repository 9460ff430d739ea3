//! From the bytes of a file to text: decompression within bounds, encodings by their mark, and what is no data at all.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::page::Refusal;

/// A compressed file may grow by this factor, ...
const MAX_RATIO: u64 = 200;
/// ... or to this many bytes whatever its factor, ...
const FREE_BYTES: u64 = 1 << 20;
/// ... and no file may be larger than this once decompressed.
const MAX_BYTES: u64 = 8 << 30;

/// The text of a file as bytes of UTF-8, as far as it is UTF-8: a row with invalid bytes is found where it is read.
///
/// # Errors
/// Refuses truncated, damaged or explosive compression, UTF-16 without mark, and pages meant for people.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    let plain = decompress(bytes)?;
    if plain.starts_with(b"PK\x03\x04") {
        return Err(Refusal::new(
            "unsupported_format",
            "a zip archive or workbook: drop the CSV or JSON in it, plain or .gz",
        ));
    }
    let text = to_utf8(plain)?;
    let start = text.trim_ascii_start();
    if start.first() == Some(&b'<') {
        return Err(Refusal::new(
            "empty_feed",
            "a page of HTML or XML where data should be: most often the sign-in page of an expired session",
        ));
    }
    Ok(text)
}

fn decompress(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    let out = if bytes.starts_with(&[0x1f, 0x8b]) {
        read_bounded(MultiGzDecoder::new(bytes), bytes.len())?
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::Decoder::with_buffer(bytes).map_err(|e| damaged(&e))?;
        read_bounded(decoder, bytes.len())?
    } else {
        return Ok(Cow::Borrowed(bytes));
    };
    Ok(Cow::Owned(out))
}

fn read_bounded(from: impl Read, compressed: usize) -> Result<Vec<u8>, Refusal> {
    let limit = (compressed as u64).saturating_mul(MAX_RATIO).clamp(FREE_BYTES, MAX_BYTES);
    let mut out = Vec::new();
    from.take(limit + 1).read_to_end(&mut out).map_err(|e| damaged(&e))?;
    if out.len() as u64 > limit {
        return Err(Refusal::new("zip_bomb", format!("{compressed} bytes grow beyond {limit} when decompressed")));
    }
    Ok(out)
}

fn damaged(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            Refusal::new("truncated", "the compressed file ends too early: fetch it again")
        }
        _ => Refusal::new("corrupt", format!("the compressed file is damaged ({error}): fetch it again")),
    }
}

fn to_utf8(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, Refusal> {
    let wide = match bytes.as_ref() {
        [0xef, 0xbb, 0xbf, ..] => {
            return Ok(match bytes {
                Cow::Borrowed(b) => Cow::Borrowed(&b[3..]),
                Cow::Owned(mut b) => Cow::Owned(b.split_off(3)),
            });
        }
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE,
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE,
        [0, b, ..] | [b, 0, ..] if *b != 0 => {
            return Err(Refusal::new("encoding", "looks like UTF-16 without a byte order mark: export it as UTF-8"));
        }
        _ => return Ok(bytes),
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
