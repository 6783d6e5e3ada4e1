//! Events that the caller does not wait for: what a call costs the thread that makes it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use indelible::{RecordError, Recorder, Store};
use indelible_engine::log::Log;
use indelible_proof::Event;

use super::load::{Counter, Load, Loaded};
use crate::cli::error::Failure;

/// Events come in small groups, as they do from requests; each is made before the calls are timed.
const TICK: Duration = Duration::from_millis(1);

impl Load {
    /// Queues events, `rate` a second over all callers, and returns when all are stored or lost.
    pub(super) fn queued(&self, log: &Arc<Log>, rate: u32) -> Result<Loaded, Failure> {
        let recorder = Recorder::new(Arc::clone(log) as Arc<dyn Store>);
        let per_tick = f64::from(rate) * TICK.as_secs_f64() / f64::from(self.concurrency);
        let (ticks, per_tick) = (1.0 / per_tick.min(1.0), per_tick.max(1.0) as usize);
        let pause = TICK.mul_f64(ticks);
        let mut loaded = self.on_threads(|caller, counter| self.call(caller, &recorder, per_tick, pause, counter))?;
        recorder.flush();
        loaded.events = recorder.stats().recorded;
        recorder.close();
        Ok(loaded)
    }

    fn call(
        &self,
        caller: u32,
        recorder: &Recorder,
        per_tick: usize,
        pause: Duration,
        counter: &Counter,
    ) -> Result<Loaded, Failure> {
        let (mut events, mut loaded) = (self.generator(caller), Loaded::default());
        let mut due = Instant::now();
        loop {
            let group: Vec<Event> = events.by_ref().take(per_tick).collect();
            if group.is_empty() {
                return Ok(loaded);
            }
            let count = group.len() as u64;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for event in group {
                let called = Instant::now();
                let answer = recorder.queue(event);
                loaded.calls.add(called.elapsed());
                match answer {
                    Ok(()) => {}
                    Err(RecordError::QueueFull { lost, .. }) => loaded.lost += lost as u64,
                    Err(error) => return Err(Failure::because(error)),
                }
            }
            counter.add(count);
            due += pause;
        }
    }
}
