//! `indelible serve`: runs the server.

use std::{io::Write, path::PathBuf, sync::Arc};

use clap::Args;
use indelible::{Recorder, geo::News};
use indelible_engine::log::{Log, LogConfig};

use super::{error::Failure, local};
use crate::{
    clock,
    config::{Config, Followers, Options, Witnesses},
    demo,
    keys::Secret,
    limits::BLOCKING_THREADS,
    logging,
    serve::{self, Server},
};

/// Runs the server
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible serve --demo
  indelible serve --data /var/lib/indelible --listen 0.0.0.0:4610 --log-format json
  indelible serve --print-config > indelible.toml")]
pub(crate) struct Serve {
    /// Start with an empty log in a temporary directory, fill it with samples, and let something happen
    #[arg(long)]
    demo: bool,
    /// File of options. Default: indelible.toml, when there is one
    #[arg(long, env = "INDELIBLE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the options as they hold, as an indelible.toml, and end
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    options: Options,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut config = Config::load(self.options.clone(), self.config.as_deref()).map_err(failed)?;
        if self.print_config {
            return say(&config.to_toml());
        }
        logging::start(config.log_format, config.log_level);
        // Exports hold their threads for as long as their clients read: they must not take those of the intake.
        let threads = BLOCKING_THREADS.saturating_add(config.exports_max).min(usize::from(u16::MAX));
        let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(threads).enable_all().build();
        let runtime = runtime.map_err(failed)?;
        if self.demo {
            // Removed when the server has stopped.
            let directory = tempfile::Builder::new().prefix("indelible-demo-").tempdir().map_err(failed)?;
            config.data = directory.path().to_owned();
            runtime.block_on(demonstrate(config))
        } else {
            runtime.block_on(serve(config))
        }
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let data = config.data.display().to_string();
    let (log, recorder) = open(&config)?;
    let mut server = Server::bind(log, recorder, config).await.map_err(failed)?;
    let stopped = serve::signals().map_err(failed)?;
    say(&banner(&server.url(), &data, server.first_key.take().as_ref()))?;
    server.run(stopped).await;
    Ok(())
}

async fn demonstrate(mut config: Config) -> Result<(), Failure> {
    // They would take it for a fork of the log that they know.
    config.witnesses = Witnesses::default();
    // What is made up belongs nowhere else.
    config.followers = Followers::default();
    let (log, recorder) = open(&config)?;
    let mut server = Server::bind(log, recorder.clone(), config).await.map_err(failed)?;
    let stopped = serve::signals().map_err(failed)?;
    let filling = recorder.clone();
    let imported = tokio::task::spawn_blocking(move || demo::import(&filling)).await.map_err(failed)?;
    let count = imported.map_err(failed)?;
    say(&demo_banner(&server.url(), count, server.first_key.take().as_ref().map_or("", Secret::expose)))?;
    let trickle = tokio::spawn(demo::trickle(recorder));
    server.run(stopped).await;
    trickle.abort();
    Ok(())
}

fn open(config: &Config) -> Result<(Arc<Log>, Recorder), Failure> {
    let defaults = LogConfig::new(&config.data, Arc::new(clock::now));
    let log = Arc::new(local::open_with(LogConfig { name: config.log_name.clone(), ..defaults })?);
    if let Some(torn) = &log.recovery().torn {
        let file = torn.path.display();
        tracing::warn!(%file, torn.offset, torn.bytes, "the end of the log was torn and is cut: nothing acknowledged as durable was in it");
    }
    let recorder = local::recorder(&log, &config.geo, |news| match news {
        News::Loaded { .. } => tracing::info!("{news}"),
        News::Missing(_) | News::Unusable { .. } => tracing::warn!("{news}"),
    })?;
    Ok((log, recorder))
}

fn banner(url: &str, data: &str, first_key: Option<&Secret>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut banner = format!("Indelible {version} listens on {url}, its log is in {data}\n");
    if let Some(key) = first_key {
        let key = key.expose();
        banner.push_str(&format!(
            "\nThe administrator's key, shown this once and kept in {data}/keys/admin.key:\n\n  {key}\n\n\
             Record a first event:\n\n  curl {url}/v1/events -H 'Authorization: Bearer {key}' \\\n    \
             -H 'Content-Type: application/json' -d '{{\"action\":\"auth.login.succeeded\"}}'\n\n"
        ));
    }
    banner
}

fn demo_banner(url: &str, count: usize, key: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "Indelible {version} listens on {url}, its log is a temporary one\n\n\
         It holds {count} real events of 50 products, laid over the last two weeks; every two seconds one more happens.\n\
         The log is removed when you stop it with Ctrl-C.\n\n  key  {key}\n\nTry, in another terminal:\n\n  \
         export INDELIBLE_URL={url} INDELIBLE_KEY={key}\n  \
         indelible list 'outcome:failure since:7d'\n  \
         indelible aggregate --by action,outcome\n  \
         indelible tail\n\n\
         or without the command line:\n\n  curl -N {url}/v1/tail -H 'Authorization: Bearer {key}'\n\n"
    )
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}
