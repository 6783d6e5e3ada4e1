//! How a command fails: a message for people and an exit code for scripts.

use std::{io::Write, process::ExitCode};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code)] // Constructed by the commands.
pub(crate) enum Failure {
    /// The reader of our output went away: nothing is wrong.
    #[error("broken pipe")]
    BrokenPipe,
    /// The command failed.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// Prints what is to be said and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::SUCCESS,
            Self::Failed(message) => {
                // Nowhere is left to complain when this fails.
                let _ = writeln!(std::io::stderr().lock(), "error: {message}");
                ExitCode::FAILURE
            }
        }
    }
}
