//! Writes the files of the project folder, compressed as their names say.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::Context as _;
use crate::base::{ErrorKind, Result};

/// One file or a few, made by one thread.
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// The project folder being written.
pub struct Out {
    root: PathBuf,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Out {
    /// Writes below this folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// Files written and their bytes on disk.
    pub fn written(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Writes one file; a name ending in `.gz` or `.zst` is compressed, fast rather than small.
    pub fn file(&self, path: &str, text: &str) -> Result<()> {
        let full = self.root.join(path);
        let doing = || format!("cannot write {}", full.display());
        let bytes = match full.extension().and_then(|e| e.to_str()) {
            Some("gz") => gzip(text.as_bytes()).context(ErrorKind::Internal, doing())?,
            Some("zst") => zstd::bulk::compress(text.as_bytes(), 1).context(ErrorKind::Internal, doing())?,
            _ => text.as_bytes().to_vec(),
        };
        if let Some(parent) = full.parent() {
            std::fs::create_dir_all(parent).context(ErrorKind::Usage, doing())?;
        }
        std::fs::write(&full, &bytes).context(ErrorKind::Usage, doing())?;
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 8), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
