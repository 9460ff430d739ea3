//! The Merkle tree beside the chain (RFC 6962, section 2.1): its root proves that one entry is in the log without
//! showing the others, and that a later log extends an earlier one.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::{hex, unhex};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What the tree must remember to grow: its size, and the roots of the perfect trees it consists of, largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// Adds one leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut root = hash(0, &[leaf]);
        // Each trailing 1 of the size is a perfect tree as large as the one that was just completed.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            root = hash(1, &[&left, &root]);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the whole tree; that of an empty one is the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        let Some(last) = roots.next() else { return Sha256::digest([]).into() };
        roots.fold(last, |right, left| hash(1, &[&left, &right]))
    }
}

/// The form in which a frontier is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    size: u64,
    roots: Vec<String>,
}

impl From<Frontier> for Stored {
    fn from(frontier: Frontier) -> Self {
        Self { size: frontier.size, roots: frontier.roots.iter().map(|root| hex(root)).collect() }
    }
}

impl TryFrom<Stored> for Frontier {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let roots: Option<Vec<_>> = stored.roots.iter().map(|root| unhex(root)).collect();
        let roots = roots.filter(|roots| roots.len() == stored.size.count_ones() as usize);
        let roots = roots.ok_or_else(|| format!("the roots are not those of a tree of {} leaves", stored.size))?;
        Ok(Self { size: stored.size, roots })
    }
}

/// Leaves and nodes are hashed under different first bytes, so that neither can pass for the other.
fn hash(domain: u8, parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([domain]);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of the reference implementation of Certificate Transparency.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// The definition of the RFC, word for word.
    fn slow(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => hash(0, &[leaf]),
            _ => {
                let k = 1 << (leaves.len() - 1).ilog2();
                hash(1, &[&slow(&leaves[..k]), &slow(&leaves[k..])])
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_published_vectors() {
        let mut frontier = Frontier::default();
        assert_eq!(hex(&frontier.root()), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            frontier.push(leaf);
            assert_eq!(hex(&frontier.root()), *root, "size {}", frontier.size());
        }
    }

    #[test]
    fn roots_are_those_of_the_definition_and_a_frontier_survives_storage() {
        let leaves: Vec<_> = (0..70_u8).map(|n| vec![n; usize::from(n) % 5]).collect();
        let mut frontier = Frontier::default();
        for size in 0..=leaves.len() {
            assert_eq!((frontier.size(), frontier.root()), (size as u64, slow(&leaves[..size])));
            let text = serde_json::to_string(&frontier).unwrap();
            assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
            if let Some(leaf) = leaves.get(size) {
                frontier.push(leaf);
            }
        }
        for text in [r#"{"size":1,"roots":[]}"#, r#"{"size":1,"roots":["00"]}"#, r#"{"size":0,"roots":["0"]}"#] {
            assert!(serde_json::from_str::<Frontier>(text).is_err(), "{text}");
        }
    }
}
