//! The decision log for who watches: every entry as one OCSF event, over a file, Splunk's collector or syslog. The log
//! holds keys and commitments in place of names and words, so nothing else can leave here.

mod file;
mod ocsf;
mod splunk;
mod syslog;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use file::File;
pub use ocsf::{OCSF_VERSION, event};
pub use splunk::Splunk;
pub use syslog::Syslog;

use crate::base::{Error, Result};
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
