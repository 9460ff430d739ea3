//! What is wrong in a file a person wrote: where, why, and what to write instead.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

use crate::base::text::nearest;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The project cannot be used.
    Error,
    /// It can, but someone should look.
    Warning,
}

/// One finding about one place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable code: `SL01xx` project file, `SL02xx` policies, `SL03xx` seeds, `SL04xx` drops.
    pub code: &'static str,
    /// The file, relative to the project folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The line itself with the place marked; none when the file is missing or unreadable.
    pub snippet: Option<Snippet>,
    /// What to write instead.
    pub help: Option<String>,
}

/// The part of a line that is shown, with the marked place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The text shown, without control characters.
    pub text: String,
    /// Characters of `text` before the mark.
    pub start: usize,
    /// Characters marked, at least one.
    pub width: usize,
    /// What the mark says; may be empty.
    pub label: String,
}

impl Diagnostic {
    /// A finding about a file as a whole, for instance one that is missing.
    pub(super) fn file(code: &'static str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            file: file.into(),
            line: 1,
            column: 1,
            message: message.into(),
            snippet: None,
            help: None,
        }
    }

    /// Whether it makes the project unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The same, but only a warning.
    pub(super) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Says something beside the caret.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(snippet) = &mut self.snippet {
            snippet.label = label.into();
        }
        self
    }

    /// Says what to write instead.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Helps with the nearest of the known words, or with all of them.
    pub(super) fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, known.iter().copied()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("known: {}", known.join(", "))),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let gutter = self.line.to_string().len();
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        write!(f, "{:gutter$}--> {}:{}:{}", "", self.file, self.line, self.column)?;
        if let Some(Snippet { text, start, width, label }) = &self.snippet {
            let mark = format!("{:start$}{} {label}", "", "^".repeat(*width));
            write!(f, "\n{} | {text}\n{:gutter$} | {}", self.line, "", mark.trim_end())?;
        }
        match &self.help {
            Some(help) => write!(f, "\n{:gutter$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}

/// The findings so far; readers share it so that every file is read to its end.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Diagnostic>>);

impl Problems {
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.0.borrow_mut().push(diagnostic);
    }

    /// All findings in the order of the files and lines.
    pub(super) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.0.into_inner();
        all.sort_by(|a, b| (&a.file, a.line, a.column, a.code).cmp(&(&b.file, b.line, b.column, b.code)));
        all
    }
}
