//! Layer 5: from a proposal to its outcome. What a candidate can become, who may decide about it, what is due next, and
//! how much may happen at once. Everything here is a function of the log, the newest run and the day; nothing here reads,
//! writes or sends.

mod batch;
mod book;
mod candidate;
mod decide;
mod life;
mod people;
mod plan;
mod rails;

pub use batch::{Batch, Scope};
pub use book::{Asked, Book, Decided, Life};
pub use candidate::{Candidate, digest};
pub use decide::{Answer, EXPIRE, Ruling, owed};
pub use life::{Event, Refusal, State};
pub use people::{Rung, Who};
pub use plan::{Audience, LAST_STEP, Obstacle, Plan, Situation, Step, Why};
pub use rails::{Measures, Trip, held, is_good, trips};

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
