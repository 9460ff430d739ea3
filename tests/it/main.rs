//! The one integration binary: every further one would link the whole engine again.

mod architecture;
mod project;
mod scenarios;
