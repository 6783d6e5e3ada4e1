//! Opening: finds what is on disk, checks it, and brings it into the state that the log was in.
//!
//! Nothing is removed but what is certainly replaced or was never completed, and nothing is cut but a torn end;
//! whatever else does not check out stops here, untouched.
//!
//! What a process sees after another was killed is what the system keeps in memory, which may not be what is on disk.
//! So nothing is built on a name or a byte that was read here before it has been made durable again.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use super::{
    config::{LogConfig, OpenError, RecoveryReport, Torn},
    epochs,
    identity::Identity,
    layout::{Layout, parse_first, parse_segment},
    sealer::open_segment,
    view::{Generation, Sealed, View},
};
use crate::{
    fs::{Fs, is_temporary, read, write_new},
    limits::WAL_FILE_BYTES_MAX,
    source::Source,
    wal::{WalError, replay, scan},
};

/// Bytes of `log.toml`.
const IDENTITY_BYTES_MAX: u64 = 4096;

/// What was on disk.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) view: View,
    /// Where each epoch of the segments and WAL files begins.
    pub(super) epochs: BTreeSet<u64>,
    pub(super) report: RecoveryReport,
    /// Whether the names of the segments are known to be durable.
    segments_synced: bool,
}

/// Makes the directories of a log, if they are not there.
pub(super) fn prepare(fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
    let is_new = fs.open(&layout.identity()).is_err();
    let missing = layout.root.ancestors().take_while(|dir| fs.list(dir).is_err()).count();
    fs.create_dir_all(&layout.root).map_err(io_at(&layout.root))?;
    for made in layout.root.ancestors().take(if is_new { missing.max(1) } else { 0 }) {
        fs.sync_dir(parent(made)).map_err(io_at(parent(made)))?;
    }
    for dir in [layout.epochs(), layout.wal(), layout.segments()] {
        fs.create_dir_all(&dir).map_err(io_at(&dir))?;
    }
    for dir in [layout.keys(), layout.root.clone()] {
        fs.sync_dir(&dir).map_err(io_at(&dir))?;
    }
    Ok(())
}

fn parent(dir: &Path) -> &Path {
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads who the log is, or makes it.
pub(super) fn identify(config: &LogConfig, layout: &Layout) -> Result<Identity, OpenError> {
    let path = layout.identity();
    let wrong = |problem| OpenError::Identity { path: path.display().to_string(), problem };
    match read(&*config.fs, &path, IDENTITY_BYTES_MAX) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| wrong("not text".to_owned()))?;
            Identity::parse(&text).map_err(wrong)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // It is made before everything else: events without it are another log's, or it was lost.
            if !list(&*config.fs, &layout.wal())?.is_empty() || !list(&*config.fs, &layout.segments())?.is_empty() {
                return Err(wrong("missing, though there are events".to_owned()));
            }
            let identity = Identity::new(&config.name, (config.clock)()).map_err(wrong)?;
            write_new(&*config.fs, &path, |file| file.append(identity.to_toml().as_bytes())).map_err(io_at(&path))?;
            Ok(identity)
        }
        Err(error) => Err(io_at(&path)(error)),
    }
}

/// Reads all that the log holds.
pub(super) fn recover(fs: &dyn Fs, layout: &Layout, log_number: u32) -> Result<Recovered, OpenError> {
    let mut recovered = Recovered::default();
    for dir in [layout.root.clone(), layout.epochs(), layout.wal()] {
        recovered.remove_temporary(fs, &dir)?;
    }
    recovered.segments(fs, layout)?;
    let names = list(fs, &layout.wal())?;
    let firsts: Vec<u64> = names.iter().filter_map(|name| parse_first(name, ".wal")).collect();
    for (nth, &first_seq) in firsts.iter().enumerate() {
        recovered.wal_file(fs, layout, log_number, first_seq, firsts.get(nth + 1).copied())?;
    }
    Ok(recovered)
}

impl Recovered {
    fn remove(&mut self, fs: &dyn Fs, path: PathBuf) -> Result<(), OpenError> {
        fs.remove(&path).map_err(io_at(&path))?;
        self.report.removed.push(path);
        Ok(())
    }

    fn remove_temporary(&mut self, fs: &dyn Fs, dir: &Path) -> Result<(), OpenError> {
        for name in list(fs, dir)?.into_iter().filter(|name| is_temporary(name)) {
            self.remove(fs, dir.join(name))?;
        }
        Ok(())
    }

    /// Opens the segments. Where one holds all events of others it is their merger, and the others go.
    fn segments(&mut self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        let mut found = Vec::new();
        for day in list(fs, &layout.segments())?.into_iter().filter(|name| is_day(name)) {
            let dir = layout.day(&day);
            self.remove_temporary(fs, &dir)?;
            for name in list(fs, &dir)? {
                if let Some((first, last)) = parse_segment(&name) {
                    found.push((first, last, dir.join(name), day.clone()));
                }
            }
        }
        found.sort_by_key(|&(first, last, ..)| (first, std::cmp::Reverse(last)));
        for (first_seq, last_seq, path, day) in found {
            let end_seq = last_seq.saturating_add(1);
            if self.follows(first_seq, end_seq, &path)? {
                let sealed = open_segment(fs, path, day, first_seq, end_seq)?;
                self.epochs.extend(sealed.segment.epochs().iter().map(|epoch| epoch.first_seq));
                self.view.end_seq = end_seq;
                self.view.segments.push(Arc::<Sealed>::new(sealed));
            } else {
                self.remove_replaced(fs, layout, path)?;
            }
        }
        Ok(())
    }

    /// Removes a file whose events are in a segment. The segment may have been given its name just before the process
    /// died: first the name must be durable.
    fn remove_replaced(&mut self, fs: &dyn Fs, layout: &Layout, path: PathBuf) -> Result<(), OpenError> {
        if !self.segments_synced {
            let segments = layout.segments();
            fs.sync_dir(&segments).map_err(io_at(&segments))?;
            for day in list(fs, &segments)?.into_iter().filter(|name| is_day(name)) {
                let day = layout.day(&day);
                fs.sync_dir(&day).map_err(io_at(&day))?;
            }
            self.segments_synced = true;
        }
        self.remove(fs, path)
    }

    /// Whether a file comes next; false when all its events are there already.
    fn follows(&self, first_seq: u64, end_seq: u64, path: &Path) -> Result<bool, OpenError> {
        let expected = self.view.end_seq;
        let path = || path.display().to_string();
        let nothing_yet = self.view.segments.is_empty() && self.view.tail.is_empty();
        if nothing_yet || first_seq == expected {
            Ok(true)
        } else if first_seq > expected {
            Err(OpenError::Gap { path: path(), expected, found: first_seq })
        } else if end_seq <= expected {
            Ok(false)
        } else {
            Err(OpenError::Overlap { path: path(), end_seq: expected })
        }
    }

    /// Replays a WAL file, unless a segment has its events.
    fn wal_file(
        &mut self,
        fs: &dyn Fs,
        layout: &Layout,
        log_number: u32,
        first_seq: u64,
        next: Option<u64>,
    ) -> Result<(), OpenError> {
        let path = layout.wal_file(first_seq);
        let name = path.display().to_string();
        let bytes = read(fs, &path, WAL_FILE_BYTES_MAX).map_err(io_at(&path))?;
        let scan = scan(&bytes, &name, first_seq, log_number, next.is_none())?;
        let end_seq = first_seq + scan.events.len() as u64;
        if !self.follows(first_seq, end_seq, &path)? {
            return self.remove_replaced(fs, layout, path);
        }
        self.view.end_seq = end_seq;
        if let Some(problem) = scan.torn {
            let bytes = bytes.len() as u64 - scan.good_len;
            let (path, problem) = (path.clone(), problem.to_owned());
            self.report.torn = Some(Torn { path, offset: scan.good_len, bytes, problem });
        }
        if scan.events.is_empty() {
            // It tells where the numbers go on, so it stays until the next one takes its name.
            return Ok(());
        }
        epochs::load(fs, layout, first_seq)
            .map_err(|problem| OpenError::EpochKey { path: layout.epoch(first_seq).display().to_string(), problem })?;
        let chunks = replay(first_seq, &scan.events).map_err(|(seq, error)| {
            let parts = scan.events.get((seq - first_seq) as usize);
            let offset = parts.map_or(0, |parts| parts.record.as_ptr().addr() - bytes.as_ptr().addr()) as u64;
            WalError::Damaged { path: name, offset, problem: format!("event {seq}: {error}") }
        })?;
        if scan.torn.is_some() {
            fs.truncate(&path, scan.good_len).map_err(io_at(&path))?;
        }
        // The end of the last file may never have reached the disk: the process died before its fsync, or the fsync
        // failed. Only when it is written again may others be built on it.
        if next.is_none() {
            let end = bytes.get(scan.synced as usize..scan.good_len as usize).unwrap_or_default();
            fs.write_again(&path, scan.synced, end).map_err(io_at(&path))?;
        }
        self.report.replayed_events += chunks.iter().map(|chunk| u64::from(chunk.rows())).sum::<u64>();
        self.report.wal_files += 1;
        self.epochs.insert(first_seq);
        let chunks = chunks.into_iter().map(|chunk| Arc::new(RwLock::new(chunk))).collect();
        self.view.tail.push(Generation { first_seq, chunks, bytes: scan.good_len });
        Ok(())
    }
}

fn list(fs: &dyn Fs, dir: &Path) -> Result<Vec<String>, OpenError> {
    fs.list(dir).map_err(io_at(dir))
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> OpenError {
    let path = path.display().to_string();
    move |problem| OpenError::Io { path: path.clone(), problem }
}

/// Whether a name is like `2026-11-20`.
fn is_day(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
