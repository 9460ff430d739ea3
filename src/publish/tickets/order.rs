//! What is ordered, and how it reads for the people who decide and who carry it out.

use chrono::NaiveDate;

use crate::base::{Error, Result, text};

/// Characters of one line of evidence.
const MAX_LINE: usize = 500;
/// Lines of evidence in a ticket.
const MAX_LINES: usize = 60;

/// What happens to a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The licence is taken back.
    Reclaim,
    /// A lower tier takes its place.
    Downgrade,
    /// The account is suspended and keeps its data.
    Suspend,
}

impl Action {
    /// The word as tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reclaim => "reclaim",
            Self::Downgrade => "downgrade",
            Self::Suspend => "suspend",
        }
    }

    /// What is proposed, as a sentence goes on.
    pub fn proposal(self, target: Option<&str>) -> String {
        match (self, target) {
            (Self::Reclaim, _) => "take the licence back".to_owned(),
            (Self::Downgrade, Some(target)) => format!("downgrade to {target}"),
            (Self::Downgrade, None) => "downgrade".to_owned(),
            (Self::Suspend, _) => "suspend the account".to_owned(),
        }
    }

    /// The action of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reclaim, Self::Downgrade, Self::Suspend].into_iter().find(|action| action.as_str() == word)
    }
}

/// The group that grants a seat, and the directory's user who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id of the group.
    pub group_id: String,
    /// The id of the user.
    pub user_id: String,
}

/// One action on one seat. Nothing else of a candidate reaches a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// sha256(candidate, action, policy version), 64 hex digits: what makes a ticket the only one.
    pub key: String,
    /// The candidate.
    pub candidate_id: String,
    /// The app's id.
    pub app_id: String,
    /// The app's name.
    pub app: String,
    /// The tier the seat has.
    pub tier: String,
    /// What happens to it.
    pub action: Action,
    /// The tier that takes its place, when one does.
    pub target: Option<String>,
    /// The account, as whoever carries it out finds it in the app.
    pub account: String,
    /// The last day of the decision.
    pub due_on: NaiveDate,
    /// The address of who decides; none where nobody is asked at the desk.
    pub approver: Option<String>,
    /// What the verdict rests on, a line each.
    pub evidence: Vec<String>,
    /// Hash of the evidence, 64 hex digits.
    pub evidence_sha256: String,
    /// The policy version that decided.
    pub policy_version: String,
    /// What takes the action back.
    pub undo: String,
    /// The batch it belongs to: the version of the run and the app, or `all`.
    pub batch: String,
    /// The group that grants the seat, where one does.
    pub grant: Option<Grant>,
}

impl Order {
    /// Refuses an order that no desk can take: its key finds the ticket, and is written into queries.
    ///
    /// # Errors
    /// Internal, when the key is no hash; Data, when the approver is no address.
    pub(super) fn check(&self) -> Result<()> {
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash(&self.key) || !is_hash(&self.evidence_sha256) {
            return Err(Error::internal("an order whose key or evidence is no SHA-256"));
        }
        let is_address = |text: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || b".!#$%&'*+/=?_`{|}~-@".contains(&b);
            text.bytes().all(plain) && !text.contains(text::is_invisible) && text.matches('@').count() == 1
        };
        match self.approver.as_deref().is_none_or(is_address) {
            true => Ok(()),
            false => Err(Error::data(format!(
                "candidate {}: the approver has no address that can be asked",
                self.candidate_id
            ))),
        }
    }

    /// One line: what, where.
    pub(super) fn title(&self) -> String {
        let what = match (self.action, &self.target) {
            (Action::Reclaim, _) => "Take back the licence".to_owned(),
            (Action::Downgrade, Some(target)) => format!("Downgrade to {target}"),
            (Action::Downgrade, None) => "Downgrade".to_owned(),
            (Action::Suspend, _) => "Suspend the account".to_owned(),
        };
        clean(&format!("{what}: {} {}", self.app, self.tier))
    }

    /// What a person needs to decide and to act, line by line.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("Account: {}", self.account),
            format!("Application: {} ({})", self.app, self.app_id),
            format!("Tier: {}{}", self.tier, self.target.as_ref().map(|t| format!(" -> {t}")).unwrap_or_default()),
            format!("Action: {}", self.action.as_str()),
            format!("Decide by: {}", self.due_on),
            "Evidence:".to_owned(),
        ];
        lines.extend(self.evidence.iter().take(MAX_LINES).map(|line| format!("- {line}")));
        if self.evidence.len() > MAX_LINES {
            lines.push(format!("- and {} lines more", self.evidence.len() - MAX_LINES));
        }
        lines.push(format!("Undo: {}", self.undo));
        lines.push(format!("Policy version: {}", self.policy_version));
        lines.push(format!("Candidate: {}", self.candidate_id));
        lines.push(format!("Evidence sha256: {}", self.evidence_sha256));
        lines.into_iter().map(|line| clean(&line)).collect()
    }
}

/// One line that shows what it says: nothing invisible in it, no end of line, of bounded length.
pub(super) fn clean(line: &str) -> String {
    let spaced: String = line.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    text::display(&spaced).chars().take(MAX_LINE).collect()
}
