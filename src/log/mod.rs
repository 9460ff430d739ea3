//! Layer 4: the decision log. What was decided, by whom and when, as entries that nobody can change, drop or reorder
//! unseen.

mod append;
mod check;
mod checkpoint;
mod columns;
mod entry;
mod kind;
mod read;
mod segment;
mod tree;

pub use append::{append, append_after};
pub use check::{Fault, FaultKind, check_entries};
pub use checkpoint::{Checkpoint, origin};
pub use columns::{from_batches, schema, to_batch};
pub use entry::{Entry, NOTE, NewEntry, entry_hash};
pub use kind::EntryKind;
pub use read::{entries, segments};
pub use segment::{Head, Segment, head};
pub use tree::{Frontier, Hash};

#[cfg(test)]
mod tests;
