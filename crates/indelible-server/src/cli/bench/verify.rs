//! Everything read again: what a check of the whole log takes.

use std::{path::PathBuf, time::Instant};

use clap::Args;
use serde::Serialize;

use super::{
    gauge::{cpu_ns, rss_max_bytes},
    report,
};
use crate::cli::{error::Failure, local::Local, terminal::Screen};

/// Reads a whole log again: every checksum, and every leaf made anew from the event as it is read
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Data directory to read
    #[arg(long, value_name = "DIR", default_value = "bench-data")]
    data: PathBuf,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    events: u64,
    segments: u64,
    bytes: u64,
    seconds: f64,
    events_per_s: u64,
    /// Millions of bytes on disk a second.
    mb_per_s: f64,
    cpu_ns_per_event: u64,
    rss_max_bytes: u64,
}

impl Verify {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let local = Local::open(&self.data)?;
        let (cpu_before, started) = (cpu_ns(), Instant::now());
        let verified = local.verify(&[]);
        let (seconds, cpu) = (started.elapsed().as_secs_f64().max(1e-9), cpu_ns() - cpu_before);
        let verified = verified.map_err(Failure::because)?;
        let measured = Measured {
            events: verified.events,
            segments: verified.segments,
            bytes: verified.bytes,
            seconds,
            events_per_s: (verified.events as f64 / seconds) as u64,
            mb_per_s: verified.bytes as f64 / 1e6 / seconds,
            cpu_ns_per_event: cpu / verified.events.max(1),
            rss_max_bytes: rss_max_bytes(),
        };
        report(&measured, screen)
    }
}
