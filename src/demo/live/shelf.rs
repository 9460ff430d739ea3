//! What the APIs tell: the extracts that were not dropped, record by record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;

use crate::base::error::Context;
use crate::base::{Error, ErrorKind, Result};

/// Records as they lie in their files.
pub(super) type Records = Arc<Vec<Box<RawValue>>>;

/// A folder of extracts.
pub(super) struct Shelf {
    root: PathBuf,
    /// Lists that were asked for, by folder: each is asked for page by page.
    lists: Mutex<BTreeMap<String, Records>>,
    /// The file of lines that was asked for last.
    lines: Mutex<Option<(PathBuf, Arc<Vec<String>>)>>,
}

/// A place in lines that go on from file to file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    pub file: usize,
    pub line: usize,
}

impl Shelf {
    /// What lies in this folder.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, lists: Mutex::default(), lines: Mutex::default() }
    }

    /// The records of all JSON pages below a folder; a folder that is not there has none.
    pub(super) fn records(&self, folder: &str) -> Result<Records> {
        if let Some(found) = self.lists.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Ok(Arc::clone(found));
        }
        let mut records = Vec::new();
        for file in self.files(folder)? {
            let text = text(&file)?;
            records.extend(split(&text).context(ErrorKind::Internal, file.display().to_string())?);
        }
        let records = Arc::new(records);
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(lists.entry(folder.to_owned()).or_insert(records)))
    }

    /// The first file in a folder whose name begins so.
    pub(super) fn file(&self, folder: &str, name: &str) -> Result<Option<PathBuf>> {
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|found| found.to_string_lossy().starts_with(name));
        Ok(self.files(folder)?.into_iter().find(is_it))
    }

    /// At most so many of the lines below a folder from a place on, those that are wanted, and the place after them.
    /// They are of one file: who wants more asks again. None are left when there are none.
    pub(super) fn lines(
        &self,
        folder: &str,
        from: At,
        most: usize,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<(Vec<String>, At)> {
        let (files, mut at, mut taken) = (self.files(folder)?, from, Vec::new());
        while let Some(file) = files.get(at.file)
            && taken.is_empty()
        {
            let lines = self.lines_of(file)?;
            while at.line < lines.len() && taken.len() < most {
                taken.extend(lines.get(at.line).filter(|line| is_wanted(line)).cloned());
                at.line += 1;
            }
            // At the end of the newest file a place stays: there will be more lines.
            if at.line == lines.len() && at.file + 1 < files.len() {
                at = At { file: at.file + 1, line: 0 };
            } else if at.line == lines.len() {
                break;
            }
        }
        Ok((taken, at))
    }

    fn lines_of(&self, file: &Path) -> Result<Arc<Vec<String>>> {
        let mut held = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, lines)) = held.as_ref()
            && of == file
        {
            return Ok(Arc::clone(lines));
        }
        let lines = Arc::new(text(file)?.lines().map(str::to_owned).collect());
        *held = Some((file.to_owned(), Arc::clone(&lines)));
        Ok(lines)
    }

    /// The files below a folder, in the order in which they were numbered.
    fn files(&self, folder: &str) -> Result<Vec<PathBuf>> {
        let (mut open, mut files) = (vec![self.root.join(folder)], Vec::new());
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry.context(ErrorKind::Internal, folder.display().to_string())?.path();
                if path.is_dir() { open.push(path) } else { files.push(path) }
            }
        }
        // `page-10` comes after `page-9`; days and parts have names of one length.
        files.sort_by_key(|path| (path.parent().map(Path::to_owned), path.as_os_str().len(), path.clone()));
        Ok(files)
    }
}

/// The text of a file, packed as its name says.
pub(super) fn text(file: &Path) -> Result<String> {
    let doing = || format!("cannot read {}", file.display());
    let bytes = std::fs::read(file).context(ErrorKind::Internal, doing())?;
    let bytes = match file.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => {
            let mut text = Vec::new();
            let mut packed = flate2::read::GzDecoder::new(&*bytes);
            std::io::Read::read_to_end(&mut packed, &mut text).context(ErrorKind::Internal, doing())?;
            text
        }
        Some("zst") => zstd::decode_all(&*bytes).context(ErrorKind::Internal, doing())?,
        _ => bytes,
    };
    String::from_utf8(bytes).context(ErrorKind::Internal, doing())
}

/// The records of a page: it is a list, or an object that has one.
fn split(text: &str) -> Result<Vec<Box<RawValue>>> {
    let list = match text.trim_start().starts_with('[') {
        true => return serde_json::from_str(text).context(ErrorKind::Internal, "a page"),
        false => {
            serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text).context(ErrorKind::Internal, "a page")?
        }
    };
    let list = list.values().find(|value| value.get().starts_with('['));
    let list = list.ok_or_else(|| Error::internal("a page without a list"))?;
    serde_json::from_str(list.get()).context(ErrorKind::Internal, "a page")
}
