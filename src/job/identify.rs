//! Looks up whom a key stands for: the one way from evidence back to a person, and every use of it is on record.

use super::Job;
use crate::base::Result;
use crate::identity::Name;

impl Job {
    /// The names a key stands for. That somebody asked, and what they said to it, goes on record before the answer,
    /// whatever it is.
    ///
    /// # Errors
    /// A store error.
    pub async fn identify(&self, key: &str, reason: &str, note: Option<&str>) -> Result<Vec<Name>> {
        self.put_access_on_record("identity_map", reason, Some(key), note).await?;
        Ok(self.identity().await?.names(key))
    }
}
