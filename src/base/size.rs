//! Sizes as people write them: `512MB`, `4GB`, `2GiB`.

/// The units, largest first; those of 1000 before those of 1024.
const UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// The bytes of a size: a whole number and a unit.
///
/// # Errors
/// What to write instead.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim())).map(|(_, factor)| *factor);
    let bytes = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
    bytes.ok_or_else(|| format!("`{text}` is no size: write a whole number and a unit, such as 512MB, 4GB or 2GiB"))
}

/// A size in the largest unit that says it exactly.
pub fn show(bytes: u64) -> String {
    let whole = UNITS.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    whole.map_or(format!("{bytes}B"), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_shown() {
        for (text, bytes) in [("512MB", 512_000_000), ("4GB", 4_000_000_000), ("2GiB", 2 << 30), ("7B", 7)] {
            assert_eq!(parse(text), Ok(bytes));
            assert_eq!(show(bytes), text);
        }
        assert_eq!(parse(" 64 mib "), Ok(64 << 20));
        for text in ["", "4", "GB", "1.5GB", "-1GB", "4 gigabytes", "99999999999TB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
