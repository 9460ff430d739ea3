//! The container of a workbook: a ZIP archive of deflated parts, dated by the as-of date, so that the same parts give the
//! same bytes.

use std::io::Write;

use chrono::{Datelike, NaiveDate};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

const DEFLATED: u16 = 8;
/// Version 2.0 of the format: deflate, no large files.
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;

/// Packs parts, in this order.
pub(super) fn pack(parts: &[(String, Vec<u8>)], day: NaiveDate) -> Result<Vec<u8>> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in parts {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::new(6));
        let packed = deflate.write_all(bytes).and_then(|()| deflate.finish()).context(ErrorKind::Internal, "a part")?;
        let offset = size(out.len())?;
        let mut head = Vec::new();
        for half in [VERSION, UTF8, DEFLATED, 0, dos_date(day)] {
            head.extend(half.to_le_bytes());
        }
        for word in [crc.sum(), size(packed.len())?, size(bytes.len())?] {
            head.extend(word.to_le_bytes());
        }
        let length = u16::try_from(name.len()).context(ErrorKind::Internal, "the name of a part")?;
        head.extend(length.to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&head);
        // no comment, first disk, no attributes
        directory.extend([0_u8; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = (size(out.len())?, size(directory.len())?);
    let count = u16::try_from(parts.len()).context(ErrorKind::Internal, "the parts of a workbook")?;
    out.extend(directory);
    out.extend(b"PK\x05\x06");
    out.extend([0_u8; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    Ok(out)
}

fn size(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::internal("a workbook of more than 4 GB: use Parquet"))
}

/// The day as DOS wrote it, from 1980 on.
fn dos_date(day: NaiveDate) -> u16 {
    let year = u16::try_from(day.year() - 1980).unwrap_or_default();
    let month_and_day = u16::try_from(day.month() << 5 | day.day()).unwrap_or_default();
    year << 9 | month_and_day
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_packed_comes_out_again() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let text = "a part of a workbook ".repeat(50).into_bytes();
        let packed = pack(&[("xl/a.xml".into(), text.clone())], day).unwrap();
        assert_eq!(packed, pack(&[("xl/a.xml".into(), text.clone())], day).unwrap());
        let (name, size) = (8, u32::from_le_bytes(packed[18..22].try_into().unwrap()) as usize);
        let body = &packed[30 + name..30 + name + size];
        let mut read = Vec::new();
        flate2::read::DeflateDecoder::new(body).read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
        assert_eq!(u16::from_le_bytes(packed[12..14].try_into().unwrap()), 46 << 9 | 11 << 5 | 20);
    }
}
