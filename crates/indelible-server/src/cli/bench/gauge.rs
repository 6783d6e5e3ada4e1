//! What the machine says while something is measured.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

/// Nanoseconds that all threads of this process have worked so far.
pub(crate) fn cpu_ns() -> u64 {
    nanoseconds(rustix::time::ClockId::ProcessCPUTime)
}

/// The same of the calling thread alone.
pub(crate) fn thread_cpu_ns() -> u64 {
    nanoseconds(rustix::time::ClockId::ThreadCPUTime)
}

fn nanoseconds(clock: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or(0) * 1_000_000_000 + nanoseconds.unwrap_or(0)
}

/// The most memory that this process has had resident; 0 where the system does not tell.
pub(crate) fn rss_max_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

/// Median microseconds of an fdatasync behind an append of one block, in a directory.
pub(crate) fn fsync_p50_us(directory: &Path) -> io::Result<u64> {
    const ROUNDS: usize = 100;
    let path = directory.join(".fsync-probe");
    let mut file = File::create(&path)?;
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        file.write_all(&[0x5a; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        times.add(started.elapsed());
    }
    drop(file);
    fs::remove_file(path)?;
    Ok(times.percentile_us(50))
}

/// Durations, of which percentiles are asked.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// By the nearest-rank method; 0 when nothing was measured.
    pub(crate) fn percentile_us(&mut self, percent: usize) -> u64 {
        self.percentile_ns(percent) / 1000
    }

    /// The same in nanoseconds.
    pub(crate) fn percentile_ns(&mut self, percent: usize) -> u64 {
        self.0.sort_unstable();
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut times = Times::default();
        assert_eq!(times.percentile_us(50), 0);
        (1..=100).rev().for_each(|us| times.add(Duration::from_micros(us)));
        assert_eq!([1, 50, 95, 99, 100].map(|percent| times.percentile_us(percent)), [1, 50, 95, 99, 100]);
    }
}
