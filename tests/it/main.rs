//! The one integration binary: every further one would link the whole engine again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod answers;
mod architecture;
mod bad_inputs;
mod carried;
mod chance;
mod cli;
mod cluster;
mod companies;
mod demo;
mod demo_cases;
mod desk;
mod determinism;
mod dictionary;
mod evidence;
mod executor;
mod fault;
mod kills;
mod preview;
mod project;
mod properties;
mod real_samples;
mod renewal;
mod reports;
mod review;
mod review_cli;
mod review_life;
mod said;
mod scenarios;
mod store_faults;
mod stub;
mod tickets;
mod ties;
mod views;
mod volume;
