//! Hashes files in streams, side by side: as fast as the disk and the processor allow, in a few MB of memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::iter::{ParallelBridge, ParallelIterator};
use sha2::{Digest, Sha256};

use crate::store::hex;

/// Read at once.
const BLOCK: usize = 1 << 20;

/// What was read of a file.
pub(super) struct Hashed {
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// Hashes files below a folder. A link is not followed.
pub(super) fn files<'a>(
    root: &Path,
    paths: impl Iterator<Item = &'a String>,
) -> Vec<(&'a String, std::io::Result<Hashed>)> {
    let size = |path: &String| std::fs::symlink_metadata(root.join(path)).map_or(0, |meta| meta.len());
    let mut paths: Vec<_> = paths.map(|path| (size(path), path)).collect();
    // Large ones first, so that no thread ends up alone with one.
    paths.sort_by(|a, b| b.cmp(a));
    let block = || vec![0; BLOCK];
    paths.into_iter().par_bridge().map_init(block, |block, (_, path)| (path, file(&root.join(path), block))).collect()
}

fn file(path: &Path, block: &mut [u8]) -> std::io::Result<Hashed> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    loop {
        let read = match file.read(block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(&block[..read]);
        bytes += read as u64;
    }
    Ok(Hashed { sha256: hex(&hash.finalize()), bytes })
}
