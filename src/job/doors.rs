//! The doors that the project file opens: a desk for questions and orders, the post for people. Whatever has no door of
//! its own becomes a file.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Job;
use super::outward::{Ask, Link, Links, Notice, Order, Outward, Sent};
use super::outward_files::Files;
use crate::base::{AsOf, Error, ErrorKind, Result};
use crate::config::Notices;
use crate::publish::notices::{self, Audience, Courier, Item, LastUse, Post};
use crate::publish::tickets::{self, Action, Desk, Grant};
use crate::review;

/// The folder of messages, below that of the day.
const OUTBOX: &str = "notices";

/// The doors of a project, on one day.
pub struct Doors {
    files: Files,
    desk: Option<Box<dyn Desk>>,
    /// Carries out by itself what it can; whatever it cannot goes to the desk.
    executor: Option<Box<dyn Desk>>,
    post: Option<(Box<dyn Post>, Notices)>,
    /// What a browser calls the page of answers, and who brings the codes.
    page: Option<(String, Courier)>,
    at: DateTime<Utc>,
}

impl Job {
    /// Opens the doors of the project for a day. Contacts nobody.
    ///
    /// # Errors
    /// Config when a secret is not where it should be, or a server may not be reached.
    pub fn doors(&self, as_of: AsOf) -> Result<Doors> {
        let (outward, root) = (&self.config.project.outward, &self.config.root);
        let folder = self.outputs(as_of);
        let post = |sender: &Notices| Ok((notices::open(sender, root, &folder.join(OUTBOX))?, sender.clone()));
        let post = outward.notices.as_ref().map(post).transpose()?;
        let desk = tickets::open(&outward.tickets, root)?;
        let executor = tickets::executor(&outward.tickets, root)?;
        let page = outward.answers.as_ref();
        let page = page.map(|page| (page.origin.clone(), Courier::new(&page.codes, root)));
        Ok(Doors { files: Files::new(&folder), desk, executor, post, page, at: self.clock.now() })
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

    /// Brings the codes of links whose mail is on its way: one to each person. Whoever gets none was not asked.
    async fn bring<'l>(
        &self,
        mailed: Vec<Result<Sent>>,
        links: impl Iterator<Item = (&'l str, Option<&'l Link>)>,
    ) -> Vec<Result<Sent>> {
        let Some((_, courier)) = &self.page else { return mailed };
        let mut brought: BTreeMap<&str, bool> = BTreeMap::new();
        let mut results = Vec::with_capacity(mailed.len());
        for (mailed, (to, link)) in mailed.into_iter().zip(links) {
            results.push(match (mailed, link) {
                (Ok(sent), Some(link)) => match brought.get(to) {
                    Some(true) => Ok(sent),
                    Some(false) => Err(Error::new(ErrorKind::Source, "the code of this link could not be brought")),
                    None => {
                        let outcome = courier.bring(to, link.code.digits()).await;
                        brought.insert(to, outcome.is_ok());
                        outcome.map(|()| sent)
                    }
                },
                (mailed, _) => mailed,
            });
        }
        results
    }

    /// What the executor carries out by itself, by key: what it must not is left for the desk. Files keep the way back.
    async fn carry_out(&self, orders: &[Order]) -> BTreeMap<String, Result<Sent>> {
        let mut done = BTreeMap::new();
        let Some(executor) = self.executor.as_ref().filter(|executor| !executor.is_dry()) else { return done };
        let able: Vec<Order> = orders.iter().filter(|order| is_leaving_a_group(order)).cloned().collect();
        if able.is_empty() {
            return done;
        }
        // The way back is on disk before anything is taken.
        let kept = self.files.keep_undo(&able);
        let ready: Vec<&Order> =
            able.iter().zip(&kept).filter(|(_, kept)| kept.is_ok()).map(|(order, _)| order).collect();
        let out = each(ready.iter().map(|o| order(o)).collect(), async |orders| executor.release(orders).await).await;
        for (order, ticket) in ready.into_iter().zip(out) {
            match ticket {
                Err(error) if error.kind() == ErrorKind::Data => {}
                ticket => {
                    let by = |ticket| Sent { desk: Some(executor.name()), ..sent(ticket) };
                    done.insert(order.key.clone(), ticket.map(by));
                }
            }
        }
        let failed = able.into_iter().zip(kept).filter_map(|(order, kept)| Some((order.key, Err(kept.err()?))));
        done.extend(failed);
        done
    }

    /// Where a question is answered: at the desk, else on the page.
    fn address(&self, link: Option<&Link>) -> Option<String> {
        let (origin, _) = self.page.as_ref()?;
        link.map(|link| link.token.link(origin).to_string())
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
            link,
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

    fn word(&self, notice: &Notice, sender: &Notices, link: Option<String>) -> Result<notices::Message> {
        let item = Item {
            key: notice.key.clone(),
            app: notice.app.clone(),
            tier: notice.tier.clone(),
            action: action_of(&notice.action)?,
            target: notice.target_tier.clone(),
            last_use: LastUse::parse(&notice.last_use),
            due_on: notice.due_on,
            link,
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

    /// Where a ticket is answered at the desk, its approver gets no other link.
    fn brings_links(&self, audience: review::Audience) -> bool {
        let is_at_desk = self.desk.is_some() && audience != review::Audience::User;
        self.page.is_some() && self.post.is_some() && !is_at_desk
    }

    /// At the desk, where answers are read; and by mail, with the ticket's address. A rehearsal makes no ticket.
    async fn ask(&self, asks: &[Ask], links: &Links) -> Vec<Result<Sent>> {
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
                return self.files.ask(asks, links).await;
            }
            return tickets.into_iter().map(|ticket| ticket.map(sent)).collect();
        };
        let of_ticket = |ticket: &Result<Option<tickets::Ticket>>| {
            ticket.as_ref().ok()?.as_ref()?.link.clone().filter(|link| link.starts_with("https://"))
        };
        let link = |ask: &Ask| links.get(&ask.key);
        let letter = |(ask, ticket)| self.question(ask, sender, of_ticket(ticket).or_else(|| self.address(link(ask))));
        let letters = asks.iter().zip(&tickets).map(letter).collect();
        let mailed = self.mail(post.as_ref(), letters).await;
        let mailed = self.bring(mailed, asks.iter().map(|ask| (&*ask.to, link(ask)))).await;
        tickets.drain(..).zip(mailed).map(|(ticket, mailed)| mailed.and(ticket.map(sent))).collect()
    }

    async fn tell(&self, notices: &[Notice], links: &Links) -> Vec<Result<Sent>> {
        match &self.post {
            Some((post, sender)) => {
                let link = |notice: &Notice| links.get(&notice.key);
                let letter = |notice| self.word(notice, sender, self.address(link(notice)));
                let mailed = self.mail(post.as_ref(), notices.iter().map(letter).collect()).await;
                self.bring(mailed, notices.iter().map(|notice| (&*notice.to, link(notice)))).await
            }
            None => self.files.tell(notices, links).await,
        }
    }

    async fn order(&self, orders: &[Order]) -> Vec<Result<Sent>> {
        let mut done = self.carry_out(orders).await;
        let left: Vec<Order> = orders.iter().filter(|order| !done.contains_key(&order.key)).cloned().collect();
        let released = match &self.desk {
            None => self.files.order(&left).await,
            Some(desk) => {
                let tickets = each(left.iter().map(order).collect(), async |orders| desk.release(orders).await).await;
                tickets.into_iter().map(|ticket| ticket.map(sent)).collect()
            }
        };
        done.extend(left.into_iter().map(|order| order.key).zip(released));
        let lost = || Err(Error::internal("an order that nothing became of"));
        orders.iter().map(|order| done.remove(&order.key).unwrap_or_else(lost)).collect()
    }

    async fn would(&self, order: &Order) -> Option<Result<String>> {
        let executor = self.executor.as_ref().filter(|_| is_leaving_a_group(order))?;
        let order = match self::order(order) {
            Ok(order) => order,
            Err(error) => return Some(Err(error)),
        };
        match executor.foresee(&order).await {
            Err(error) if error.kind() == ErrorKind::Data => None,
            foreseen => Some(foreseen),
        }
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
    Sent { ticket: ticket.map(|ticket| ticket.id), ..Sent::default() }
}

/// Whether the action is done by taking a user out of one group.
fn is_leaving_a_group(order: &Order) -> bool {
    order.action == Action::Reclaim.as_str() && order.group_id.is_some() && order.okta_user_id.is_some()
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
        grant: order.group_id.zip(order.okta_user_id).map(|(group_id, user_id)| Grant { group_id, user_id }),
    })
}
