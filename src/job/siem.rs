//! The decision log handed to who watches it. How far a transport came is a record of a chain of its own: whoever dies
//! before it is written hands the same entries over again, under the same ids.

use serde::{Deserialize, Serialize};

use super::Job;
use crate::base::error::Context;
use crate::base::{ErrorKind, Result};
use crate::log;
use crate::publish::siem::{self, Speaker, Transport};
use crate::store::{Chain, Draft, Kind, Record, RunId, sha256_hex};

/// What the record of a transport says.
#[derive(Serialize, Deserialize)]
struct Body {
    /// The number of the last entry that arrived.
    last_seq: u64,
}

impl Job {
    /// Hands over what every transport of the project has not had yet; what a transport did not take is said, and waits
    /// for the next time. The log is evidence: neither shadow mode nor the kill switch keeps it from who watches.
    ///
    /// # Errors
    /// A store error; Config when a secret is not where it should be.
    pub(super) async fn hand_over_log(&self, failed: &mut Vec<String>) -> Result<()> {
        let guid = guid(&self.store.id().await?);
        for mut transport in siem::open(&self.config.project.outward.siem, &self.config.root, &guid)? {
            if let Err(error) = self.hand_over(transport.as_mut()).await? {
                failed.push(format!("the decision log could not be handed over: {error}"));
            }
        }
        Ok(())
    }

    async fn hand_over(&self, transport: &mut dyn Transport) -> Result<Result<()>> {
        let chain = Chain::Siem { transport: transport.name().to_owned() };
        let before = self.store.head(&chain).await?;
        let next = before.as_ref().map(last_seq).transpose()?.map_or(0, |last| last + 1);
        let entries = log::entries(&self.store, next).await?;
        let speaker =
            Speaker { tenant: self.config.project.name.clone(), release: env!("CARGO_PKG_VERSION").to_owned() };
        let sent = siem::send(transport, &entries, &speaker).await;
        if let Some(last_seq) = sent.last_seq {
            let run_id = RunId::new(self.clock);
            let draft = Draft {
                commit_id: run_id.to_string(),
                run_id,
                kind: Kind::Append,
                config_sha256: self.config.sha256.clone(),
                extract_date: None,
                reads: [("log".to_owned(), last_seq)].into(),
                files: Vec::new(),
                replaces: Vec::new(),
                body: serde_json::to_value(Body { last_seq }).context(ErrorKind::Internal, "a cursor")?,
            };
            // Another run may have come further meanwhile: then its record stands.
            self.store.commit(&chain, before.as_ref(), draft).await?;
        }
        Ok(sent.stopped.map_or(Ok(()), Err))
    }
}

fn last_seq(record: &Record) -> Result<u64> {
    let unreadable = || format!("record {} of {} does not say how far it came", record.version, record.chain);
    let body: Body = serde_json::from_value(record.body.clone()).context(ErrorKind::Evidence, unreadable())?;
    Ok(body.last_seq)
}

/// A GUID that is always the same for a store.
fn guid(store_id: &str) -> String {
    let hash = sha256_hex(store_id.as_bytes());
    [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]].join("-")
}
