//! Why a text is no question.

use std::fmt;

use super::names;

/// A mistake in a filter line or in a text of an aggregate, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, and what to write instead.
    pub problem: String,
    /// Where: characters from the beginning, counted from 1.
    pub column: usize,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl ParseError {
    pub(super) fn at(column: usize, problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), column, suggestion: None }
    }

    pub(super) fn unknown<'a>(what: &str, word: &str, column: usize, known: impl Iterator<Item = &'a str>) -> Self {
        let suggestion = names::nearest(word, known).map(str::to_owned);
        Self { problem: format!("unknown {what} \"{word}\""), column, suggestion }
    }

    /// The line, below it a caret at the mistake, below that the message.
    pub fn render(&self, line: &str) -> String {
        let shown: String = line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        format!("{shown}\n{}^\n{self}", " ".repeat(self.column.saturating_sub(1)))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at column {}", self.problem, self.column)?;
        match &self.suggestion {
            Some(suggestion) => write!(out, "; did you mean \"{suggestion}\"?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}
