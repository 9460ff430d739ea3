//! Writes the files of the project folder, compressed as their names say.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::write::GzEncoder;

use super::live;
use super::text::Calendar;
use crate::base::error::Context as _;
use crate::base::{ErrorKind, Result};

/// One file or a few, made by one thread.
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// How the files of the log are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, fast.
    Gzip,
    /// Zstandard, level 1.
    #[default]
    Zstd,
}

impl Compression {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    /// What it adds to the name of a file.
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// The project folder being written.
pub struct Out {
    root: PathBuf,
    /// The calendar of a company whose APIs tell what they can.
    told: Option<Calendar>,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Out {
    /// Writes below this folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), told: None, files: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// The same for a company whose APIs tell what they can.
    pub fn told(self, calendar: Calendar) -> Self {
        Self { told: Some(calendar), ..self }
    }

    fn place(&self, path: &str) -> PathBuf {
        let told = self.told.and_then(|calendar| live::place(path, calendar));
        self.root.join(told.as_deref().unwrap_or(path))
    }

    /// Writes a secret that only its owner may read.
    pub fn secret(&self, path: &str, secret: &str) -> Result<()> {
        self.file(path, secret)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let full = self.place(path);
            std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o600))
                .context(ErrorKind::Usage, format!("cannot write {}", full.display()))?;
        }
        Ok(())
    }

    /// Files written and their bytes on disk.
    pub fn written(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Writes one file; a name ending in `.gz` or `.zst` is compressed, fast rather than small.
    pub fn file(&self, path: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let text = text.as_ref();
        let full = self.place(path);
        let doing = || format!("cannot write {}", full.display());
        let bytes = match full.extension().and_then(|e| e.to_str()) {
            Some("gz") => Cow::Owned(gzip(text).context(ErrorKind::Internal, doing())?),
            Some("zst") => Cow::Owned(zstd::bulk::compress(text, 1).context(ErrorKind::Internal, doing())?),
            _ => Cow::Borrowed(text),
        };
        if let Some(parent) = full.parent() {
            std::fs::create_dir_all(parent).context(ErrorKind::Usage, doing())?;
        }
        std::fs::write(&full, &bytes).context(ErrorKind::Usage, doing())?;
        self.count(bytes.len() as u64);
        Ok(())
    }

    /// Writes one file piece by piece, compressed as its name says; it has its name only once it is whole.
    pub fn stream(&self, path: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let full = self.place(path);
        let doing = || format!("cannot write {}", full.display());
        let temporary = full.with_added_extension("tmp");
        if let Some(parent) = full.parent() {
            std::fs::create_dir_all(parent).context(ErrorKind::Usage, doing())?;
        }
        let encode = || {
            let mut file = File::create(&temporary)?;
            match full.extension().and_then(|e| e.to_str()) {
                Some("gz") => {
                    let mut encoder = GzEncoder::new(&mut file, flate2::Compression::fast());
                    write(&mut encoder)?;
                    encoder.finish()?;
                }
                Some("zst") => {
                    let mut encoder = zstd::Encoder::new(&mut file, 1)?;
                    write(&mut encoder)?;
                    encoder.finish()?;
                }
                _ => write(&mut file)?,
            }
            std::fs::rename(&temporary, &full)?;
            file.metadata()
        };
        self.count(encode().context(ErrorKind::Usage, doing())?.len());
        Ok(())
    }

    /// Removes a file, or a folder with all that is in it; it need not be there.
    pub fn remove(&self, path: &str) -> Result<()> {
        let full = self.root.join(path);
        let removed = match full.metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&full),
            Ok(_) => std::fs::remove_file(&full),
            Err(_) => Ok(()),
        };
        removed.context(ErrorKind::Usage, format!("cannot remove {}", full.display()))
    }

    fn count(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
