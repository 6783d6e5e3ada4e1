//! The background thread: looks after what nobody waits for.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
};

use super::Service;
use crate::limits::TOKENS_ROUND;

/// The thread. It ends, after a last round, when this is dropped.
#[derive(Debug)]
pub(super) struct Rounds(Mutex<Option<(Sender<()>, JoinHandle<()>)>>);

impl Rounds {
    pub(super) fn start(service: Arc<Service>) -> std::io::Result<Self> {
        let (until, ended) = channel();
        let run = move || {
            while ended.recv_timeout(TOKENS_ROUND) == Err(RecvTimeoutError::Timeout) {
                service.round();
            }
            service.last_round();
        };
        let thread = thread::Builder::new().name("indelible-tokens".to_owned()).spawn(run)?;
        Ok(Self(Mutex::new(Some((until, thread)))))
    }

    /// Ends the thread and waits for its last round.
    pub(super) fn end(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((until, thread)) = running {
            drop(until);
            // It has no panics of its own to report; those of hooks are caught where they are called.
            drop(thread.join());
        }
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.end();
    }
}
