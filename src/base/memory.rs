//! Memory that was freed, and stays with the process because the allocator keeps it for what comes next. Only the program
//! knows its allocator; this is where it says how to have it back.

use std::sync::OnceLock;

static TRIM: OnceLock<fn()> = OnceLock::new();

/// Says how the allocator gives back what it keeps; said twice, the first holds.
pub fn trim_by(trim: fn()) {
    let _ = TRIM.set(trim);
}

/// Has the allocator give back what it keeps. It costs milliseconds, and asking the system again later: for whoever has a
/// limit.
pub fn trim() {
    if let Some(trim) = TRIM.get() {
        trim();
    }
}
