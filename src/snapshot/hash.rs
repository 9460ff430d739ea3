//! Hashes files in streams, side by side: as fast as the disk and the processor allow, in a few MB of memory. What the
//! end of a Parquet file says is read in passing, so that nobody opens it again for that.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::datatypes::SchemaRef;
use rayon::iter::{ParallelBridge, ParallelIterator};
use sha2::{Digest, Sha256};

use crate::store::{hex, parquet};

/// Read at once: little enough to stay near the processor until it is hashed.
const BLOCK: usize = 128 << 10;

/// What was read of a file.
pub(super) struct Hashed {
    pub(super) sha256: String,
    pub(super) bytes: u64,
    /// Columns and rows of a Parquet file whose last block says them.
    pub(super) footer: Option<(SchemaRef, u64)>,
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
    let meta = std::fs::symlink_metadata(path)?;
    if !meta.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    // An odd block first, so that the last is a whole one: a footer is in it.
    let mut next = usize::try_from(meta.len() % BLOCK as u64).ok().filter(|odd| *odd > 0).unwrap_or(BLOCK);
    let (mut file, mut hash, mut bytes, mut last) = (File::open(path)?, Sha256::new(), 0, 0);
    loop {
        let read = match file.read(&mut block[..next]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(&block[..read]);
        bytes += read as u64;
        (last, next) = (read, BLOCK);
    }
    let is_parquet = path.extension().is_some_and(|extension| extension == "parquet");
    // A file made to deceive may trip the reader: whoever needs the footer opens it, and says so.
    let footer = || catch_unwind(AssertUnwindSafe(|| parquet::footer_within(&block[..last]))).ok().flatten();
    Ok(Hashed { sha256: hex(&hash.finalize()), bytes, footer: if is_parquet { footer() } else { None } })
}
