//! Splunk's HTTP Event Collector: events one after the other in one body; where it is asked to, it waits until the
//! indexers say that they have them.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Speaker, Transport, event};
use crate::base::{Error, ErrorKind, Result};
use crate::config;
use crate::http::{Auth, Call, Client, Response, Secret};
use crate::log::Entry;

/// Times the indexers are asked, and the wait before each.
const ASKED: u32 = 30;

/// The collector behind a token.
pub struct Splunk {
    client: Client,
    options: config::Splunk,
    /// Names the channel of acknowledgements; any GUID.
    channel: String,
    pause: Duration,
}

impl Splunk {
    /// How a client of a collector proves who it is.
    pub fn auth(secret: Secret) -> Auth {
        Auth::Token("Splunk", secret)
    }

    /// The collector behind a client. `channel` is a GUID of the caller's.
    pub fn new(client: Client, options: config::Splunk, channel: &str) -> Self {
        let pause = client.limits().first_wait * 4;
        Self { client, options, channel: channel.to_owned(), pause }
    }

    async fn wait_for(&self, ack: u64) -> Result<()> {
        for _ in 0..ASKED {
            tokio::time::sleep(self.pause).await;
            let call = Call::post(&["services", "collector", "ack"])
                .query("channel", self.channel.clone())
                .json(&json!({ "acks": [ack] }))?
                .repeatable();
            let response = self.client.send(&call).await?;
            if !response.is_success() {
                return Err(refusal(&response));
            }
            let said: Value = response.json()?;
            if said["acks"][ack.to_string()] == true {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Source, "the indexers did not say that they have the events: they are sent again"))
    }
}

#[async_trait]
impl Transport for Splunk {
    fn name(&self) -> &'static str {
        "splunk"
    }

    async fn hand_over(&mut self, entries: &[Entry], speaker: &Speaker) -> Result<()> {
        let mut body = Vec::new();
        for entry in entries {
            let (seconds, millis) = (entry.at.timestamp(), entry.at.timestamp_subsec_millis());
            let mut wrapped = json!({
                // A number with a fraction would go through a float: the collector takes text as well.
                "time": format!("{seconds}.{millis:03}"),
                "source": "seatledger",
                "sourcetype": "ocsf:json",
                "event": event(entry, speaker),
                "fields": { "entry_hash": entry.entry_hash },
            });
            if let (Some(index), Some(wrapped)) = (&self.options.index, wrapped.as_object_mut()) {
                wrapped.insert("index".to_owned(), index.as_str().into());
            }
            body.extend_from_slice(wrapped.to_string().as_bytes());
            body.push(b'\n');
        }
        // Twice is better than never: the receiver tells by the hash of the entry.
        let mut call = Call::post(&["services", "collector", "event"]).body("application/json", body).repeatable();
        if self.options.ack {
            call = call.header("X-Splunk-Request-Channel", self.channel.clone());
        }
        let response = self.client.send(&call).await?;
        let said: Value = response.json().unwrap_or_default();
        if !response.is_success() || said["code"].as_i64() != Some(0) {
            return Err(refusal(&response));
        }
        match said["ackId"].as_u64() {
            Some(ack) if self.options.ack => self.wait_for(ack).await,
            None if self.options.ack => Err(Error::new(
                ErrorKind::Config,
                "the token gives no acknowledgements: turn them on, or say ack = false",
            )),
            _ => Ok(()),
        }
    }
}

/// The error of a refusal, with the text that the API documents.
fn refusal(response: &Response) -> Error {
    let said: Option<Value> = response.json().ok();
    response.refused(said.as_ref().and_then(|said| said["text"].as_str()))
}
