//! The thread behind the committer: WAL files become segments, small segments of a day become larger ones.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Shared,
    layout::Layout,
    lock, merge,
    view::{Generation, Sealed},
};
use crate::{
    fs::{Fs, remove_if_there, write_new},
    limits::SEAL_RETRY_MS,
    segment::{self, Segment, WriteError},
    source::{ReadError, Source},
};

/// Why a WAL file or small segments could not be made into a segment. Nothing is lost: it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The segment could not be written.
    #[error("{path}: {problem}")]
    Write {
        /// The segment's file.
        path: String,
        /// Why.
        problem: WriteError,
    },
    /// The segment that was written cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tree's hashes could not be written.
    #[error("{path}: {problem}; check the disk and the file's permissions")]
    Tree {
        /// The tree's directory.
        path: String,
        /// The system's words.
        problem: io::Error,
    },
    /// The files that the segment replaces could not be removed.
    #[error("{path}: cannot remove: {problem}; check the disk and the file's permissions")]
    Remove {
        /// The file.
        path: String,
        /// The system's words.
        problem: io::Error,
    },
    /// The sealer's last try failed.
    #[error("{0}")]
    Failed(String),
    /// The log was closed before it was done.
    #[error("the log is closed")]
    Closed,
}

/// Tells the sealer that there is work, and others what became of it.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<Rung>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Rung {
    /// The committer has ended a WAL file since the sealer last looked.
    work: bool,
    closed: bool,
    /// Steps that were done or failed: whoever waits for the sealer watches it.
    steps: u64,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.change(|rung| rung.work = true);
    }

    pub(super) fn close(&self) {
        self.change(|rung| rung.closed = true);
    }

    fn change(&self, change: impl FnOnce(&mut Rung)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits for work, or for a while when something must be tried again; false when closed.
    fn wait(&self, retry: Option<Duration>) -> bool {
        let mut rung = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !rung.work && !rung.closed {
            match retry {
                None => rung = self.changed.wait(rung).unwrap_or_else(PoisonError::into_inner),
                Some(retry) => {
                    rung = self.changed.wait_timeout(rung, retry).unwrap_or_else(PoisonError::into_inner).0;
                    break;
                }
            }
        }
        rung.work = false;
        !rung.closed
    }

    /// Waits for the sealer's next step after `seen`; `None` when closed.
    pub(super) fn next_step(&self, seen: u64) -> Option<u64> {
        let mut rung = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while rung.steps == seen && !rung.closed {
            rung = self.changed.wait(rung).unwrap_or_else(PoisonError::into_inner);
        }
        (!rung.closed).then_some(rung.steps)
    }

    pub(super) fn steps(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).steps
    }
}

/// Everything here belongs to the sealing thread alone.
#[derive(Debug)]
pub(super) struct Sealer {
    shared: Arc<Shared>,
    /// Files that a segment has replaced and that must still go.
    replaced: Vec<PathBuf>,
}

impl Sealer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, replaced: Vec::new() }
    }

    /// Seals and merges until the log is closed. What fails is tried again after a wait that doubles.
    pub(super) fn run(mut self) {
        let (first_ms, last_ms) = SEAL_RETRY_MS;
        let mut retry_ms = None;
        while self.shared.bell.wait(retry_ms.map(Duration::from_millis)) {
            let result = loop {
                match self.step() {
                    Ok(true) if !self.shared.is_closed() => {}
                    ended => break ended,
                }
            };
            retry_ms = result.is_err().then(|| retry_ms.map_or(first_ms, |ms: u64| (ms * 2).min(last_ms)));
        }
    }

    /// Does one thing, the most urgent; false when there is nothing to do.
    pub(super) fn step(&mut self) -> Result<bool, SealError> {
        let result = self.try_step();
        self.shared.set_seal_error(result.as_ref().err().map(ToString::to_string));
        self.shared.bell.change(|rung| rung.steps += 1);
        result
    }

    fn try_step(&mut self) -> Result<bool, SealError> {
        self.remove_replaced()?;
        if self.remove_expired()? {
            return Ok(true);
        }
        let unsealed = self.shared.view().unsealed();
        if let Some(generation) = unsealed {
            self.seal(&generation)?;
        } else if let Some(parts) = self.shared.mergeable() {
            self.merge(&parts)?;
        } else {
            return Ok(false);
        }
        self.remove_replaced()?;
        self.shared.count_seal();
        Ok(true)
    }

    /// Turns the events of a WAL file, which are all in memory, into a segment.
    fn seal(&mut self, generation: &Generation) -> Result<(), SealError> {
        let day = generation.day().unwrap_or_default().to_string();
        let chunks: Vec<_> =
            generation.chunks.iter().map(|chunk| chunk.read().unwrap_or_else(PoisonError::into_inner)).collect();
        let sources: Vec<&dyn Source> = chunks.iter().map(|chunk| &**chunk as &dyn Source).collect();
        // The tiles first: when the segment is there, nothing that it needs is missing.
        let end_seq = sources.last().map_or(generation.first_seq, |last| last.first_seq() + u64::from(last.rows()));
        let Shared { config, layout, tiles, .. } = &*self.shared;
        tiles
            .store(&*config.fs, layout, end_seq)
            .map_err(|problem| SealError::Tree { path: layout.tree().display().to_string(), problem })?;
        let sealed = self.shared.write_segment(&sources, day)?;
        let mut view = self.shared.view_mut();
        view.segments.push(Arc::new(sealed));
        view.tail.remove(0);
        self.replaced.push(self.shared.layout.wal_file(generation.first_seq));
        Ok(())
    }

    /// Turns neighbouring segments into one.
    fn merge(&mut self, parts: &[Arc<Sealed>]) -> Result<(), SealError> {
        let Some(first) = parts.first() else { return Ok(()) };
        let sources: Vec<&dyn Source> = parts.iter().map(|part| &*part.segment as &dyn Source).collect();
        let sealed = self.shared.write_segment(&sources, first.day.clone())?;
        let mut view = self.shared.view_mut();
        // Nobody but this thread changes the segments.
        let from = view.segments.partition_point(|segment| segment.first_seq < sealed.first_seq);
        let to = view.segments.partition_point(|segment| segment.end_seq <= sealed.end_seq);
        view.segments.splice(from..to, [Arc::new(sealed)]);
        self.replaced.extend(parts.iter().map(|part| part.path.clone()));
        Ok(())
    }

    /// Takes away from readers what retention has removed, and then its files; false when there is nothing to take.
    fn remove_expired(&mut self) -> Result<bool, SealError> {
        let Some(retention) = lock(&self.shared.expiring).clone() else { return Ok(false) };
        let Shared { layout, epochs, .. } = &*self.shared;
        let mut view = self.shared.view_mut();
        let kept = view.segments.partition_point(|sealed| sealed.end_seq <= retention.first_seq);
        self.replaced.extend(view.segments.drain(..kept).map(|sealed| sealed.path.clone()));
        self.replaced.extend(epochs.forget(retention.first_seq).into_iter().map(|first_seq| layout.epoch(first_seq)));
        view.retention = Some(retention);
        drop(view);
        self.remove_replaced()?;
        *lock(&self.shared.expiring) = None;
        Ok(true)
    }

    /// Removes files whose events are in a segment, or in none any more. Until it has succeeded nothing new is sealed, so
    /// that a failing disk fills no further.
    fn remove_replaced(&mut self) -> Result<(), SealError> {
        let fs = &*self.shared.config.fs;
        let at = |path: &Path| {
            let path = path.display().to_string();
            move |problem| SealError::Remove { path, problem }
        };
        self.replaced.iter().try_for_each(|path| remove_if_there(fs, path).map_err(at(path)))?;
        let dirs: BTreeSet<&Path> = self.replaced.iter().filter_map(|path| path.parent()).collect();
        dirs.into_iter().try_for_each(|dir| fs.sync_dir(dir).map_err(at(dir)))?;
        self.replaced.clear();
        Ok(())
    }
}

impl Shared {
    /// Neighbouring segments that are worth merging.
    pub(super) fn mergeable(&self) -> Option<Vec<Arc<Sealed>>> {
        let view = self.view();
        let sizes = view.segments.iter().map(|sealed| merge::Size {
            day: &sealed.day,
            events: sealed.end_seq - sealed.first_seq,
            bytes: sealed.segment.bytes(),
            epochs: sealed.segment.epochs().len(),
        });
        let sizes: Vec<_> = sizes.collect();
        let run = merge::choose(&sizes, self.config.merge_events)?;
        Some(view.segments.get(run)?.to_vec())
    }

    /// Writes a segment and opens it. The files that it replaces stay until readers have been given the new one.
    ///
    /// ```text
    /// mkdir(segments/<day>), fsync(segments)                 the day, when it is new
    /// open, write ..., fdatasync, rename, fsync(<day>)       the segment: see `fs::write_new`
    /// ```
    fn write_segment(&self, sources: &[&dyn Source], day: String) -> Result<Sealed, SealError> {
        let fs = &*self.config.fs;
        let first_seq = sources.first().map_or(0, |source| source.first_seq());
        let end_seq = sources.last().map_or(0, |source| source.first_seq() + u64::from(source.rows()));
        let path = self.layout.segment(&day, first_seq, end_seq.saturating_sub(1));
        let epochs = self.epochs.within(first_seq, end_seq);
        let epochs: Vec<_> = epochs.into_iter().map(|first_seq| segment::Epoch { first_seq }).collect();
        make_day(fs, &self.layout, &day)
            .map_err(WriteError::from)
            .and_then(|()| write_new(fs, &path, |file| segment::write(sources, &epochs, file)))
            .map_err(|problem| SealError::Write { path: path.display().to_string(), problem })?;
        Ok(open_segment(fs, path, day, first_seq, end_seq)?)
    }
}

fn make_day(fs: &dyn Fs, layout: &Layout, day: &str) -> io::Result<()> {
    fs.create_dir_all(&layout.day(day))?;
    fs.sync_dir(&layout.segments())
}

/// Opens a segment that must hold exactly these events.
pub(super) fn open_segment(
    fs: &dyn Fs,
    path: PathBuf,
    day: String,
    first_seq: u64,
    end_seq: u64,
) -> Result<Sealed, ReadError> {
    let segment = Arc::new(Segment::open(fs, &path)?);
    if segment.first_seq() != first_seq || first_seq + u64::from(segment.rows()) != end_seq {
        let problem = "its events are not those of its name".to_owned();
        return Err(ReadError::Damaged { path: path.display().to_string(), offset: 0, problem });
    }
    Ok(Sealed { segment, path, day, first_seq, end_seq })
}
