//! The files of a snapshot and their list, `SHA256SUMS`: one line a file, in `LC_ALL=C` order of the paths.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::store::sha256_hex;

/// The list of all other files.
pub(super) const SUMS: &str = "SHA256SUMS";
/// What the snapshot says of itself.
pub(super) const MANIFEST: &str = "manifest.json";
/// What each input file was.
pub(super) const INPUTS: &str = "inputs.json";
/// Control totals.
pub(super) const COMPLETENESS: &str = "completeness.json";
/// The commands that check the snapshot without this program.
pub(super) const VERIFY: &str = "VERIFY.txt";

/// SHA-256 by path below the snapshot.
pub(super) type Sums = BTreeMap<String, String>;

/// A folder being filled; remembers the hash of everything put into it.
pub(super) struct Folder {
    root: PathBuf,
    pub(super) sums: Sums,
}

impl Folder {
    /// Makes an empty folder in place of what an aborted attempt may have left.
    pub(super) fn make(root: &Path) -> Result<Self> {
        if root.exists() {
            std::fs::remove_dir_all(root).context(ErrorKind::Store, format!("cannot clear {}", root.display()))?;
        }
        std::fs::create_dir_all(root).context(ErrorKind::Store, format!("cannot make {}", root.display()))?;
        Ok(Self { root: root.to_owned(), sums: Sums::new() })
    }

    /// Writes one file and lists it. A torn file is found by `verify`, so nothing waits for the disk here.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.write(path, bytes)?;
        match self.sums.insert(path.to_owned(), sha256_hex(bytes)) {
            None => Ok(()),
            Some(_) => Err(Error::internal(format!("{path} was sealed twice"))),
        }
    }

    /// Writes the list; its SHA-256 stands for the whole snapshot.
    pub(super) fn finish(self) -> Result<String> {
        let text = render(&self.sums);
        self.write(SUMS, text.as_bytes())?;
        Ok(sha256_hex(text.as_bytes()))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        if !is_plain(path) {
            return Err(Error::internal(format!("{path:?} cannot name a file of a snapshot")));
        }
        let file = self.root.join(path);
        let folder = file.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, bytes))
            .context(ErrorKind::Store, format!("cannot write {}", file.display()))
    }
}

/// Reads the list, in exactly the form in which it is written.
pub(super) fn parse(bytes: &[u8]) -> Option<Sums> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines =
        text.lines().map(|line| line.split_once("  ").map(|(sha256, path)| (path.to_owned(), sha256.to_owned())));
    let sums: Sums = lines.collect::<Option<_>>()?;
    let is_hash = |sha256: &str| sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_sound = sums.iter().all(|(path, sha256)| is_plain(path) && is_hash(sha256)) && render(&sums) == text;
    is_sound.then_some(sums)
}

fn render(sums: &Sums) -> String {
    sums.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect()
}

/// Whether a path stays below the snapshot and survives any shell, `awk '{print $2}'` and `sha256sum -c`.
fn is_plain(path: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name != "." && name != "..";
    path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._=-/".contains(&b)) && path.split('/').all(is_name)
}
