//! The one integration binary: every further one would link the whole engine again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod architecture;
mod project;
mod scenarios;
