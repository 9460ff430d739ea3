//! The decision log for who watches: every entry as one OCSF event, over a file, Splunk's collector or syslog. The log
//! holds keys and commitments in place of names and words, so nothing else can leave here.

mod file;
mod ocsf;
mod splunk;
mod syslog;
#[cfg(test)]
mod tests;

use std::path::Path;

use async_trait::async_trait;

pub use file::File;
pub use ocsf::{OCSF_VERSION, event};
pub use splunk::Splunk;
pub use syslog::Syslog;

use crate::base::{Error, Result};
use crate::config;
use crate::http::{Client, Limits, Secret};
use crate::log::Entry;

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The project's name.
    pub tenant: String,
    /// The program's version.
    pub release: String,
}

/// Entries that go out in one piece.
const AT_ONCE: usize = 200;

/// A way to who watches.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Its name, under which a cursor is kept.
    fn name(&self) -> &'static str;

    /// Hands entries over, in their order, whole or not at all as far as anybody can tell.
    ///
    /// # Errors
    /// Source or Store, when they may not have arrived.
    async fn hand_over(&mut self, entries: &[Entry], speaker: &Speaker) -> Result<()>;
}

/// The transports that a project names, each with a cursor of its own under its name. `root` is the folder of the project,
/// `channel` any GUID: acknowledgements of Splunk are asked for under it.
///
/// # Errors
/// Config, when a secret cannot be fetched or a server may not be reached.
pub fn open(options: &config::Siem, root: &Path, channel: &str) -> Result<Vec<Box<dyn Transport>>> {
    let mut transports: Vec<Box<dyn Transport>> = Vec::new();
    if let Some(path) = &options.file {
        transports.push(Box::new(File::new(root.join(path))));
    }
    if let Some(options) = &options.splunk {
        let auth = Splunk::auth(Secret::fetch(&options.server.secret, root)?);
        let client = Client::new(&options.server.url, options.server.private_network, &auth, Limits::default())?;
        transports.push(Box::new(Splunk::new(client, options.clone(), channel)));
    }
    if let Some(options) = &options.syslog {
        transports.push(Box::new(Syslog::new(options.clone())));
    }
    Ok(transports)
}

/// How far a transport came.
#[derive(Debug)]
pub struct Sent {
    /// The number of the last entry that arrived, to go on after: the cursor. None: as before.
    pub last_seq: Option<u64>,
    /// What stopped it.
    pub stopped: Option<Error>,
}

/// Sends entries that were not sent yet, oldest first. Whatever arrived twice has the same `metadata.uid` both times:
/// at least once, and told apart.
pub async fn send(transport: &mut dyn Transport, entries: &[Entry], speaker: &Speaker) -> Sent {
    let mut last_seq = None;
    for piece in entries.chunks(AT_ONCE) {
        if let Err(error) = transport.hand_over(piece, speaker).await {
            return Sent { last_seq, stopped: Some(error.at(transport.name())) };
        }
        last_seq = piece.last().map(|entry| entry.seq);
    }
    Sent { last_seq, stopped: None }
}
