//! What a long step tells its watcher. The terminal draws bars; tests and cron stay quiet.

/// A watcher of progress. All methods may be called from any thread.
pub trait Progress: Send + Sync {
    /// A step begins; `total` units of work are known, or 0 when they are not.
    fn start(&self, step: &str, total: u64);
    /// So many units more are done.
    fn advance(&self, units: u64);
    /// The step is over; `summary` is one line for a person.
    fn finish(&self, summary: &str);
    /// One line worth a person's attention, whatever the verbosity.
    fn warn(&self, line: &str);
}

/// Watches nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn start(&self, _step: &str, _total: u64) {}
    fn advance(&self, _units: u64) {}
    fn finish(&self, _summary: &str) {}
    fn warn(&self, _line: &str) {}
}
