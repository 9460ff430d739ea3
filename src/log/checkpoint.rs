//! The three lines that stand for the whole log (C2SP `tlog-checkpoint`): kept outside, they show a log that was
//! rewritten.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Frontier, Hash};
use crate::base::{Error, ErrorKind, Result};

/// The log of a store, its size and its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log: [`origin`] of the store.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the Merkle tree over their payloads.
    pub root: Hash,
}

/// The name of the log of a store.
pub fn origin(store_id: &str) -> String {
    format!("seatledger/{store_id}")
}

impl Checkpoint {
    /// The checkpoint of a store's log.
    pub fn of(store_id: &str, tree: &Frontier) -> Self {
        Self { origin: origin(store_id), size: tree.size(), root: tree.root() }
    }

    /// The three lines, each with its line feed; unsigned.
    pub fn render(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads a checkpoint. What follows an empty line are signatures, of this log or of witnesses: not looked at.
    ///
    /// # Errors
    /// Evidence when the lines are not exactly those of a checkpoint.
    pub fn parse(text: &str) -> Result<Self> {
        let fault = |what: &str| Error::new(ErrorKind::Evidence, what).at("checkpoint");
        let lines = text.split_once("\n\n").map(|(body, _)| body).or_else(|| text.strip_suffix('\n'));
        let lines: Vec<_> = lines.unwrap_or_default().split('\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(fault("is not three lines: origin, size and root"));
        };
        if origin.is_empty() || origin.chars().any(char::is_control) {
            return Err(fault("its first line names no log"));
        }
        let number = size.parse::<u64>().ok().filter(|number| number.to_string() == size);
        let number = number.ok_or_else(|| fault("its second line is no number of entries"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = root.ok_or_else(|| fault("its third line is no SHA-256 in base64"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_three_lines_and_nothing_else_is_one() {
        let checkpoint = Checkpoint::of("01ABC", &Frontier::default());
        let text = "seatledger/01ABC\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        assert_eq!(checkpoint.render(), text);
        assert_eq!(Checkpoint::parse(text).unwrap(), checkpoint);
        let signed = format!("{text}\n\u{2014} example.com/foo Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe\n");
        assert_eq!(Checkpoint::parse(&signed).unwrap(), checkpoint);

        for (from, to) in [
            ("\n0\n", "\n00\n"),
            ("\n0\n", "\n+0\n"),
            ("\n0\n", "\n18446744073709551616\n"),
            ("\n0\n", "\n"),
            ("=\n", "=\nmore\n"),
            ("=\n", "="),
            ("=\n", "=\r\n"),
            ("47DE", "47D"),
            ("uFU=", "uFV="),
            ("seatledger/01ABC", ""),
        ] {
            let error = Checkpoint::parse(&text.replace(from, to)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Evidence, "{from:?} {to:?}");
        }
        assert!(Checkpoint::parse("").is_err());
    }
}
