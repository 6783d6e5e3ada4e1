//! A progress bar on standard error, where that is a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use super::terminal::{bytes_in_words, grouped};

const REDRAW: Duration = Duration::from_millis(100);
const BAR: usize = 30;

/// How far a long work is.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: Option<u64>,
    started: Instant,
    drawn: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// A bar for work that is complete at `total`, or a counter of bytes where nobody knows how much there is.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { what, total, started: Instant::now(), drawn: None, terminal }
    }

    /// Says how far it is.
    pub(crate) fn at(&mut self, done: u64, events: u64) {
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
        if !self.terminal || !due {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = line(self.what, done, self.total, events, self.started.elapsed());
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{line}");
    }
}

/// Wipes the bar away, also when the work fails.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(what: &str, done: u64, total: Option<u64>, events: u64, elapsed: Duration) -> String {
    let rate = events as f64 / elapsed.as_secs_f64().max(0.001);
    let counted = match events {
        0 => String::new(),
        _ => format!("  {} events, {}/s", grouped_u64(events), grouped_u64(rate as u64)),
    };
    match total.filter(|&total| total > 0) {
        Some(total) => {
            let full = (done.min(total) as f64 / total as f64 * BAR as f64) as usize;
            let percent = u128::from(done.min(total)) * 100 / u128::from(total);
            format!("{what} [{}{}] {percent:>3} %{counted}", "#".repeat(full), "-".repeat(BAR - full))
        }
        None => format!("{what} {}{counted}", bytes_in_words(done)),
    }
}

fn grouped_u64(number: u64) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_how_far_and_how_fast() {
        let second = Duration::from_secs(1);
        let bar = line("import", 50, Some(200), 1200, second);
        assert_eq!(bar, "import [#######-----------------------]  25 %  1,200 events, 1,200/s");
        assert_eq!(line("export", 2048, None, 3, second), "export 2.0 KiB  3 events, 3/s");
        assert_eq!(line("export", 2048, None, 0, second), "export 2.0 KiB");
        assert!(line("import", 300, Some(200), 1, second).contains("] 100 %"));
    }
}
