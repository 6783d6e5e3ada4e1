//! Events in: as many as the log takes, or at a given rate.

use std::{fs, io, path::Path, sync::Arc, time::Instant};

use clap::Args;
use indelible_engine::{
    log::{Log, LogConfig},
    store::Store,
};
use serde::Serialize;

use super::{
    gauge::{cpu_ns, fsync_p50_us, rss_max_bytes},
    load::{Load, Loaded},
    report, single,
    target::{Subject, Target},
};
use crate::cli::{error::Failure, place::Place, terminal::Screen};

/// Records made-up events and measures the rate, the wait for each batch, and the bytes on disk
///
/// The events go into a data directory of their own, or, with --url, to a server: never give it one that matters.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible bench ingest --events 1000000
  indelible bench ingest --http --batch 1 --concurrency 256
  indelible bench ingest --queued --rate 50000 --concurrency 1
  indelible bench ingest --url http://127.0.0.1:4610 --key ik_... --json")]
pub(crate) struct Ingest {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    target: Target,
    /// Queue events without waiting, and measure the calls themselves
    #[arg(long, conflicts_with_all = ["http", "url", "batch"])]
    queued: bool,
    /// With --queued: events a second over all callers. What the log takes durably is the limit; above it the queue
    /// fills and events are lost
    #[arg(long, value_name = "N", default_value_t = 50_000, requires = "queued", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Seal nothing before the end, for comparison with a run that seals; holds about 2 million events
    #[arg(long, conflicts_with = "url")]
    no_seal: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_p50_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_p99_us: Option<u64>,
    /// With --queued: time that a call took.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_p50_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_p99_ns: Option<u64>,
    /// With --queued: events for which there was no room in the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_events: Option<u64>,
    /// How often the log asked to come back later.
    busy: u64,
    /// The CPU time of this process alone: without the server's when that is another process.
    cpu_ns_per_event: u64,
    /// Part of it that went into making the events up and, for single events over HTTP, into sending them.
    generator_ns_per_event: u64,
    /// Time for sealing and merging what was left when the last batch was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    seal_seconds: Option<f64>,
    /// With --no-seal: how fast the sealer, alone, made one segment of everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    seal_events_per_s: Option<u64>,
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
        let mut config = self.target.config();
        if self.no_seal {
            // Lowered to what a segment can hold and a start can read again.
            config = LogConfig { seal_events: u64::MAX, seal_bytes: u64::MAX, ..config };
        }
        let subject = self.target.open_or_create(config)?;
        let mut measured = self.measure(&subject)?;
        let Some(log) = subject.log.clone() else { return report(&measured, screen) };
        measured.seal(&log, self.no_seal)?;
        drop(log);
        subject.close();
        report(&measured.on_disk(&self.target.data)?, screen)
    }

    fn measure(&self, subject: &Subject) -> Result<Measured, Failure> {
        let generator_ns = self.generator_ns();
        let (cpu_before, started) = (cpu_ns(), Instant::now());
        let mut loaded = self.load(subject)?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_ns() - cpu_before);
        let events = loaded.events.max(1);
        let (waits, queued) = (loaded.acks.len() > 0, self.queued);
        Ok(Measured {
            events: loaded.events,
            batch: if queued { 1 } else { self.load.batch },
            concurrency: self.load.concurrency,
            over_http: matches!(subject.place, Place::Remote(_)),
            seconds,
            events_per_s: (loaded.events as f64 / seconds.max(1e-9)) as u64,
            ack_p50_us: waits.then(|| loaded.acks.percentile_us(50)),
            ack_p99_us: waits.then(|| loaded.acks.percentile_us(99)),
            call_p50_ns: queued.then(|| loaded.calls.percentile_ns(50)),
            call_p99_ns: queued.then(|| loaded.calls.percentile_ns(99)),
            lost_events: queued.then_some(loaded.lost),
            busy: loaded.busy,
            cpu_ns_per_event: cpu / events,
            generator_ns_per_event: if loaded.sender_ns > 0 { loaded.sender_ns / events } else { generator_ns },
            seal_seconds: None,
            seal_events_per_s: None,
            bytes_per_event: None,
            rss_max_bytes: rss_max_bytes(),
            fsync_p50_us: None,
            log_events: 0,
        })
    }

    fn load(&self, subject: &Subject) -> Result<Loaded, Failure> {
        match (&subject.place, &subject.log) {
            (_, Some(log)) if self.queued => self.load.queued(log, self.rate),
            (Place::Remote(server), _) if self.load.batch == 1 => {
                single::send(server, "/v1/events", self.load.concurrency, |sender| self.load.generator(sender))
            }
            (place, _) => self.load.batches(place, |sender| self.load.generator(sender)),
        }
    }

    /// CPU time that making up an event takes.
    fn generator_ns(&self) -> u64 {
        const SAMPLE: usize = 20_000;
        let before = cpu_ns();
        let mut made = 0;
        self.load.generator(0).take(SAMPLE).for_each(|event| {
            std::hint::black_box(event);
            made += 1;
        });
        (cpu_ns() - before) / std::cmp::max(made, 1)
    }
}

impl Measured {
    fn seal(&mut self, log: &Arc<Log>, alone: bool) -> Result<(), Failure> {
        let left = log.status().tail_events;
        let started = Instant::now();
        log.seal_now().map_err(Failure::because)?;
        let seconds = started.elapsed().as_secs_f64();
        self.seal_seconds = Some(seconds);
        self.seal_events_per_s = alone.then_some((left as f64 / seconds.max(1e-9)) as u64);
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
