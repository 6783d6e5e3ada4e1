//! `indelible bench`: how fast the log is on this machine, with the disk's own speed beside it.

mod asked;
mod changes;
mod events;
mod gauge;
mod grants;
mod ingest;
mod load;
mod oauth;
mod query;
mod queued;
mod resources;
mod rounds;
mod served;
mod single;
mod target;
mod tokens;
mod usage;
mod verify;

use clap::Subcommand;
use serde::Serialize;

use crate::cli::{error::Failure, terminal::Screen};

/// Measures how fast events go in, questions are answered and a log is verified
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    Ingest(ingest::Ingest),
    Oauth(oauth::QuestionsOf),
    Query(query::Query),
    Resources(resources::ResourcesOf),
    Usage(usage::UsageOf),
    Verify(verify::Verify),
    VerifyTokens(tokens::VerifyTokens),
}

impl Bench {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Ingest(ingest) => ingest.run(screen),
            Self::Oauth(oauth) => oauth.run(screen),
            Self::Query(query) => query.run(screen),
            Self::Resources(resources) => resources.run(screen),
            Self::Usage(usage) => usage.run(screen),
            Self::Verify(verify) => verify.run(screen),
            Self::VerifyTokens(verify) => verify.run(screen),
        }
    }
}

/// Prints figures: one a line, or one JSON object.
fn report(figures: &impl Serialize, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(figures);
    }
    let json = serde_json::to_value(figures).map_err(Failure::because)?;
    for (name, value) in json.as_object().into_iter().flatten() {
        screen.line(&format!("{name:<24}{value}"))?;
    }
    Ok(())
}
