//! Layer 0: what every other room may use. Errors and exit codes, the clock, money, sizes, memory, text folding.

pub mod clock;
pub mod error;
pub mod memory;
pub mod money;
pub mod progress;
pub mod size;
pub mod text;

pub use clock::{AsOf, Clock};
pub use error::{Error, ErrorKind, Result};
pub use progress::Progress;
