//! The binary `indelible`: the audit log as a server and as a command line.

mod api;
mod cli;
mod clock;
mod config;
mod cosigning;
mod demo;
mod durable;
mod following;
mod keys;
mod limits;
mod logging;
mod receivers;
mod retention;
mod rotation;
mod serve;
mod tokens;
mod witness;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(&cli::Arguments::of_this_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
