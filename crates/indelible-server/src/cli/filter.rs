//! The filter line as an argument.

use std::{convert::Infallible, ffi::OsString};

use clap::Args;
use indelible_engine::query::Filter;

use super::{error::Failure, question::typed_wrongly};
use crate::clock;

/// Stands before an argument that is a negated condition. No text has it.
const MARK: char = '\u{1}';

/// Marks a negated condition, `-action:token.*`, so that it is not taken for options.
pub(crate) fn marked(argument: OsString) -> OsString {
    match argument.to_str() {
        Some(text) if text.starts_with('-') && !text.starts_with("--") && text.contains(':') => {
            format!("{MARK}{text}").into()
        }
        _ => argument,
    }
}

fn unmarked(argument: &str) -> Result<String, Infallible> {
    Ok(argument.trim_start_matches(MARK).to_owned())
}

/// Which events a command is about.
#[derive(Debug, Args)]
pub(crate) struct FilterLine {
    /// Which events, e.g. `action:token.* -outcome:success actor:user:42 since:7d`; all when left out
    #[arg(value_name = "FILTER", value_parser = unmarked)]
    words: Vec<String>,
}

impl FilterLine {
    /// The line, checked here so that a mistake is shown before anything is opened or sent.
    pub(crate) fn line(&self) -> Result<String, Failure> {
        checked(&self.words.join(" "))
    }
}

/// A filter line, when it can be read.
pub(crate) fn checked(line: &str) -> Result<String, Failure> {
    match Filter::parse(line, clock::now()) {
        Ok(_) => Ok(line.to_owned()),
        Err(error) => Err(typed_wrongly("filter", line, &error)),
    }
}
