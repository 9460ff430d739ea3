//! Layer 4: seals what a run concluded as files that anyone can check later, and checks them.

mod agent;
mod files;
mod logical;
mod manifest;
mod seal;
mod sign;
mod verify;

pub use files::write_folder;
pub use seal::{NO_SNAPSHOT, SealInput, Sealed, seal};
pub use sign::{NAMESPACE, Signer, fingerprint};
pub use verify::{Fault, Finding, Verification, verify};

/// The format every snapshot names.
pub const FORMAT: &str = "seatledger-snapshot/1";

#[cfg(test)]
mod tests;
