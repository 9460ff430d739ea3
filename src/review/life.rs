//! The life of a candidate: its states, what can happen to it, and one table that says what follows from what.

use std::fmt;

/// Writes an enum, the list of its values and their words from one table.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $value,)+
        }

        impl $name {
            /// Every value there is.
            pub const ALL: &[Self] = &[$(Self::$value,)+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// Where a candidate stands.
    State {
        /// A policy proposes it; nobody was told.
        Open = "open",
        /// Somebody was asked.
        Notified = "notified",
        /// Whoever decides agreed.
        Accepted = "accepted",
        /// Whoever decides refused.
        Denied = "denied",
        /// The seat is kept for a time.
        Held = "held",
        /// Its user needs it.
        SelfConfirmed = "self_confirmed",
        /// Nobody answered, and that means it is kept.
        Expired = "expired",
        /// A second person agreed.
        Approved = "approved",
        /// A second person refused.
        Rejected = "rejected",
        /// The action is out of the house.
        Exported = "exported",
        /// The action was carried out, somebody says.
        Executed = "executed",
        /// The effect was seen at the source.
        Verified = "verified",
        /// The action did not hold: the question is open again.
        Reopened = "reopened",
        /// The action was undone.
        RolledBack = "rolled_back",
        /// What it rested on is no more.
        Withdrawn = "withdrawn",
    }
}

named! {
    /// What can happen to a candidate.
    Event {
        /// A policy proposes it.
        Open = "open",
        /// Somebody is asked, told or reminded.
        Ask = "ask",
        /// The question goes to the next person.
        Escalate = "escalate",
        /// Whoever decides agrees.
        Accept = "accept",
        /// Whoever decides refuses.
        Deny = "deny",
        /// Whoever decides keeps the seat for a time, or for longer.
        Hold = "hold",
        /// The user needs the seat.
        Confirm = "confirm",
        /// Nobody answered.
        Expire = "expire",
        /// A second person agrees.
        Approve = "approve",
        /// A second person refuses.
        Reject = "reject",
        /// The action goes out.
        Export = "export",
        /// The action was carried out.
        Execute = "execute",
        /// Its effect was seen.
        Verify = "verify",
        /// It could not be carried out.
        Fail = "fail",
        /// It did not hold.
        Reopen = "reopen",
        /// It was undone.
        RollBack = "roll_back",
        /// What the candidate rested on is no more.
        Withdraw = "withdraw",
    }
}

impl State {
    /// The state that follows; the one table.
    ///
    /// # Errors
    /// Why nothing does, for a person.
    pub fn after(self, event: Event) -> Result<Self, Refusal> {
        use Event as E;
        use State as S;
        Ok(match (self, event) {
            (S::Withdrawn, E::Open) => S::Open,
            (S::Open | S::Notified, E::Ask) | (S::Notified, E::Escalate) => S::Notified,
            (S::Reopened, E::Ask | E::Escalate) => S::Reopened,
            (S::Accepted, E::Ask) => S::Accepted,
            (S::Open | S::Notified | S::Reopened, E::Accept) => S::Accepted,
            (S::Open | S::Notified | S::Reopened, E::Deny) => S::Denied,
            (S::Open | S::Notified | S::Reopened | S::Held, E::Hold) => S::Held,
            (S::Open | S::Notified | S::Reopened, E::Confirm) => S::SelfConfirmed,
            (S::Notified | S::Reopened, E::Expire) => S::Expired,
            (S::Accepted, E::Approve) => S::Approved,
            (S::Accepted, E::Reject) => S::Rejected,
            (S::Accepted | S::Approved, E::Export) => S::Exported,
            (S::Exported | S::Reopened, E::Execute) => S::Executed,
            (S::Exported | S::Executed | S::Reopened, E::Verify) => S::Verified,
            (S::Exported | S::Executed, E::Fail | E::Reopen) => S::Reopened,
            (S::Exported | S::Executed | S::Verified | S::Reopened, E::RollBack) => S::RolledBack,
            (S::Open | S::Notified | S::Accepted | S::Approved | S::Reopened, E::Withdraw) => S::Withdrawn,
            (state, event) => return Err(Refusal::of(state, event)),
        })
    }

    /// Whether the question is still to be answered.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::Open | Self::Notified | Self::Reopened)
    }

    /// Whether it was decided that the action may go out; a second person may still be wanted.
    pub fn is_granted(self) -> bool {
        matches!(self, Self::Accepted | Self::Approved)
    }

    /// Whether nothing more is expected to happen.
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Denied
                | Self::Held
                | Self::SelfConfirmed
                | Self::Expired
                | Self::Rejected
                | Self::Withdrawn
                | Self::Verified
                | Self::RolledBack
        )
    }
}

/// Why something cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In one word.
    pub code: &'static str,
    /// In one sentence, with what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn of(state: State, event: Event) -> Self {
        let message = match (state, event) {
            (State::Withdrawn, _) => "it was withdrawn: what it rested on is no more".to_owned(),
            (State::Open | State::Notified | State::Reopened, Event::Approve | Event::Reject) => {
                format!("it is {state}: a second person is asked after somebody accepted")
            }
            (State::Open | State::Notified | State::Reopened, Event::Export) => {
                format!("it is {state}: nothing goes out before somebody accepted")
            }
            (state, _) if state.is_end() => format!("it is {state}: that is its end"),
            (State::Exported | State::Executed, Event::Export) => "its action went out already".to_owned(),
            (state, event) => format!("it is {state}: nobody can {} it now", event.as_str().replace('_', " ")),
        };
        Self::new("not_now", message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may follow a state, written a second time and the other way round: by state.
    fn allowed(state: State) -> &'static [(Event, State)] {
        use Event as E;
        use State as S;
        match state {
            S::Open => &[
                (E::Ask, S::Notified),
                (E::Accept, S::Accepted),
                (E::Deny, S::Denied),
                (E::Hold, S::Held),
                (E::Confirm, S::SelfConfirmed),
                (E::Withdraw, S::Withdrawn),
            ],
            S::Notified => &[
                (E::Ask, S::Notified),
                (E::Escalate, S::Notified),
                (E::Accept, S::Accepted),
                (E::Deny, S::Denied),
                (E::Hold, S::Held),
                (E::Confirm, S::SelfConfirmed),
                (E::Expire, S::Expired),
                (E::Withdraw, S::Withdrawn),
            ],
            S::Accepted => &[
                (E::Ask, S::Accepted),
                (E::Approve, S::Approved),
                (E::Reject, S::Rejected),
                (E::Export, S::Exported),
                (E::Withdraw, S::Withdrawn),
            ],
            S::Approved => &[(E::Export, S::Exported), (E::Withdraw, S::Withdrawn)],
            S::Exported => &[
                (E::Execute, S::Executed),
                (E::Verify, S::Verified),
                (E::Fail, S::Reopened),
                (E::Reopen, S::Reopened),
                (E::RollBack, S::RolledBack),
            ],
            S::Executed => &[
                (E::Verify, S::Verified),
                (E::Fail, S::Reopened),
                (E::Reopen, S::Reopened),
                (E::RollBack, S::RolledBack),
            ],
            S::Reopened => &[
                (E::Ask, S::Reopened),
                (E::Escalate, S::Reopened),
                (E::Accept, S::Accepted),
                (E::Deny, S::Denied),
                (E::Hold, S::Held),
                (E::Confirm, S::SelfConfirmed),
                (E::Expire, S::Expired),
                (E::Execute, S::Executed),
                (E::Verify, S::Verified),
                (E::RollBack, S::RolledBack),
                (E::Withdraw, S::Withdrawn),
            ],
            S::Verified => &[(E::RollBack, S::RolledBack)],
            S::Held => &[(E::Hold, S::Held)],
            S::Withdrawn => &[(E::Open, S::Open)],
            S::Denied | S::SelfConfirmed | S::Expired | S::Rejected | S::RolledBack => &[],
        }
    }

    #[test]
    fn every_pair_of_state_and_event_is_what_the_lists_say() {
        for state in State::ALL {
            for event in Event::ALL {
                let expected = allowed(*state).iter().find(|(e, _)| e == event).map(|(_, next)| *next);
                let found = state.after(*event);
                assert_eq!(found.as_ref().ok().copied(), expected, "{state} {event}");
                assert!(found.is_ok() || found.is_err_and(|refusal| refusal.message.contains("it")));
            }
        }
    }

    #[test]
    fn nothing_goes_out_but_what_was_granted() {
        for state in State::ALL {
            assert_eq!(state.after(Event::Export).is_ok(), state.is_granted(), "{state}");
            assert!(!(state.is_end() && (state.is_asked_for() || state.is_granted())), "{state}");
        }
    }
}
