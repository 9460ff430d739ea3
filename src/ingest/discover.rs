//! Which files there are: below `<from>/<stream>/`, in a folder or a bucket, each of the day its path names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chrono::NaiveDate;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use serde::Deserialize;
use tokio::runtime::Handle;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};
use crate::config::{Config, Source, store_options};
use crate::store::Store;

/// The file that says what a landing should hold.
const CONTROL: &str = "_control.json";

/// Where the extracts of one source are.
pub(super) enum Place {
    /// None are dropped.
    Nowhere,
    Folder(PathBuf),
    Bucket(Store),
}

/// One file below a stream's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its path below the stream's folder, with `/`.
    pub path: String,
    pub extract_date: Option<NaiveDate>,
}

/// What lies beside the pages of a landing: how much there should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Control {
    /// Records in all pages.
    pub rows: Option<u64>,
    /// Files.
    pub pages: Option<u64>,
    /// The first day covered.
    pub from: Option<NaiveDate>,
    /// Days, half-open, that the source does not hold.
    #[serde(default)]
    pub holes: Vec<(NaiveDate, NaiveDate)>,
}

/// The files of one stream: those with rows, and the paths of control files by day.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub files: Vec<Found>,
    pub controls: BTreeMap<Option<NaiveDate>, String>,
}

impl Place {
    pub(super) fn of(config: &Config, source: &Source) -> Result<Self> {
        let Some(from) = &source.from else { return Ok(Self::Nowhere) };
        if let Some(path) = from.strip_prefix("file://") {
            return Ok(Self::Folder(PathBuf::from(path)));
        }
        if from.contains("://") {
            return Ok(Self::Bucket(Store::open_with(from, &config.root, store_options())?));
        }
        Ok(Self::Folder(config.root.join(from)))
    }

    /// Lists the files of a stream in the order in which a person numbers pages.
    ///
    /// # Errors
    /// Source, when the folder or bucket cannot be listed; a folder that is not there has no files.
    pub(super) async fn list(&self, stream: &str, default_date: Option<NaiveDate>) -> Result<Listing> {
        let mut paths = match self {
            Self::Nowhere => Vec::new(),
            Self::Folder(folder) => {
                let (root, mut paths) = (folder.join(stream), Vec::new());
                walk(&root, &root, &mut paths).context(ErrorKind::Source, format!("cannot list {}", root.display()))?;
                paths
            }
            Self::Bucket(bucket) => {
                let prefix = object_store::path::Path::from(stream);
                let objects = bucket.object_store();
                let listed: Vec<_> = objects
                    .list(Some(&prefix))
                    .try_collect()
                    .await
                    .context(ErrorKind::Source, format!("cannot list {}/{stream}", bucket.name()))?;
                let below = |o: object_store::ObjectMeta| {
                    Some(o.location.as_ref().strip_prefix(stream)?.trim_start_matches('/').to_owned())
                };
                listed.into_iter().filter_map(below).collect()
            }
        };
        paths.sort_by_cached_key(|path| natural(path));
        let mut listing = Listing::default();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(&path);
            let extract_date = date_in(&path).or(default_date);
            if name == CONTROL {
                listing.controls.insert(extract_date, path);
            } else if !name.starts_with(['.', '_']) && !name.ends_with(".part") && !name.ends_with(".tmp") {
                listing.files.push(Found { path, extract_date });
            }
        }
        Ok(listing)
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// Source, when it cannot be read.
    pub(super) async fn read(&self, stream: &str, path: &str) -> Result<bytes::Bytes> {
        match self {
            Self::Nowhere => Err(nowhere(path)),
            Self::Folder(folder) => {
                let file = folder.join(stream).join(path);
                let bytes =
                    std::fs::read(&file).context(ErrorKind::Source, format!("cannot read {}", file.display()))?;
                Ok(bytes.into())
            }
            Self::Bucket(bucket) => {
                let (at, unreadable) = in_bucket(bucket, stream, path)?;
                let found = bucket.object_store().get(&at).await.context(ErrorKind::Source, unreadable.clone())?;
                found.bytes().await.context(ErrorKind::Source, unreadable)
            }
        }
    }

    /// How many bytes a file has.
    ///
    /// # Errors
    /// Source, when it cannot be asked.
    pub(super) async fn size(&self, stream: &str, path: &str) -> Result<u64> {
        match self {
            Self::Nowhere => Err(nowhere(path)),
            Self::Folder(folder) => {
                let file = folder.join(stream).join(path);
                let found = std::fs::metadata(&file);
                Ok(found.context(ErrorKind::Source, format!("cannot read {}", file.display()))?.len())
            }
            Self::Bucket(bucket) => {
                let (at, unreadable) = in_bucket(bucket, stream, path)?;
                Ok(bucket.object_store().head(&at).await.context(ErrorKind::Source, unreadable)?.size)
            }
        }
    }

    /// A file, to be read piece by piece on a thread that runs no task.
    ///
    /// # Errors
    /// Source, when it cannot be opened.
    pub(super) fn open(&self, runtime: &Handle, stream: &str, path: &str) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Nowhere => Err(nowhere(path)),
            Self::Folder(folder) => {
                let file = folder.join(stream).join(path);
                let opened = std::fs::File::open(&file);
                Ok(Box::new(opened.context(ErrorKind::Source, format!("cannot read {}", file.display()))?))
            }
            Self::Bucket(bucket) => {
                let (at, unreadable) = in_bucket(bucket, stream, path)?;
                let found = runtime.block_on(bucket.object_store().get(&at)).context(ErrorKind::Source, unreadable)?;
                Ok(Box::new(Download { runtime: runtime.clone(), pieces: found.into_stream(), piece: Bytes::new() }))
            }
        }
    }

    /// What a control file says.
    ///
    /// # Errors
    /// Data, when it is not understood.
    pub(super) async fn control(&self, stream: &str, path: Option<&String>) -> Result<Control> {
        let Some(path) = path else { return Ok(Control::default()) };
        let bytes = self.read(stream, path).await?;
        serde_json::from_slice(&bytes).context(
            ErrorKind::Data,
            format!("{stream}/{path} is not understood: write {{\"rows\": 120, \"pages\": 2}}"),
        )
    }
}

fn nowhere(path: &str) -> Error {
    Error::internal(format!("{path}: is nowhere"))
}

fn in_bucket(bucket: &Store, stream: &str, path: &str) -> Result<(object_store::path::Path, String)> {
    let at = object_store::path::Path::parse(format!("{stream}/{path}"))
        .context(ErrorKind::Source, format!("{path} is no path"))?;
    let unreadable = format!("cannot read {at} of {}", bucket.name());
    Ok((at, unreadable))
}

/// An object of a bucket as it arrives.
struct Download {
    runtime: Handle,
    pieces: BoxStream<'static, object_store::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Download {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => self.piece = piece.map_err(std::io::Error::other)?,
                None => return Ok(0),
            }
        }
        let piece = self.piece.split_to(into.len().min(self.piece.len()));
        into[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, paths)?;
        } else if let Ok(below) = path.strip_prefix(root) {
            paths.push(below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
        }
    }
    Ok(())
}

/// Digits compare as numbers: `page-2` before `page-10`.
fn natural(path: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest[text..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| text + n);
        parts.push((0, rest[..text].to_owned()));
        parts.push((rest[text..digits].parse().unwrap_or(u64::MAX), rest[text..digits].to_owned()));
        rest = &rest[digits..];
    }
    parts
}

/// The first `YYYY-MM-DD` or `YYYYMMDD` of a path that is a day.
fn date_in(path: &str) -> Option<NaiveDate> {
    let is_digit = |i: usize| path.as_bytes().get(i).is_some_and(u8::is_ascii_digit);
    let starts = (0..path.len()).filter(|i| is_digit(*i) && (*i == 0 || !is_digit(i - 1)));
    let mut days = starts.filter_map(|i| {
        let day = |len: usize, format: &str| {
            let day = NaiveDate::parse_from_str(path.get(i..i + len)?, format).ok()?;
            (!is_digit(i + len)).then_some(day)
        };
        day(10, "%Y-%m-%d").or_else(|| day(8, "%Y%m%d"))
    });
    days.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_file_is_the_first_in_its_path() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20);
        for path in [
            "2026-11-20/page-1.json.gz",
            "users_2026-11-20.csv",
            "20261120/a",
            "a/x-20261120T0500.csv",
            "99/2026-11-20/2025-01-01.csv",
        ] {
            assert_eq!(date_in(path), day, "{path}");
        }
        for path in ["users.csv", "2026-13-40.csv", "1202611201.csv", "id-00000000.csv"] {
            assert_eq!(date_in(path), None, "{path}");
        }
    }

    #[test]
    fn pages_sort_as_people_number_them() {
        let mut paths = ["d/page-10.json", "d/page-9.json", "d/page-1.json", "c/page-11.json"];
        paths.sort_by_cached_key(|path| natural(path));
        assert_eq!(paths, ["c/page-11.json", "d/page-1.json", "d/page-9.json", "d/page-10.json"]);
    }
}
