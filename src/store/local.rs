//! Put-if-absent that survives a power cut, on a local disk: `object_store` syncs neither files nor directories.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::commit::random;

/// A staged file older than this belongs to a writer that died.
const STAGED_FOR_AT_MOST: Duration = Duration::from_secs(3600);

/// Creates `path` with these bytes, all or nothing, and returns once they are on the disk.
///
/// # Errors
/// `AlreadyExists` when the path is taken; nothing is changed then.
pub(super) fn create(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(root);
    let is_new_folder = !folder.exists();
    fs::create_dir_all(folder)?;
    let staged = staged(path);
    let linked = write_synced(&staged, bytes).and_then(|()| fs::hard_link(&staged, path));
    let _ = fs::remove_file(&staged);
    linked?;
    let levels = if is_new_folder { usize::MAX } else { 1 };
    folder.ancestors().take_while(|a| a.starts_with(root)).take(levels).try_for_each(|a| File::open(a)?.sync_all())
}

/// Removes what writers that died before `now` left behind below `folder`; counts them.
///
/// # Errors
/// Whatever the file system answers, except that a file went away meanwhile.
pub(super) fn sweep(folder: &Path, now: SystemTime) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            swept += sweep(&entry.path(), now)?;
        } else if is_staged(&entry.file_name().to_string_lossy()) {
            // A living writer takes its file away meanwhile.
            let Ok(modified) = entry.metadata().and_then(|m| m.modified()) else { continue };
            if now.duration_since(modified).is_ok_and(|age| age > STAGED_FOR_AT_MOST) {
                ignore_missing(fs::remove_file(entry.path()))?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

/// The files that [`sweep`] would look at, by their path below `root` with `/`, and when each was written.
///
/// # Errors
/// Whatever the file system answers, except that a file went away meanwhile.
pub(super) fn leftovers(root: &Path) -> io::Result<Vec<(String, SystemTime)>> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if is_staged(&entry.file_name().to_string_lossy())
                && let Ok(modified) = entry.metadata().and_then(|m| m.modified())
                && let Ok(below) = entry.path().strip_prefix(root)
            {
                found.push((below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"), modified));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `name#N`: the form that `LocalFileSystem::list` hides.
fn staged(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("#{}", random()));
    name.into()
}

fn is_staged(name: &str) -> bool {
    name.split_once('#').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_created_once_and_leftovers_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.json");
        create(dir.path(), &path, b"one").unwrap();
        assert_eq!(create(dir.path(), &path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no staged file stays");

        fs::write(dir.path().join("a/d.parquet#17"), b"half").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(sweep(dir.path(), written).unwrap(), 0, "a living writer keeps its file");
        assert_eq!(sweep(dir.path(), written + Duration::from_secs(7200)).unwrap(), 1);
        assert!(path.exists());
    }
}
