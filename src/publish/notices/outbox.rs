//! The post without a server: a folder of `.eml` files that any mail program opens and any relay takes.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use async_trait::async_trait;

use super::{Message, Post};
use crate::base::ErrorKind;
use crate::base::Result;
use crate::base::error::Context;

/// A folder of messages.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// Writes into a folder; it is made when the first message comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn write(&self, message: &Message) -> Result<()> {
        // The id has no character that a file name must not have but the part after the `@`, which is the same for all.
        let name = message.id.split('@').next().unwrap_or_default();
        let (path, partial) = (self.folder.join(format!("{name}.eml")), self.folder.join(format!("{name}.part")));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // The links in it are for one reader.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::fs::create_dir_all(&self.folder)
            .and_then(|()| options.open(&partial)?.write_all(&message.bytes))
            .and_then(|()| std::fs::rename(&partial, &path))
            .context(ErrorKind::Store, format!("{}: cannot be written", path.display()))
    }
}

#[async_trait]
impl Post for Outbox {
    fn channel(&self) -> &'static str {
        "eml"
    }

    async fn send(&self, messages: &[Message]) -> Vec<Result<()>> {
        messages.iter().map(|message| self.write(message)).collect()
    }
}
