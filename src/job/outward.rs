//! What goes out of the house, and by which door. A door takes small plain things and says what came of each; whether
//! it is time, and that it happens once, is decided before.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::base::Result;
use crate::publish::tickets::Desk;
use crate::review::Audience;
use crate::serve::{Code, Token};

/// A link to the page of answers and the code that it wants: for the door alone, and for one person. Without `Debug` and
/// serial form, so that no file and no log shows it.
pub struct Link {
    /// What goes into the link.
    pub token: Token,
    /// What goes by another way; all links of one person and review share it.
    pub code: Arc<Code>,
}

/// A question to whoever decides or checks. It names nobody but whose seat it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What makes it the only one of its kind: 64 hex digits.
    pub key: String,
    /// The candidate.
    pub candidate_id: String,
    /// approver or checker.
    pub audience: String,
    /// Where it goes.
    pub to: String,
    /// Whose seat it is, as whoever decides knows them.
    pub holder: Option<String>,
    /// The app's name.
    pub app: String,
    /// The tier of the seat.
    pub tier: String,
    /// What is to happen: reclaim, downgrade or suspend.
    pub action: String,
    /// The tier that takes its place.
    pub target_tier: Option<String>,
    /// The day the answer is due.
    pub due_on: NaiveDate,
    /// When the seat was used last, as a bucket.
    pub last_use: String,
    /// What the verdict rests on, a line each.
    pub evidence: Vec<String>,
    /// How far up the question is: 0 the approver.
    pub step: u32,
    /// Whether it was asked before.
    pub is_reminder: bool,
    /// Whether somebody only wants to see it: it leads nowhere.
    pub is_rehearsal: bool,
    /// The order that follows when the answer is yes.
    pub order: Order,
}

/// Word to the user of a seat: the seat, and how to say that it is needed. Nobody else, and no money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What makes it the only one of its kind.
    pub key: String,
    /// The candidate.
    pub candidate_id: String,
    /// Where it goes.
    pub to: String,
    /// The app's name.
    pub app: String,
    /// The tier of the seat.
    pub tier: String,
    /// What is to happen.
    pub action: String,
    /// The tier that takes its place.
    pub target_tier: Option<String>,
    /// The day until which an answer counts.
    pub due_on: NaiveDate,
    /// When the seat was used last, as a bucket.
    pub last_use: String,
    /// Whether somebody only wants to see it.
    pub is_rehearsal: bool,
}

/// One action on one seat, for whoever carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// sha256 of candidate, action and policy version: one ticket for each, however often it is sent.
    pub key: String,
    /// The candidate.
    pub candidate_id: String,
    /// The app's id.
    pub app_id: String,
    /// The app's name.
    pub app: String,
    /// The account, as the vendor knows it.
    pub account_id: String,
    /// The SKU of the seat.
    pub sku_id: String,
    /// Its tier.
    pub tier: String,
    /// What is to happen.
    pub action: String,
    /// The SKU that takes its place.
    pub target_sku_id: Option<String>,
    /// Its tier.
    pub target_tier: Option<String>,
    /// How the seat was granted: what is granted by a group is taken from the group.
    pub grant_paths: Option<String>,
    /// The Okta group that alone grants the seat.
    pub group_id: Option<String>,
    /// The Okta user who is in it.
    pub okta_user_id: Option<String>,
    /// The day the decision was due.
    pub due_on: NaiveDate,
    /// The address of who decides.
    pub approver: Option<String>,
    /// When the seat was used last, as a bucket.
    pub last_use: String,
    /// What the verdict rests on, a line each.
    pub evidence: Vec<String>,
    /// Hash of the evidence.
    pub evidence_sha256: String,
    /// The policy version that decided.
    pub policy_version: String,
    /// What takes the action back.
    pub undo: String,
    /// The batch it belongs to.
    pub batch: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// What people call it there: the number of a ticket, a file.
    pub ticket: Option<String>,
    /// Who took it, where that is not the desk of the door.
    pub desk: Option<&'static str>,
}

/// Links by the key of what they are about.
pub type Links = BTreeMap<String, Link>;

/// Where things go. Sent twice under one key, a thing is there once. Results stand in the order of what was sent: one
/// that fails keeps no other back.
#[async_trait]
pub trait Outward: Send + Sync {
    /// The name of the desk that takes orders, in the decision log.
    fn desk(&self) -> &'static str;

    /// The way by which people are asked and told, in the decision log.
    fn channel(&self) -> &'static str;

    /// Whether it can bring somebody a link, and its code by another way.
    fn brings_links(&self, _audience: Audience) -> bool {
        false
    }

    /// Asks who decides, or checks. `links` are those that were given out, by the key of the question.
    async fn ask(&self, asks: &[Ask], links: &Links) -> Vec<Result<Sent>>;

    /// Tells who uses a seat; links as above.
    async fn tell(&self, notices: &[Notice], links: &Links) -> Vec<Result<Sent>>;

    /// Hands actions over to whoever carries them out.
    async fn order(&self, orders: &[Order]) -> Vec<Result<Sent>>;

    /// What handing an action over would do, where somebody can say so beforehand. Nothing changes by it.
    async fn would(&self, _order: &Order) -> Option<Result<String>> {
        None
    }

    /// The desk that can be asked what became of its tickets; none: people answer by drops.
    fn polled(&self) -> Option<&dyn Desk> {
        None
    }
}
