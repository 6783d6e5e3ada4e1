//! The binary `indelible`: the audit log as a server and as a command line.

mod api;
mod cli;
mod clock;
mod config;
mod keys;
mod limits;
mod logging;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(&cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
