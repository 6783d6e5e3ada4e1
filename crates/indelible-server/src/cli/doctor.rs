//! `indelible doctor`: what is wrong with a log, and what to do about it.

mod configuration;
mod directory;
mod server;

use clap::Args;
use indelible_engine::log::FORMAT;
use serde::Serialize;

use super::{
    error::Failure,
    place::PlaceOptions,
    terminal::{Screen, style, visible},
};

/// Checks a data directory or a server, and says what to do about what is wrong
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible doctor
  indelible doctor --url https://audit.example.com --json

Ends with 1 when there is a problem, with 0 when there are only warnings or none.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    place: PlaceOptions,
}

impl Doctor {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let version = format!("indelible {}, data directories of format {FORMAT}", env!("CARGO_PKG_VERSION"));
        let mut findings = vec![Finding::ok("version", version)];
        findings.extend(match (self.place.remote(), self.place.data()) {
            (Some(server), _) => server::examine(&server?),
            (None, Some(directory)) => {
                let mut findings = directory::examine(directory);
                findings.extend(configuration::examine(directory, self.place.config()));
                findings
            }
            (None, None) => Vec::new(),
        });
        if screen.wants_json() {
            screen.json(&findings)?;
        } else {
            findings.iter().try_for_each(|finding| finding.print(screen))?;
        }
        screen.finish()?;
        if findings.iter().any(|finding| finding.state == State::Problem) { Err(Failure::Said) } else { Ok(()) }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Problem,
}

/// What was found in one respect.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), advice: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Problem, found: found.into(), advice: Some(advice.into()) }
    }

    fn print(&self, screen: &mut Screen) -> Result<(), Failure> {
        let (word, style) = match self.state {
            State::Ok => ("ok     ", style::GOOD),
            State::Warning => ("warning", style::WARN),
            State::Problem => ("problem", style::BAD),
        };
        let word = screen.paint(style, word);
        let mut found = self.found.lines().map(visible);
        screen.line(&format!("{word}  {:<11}  {}", self.check, found.next().unwrap_or_default()))?;
        found
            .chain(self.advice.as_deref().map(visible))
            .try_for_each(|line| screen.line(&format!("{:22}{}", "", line.trim_start())))
    }
}
