//! Layer 3: who signed in to what, rolled up to days as events are parsed, and the state of every seat as of a day.

mod files;
mod ring;
mod rollup;

pub use files::{Of, day_use_schema, put_day_use, seat_state_schema};
pub use ring::{KEPT_DAYS, Ring, WORDS};
pub use rollup::{DayUse, FULL_ROWS, Rollup, bucket};
