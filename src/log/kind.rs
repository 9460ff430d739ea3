//! What an entry tells of.

/// Writes the enum, the list of all kinds and their names from one table, so that none can be forgotten.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What an entry tells of; text in the column `type`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntryKind {
            $($(#[$doc])* $kind,)*
        }

        impl EntryKind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The text in the column `type`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A run evaluated the policies: counts and the hash of the file, not an entry a row.
    EvaluationCompleted = "evaluation.completed",
    /// A seat became a candidate.
    CandidateOpened = "candidate.opened",
    /// A candidate is none any more.
    CandidateWithdrawn = "candidate.withdrawn",
    /// Nobody answered in time, and that is the answer.
    CandidateExpired = "candidate.expired",
    /// An action that did not hold: its candidate asks again.
    CandidateReopened = "candidate.reopened",
    /// Somebody was asked or told.
    NotifySent = "notify.sent",
    /// The owner of the decision agreed.
    DecisionAccept = "decision.accept",
    /// The owner of the decision refused; his words are a commitment.
    DecisionDeny = "decision.deny",
    /// The user of the seat confirmed that it is needed.
    DecisionSelfConfirm = "decision.self_confirm",
    /// An answer that came after another one had settled the step: kept, and without effect.
    DecisionLate = "decision.late",
    /// A question went to the next person.
    EscalationStep = "escalation.step",
    /// A second person approved.
    CheckerApprove = "checker.approve",
    /// A second person rejected.
    CheckerReject = "checker.reject",
    /// A hold begins.
    HoldSet = "hold.set",
    /// A hold was taken back before its end.
    HoldReleased = "hold.released",
    /// A hold reached its end.
    HoldExpired = "hold.expired",
    /// An exception begins.
    ExceptionSet = "exception.set",
    /// An exception was taken back before its end.
    ExceptionReleased = "exception.released",
    /// An exception reached its end.
    ExceptionExpired = "exception.expired",
    /// A policy version took effect.
    PolicyActivated = "policy.activated",
    /// Somebody let a run pass a limit once.
    ThresholdOverridden = "threshold.overridden",
    /// A limit held a whole batch.
    BreakerTripped = "breaker.tripped",
    /// A held batch was let go.
    BreakerReleased = "breaker.released",
    /// The kill switch was set.
    StopSet = "stop.set",
    /// The kill switch was cleared.
    StopCleared = "stop.cleared",
    /// An action was sent out.
    ExportCreated = "export.created",
    /// Whoever carries actions out says that one is done.
    OutcomeExecuted = "outcome.executed",
    /// The effect of an action was seen at its source.
    OutcomeVerified = "outcome.verified",
    /// An action could not be carried out.
    OutcomeFailed = "outcome.failed",
    /// An action was undone.
    OutcomeRolledBack = "outcome.rolled_back",
    /// A snapshot was sealed.
    SnapshotPublished = "snapshot.published",
    /// Files that nothing names were removed.
    GcExecuted = "gc.executed",
    /// A person was erased: key, legal basis and approver, never the person.
    ErasureExecuted = "erasure.executed",
    /// A legal hold begins.
    LegalHoldSet = "legal_hold.set",
    /// A legal hold ends.
    LegalHoldReleased = "legal_hold.released",
    /// A signing key took over from another.
    KeyRotated = "key.rotated",
    /// Somebody read detail of a person.
    AccessRead = "access.read",
}

impl EntryKind {
    /// The kind of a text in the column `type`, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

impl std::fmt::Display for EntryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_its_name() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(EntryKind::parse("decision.ACCEPT"), None);
    }
}
