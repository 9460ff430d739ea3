//! Notices to who decides about a seat and to who uses it. They say app, tier, last use as a bucket, the due date and
//! where to answer: nobody's name, no times, no cost.

mod code;
mod message;
mod outbox;
mod smtp;
#[cfg(test)]
mod tests;

use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

pub use code::Courier;
pub use message::{Message, compose};
pub use outbox::Outbox;
pub use smtp::Smtp;

use super::tickets::Action;
use crate::base::Result;
use crate::config;
use crate::http::Secret;

/// Who reads a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Who decides.
    Approver,
    /// Who uses the seat.
    User,
}

impl Audience {
    /// The word in the decision log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::User => "user",
        }
    }
}

/// How long ago a seat was used, as coarsely as people may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastUse {
    /// 0 to 30 days.
    To30,
    /// 31 to 60 days.
    To60,
    /// 61 to 90 days.
    To90,
    /// More than 90 days.
    Over90,
    /// Never, as far as anybody knows.
    NoneOnRecord,
}

impl LastUse {
    /// The bucket of a number of days.
    pub fn of(days: Option<u32>) -> Self {
        match days {
            Some(0..=30) => Self::To30,
            Some(31..=60) => Self::To60,
            Some(61..=90) => Self::To90,
            Some(_) => Self::Over90,
            None => Self::NoneOnRecord,
        }
    }

    /// The bucket that reads so; any other words say that nothing is on record.
    pub fn parse(text: &str) -> Self {
        let all = [Self::To30, Self::To60, Self::To90, Self::Over90];
        all.into_iter().find(|bucket| bucket.as_str() == text).unwrap_or(Self::NoneOnRecord)
    }

    /// How it reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::To30 => "0-30 days ago",
            Self::To60 => "31-60 days ago",
            Self::To90 => "61-90 days ago",
            Self::Over90 => "90+ days ago",
            Self::NoneOnRecord => "none on record",
        }
    }
}

/// One question in a notice: all that leaves of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The idempotency key of the action, 64 hex digits.
    pub key: String,
    /// The app's name.
    pub app: String,
    /// The tier of the seat.
    pub tier: String,
    /// What is to happen.
    pub action: Action,
    /// The tier that takes its place, when one does.
    pub target: Option<String>,
    /// When it was used last.
    pub last_use: LastUse,
    /// The last day to answer.
    pub due_on: NaiveDate,
    /// Where to answer; none: by the ITSM or the command line.
    pub link: Option<String>,
}

/// One mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who reads it.
    pub audience: Audience,
    /// Their address.
    pub to: String,
    /// What it asks; at least one.
    pub items: Vec<Item>,
    /// Which notice about these items it is: 0 the first, 1 a reminder, and so on.
    pub nth: u32,
    /// When it is written.
    pub at: DateTime<Utc>,
    /// Whether it is a rehearsal: it says so, and leads nowhere.
    pub is_rehearsal: bool,
}

impl Notice {
    /// The same notice, to somebody who wants to see it: no link in it works.
    #[must_use]
    pub fn rehearsal(mut self, to: &str) -> Self {
        to.clone_into(&mut self.to);
        self.items.iter_mut().for_each(|item| item.link = None);
        self.is_rehearsal = true;
        self
    }
}

/// Where messages go. The results stand in the order of the messages: one that fails keeps no other back.
#[async_trait]
pub trait Post: Send + Sync {
    /// Its name in the decision log.
    fn channel(&self) -> &'static str;

    /// Sends messages. One that is sent twice has the same Message-ID both times.
    async fn send(&self, messages: &[Message]) -> Vec<Result<()>>;
}

/// The post that a project names. `root` is the folder of the project, `folder` the one for messages without a server.
///
/// # Errors
/// Config, when the password of the server cannot be fetched.
pub fn open(options: &config::Notices, root: &Path, folder: &Path) -> Result<Box<dyn Post>> {
    let Some(smtp) = &options.smtp else { return Ok(Box::new(Outbox::new(folder))) };
    let secret = smtp.login.as_ref().map(|(_, secret)| Secret::fetch(secret, root)).transpose()?;
    Ok(Box::new(Smtp::new(smtp.clone(), secret)))
}
