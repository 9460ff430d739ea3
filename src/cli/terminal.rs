//! What goes to stderr: progress on a terminal, warnings, errors.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::base::{Error, ErrorKind, Progress};

/// Bars when a person watches, silence otherwise.
pub(super) struct Terminal {
    watched: bool,
    quiet: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    pub(super) fn new(quiet: bool) -> Self {
        Self { watched: !quiet && std::io::stderr().is_terminal(), quiet, bar: Mutex::new(None) }
    }

    /// A line for a person, unless asked to be quiet.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// What went wrong: said however quiet one is asked to be, for nobody learns of it otherwise.
    pub(super) fn error(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "error: {line}");
    }

    fn with_bar(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.bar.lock() {
            act(&mut bar);
        }
    }
}

impl Progress for Terminal {
    fn start(&self, step: &str, total: u64) {
        if !self.watched {
            return;
        }
        let bar = if total > 0 { ProgressBar::new(total) } else { ProgressBar::new_spinner() };
        let template = if total > 0 { "{prefix:>10} [{bar:30}] {pos}/{len}" } else { "{prefix:>10} {spinner}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(step.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.with_bar(|slot| *slot = Some(bar));
    }

    fn advance(&self, units: u64) {
        self.with_bar(|slot| {
            if let Some(bar) = slot {
                bar.inc(units);
            }
        });
    }

    fn finish(&self, summary: &str) {
        self.with_bar(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
        if self.watched {
            self.say(&format!("  {summary}"));
        }
    }

    fn warn(&self, line: &str) {
        self.with_bar(|slot| match slot {
            Some(bar) => bar.suspend(|| self.say(&format!("warning: {line}"))),
            None => self.say(&format!("warning: {line}")),
        });
    }
}

/// Prints an error. Diagnostics of configuration are rendered already.
pub(super) fn complain(error: &Error) {
    let text = error.to_string();
    let prefix = if error.kind() == ErrorKind::Config && text.starts_with("error") { "" } else { "error: " };
    let _ = writeln!(std::io::stderr(), "{prefix}{text}");
}
