//! seatledger: an analytical warehouse for licence governance.
//!
//! Data flows one way: `ingest` lands extracts as committed Parquet, `engine` runs the SQL models in `sql/`, and
//! `publish`, `report` and `snapshot` write what people read. A module may use only the layers above it; the table of
//! layers is in the README of `src/` and `tests/it/architecture.rs` holds the code to it.

#![forbid(unsafe_code)]

pub mod base;
mod cli;
pub mod config;
pub mod demo;
pub mod engine;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod job;
pub mod log;
pub mod policy;
pub mod publish;
pub mod report;
pub mod review;
pub mod schema;
pub mod serve;
pub mod snapshot;
pub mod store;
pub mod usage;

pub use cli::run;
