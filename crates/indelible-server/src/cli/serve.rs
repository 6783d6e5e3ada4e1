//! `indelible serve`: runs the server.

use std::{io::Write, path::PathBuf, sync::Arc};

use clap::Args;
use indelible_engine::store::Store;

use super::{Failure, local};
use crate::{
    config::{Config, Options},
    logging,
    serve::{self, Server},
};

/// Run the server
#[derive(Debug, Args)]
pub(crate) struct Serve {
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
        let config = Config::load(self.options.clone(), self.config.as_deref()).map_err(failed)?;
        if self.print_config {
            return say(&config.to_toml());
        }
        logging::start(&config);
        let store = Arc::new(local::open(&config.data)?);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
        runtime.block_on(serve(store, config))
    }
}

async fn serve(store: Arc<dyn Store>, config: Config) -> Result<(), Failure> {
    let data = config.data.display().to_string();
    let mut server = Server::bind(store, config).await.map_err(failed)?;
    let stopped = serve::signals().map_err(failed)?;
    say(&banner(&server.url(), &data, server.first_key.take().as_ref().map(|key| key.expose())))?;
    server.run(stopped).await;
    Ok(())
}

fn banner(url: &str, data: &str, first_key: Option<&str>) -> String {
    let mut banner = format!("Indelible {} listens on {url}, log in {data}\n", env!("CARGO_PKG_VERSION"));
    if let Some(key) = first_key {
        banner.push_str(&format!(
            "Administrator's key, shown this once and kept in {data}/keys/admin.key:\n\n    {key}\n\n\
             Try:\n\n    curl {url}/v1/events -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n      \
             -d '{{\"action\":\"auth.login.succeeded\",\"actor\":{{\"type\":\"user\",\"id\":\"42\"}}}}'\n"
        ));
    }
    banner
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}
