//! Servers that speak as the vendors document, on this machine, with faults on request.

pub mod jira;
pub mod okta;
pub mod okta_org;
#[allow(dead_code, reason = "the unit tests use the rest")]
pub mod server;
pub mod servicenow;
pub mod vendors;

use std::sync::Mutex;

use crate::chance::Chance;
use server::Fault;

/// Faults at random, in so many of a hundred requests; the same ones for the same seed.
pub fn faults(seed: u64, percent: u64) -> impl Fn(&server::Request) -> Fault + Send + Sync + 'static {
    let chance = Mutex::new(Chance(seed));
    move |_| {
        let mut chance = chance.lock().unwrap();
        if !chance.percent(percent) {
            return Fault::None;
        }
        // Those that make clients wait come seldom: a test has its time, too.
        match chance.below(40) {
            0 => Fault::Slow,
            1 => Fault::Late,
            2..=9 => Fault::Busy,
            10..=17 => Fault::Limited,
            18..=25 => Fault::Dropped,
            26..=33 => Fault::Lost,
            _ => Fault::Torn,
        }
    }
}
