//! Layer 4: seals what a run concluded as files that anyone can check later, and checks them.

mod files;
mod logical;
mod manifest;
mod seal;
mod verify;

pub use seal::{SealInput, SealedSnapshot, seal};
pub use verify::{Fault, Finding, Verification, verify};

/// The format every snapshot names.
pub const FORMAT: &str = "seatledger-snapshot/1";

#[cfg(test)]
mod tests;
