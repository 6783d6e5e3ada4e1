//! How a command fails: a message for people and an exit code for scripts.

use std::{
    io::{self, Write},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use axum::http::StatusCode;

use super::escaping::visible;
use crate::{api::Problem, limits::SEND_PATIENCE};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The reader of our output went away: nothing is wrong.
    #[error("broken pipe")]
    BrokenPipe,
    /// The command was called wrongly.
    #[error("{0}")]
    Usage(String),
    /// The command failed.
    #[error("{0}")]
    Failed(String),
    /// The log takes nothing now; nothing was stored.
    #[error("{message}")]
    Busy {
        /// How long to wait before the same may succeed.
        retry_after: Duration,
        /// What it said.
        message: String,
    },
    /// The command failed and has already said all there is to say.
    #[error("failed")]
    Said,
}

/// Tries until the log takes it, or was busy for too long.
pub(crate) fn patiently<T>(mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let started = Instant::now();
    loop {
        match attempt() {
            Err(Failure::Busy { retry_after, .. }) if started.elapsed() < SEND_PATIENCE => thread::sleep(retry_after),
            ended => return ended,
        }
    }
}

/// What is asked of a data directory fails as it does when a server is asked.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = problem.status();
        Self::refused(status, problem.into_detail())
    }
}

impl Failure {
    /// Refused with a status of HTTP: of these 400 says that nothing but the command is wrong.
    pub(crate) fn refused(status: StatusCode, message: String) -> Self {
        if status == StatusCode::BAD_REQUEST { Self::Usage(message) } else { Self::Failed(message) }
    }

    /// Failed, in somebody else's words.
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
    pub(crate) fn because(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }

    /// Standard output did not take what was written.
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Failed(format!("cannot write the output: {error}")),
        }
    }

    /// Prints what is to be said and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Nowhere is left to complain when this fails.
        let say = |message: &str| {
            // It may quote what somebody else wrote: no more of it than its line breaks reaches the terminal as it is.
            let lines: Vec<_> = message.lines().map(visible).collect();
            drop(writeln!(io::stderr().lock(), "error: {}", lines.join("\n")));
        };
        match self {
            Self::BrokenPipe => ExitCode::SUCCESS,
            Self::Said => ExitCode::FAILURE,
            Self::Usage(message) => {
                say(message);
                ExitCode::from(2)
            }
            Self::Failed(message) | Self::Busy { message, .. } => {
                say(message);
                ExitCode::FAILURE
            }
        }
    }
}
