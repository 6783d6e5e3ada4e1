//! `indelible witness`: cosigns the checkpoints of other logs.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use indelible_proof::note::VerifierKey;

use super::{error::Failure, terminal::Screen};
use crate::{
    config::{LogFormat, LogLevel},
    logging,
    serve::signals,
    witness::{Book, Witness as Server},
};

/// Runs a witness: it cosigns the checkpoints of other logs, and never two that contradict each other
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible witness --name witness.example.com/w1 --log audit.example.com+7f2d1c3a+AQ...
  indelible witness --data /var/lib/witness --listen 0.0.0.0:4611 --log-format json

A witness remembers the last checkpoint of each log and cosigns only what extends it, so a log that shows one history \
to some and another one to others, or takes one back, is found out. It speaks C2SP tlog-witness: POST /add-checkpoint, \
and GET /<SHA-256 of a log's name>/checkpoint shows what was cosigned last.

Its directory holds its key (witness.key: nobody else may have it) and what it has seen (seen/). Restoring an old copy of \
that directory makes it a liar: begin a new witness instead.")]
pub(crate) struct Witness {
    /// Directory of the witness
    #[arg(long, env = "INDELIBLE_WITNESS_DATA", value_name = "DIR", default_value = "witness")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "INDELIBLE_WITNESS_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:4611")]
    listen: SocketAddr,
    /// Name of a new witness, like a URL without its scheme
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Public key (vkey) of a log to follow; repeat it for more, or write them into DIR/logs, one a line
    #[arg(long = "log", value_name = "VKEY")]
    logs: Vec<VerifierKey>,
    /// Logs for people or as JSON
    #[arg(long, env = "INDELIBLE_LOG_FORMAT", default_value = "human")]
    log_format: LogFormat,
    /// Least important level that is logged
    #[arg(long, env = "INDELIBLE_LOG_LEVEL", default_value = "info")]
    log_level: LogLevel,
}

impl Witness {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        logging::start(self.log_format, self.log_level);
        let book = Book::open(&self.data, self.name.as_deref(), &self.logs).map_err(Failure::because)?;
        let about = about(&book);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::because)?;
        runtime.block_on(async {
            let server = Server::bind(book, self.listen).await.map_err(|error| {
                Failure::Failed(format!("cannot listen on {}: {error}; choose another with --listen", self.listen))
            })?;
            let stopped = signals().map_err(Failure::because)?;
            let (version, url, data) = (env!("CARGO_PKG_VERSION"), server.url(), self.data.display());
            screen
                .line(&format!("Indelible {version} witnesses at {url}, what it has seen is in {data}\n\n{about}"))?;
            screen.finish()?;
            server.run(stopped).await;
            Ok(())
        })
    }
}

fn about(book: &Book) -> String {
    let mut logs: Vec<_> = book
        .logs()
        .map(|(origin, size)| match size {
            Some(size) => format!("  {origin}, cosigned up to {size} entries\n"),
            None => format!("  {origin}, nothing cosigned yet\n"),
        })
        .collect();
    logs.sort();
    format!(
        "Its public key, for the configuration of the logs:\n\n  {}\n\nIt follows:\n\n{}",
        book.verifier(),
        logs.concat()
    )
}
