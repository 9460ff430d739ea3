//! Who may decide: people by the keys that stand for them, and the ladder of those who are asked.

/// Somebody, by the key that the log has of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// The key.
    pub key: String,
    /// Whether HR knows the person: two addresses alone can be one human.
    pub is_known: bool,
}

/// One step of the ladder: who is asked after those before did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// 0 the approver, 1 their manager, 2 once more, 3 the owner of the app.
    pub step: u32,
    /// Who.
    pub who: Who,
    /// Where they are asked.
    pub address: Option<String>,
}
