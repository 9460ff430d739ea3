//! Layer 4: the private store. Evidence that nobody may change names persons by random keys, and holds commitments in
//! place of what people said; which key is whose, and the words themselves, stand here alone and can be taken away.

mod map;
mod notes;
mod rows;
#[cfg(test)]
mod tests;
mod veil;

pub use map::{IdentityMap, Name};
pub use notes::{Note, NoteFile, Notes};
pub use rows::random;
pub use veil::{Shown, blank, sorted, veil};
