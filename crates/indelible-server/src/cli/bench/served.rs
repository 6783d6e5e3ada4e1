//! A server in this process, so that HTTP is measured whole and on a log that can be looked at afterwards.

use std::{fs, sync::Arc, thread};

use indelible::{Recorder, Store};
use indelible_engine::log::{Log, LogConfig};
use tokio::{runtime, sync::oneshot};

use crate::{
    cli::{error::Failure, local, remote::Remote},
    config::Config,
    serve::Server,
};

/// A running server.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) log: Arc<Log>,
    pub(super) remote: Remote,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Served {
    /// Serves a data directory on a free port of the loopback.
    pub(super) fn start(config: LogConfig) -> Result<Self, Failure> {
        let data = config.path.clone();
        let log = Arc::new(local::open_with(config)?);
        let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::because)?;
        let recorder = Recorder::new(Arc::clone(&log) as Arc<dyn Store>);
        let bound = runtime.block_on(Server::bind(Arc::clone(&log), recorder, Config::on_loopback(&data)));
        let server = bound.map_err(Failure::because)?;
        let key = fs::read_to_string(data.join("keys").join("admin.key")).map_err(Failure::because)?;
        let remote = Remote::new(&server.url(), Some(key.trim()))?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime.block_on(server.run(async {
                let _ = stopped.await;
            }));
        });
        Ok(Self { log, remote, stop, thread })
    }

    /// Stops it, and returns when the log is closed.
    pub(super) fn stop(self) {
        let Self { log, remote, stop, thread } = self;
        // Connections that are kept open would be waited for.
        drop(remote);
        let _ = stop.send(());
        let _ = thread.join();
        drop(log);
    }
}
