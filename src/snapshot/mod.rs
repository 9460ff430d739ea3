//! Layer 5: seals what a run concluded as files that anyone can check later, and checks them.

mod agent;
mod allowed;
mod files;
mod hash;
mod instructions;
mod logical;
mod manifest;
mod open;
mod report;
mod seal;
mod sign;
mod verify;
mod verify_index;
mod verify_log;
mod verify_signature;
mod verify_tables;

pub use allowed::{AllowedSigners, Refusal, verify_signature};
pub use files::{FileBytes, write_folder};
pub use logical::row_hashes;
pub use open::{Contents, open};
pub use report::{Fault, Finding, LogSegment, RowCheck, SignatureState, Verification};
pub use seal::{SealInput, Sealed, SealedLog, SealedTable, Sealing, seal};
pub use sign::{NAMESPACE, Signer, fingerprint};
pub use verify::{Rows, VerifyOptions, verify};

/// The format every snapshot names.
pub const FORMAT: &str = "seatledger-snapshot/1";

#[cfg(test)]
mod sign_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
