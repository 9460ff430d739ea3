//! Syslog (RFC 5424) over TCP or TLS (RFC 5425): each message after its length, so that nothing in it can end it. TCP tells
//! that the other side's machine has the bytes, not that its collector kept them.

use std::time::Duration;

use async_trait::async_trait;
use chrono::SecondsFormat;
use tokio::io::AsyncWriteExt;

use super::{Speaker, Transport, event};
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::config;
use crate::http::connect;
use crate::log::Entry;

/// Facility local0, severity informational: 16 x 8 + 6.
const PRIORITY: u32 = 134;
/// The time one step may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector.
pub struct Syslog {
    options: config::Syslog,
}

impl Syslog {
    /// The collector of the options.
    pub fn new(options: config::Syslog) -> Self {
        Self { options }
    }

    /// One message.
    pub fn message(&self, entry: &Entry, speaker: &Speaker) -> String {
        let at = entry.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let data = [
            ("uid", entry.entry_hash.as_str()),
            ("seq", &entry.seq.to_string()),
            ("type", entry.kind.as_str()),
            ("app", entry.app_id.as_deref().unwrap_or_default()),
        ];
        let data: String = data
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!(" {name}=\"{}\"", escaped(value)))
            .collect();
        let host = header(&speaker.tenant, 255);
        let kind = header(entry.kind.as_str(), 32);
        let (enterprise, event) = (self.options.enterprise, event(entry, speaker));
        // The byte order mark says that the text is UTF-8.
        format!("<{PRIORITY}>1 {at} {host} seatledger - {kind} [seatledger@{enterprise}{data}] \u{feff}{event}")
    }
}

#[async_trait]
impl Transport for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    async fn hand_over(&mut self, entries: &[Entry], speaker: &Speaker) -> Result<()> {
        let mut bytes = Vec::new();
        for entry in entries {
            let message = self.message(entry, speaker);
            bytes.extend_from_slice(format!("{} {message}", message.len()).as_bytes());
        }
        let mut wire = connect(&self.options.wire, self.options.private_network, PATIENCE).await?;
        let write = async {
            wire.write_all(&bytes).await?;
            wire.flush().await?;
            // Says good-bye, so that what is on its way is not lost with the connection.
            wire.shutdown().await
        };
        let what = || format!("{}:{}: the connection broke", self.options.wire.host, self.options.wire.port);
        tokio::time::timeout(PATIENCE, write)
            .await
            .context(ErrorKind::Source, what())?
            .context(ErrorKind::Source, what())
    }
}

/// A field of the header: printable ASCII, not long, never empty.
fn header(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(most).collect();
    if plain.is_empty() { "-".to_owned() } else { plain }
}

/// A value of structured data.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars().filter(|c| !crate::base::text::is_invisible(*c)) {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
