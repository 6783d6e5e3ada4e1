//! Events in: as many as the log takes, each batch awaited until it is on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use clap::Args;
use indelible_engine::limits::BATCH_EVENTS_MAX;
use indelible_proof::Event;
use serde::Serialize;

use super::{
    events::Events,
    gauge::{Times, cpu_ns, fsync_p50_us, rss_max_bytes},
};
use crate::{
    cli::{Failure, local::Local, place::Place, progress::Progress, remote::Remote, terminal::Screen},
    clock,
    limits::BENCH_THREADS_MAX,
};

/// Records made-up events and measures the rate, the wait for each batch, and the bytes on disk
///
/// The events go into a data directory of their own, or, with --url, to a server: never give it one that matters.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible bench ingest --events 1000000
  indelible bench ingest --batch 1 --concurrency 64
  indelible bench ingest --url http://127.0.0.1:4610 --key ik_... --json")]
pub(crate) struct Ingest {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    events: u64,
    /// Events recorded at once
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=BATCH_EVENTS_MAX as i64))]
    batch: u32,
    /// Batches under way at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=BENCH_THREADS_MAX))]
    concurrency: u32,
    /// Start of the random numbers: the same gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Data directory to measure in
    #[arg(long, value_name = "DIR", default_value = "bench-data", conflicts_with = "url")]
    data: PathBuf,
    /// Server to measure instead
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// API key for the server
    #[arg(long, env = "INDELIBLE_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    events: u64,
    batch: u32,
    concurrency: u32,
    over_http: bool,
    seconds: f64,
    events_per_s: u64,
    ack_p50_us: u64,
    ack_p99_us: u64,
    /// The CPU time of this process alone: without the server's when that is another process.
    cpu_ns_per_event: u64,
    /// Part of it that went into making the events up.
    generator_ns_per_event: u64,
    /// Time for sealing what was left when the last batch was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    seal_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_event: Option<f64>,
    rss_max_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fsync_p50_us: Option<u64>,
}

impl Ingest {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let place = match &self.url {
            Some(url) => Place::Remote(Remote::new(url, self.key.as_deref())?),
            None => Place::Local(Local::open_or_create(&self.data)?),
        };
        let generator_ns_per_event = self.generator_ns();
        let (cpu_before, started) = (cpu_ns(), Instant::now());
        let (events, mut acks) = self.load(&place)?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_ns() - cpu_before);
        let events_max = events.max(1);
        let mut measured = Measured {
            events,
            batch: self.batch,
            concurrency: self.concurrency,
            over_http: self.url.is_some(),
            seconds,
            events_per_s: (events as f64 / seconds.max(1e-9)) as u64,
            ack_p50_us: acks.percentile_us(50),
            ack_p99_us: acks.percentile_us(99),
            cpu_ns_per_event: cpu / events_max,
            generator_ns_per_event,
            seal_seconds: None,
            bytes_per_event: None,
            rss_max_bytes: rss_max_bytes(),
            fsync_p50_us: None,
        };
        if let Place::Local(log) = place {
            measured.seal(log, &self.data)?;
        }
        measured.print(screen)
    }

    fn generator(&self, thread: u32) -> Events {
        Events::new(
            self.seed.wrapping_add(u64::from(thread) << 32),
            self.events / u64::from(self.concurrency),
            clock::now(),
        )
    }

    /// CPU time that making up an event takes.
    fn generator_ns(&self) -> u64 {
        const SAMPLE: u64 = 20_000;
        let before = cpu_ns();
        std::hint::black_box(self.generator(0).take(SAMPLE as usize).fold(0, |sum, event| sum + event.action.len()));
        (cpu_ns() - before) / SAMPLE
    }

    /// Records everything; gives how many events there were, and how long each batch waited.
    fn load(&self, place: &Place) -> Result<(u64, Times), Failure> {
        let left = AtomicU64::new(self.events);
        let done = AtomicU64::new(0);
        let progress = Mutex::new(Progress::new("bench", None));
        let work = |thread: u32| -> Result<Times, Failure> {
            let (mut events, mut acks) = (self.generator(thread), Times::default());
            loop {
                let batch = take(&left, u64::from(self.batch));
                if batch == 0 {
                    return Ok(acks);
                }
                let batch: Vec<Event> = events.by_ref().take(batch as usize).collect();
                let count = batch.len() as u64;
                let sent = Instant::now();
                place.record(batch)?;
                acks.add(sent.elapsed());
                let done = done.fetch_add(count, Ordering::Relaxed) + count;
                progress.lock().unwrap_or_else(PoisonError::into_inner).at(0, done);
            }
        };
        let mut acks = Times::default();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.concurrency).map(|thread| scope.spawn(move || work(thread))).collect();
            for thread in threads {
                acks.extend(thread.join().map_err(|_| Failure::Failed("a thread panicked".to_owned()))??);
            }
            Ok((done.load(Ordering::Relaxed), acks))
        })
    }
}

/// Takes up to some events from what is left.
fn take(left: &AtomicU64, wanted: u64) -> u64 {
    let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(wanted)));
    before.unwrap_or(0).min(wanted)
}

impl Measured {
    fn seal(&mut self, log: Local, directory: &Path) -> Result<(), Failure> {
        let started = Instant::now();
        log.seal()?;
        self.seal_seconds = Some(started.elapsed().as_secs_f64());
        let kept = log.status().next_seq;
        drop(log);
        let failed = |error: io::Error| Failure::Failed(format!("{}: cannot read: {error}", directory.display()));
        self.bytes_per_event = Some(size(directory).map_err(failed)? as f64 / kept.max(1) as f64);
        self.rss_max_bytes = rss_max_bytes();
        self.fsync_p50_us = Some(fsync_p50_us(directory).map_err(failed)?);
        Ok(())
    }

    fn print(&self, screen: &mut Screen) -> Result<(), Failure> {
        if screen.wants_json() {
            return screen.json(self);
        }
        let json = serde_json::to_value(self).map_err(Failure::because)?;
        for (name, value) in json.as_object().into_iter().flatten() {
            screen.line(&format!("{name:<24}{value}"))?;
        }
        Ok(())
    }
}

/// Bytes of all files under a directory.
fn size(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}
