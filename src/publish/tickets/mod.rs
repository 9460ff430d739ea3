//! Actions asked for and handed over, one ticket for each key however often it is tried. A desk is where that happens:
//! ServiceNow, Jira; the Okta executor carries out what it is handed. Files need no desk: `job` writes them.

mod jira;
mod jira_issue;
mod okta;
mod order;
mod servicenow;
mod servicenow_answers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use jira::Jira;
pub use okta::Okta;
pub use order::{Action, Grant, Order};
pub use servicenow::ServiceNow;

use crate::base::{Error, Result};
use crate::config::{self, DeskKind};
use crate::http::{Auth, Client, Limits, Secret};

/// A ticket that stands for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The key of its order.
    pub key: String,
    /// What people call it: a number, a file.
    pub id: String,
    /// Where a browser shows it.
    pub link: Option<String>,
    /// Whether this call made it.
    pub is_new: bool,
    /// Whether the action is carried out already, with nobody to wait for.
    pub is_done: bool,
}

/// What somebody said at a desk about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The same for the same answer however often it is read.
    pub answer_id: String,
    /// The key of the order.
    pub key: String,
    /// The ticket.
    pub ticket: String,
    /// What was said.
    pub said: Said,
    /// Who was asked: the address of the approver. None for outcomes.
    pub asked: Option<String>,
    /// Who entered it, as the desk names them, when not known to be the one who was asked.
    pub entered_by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// What else they said, in their own words: for the private store, never for the log.
    pub comment: Option<String>,
}

/// What can be said of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// The approver agrees.
    Approved,
    /// The approver refuses.
    Rejected,
    /// The action was carried out.
    Executed,
    /// It was not, and will not be.
    Failed,
    /// It was, and was taken back.
    RolledBack,
}

impl Said {
    /// The word in an id.
    fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// Where orders become tickets. The results stand in the order of the orders: one that fails keeps no other back.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Its name in the decision log.
    fn name(&self) -> &'static str;

    /// Whether it only says what it would do: nothing it returns goes on record.
    fn is_dry(&self) -> bool {
        false
    }

    /// What letting an order go would do; nothing changes by asking.
    ///
    /// # Errors
    /// Data when it is not for this desk; Source when the desk cannot be read.
    async fn foresee(&self, order: &Order) -> Result<String> {
        Err(Error::data(format!("candidate {}: this desk foresees nothing", order.candidate_id)))
    }

    /// Asks the approver of each order: finds or makes its ticket, and the approval that waits for an answer.
    async fn ask(&self, orders: &[Order]) -> Vec<Result<Ticket>>;

    /// Hands each order over to whoever carries it out: finds or makes its ticket and lets it go.
    async fn release(&self, orders: &[Order]) -> Vec<Result<Ticket>>;

    /// What was said so far of the orders with these keys, oldest first. An answer that was read before comes again,
    /// under the same id.
    ///
    /// # Errors
    /// Source when the desk cannot be read.
    async fn poll(&self, keys: &[String]) -> Result<Vec<Answer>>;
}

/// The desk that a project names, `root` being its folder; none where files take the place of one.
///
/// # Errors
/// Config, when a secret cannot be fetched or a server may not be reached.
pub fn open(options: &config::Tickets, root: &Path) -> Result<Option<Box<dyn Desk>>> {
    let missing = || Error::internal("a desk without its section");
    Ok(match options.desk {
        DeskKind::Files => None,
        DeskKind::ServiceNow => {
            let options = options.servicenow.clone().ok_or_else(missing)?;
            let auth = ServiceNow::auth(&options, Secret::fetch(&options.server.secret, root)?);
            Some(Box::new(ServiceNow::new(client(&options.server, &auth)?, options)))
        }
        DeskKind::Jira => {
            let options = options.jira.clone().ok_or_else(missing)?;
            let auth = Jira::auth(&options, Secret::fetch(&options.server.secret, root)?);
            Some(Box::new(Jira::new(client(&options.server, &auth)?, options)))
        }
    })
}

/// The executor of group removals, when a project wants one.
///
/// # Errors
/// As [`open`].
pub fn executor(options: &config::Tickets, root: &Path) -> Result<Option<Box<dyn Desk>>> {
    let Some(options) = &options.okta else { return Ok(None) };
    let auth = Okta::auth(options, Secret::fetch(&options.server.secret, root)?);
    Ok(Some(Box::new(Okta::new(client(&options.server, &auth)?, options))))
}

fn client(server: &config::Server, auth: &Auth) -> Result<Client> {
    Client::new(&server.url, server.private_network, auth, Limits::default())
}

/// The tickets of one call: an order that stands in it twice is one.
#[derive(Default)]
struct Done(BTreeMap<String, Ticket>);

impl Done {
    async fn once(&mut self, order: &Order, ticket: impl Future<Output = Result<Ticket>>) -> Result<Ticket> {
        if let Some(ticket) = self.0.get(&order.key) {
            return Ok(Ticket { is_new: false, ..ticket.clone() });
        }
        let ticket = ticket.await?;
        self.0.insert(order.key.clone(), ticket.clone());
        Ok(ticket)
    }
}

/// An error that stands for each of several orders.
fn repeated(error: &Error, orders: &[Order]) -> Vec<Result<Ticket>> {
    orders.iter().map(|_| Err(Error::new(error.kind(), error.to_string()))).collect()
}
