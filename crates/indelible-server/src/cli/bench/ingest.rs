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
use indelible_engine::{limits::BATCH_EVENTS_MAX, log::Log, store::Store};
use indelible_proof::Event;
use serde::Serialize;

use super::{
    events::Events,
    gauge::{Times, cpu_ns, fsync_p50_us, rss_max_bytes},
    served::Served,
};
use crate::{
    cli::{error::Failure, local::Local, place::Place, progress::Progress, remote::Remote, terminal::Screen},
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
    /// Send over HTTP, to a server in this process
    #[arg(long, conflicts_with = "url")]
    http: bool,
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
    #[serde(skip)]
    log_events: u64,
}

impl Ingest {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        if let Some(url) = &self.url {
            return self.measure(&Place::Remote(Remote::new(url, self.key.as_deref())?))?.print(screen);
        }
        let measured = if self.http {
            let served = Served::start(&self.data)?;
            let mut measured = self.measure(&Place::Remote(served.remote.clone()))?;
            measured.seal(&served.log)?;
            served.stop();
            measured
        } else {
            let log = Local::open_or_create(&self.data)?;
            let shared = log.log();
            let place = Place::Local(log);
            let mut measured = self.measure(&place)?;
            measured.seal(&shared)?;
            measured
        };
        measured.on_disk(&self.data)?.print(screen)
    }

    fn measure(&self, place: &Place) -> Result<Measured, Failure> {
        let generator_ns_per_event = self.generator_ns();
        let (cpu_before, started) = (cpu_ns(), Instant::now());
        let (events, mut acks) = self.load(place)?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_ns() - cpu_before);
        let events_max = events.max(1);
        Ok(Measured {
            events,
            batch: self.batch,
            concurrency: self.concurrency,
            over_http: matches!(place, Place::Remote(_)),
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
            log_events: 0,
        })
    }

    /// How many events a thread makes.
    fn share(&self, thread: u32) -> u64 {
        let (threads, thread) = (u64::from(self.concurrency), u64::from(thread));
        self.events / threads + u64::from(thread < self.events % threads)
    }

    fn generator(&self, thread: u32) -> Events {
        Events::new(self.seed.wrapping_add(u64::from(thread) << 32), self.share(thread), clock::now())
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
        let done = AtomicU64::new(0);
        let progress = Mutex::new(Progress::new("bench", None));
        let work = |thread: u32| -> Result<Times, Failure> {
            let mut events = self.generator(thread).take(usize::try_from(self.share(thread)).unwrap_or(usize::MAX));
            let mut acks = Times::default();
            loop {
                let batch: Vec<Event> = events.by_ref().take(self.batch as usize).collect();
                if batch.is_empty() {
                    return Ok(acks);
                }
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

impl Measured {
    fn seal(&mut self, log: &Log) -> Result<(), Failure> {
        let started = Instant::now();
        log.seal_now().map_err(Failure::because)?;
        self.seal_seconds = Some(started.elapsed().as_secs_f64());
        self.log_events = log.status().next_seq;
        self.rss_max_bytes = rss_max_bytes();
        Ok(())
    }

    /// What the closed log takes on disk, and how fast that disk is.
    fn on_disk(mut self, directory: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("{}: cannot read: {error}", directory.display()));
        self.bytes_per_event = Some(size(directory).map_err(failed)? as f64 / self.log_events.max(1) as f64);
        self.fsync_p50_us = Some(fsync_p50_us(directory).map_err(failed)?);
        Ok(self)
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
