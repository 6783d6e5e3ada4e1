//! `indelible bench`: how fast the log is on this machine, with the disk's own speed beside it.

mod events;
mod gauge;
mod ingest;
mod query;
mod served;

use clap::Subcommand;

use crate::cli::{error::Failure, terminal::Screen};

/// Measures how fast events go in and questions are answered
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    Ingest(ingest::Ingest),
    Query(query::Query),
}

impl Bench {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Ingest(ingest) => ingest.run(screen),
            Self::Query(query) => query.run(screen),
        }
    }
}
