//! Events as JSON lines in a file that a collector follows.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use async_trait::async_trait;

use super::{Speaker, Transport, event};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::log::Entry;

/// A file that grows.
#[derive(Debug, Clone)]
pub struct File {
    path: PathBuf,
}

impl File {
    /// Appends to a file; it and its folder are made when the first event comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl Transport for File {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn hand_over(&mut self, entries: &[Entry], speaker: &Speaker) -> Result<()> {
        let lines: String = entries.iter().map(|entry| format!("{}\n", event(entry, speaker))).collect();
        let write = || {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
            // A line that was cut short by the last crash ends here: what follows is a line of its own.
            if !ends_with_line(&self.path)? {
                file.write_all(b"\n")?;
            }
            file.write_all(lines.as_bytes())?;
            file.sync_data()
        };
        write().context(ErrorKind::Store, format!("{}: cannot be written", self.path.display()))
    }
}

fn ends_with_line(path: &std::path::Path) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
