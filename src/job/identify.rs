//! Looks up whom a key stands for: the one way from evidence back to a person, and every use of it is on record.

use serde_json::json;

use super::Job;
use crate::base::Result;
use crate::identity::Name;
use crate::log::{EntryKind, NewEntry};
use crate::store::RunId;

impl Job {
    /// The names a key stands for. That somebody asked goes on record before the answer, whatever it is.
    ///
    /// # Errors
    /// A store error.
    pub async fn identify(&self, key: &str, reason: &str) -> Result<Vec<Name>> {
        let identity = self.identity().await?;
        let (actor, run_id) = (self.actor(&identity)?, RunId::new(self.clock));
        identity.commit(&run_id, &self.config.sha256).await?;
        let detail = json!({ "table": "identity_map", "reason": reason });
        let entry = NewEntry {
            subject_key: Some(key.to_owned()),
            ..NewEntry::new(self.clock.now(), EntryKind::AccessRead, actor, detail)
        };
        self.append_entry(entry, &format!("identify {run_id}"), &run_id).await?;
        Ok(identity.names(key))
    }
}
