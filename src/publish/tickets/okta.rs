//! The opt-in executor: takes a user out of the Okta group that grants a seat, with a credential of its own. Unless told
//! to apply, it looks and says what it would do.

use async_trait::async_trait;
use serde_json::Value;

use super::order::clean;
use super::{Action, Answer, Desk, Grant, Order, Ticket};
use crate::base::{Error, Result};
use crate::config::{self, OktaToken};
use crate::http::{Auth, Call, Client, Response, Secret};

/// The executor of one organisation.
pub struct Okta {
    client: Client,
    apply: bool,
}

impl Okta {
    /// How a client of this organisation proves who it is.
    pub fn auth(options: &config::Okta, secret: Secret) -> Auth {
        match options.token {
            OktaToken::Bearer => Auth::Token("Bearer", secret),
            OktaToken::Ssws => Auth::Token("SSWS", secret),
        }
    }

    /// The executor behind a client.
    pub fn new(client: Client, options: &config::Okta) -> Self {
        Self { client, apply: options.apply }
    }

    async fn get(&self, path: &[&str]) -> Result<Value> {
        let response = self.client.send(&Call::get(path)).await?;
        if response.is_success() { response.json() } else { Err(refusal(&response)) }
    }

    async fn take_out(&self, order: &Order, apply: bool) -> Result<Ticket> {
        order.check()?;
        let refuse = |what: &str| Err(Error::data(format!("candidate {}: {what}", order.candidate_id)));
        if order.action != Action::Reclaim {
            return refuse("only taking a licence back can be done by leaving a group: use a desk");
        }
        let Some(Grant { group_id, user_id }) = &order.grant else {
            return refuse("no group grants this seat: use a desk");
        };
        let group = self.get(&["api", "v1", "groups", group_id]).await?;
        if group["type"].as_str() != Some("OKTA_GROUP") {
            return refuse("the group belongs to an app or to everybody: its members are not for Okta to change");
        }
        let groups = self.get(&["api", "v1", "users", user_id, "groups"]).await?;
        let is_member = groups.as_array().into_iter().flatten().any(|one| one["id"].as_str() == Some(group_id));
        if is_member && apply {
            // Doing it twice is doing it once: who is out stays out.
            let call = Call::delete(&["api", "v1", "groups", group_id, "users", user_id]);
            let response = self.client.send(&call).await?;
            if !response.is_success() {
                return Err(refusal(&response));
            }
        }
        let name = clean(group["profile"]["name"].as_str().unwrap_or(group_id));
        let id = match (is_member, apply) {
            (true, true) => format!("taken out of {name}"),
            (true, false) => format!("would be taken out of {name}"),
            (false, _) => format!("not in {name} any more"),
        };
        let is_done = apply || !is_member;
        Ok(Ticket { key: order.key.clone(), id, link: None, is_new: is_member && apply, is_done })
    }
}

#[async_trait]
impl Desk for Okta {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn is_dry(&self) -> bool {
        !self.apply
    }

    async fn foresee(&self, order: &Order) -> Result<String> {
        self.take_out(order, false).await.map(|ticket| ticket.id)
    }

    /// Refuses: nobody is asked here.
    async fn ask(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        orders.iter().map(|_| Err(Error::internal("the executor carries out, and asks nobody"))).collect()
    }

    async fn release(&self, orders: &[Order]) -> Vec<Result<Ticket>> {
        let mut results = Vec::with_capacity(orders.len());
        for order in orders {
            results.push(self.take_out(order, self.apply).await);
        }
        results
    }

    /// Nothing: what was carried out was said at once, and the next assignment feed verifies it.
    async fn poll(&self, _keys: &[String]) -> Result<Vec<Answer>> {
        Ok(Vec::new())
    }
}

/// The error of a refusal, with the summary that the API documents.
fn refusal(response: &Response) -> Error {
    let said: Option<Value> = response.json().ok();
    response.refused(said.as_ref().and_then(|said| said["errorSummary"].as_str()))
}
