//! Does what a project keeps hold together: its store, its private store, and what one says of the other.

use serde::Serialize;

use super::Job;
use crate::base::Result;
use crate::store::Fsck;

/// A look through both stores of a project.
#[derive(Debug, Serialize)]
pub struct Stores {
    /// The store.
    pub store: Fsck,
    /// The private store: keys and notes.
    pub private: Fsck,
}

impl Job {
    /// Looks through both stores, and whether the private one has what the log commits to.
    ///
    /// # Errors
    /// A store error. What is the matter with files and chains is in the result.
    pub async fn fsck(&self, deep: bool) -> Result<Stores> {
        let (store, private) = (self.store.fsck(deep).await?, self.private.fsck(deep).await?);
        // A log or notes that cannot be read are found already.
        let findings = if store.ok && private.ok { self.check_notes().await? } else { Vec::new() };
        Ok(Stores { store, private: private.with(findings) })
    }
}
