//! The doors that the project file opens: a desk for questions and orders, the post for people. Whatever has no door of
//! its own becomes a file.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Job;
use super::outward::{Ask, Notice, Order, Outward, Sent};
use super::outward_files::Files;
use crate::base::{AsOf, Error, Result};
use crate::config::Notices;
use crate::publish::notices::{self, Audience, Item, LastUse, Post};
use crate::publish::tickets::{self, Action, Desk};

/// The folder of messages, below that of the day.
const OUTBOX: &str = "notices";

/// The doors of a project, on one day.
pub struct Doors {
    files: Files,
    desk: Option<Box<dyn Desk>>,
    post: Option<(Box<dyn Post>, Notices)>,
    at: DateTime<Utc>,
}

impl Job {
    /// Opens the doors of the project for a day. Contacts nobody.
    ///
    /// # Errors
    /// Config when a secret is not where it should be, or a server may not be reached.
    pub fn doors(&self, as_of: AsOf) -> Result<Doors> {
        let (outward, root) = (&self.config.project.outward, &self.config.root);
        let folder = root.join("outputs").join(as_of.to_string());
        let post = |sender: &Notices| Ok((notices::open(sender, root, &folder.join(OUTBOX))?, sender.clone()));
        let post = outward.notices.as_ref().map(post).transpose()?;
        let desk = tickets::open(&outward.tickets, root)?;
        Ok(Doors { files: Files::new(&folder), desk, post, at: self.clock.now() })
    }
}

impl Doors {
    /// Mails about one thing each; what was written wrong keeps no other back.
    async fn mail(&self, post: &dyn Post, notices: Vec<Result<notices::Message>>) -> Vec<Result<Sent>> {
        let (mut messages, mut written) = (Vec::new(), Vec::new());
        for notice in notices {
            written.push(notice.map(|message| messages.push(message)));
        }
        let mut sent = post.send(&messages).await.into_iter();
        let lost = || Err(Error::internal("a message that nothing became of"));
        let outcome = |written: Result<()>| written.and_then(|()| sent.next().unwrap_or_else(lost));
        written.into_iter().map(outcome).map(|sent| sent.map(|()| Sent::default())).collect()
    }

    fn question(&self, ask: &Ask, sender: &Notices, link: Option<String>) -> Result<notices::Message> {
        let item = Item {
            key: ask.order.key.clone(),
            app: ask.app.clone(),
            tier: ask.tier.clone(),
            action: action_of(&ask.action)?,
            target: ask.target_tier.clone(),
            last_use: LastUse::parse(&ask.last_use),
            due_on: ask.due_on,
            link: link.filter(|link| link.starts_with("https://")),
        };
        let notice = notices::Notice {
            audience: Audience::Approver,
            to: ask.to.clone(),
            items: vec![item],
            nth: ask.step * 2 + u32::from(ask.is_reminder),
            at: self.at,
            is_rehearsal: ask.is_rehearsal,
        };
        notices::compose(&notice, sender)
    }

    fn word(&self, notice: &Notice, sender: &Notices) -> Result<notices::Message> {
        let item = Item {
            key: notice.key.clone(),
            app: notice.app.clone(),
            tier: notice.tier.clone(),
            action: action_of(&notice.action)?,
            target: notice.target_tier.clone(),
            last_use: LastUse::parse(&notice.last_use),
            due_on: notice.due_on,
            link: None,
        };
        let notice = notices::Notice {
            audience: Audience::User,
            to: notice.to.clone(),
            items: vec![item],
            nth: 0,
            at: self.at,
            is_rehearsal: notice.is_rehearsal,
        };
        notices::compose(&notice, sender)
    }
}

#[async_trait]
impl Outward for Doors {
    fn desk(&self) -> &'static str {
        self.desk.as_ref().map_or_else(|| self.files.desk(), |desk| desk.name())
    }

    fn channel(&self) -> &'static str {
        match (&self.desk, &self.post) {
            (Some(_), _) => "itsm",
            (None, Some((post, _))) => post.channel(),
            (None, None) => self.files.channel(),
        }
    }

    /// At the desk, where answers are read; and by mail, with the ticket's address. A rehearsal makes no ticket.
    async fn ask(&self, asks: &[Ask]) -> Vec<Result<Sent>> {
        let is_rehearsal = asks.iter().any(|ask| ask.is_rehearsal);
        let mut tickets: Vec<Result<Option<tickets::Ticket>>> = match &self.desk {
            Some(desk) if !is_rehearsal => {
                let to_desk =
                    |ask: &Ask| Order { approver: Some(ask.to.clone()), due_on: ask.due_on, ..ask.order.clone() };
                each(asks.iter().map(|ask| order(&to_desk(ask))).collect(), async |orders| desk.ask(orders).await).await
            }
            _ => asks.iter().map(|_| Ok(None)).collect(),
        };
        let Some((post, sender)) = &self.post else {
            if self.desk.is_none() || is_rehearsal {
                return self.files.ask(asks).await;
            }
            return tickets.into_iter().map(|ticket| ticket.map(sent)).collect();
        };
        let link = |ticket: &Result<Option<tickets::Ticket>>| ticket.as_ref().ok()?.as_ref()?.link.clone();
        let letters = asks.iter().zip(&tickets).map(|(ask, ticket)| self.question(ask, sender, link(ticket))).collect();
        let mailed = self.mail(post.as_ref(), letters).await;
        tickets.drain(..).zip(mailed).map(|(ticket, mailed)| mailed.and(ticket.map(sent))).collect()
    }

    async fn tell(&self, notices: &[Notice]) -> Vec<Result<Sent>> {
        match &self.post {
            Some((post, sender)) => {
                let letters = notices.iter().map(|notice| self.word(notice, sender)).collect();
                self.mail(post.as_ref(), letters).await
            }
            None => self.files.tell(notices).await,
        }
    }

    async fn order(&self, orders: &[Order]) -> Vec<Result<Sent>> {
        let Some(desk) = &self.desk else { return self.files.order(orders).await };
        let orders = orders.iter().map(order).collect();
        let tickets = each(orders, async |orders| desk.release(orders).await).await;
        tickets.into_iter().map(|ticket| ticket.map(sent)).collect()
    }

    fn polled(&self) -> Option<&dyn Desk> {
        self.desk.as_deref()
    }
}

/// What became of each order; one that cannot be written keeps no other back.
async fn each(
    orders: Vec<Result<tickets::Order>>,
    desk: impl AsyncFnOnce(&[tickets::Order]) -> Vec<Result<tickets::Ticket>>,
) -> Vec<Result<Option<tickets::Ticket>>> {
    let good: Vec<tickets::Order> = orders.iter().filter_map(|order| order.as_ref().ok()).cloned().collect();
    let mut made = if good.is_empty() { Vec::new() } else { desk(&good).await }.into_iter();
    let lost = || Err(Error::internal("an order that nothing became of"));
    orders.into_iter().map(|order| order.and_then(|_| made.next().unwrap_or_else(lost).map(Some))).collect()
}

fn sent(ticket: Option<tickets::Ticket>) -> Sent {
    Sent { ticket: ticket.map(|ticket| ticket.id) }
}

fn action_of(word: &str) -> Result<Action> {
    Action::parse(word).ok_or_else(|| Error::internal(format!("`{word}` is no action")))
}

fn order(order: &Order) -> Result<tickets::Order> {
    let order = order.clone();
    Ok(tickets::Order {
        key: order.key,
        candidate_id: order.candidate_id,
        app_id: order.app_id,
        app: order.app,
        tier: order.tier,
        action: action_of(&order.action)?,
        target: order.target_tier,
        account: order.account_id,
        due_on: order.due_on,
        approver: order.approver,
        evidence: order.evidence,
        evidence_sha256: order.evidence_sha256,
        policy_version: order.policy_version,
        undo: order.undo,
        batch: order.batch,
        grant: None,
    })
}
