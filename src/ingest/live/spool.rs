//! Pages on their way from an API to the store: in a folder that only its owner may enter, beside the private store, and
//! gone as soon as they have landed or were refused.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::config::Config;
use crate::store::RunId;

/// The folder of one run.
pub(super) struct Spool {
    folder: PathBuf,
    /// Held while the run lives: whoever can take it knows that the run is over.
    lock: (PathBuf, File),
    next: AtomicUsize,
}

/// Pages that land together.
pub(super) struct Batch {
    folder: PathBuf,
    // The folder of the run stays while a batch is in it.
    _spool: Arc<Spool>,
}

impl Spool {
    /// Makes the folder of a run, and removes those of runs that died.
    ///
    /// # Errors
    /// Store, when the disk refuses.
    pub(super) fn open(config: &Config, run_id: &RunId) -> Result<Self> {
        let private = &config.project.private;
        let local = private.strip_prefix("file://").unwrap_or(private);
        let beside = if local.contains("://") { "private" } else { local.trim_end_matches('/') };
        let root = config.root.join(format!("{beside}-spool"));
        let failed = || format!("{}: pages cannot be kept on their way", root.display());
        make(&root).context(ErrorKind::Store, failed())?;
        sweep(&root).context(ErrorKind::Store, failed())?;
        let at = root.join(format!("{run_id}.lock"));
        let lock = private_file(&at).and_then(|file| file.lock().map(|()| file)).context(ErrorKind::Store, failed())?;
        let folder = root.join(run_id.to_string());
        make(&folder).context(ErrorKind::Store, failed())?;
        Ok(Self { folder, lock: (at, lock), next: AtomicUsize::new(0) })
    }

    /// A place for pages that land together.
    ///
    /// # Errors
    /// Store, when the disk refuses.
    pub(super) fn batch(self: &Arc<Self>) -> Result<Batch> {
        let folder = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        make(&folder).context(ErrorKind::Store, format!("{}: cannot be made", folder.display()))?;
        Ok(Batch { folder, _spool: Arc::clone(self) })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // What stays behind, the next run removes.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(&self.lock.0);
    }
}

impl Batch {
    /// Where its streams are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a page; `path` is below the batch, of words that the caller knows to be names.
    ///
    /// # Errors
    /// Store, when the disk refuses.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let at = self.folder.join(path);
        let write = || {
            make(at.parent().unwrap_or(&self.folder))?;
            private_file(&at)?.write_all(bytes)
        };
        write().context(ErrorKind::Store, format!("{}: cannot be written", at.display()))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders of runs that are over: their locks can be taken.
fn sweep(root: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(root)? {
        let at = entry?.path();
        if at.extension().is_none_or(|ending| ending != "lock") {
            continue;
        }
        // Another run may sweep at the same time.
        let Ok(lock) = File::open(&at) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(at.with_extension(""));
            let _ = fs::remove_file(&at);
        }
    }
    Ok(())
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(at: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Clock;

    fn config(folder: &Path) -> Config {
        let text = "name = \"t\"\nreporting_currency = \"EUR\"\nprivate = \"secret/map/\"\n";
        fs::write(folder.join("seatledger.toml"), text).unwrap();
        crate::config::load(folder).unwrap()
    }

    #[test]
    fn pages_are_private_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let spool = Arc::new(Spool::open(&config, &RunId::new(Clock::System)).unwrap());
        let batch = spool.batch().unwrap();
        batch.write("users/2026-11-20/active/page-000001.json", b"[]").unwrap();
        let root = folder.path().join("secret/map-spool");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&root), mode(batch.folder())), (0o700, 0o700));
            assert_eq!(mode(&batch.folder().join("users/2026-11-20/active/page-000001.json")), 0o600);
        }
        // One that lives is left alone, one that died is removed.
        let dead = root.join("01DEAD");
        fs::create_dir_all(dead.join("0/users")).unwrap();
        fs::write(root.join("01DEAD.lock"), "").unwrap();
        drop(Spool::open(&config, &RunId::new(Clock::System)).unwrap());
        assert!(!dead.exists() && batch.folder().join("users").exists());
        drop(spool);
        drop(batch);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}
