//! Layer 4: the identity map. Evidence that nobody may change names persons by random keys; which key is whose stands
//! here alone, in a store of its own, and can be taken away.

mod map;
#[cfg(test)]
mod tests;
mod veil;

pub use map::{IdentityMap, Name};
pub use veil::{Shown, blank, sorted, veil};
