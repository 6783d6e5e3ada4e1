//! A thread that drains.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver as Bell, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Drained, Outbox, OutboxError, Receiver, drain::drain_batch};
use crate::{
    limits::{OUTBOX_RETRY_WAIT, OUTBOX_RETRY_WAIT_MAX},
    system_time,
};

/// Drains an outbox, on a thread of its own, as events come; until it is dropped.
///
/// When it is dropped a batch that is on its way is finished. What is committed later waits for the next drainer.
pub struct Drainer {
    stopped: Arc<AtomicBool>,
    bell: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drainer {
    /// Starts to drain. `on_error` is called for each failed try; tries go on, after 0.2 to 30 seconds.
    ///
    /// An error when there can be no more threads.
    pub fn start(
        outbox: impl Outbox + 'static,
        receiver: impl Receiver + Send + 'static,
        mut on_error: impl FnMut(&OutboxError) + Send + 'static,
    ) -> io::Result<Self> {
        let (bell, rung) = mpsc::sync_channel(1);
        let stopped = Arc::new(AtomicBool::new(false));
        let work = {
            let (stopped, bell) = (Arc::clone(&stopped), bell.clone());
            move || {
                run(&outbox, &receiver, (bell, &rung), |tried| {
                    if let Err(error) = tried {
                        on_error(error);
                    }
                    !stopped.load(Ordering::Acquire)
                });
            }
        };
        let thread = thread::Builder::new().name("indelible-outbox".to_owned()).spawn(work)?;
        Ok(Self { stopped, bell, thread: Some(thread) })
    }

    /// Drains on this thread as events come, for as long as `go_on` says so; it is told of each try.
    pub fn run(outbox: &dyn Outbox, receiver: &dyn Receiver, go_on: impl FnMut(&Result<Drained, OutboxError>) -> bool) {
        let (bell, rung) = mpsc::sync_channel(1);
        run(outbox, receiver, (bell, &rung), go_on);
    }
}

fn run(
    outbox: &dyn Outbox,
    receiver: &dyn Receiver,
    (bell, rung): (SyncSender<()>, &Bell<()>),
    mut go_on: impl FnMut(&Result<Drained, OutboxError>) -> bool,
) {
    let pause = outbox.ring(bell);
    let mut retry_wait = OUTBOX_RETRY_WAIT;
    loop {
        let tried = drain_batch(outbox, receiver, system_time());
        if !go_on(&tried) {
            return;
        }
        let wait = match tried {
            Err(_) => {
                let wait = retry_wait;
                retry_wait = (retry_wait * 2).min(OUTBOX_RETRY_WAIT_MAX);
                wait
            }
            Ok(drained) => {
                retry_wait = OUTBOX_RETRY_WAIT;
                if drained == Drained::default() { pause } else { Duration::ZERO }
            }
        };
        // Rung, or time is up: either way it is time to look again.
        let _ = rung.recv_timeout(wait);
    }
}

impl Drop for Drainer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // A bell that has been rung already wakes it as well.
        let _ = self.bell.try_send(());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Drainer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Drainer").finish_non_exhaustive()
    }
}
