//! The command line: one file a command.

mod error;
mod serve;

use clap::{Parser, Subcommand};

pub(crate) use error::Failure;

/// The audit log that cannot be altered without being caught.
#[derive(Debug, Parser)]
#[command(name = "indelible", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Serve(command) => command.run(),
    }
}
