//! Layer 3: who signed in to what, rolled up to days as events are parsed, and the state of every seat as of a day.

mod advance;
mod erase;
mod files;
mod merge;
mod month;
mod ring;
mod rollup;
mod sorted;
#[cfg(test)]
mod tests;

pub use advance::{Advance, Shard, State, Told, expirable, state};
pub use erase::{erase, knows};
pub use files::{Of, day_use_schema, put_day_use, seat_month_schema, seat_state_schema};
pub use month::months;
pub use ring::{KEPT_DAYS, Ring, WORDS};
pub use rollup::{DayUse, Rollup, bucket};
