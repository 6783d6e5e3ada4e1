use std::fmt;

/// What is wrong with an event, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    /// Path of the offending field, e.g. `targets[1].id` or `metadata.a.b`; empty for the event as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl EventError {
    /// An error at a field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: excerpt(&field.into()).to_owned(), problem: problem.into() }
    }

    /// The same error, seen from the object or list that holds the field.
    pub(crate) fn inside(mut self, outer: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = excerpt(&format!("{}{dot}{}", excerpt(outer), self.field)).to_owned();
        self
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            out.write_str(&self.problem)
        } else {
            write!(out, "{}: {}", self.field, self.problem)
        }
    }
}

impl std::error::Error for EventError {}

/// The beginning of what the producer wrote: a key may be as long as the whole event, a message may not.
pub(crate) fn excerpt(text: &str) -> &str {
    text.get(..text.floor_char_boundary(256)).unwrap_or_default()
}
