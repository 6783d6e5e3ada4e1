//! The command line: one file a command.

mod aggregate;
mod answer;
mod bench;
mod changes;
mod checkpoint;
mod doctor;
mod error;
mod escaping;
mod export;
mod filter;
mod fingerprint;
mod import;
mod interrupt;
mod key;
mod list;
pub(crate) mod local;
mod oauth;
mod outbox;
pub(crate) mod place;
pub(crate) mod progress;
mod prompt;
mod proof;
mod question;
mod record;
pub(crate) mod remote;
mod resource;
mod retain;
mod row;
mod serve;
mod show;
pub(crate) mod table;
mod tail;
pub(crate) mod terminal;
mod token;
mod verify;
mod witness;

use std::env;

use clap::{CommandFactory, Parser, Subcommand};

use error::Failure;
use terminal::{Colour, Screen};

/// The audit log that cannot be altered without being caught.
#[derive(Debug, Parser)]
#[command(name = "indelible", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print JSON: one value, or one a line where there may be many
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
    /// When to use colours; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, help_heading = "Output")]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Record(Box<record::Record>),
    List(list::List),
    Show(show::Show),
    Tail(tail::Tail),
    Aggregate(aggregate::Aggregate),
    Export(export::Export),
    Import(import::Import),
    Checkpoint(checkpoint::Checkpoint),
    Proof(proof::Proof),
    Verify(verify::Verify),
    Retain(retain::Retain),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Token(token::Token),
    Oauth(Box<oauth::Oauth>),
    #[command(subcommand)]
    Resource(resource::Resource),
    Fingerprint(fingerprint::Fingerprint),
    Doctor(doctor::Doctor),
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    Witness(witness::Witness),
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Prints completions for a shell
    #[command(hide = true)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl Arguments {
    /// Reads the command line; ends the process where that asks for help or is wrong.
    pub(crate) fn of_this_process() -> Self {
        Self::parse_from(env::args_os().map(filter::marked))
    }
}

/// Does what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut screen = Screen::new(arguments.color, arguments.json);
    match &arguments.command {
        Command::Serve(command) => command.run(),
        Command::Record(command) => command.run(&mut screen),
        Command::List(command) => command.run(&mut screen),
        Command::Show(command) => command.run(&mut screen),
        Command::Tail(command) => command.run(&mut screen),
        Command::Aggregate(command) => command.run(&mut screen),
        Command::Export(command) => command.run(&mut screen),
        Command::Import(command) => command.run(&mut screen),
        Command::Checkpoint(command) => command.run(&mut screen),
        Command::Proof(command) => command.run(&mut screen),
        Command::Verify(command) => command.run(&mut screen),
        Command::Retain(command) => command.run(&mut screen),
        Command::Key(command) => command.run(&mut screen),
        Command::Token(command) => command.run(&mut screen),
        Command::Oauth(command) => command.run(&mut screen),
        Command::Resource(command) => command.run(&mut screen),
        Command::Fingerprint(command) => command.run(&mut screen),
        Command::Doctor(command) => command.run(&mut screen),
        Command::Outbox(command) => command.run(&mut screen),
        Command::Witness(command) => command.run(&mut screen),
        Command::Bench(command) => command.run(&mut screen),
        Command::Completions { shell } => completions(*shell, &mut screen),
    }?;
    screen.finish()
}

fn completions(shell: clap_complete::Shell, screen: &mut Screen) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "indelible", &mut script);
    screen.bytes(&script)
}

#[cfg(test)]
mod tests;
