//! Layer 5: the page behind the links in notices. Opening it decides nothing; a decision is a form that a person sends,
//! with a token that works once, for one question, until its last day.

mod answer;
mod guard;
mod page;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use page::{Page, listen, router};
pub use token::{Code, Issued, MOST_DAYS, MOST_MISSES, Token, issue};

use crate::base::Result;

/// What a person may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The proposal may be carried out.
    Accept,
    /// It may not: a reason is needed.
    Deny,
    /// The seat is needed, says who uses it.
    Confirm,
}

impl Choice {
    /// The word in a form and in evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
            Self::Confirm => "confirm",
        }
    }

    /// The choice of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accept, Self::Deny, Self::Confirm].into_iter().find(|choice| choice.as_str() == word)
    }
}

/// What a token is good for: one question, as it stood when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The candidate.
    pub candidate_id: String,
    /// The step of its ladder; a question to the user is step 0.
    pub step: u32,
    /// The key of who was asked.
    pub approver_key: String,
    /// What they may answer.
    pub choices: BTreeSet<Choice>,
    /// The policy version.
    pub policy_version: String,
    /// Hash of the evidence, 64 hex digits.
    pub evidence_sha256: String,
    /// The last day to answer.
    pub due_on: NaiveDate,
}

/// A question as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it rests on. A token whose binding is another one is worth nothing.
    pub binding: Binding,
    /// Whether its app, or the role of who holds the seat, is critical: then no link decides.
    pub is_critical: bool,
    /// The app's name.
    pub app: String,
    /// The tier of the seat.
    pub tier: String,
    /// What is proposed, in words.
    pub proposal: String,
    /// When the seat was used last, as a bucket in words.
    pub last_use: String,
    /// Whose seat it is, as who decides knows them; none on the page of the user.
    pub holder: Option<String>,
    /// The reasons that may be given, code and meaning.
    pub reasons: Vec<(String, String)>,
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// sha256 of the token, 64 hex digits: the id of the answer.
    pub answer_id: String,
    /// What was asked.
    pub binding: Binding,
    /// What they said.
    pub choice: Choice,
    /// The code of their reason; always there with [`Choice::Deny`].
    pub reason_code: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Counted,
    /// Another one counts: of the same step, and earlier. This one is kept beside it.
    Late {
        /// What counts, in words: who decided what, when. No name beyond what who asks may know.
        by: String,
    },
    /// It was good when it was given and cannot count any more.
    Refused {
        /// Why, in one sentence.
        why: String,
    },
}

/// The tokens that were given out, by their hash. A store keeps each as a claim.
#[async_trait]
pub trait Claims: Send + Sync {
    /// What a hash was given out for; none: it never was.
    ///
    /// # Errors
    /// Store, when the claims cannot be read.
    async fn find(&self, token_sha256: &str) -> Result<Option<Issued>>;

    /// Counts a wrong code, and says how many there were with this one.
    ///
    /// # Errors
    /// Store, when it cannot be counted: then no code is accepted.
    async fn miss(&self, token_sha256: &str) -> Result<u32>;

    /// How many wrong codes there were.
    ///
    /// # Errors
    /// As [`Claims::miss`].
    async fn misses(&self, token_sha256: &str) -> Result<u32>;

    /// The answer that used a token up; none: it was not used.
    ///
    /// # Errors
    /// As [`Claims::find`].
    async fn burned(&self, token_sha256: &str) -> Result<Option<Answered>>;

    /// Uses a token up, together with the answer that it carries: whatever happens next, the answer is on record. None:
    /// this call was the first. Else the answer that was.
    ///
    /// # Errors
    /// Store, when nobody knows whether it was the first.
    async fn burn(&self, answer: &Answered) -> Result<Option<Answered>>;
}

/// Whoever knows the questions and takes the answers.
#[async_trait]
pub trait AnswerDesk: Send + Sync {
    /// The question as it stands now; none: it is closed, withdrawn or asked of somebody else.
    ///
    /// # Errors
    /// Store, when it cannot be read.
    async fn look(&self, issued: &Issued) -> Result<Option<Question>>;

    /// Takes an answer whose token is used up. The same answer twice is one.
    ///
    /// # Errors
    /// Store, when it is not on record: the claim is, and the next run takes it from there.
    async fn answer(&self, answer: &Answered) -> Result<Outcome>;
}

/// What the page needs.
#[derive(Clone)]
pub struct Doors {
    /// The tokens.
    pub claims: Arc<dyn Claims>,
    /// The questions.
    pub desk: Arc<dyn AnswerDesk>,
}
