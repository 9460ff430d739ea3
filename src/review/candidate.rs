//! A candidate of the newest run, as far as its review is concerned.

use chrono::NaiveDate;

use super::people::{Rung, Who};
use crate::config::{Mode, OnNoResponse};
use crate::store::sha256_hex;

/// A seat that a policy proposes for an action, and who is to decide. Nobody is named: keys stand for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub candidate_id: String,
    /// The app.
    pub app_id: String,
    /// The key of the account.
    pub account_key: String,
    /// The SKU.
    pub sku_id: String,
    /// What is proposed: reclaim, downgrade or suspend.
    pub action: String,
    /// The SKU a downgrade leads to.
    pub target_sku_id: Option<String>,
    /// The policy version that proposes it.
    pub policy_version: String,
    /// Which outward effects the policy may have.
    pub mode: Mode,
    /// Why it is proposed.
    pub reason: String,
    /// The first day of the episode.
    pub episode_from: NaiveDate,
    /// The day the decision is due.
    pub due_on: NaiveDate,
    /// What silence means.
    pub on_no_response: OnNoResponse,
    /// Whether a second person must agree.
    pub is_checker_required: bool,
    /// The person whose seat it is.
    pub holder: Option<Who>,
    /// Where that person is told.
    pub holder_address: Option<String>,
    /// Who decides, the first step first.
    pub ladder: Vec<Rung>,
    /// Who may check beside those of the ladder: whoever answers for the policy.
    pub checkers: Vec<Rung>,
}

impl Candidate {
    /// Whether its policy may have any outward effect.
    pub fn may_notify(&self) -> bool {
        self.mode != Mode::Shadow
    }

    /// Whether its policy lets its action go out.
    pub fn may_export(&self) -> bool {
        match self.mode {
            Mode::Shadow | Mode::Notify => false,
            Mode::DowngradeOnly => self.action == "downgrade",
            Mode::Enforce => true,
        }
    }

    /// The days that whoever is asked has.
    pub fn window_days(&self) -> u64 {
        u64::try_from((self.due_on - self.episode_from).num_days()).unwrap_or_default().max(1)
    }

    /// Whether its holder is asked as well: who has left is not, and neither is nobody.
    pub fn asks_holder(&self) -> bool {
        self.holder.is_some() && self.holder_address.is_some() && self.reason != "leaver"
    }

    /// The rung that is asked at a step, or the next one above: whoever has no address is passed over.
    pub fn rung(&self, step: u32) -> Option<&Rung> {
        self.ladder.iter().filter(|rung| rung.step >= step && rung.address.is_some()).min_by_key(|rung| rung.step)
    }

    /// Whether two keys stand for one human as far as this candidate goes: the holder decides nothing.
    pub fn is_holder(&self, key: &str) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.key == key)
    }

    /// Names its action, however often it is sent: the ticket of one key is one ticket.
    pub fn idempotency_key(&self) -> String {
        digest(&[&self.candidate_id, &self.action, &self.policy_version])
    }
}

/// SHA-256 of words, each told from the next.
pub fn digest(words: &[&str]) -> String {
    sha256_hex(words.join("\n").as_bytes())
}
