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

use indelible_proof::{
    checkpoint::Checkpoint,
    limits::NOTE_BYTES_MAX,
    note::{Note, VerifierKey},
    tree::CompactRange,
};

use super::{
    config::{LogConfig, OpenError, RecoveryReport, Torn},
    epochs::{self, Epochs},
    identity::Identity,
    layout::{Layout, parse_first, parse_segment},
    sealer::open_segment,
    tree::{Tiles, TreeError, TreeReader},
    view::{Generation, Sealed, View},
};
use crate::{
    fs::{Fs, is_temporary, read, write_new},
    limits::WAL_FILE_BYTES_MAX,
    wal::{Replayed, WalError, replay, scan},
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
    /// What is kept of the tree to go on with it.
    pub(super) range: CompactRange,
    pub(super) tiles: Tiles,
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
    for dir in [layout.epochs(), layout.wal(), layout.segments(), layout.tree()] {
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
pub(super) fn recover(
    fs: &dyn Fs,
    layout: &Layout,
    log_number: u32,
    key: &VerifierKey,
) -> Result<Recovered, OpenError> {
    let mut recovered = Recovered::default();
    let levels = list(fs, &layout.tree())?.into_iter().filter_map(|name| name.parse().ok());
    let levels = levels.map(|level| layout.tile_level(level));
    for dir in
        [layout.root.clone(), layout.keys(), layout.epochs(), layout.wal(), layout.tree()].into_iter().chain(levels)
    {
        recovered.remove_temporary(fs, &dir)?;
    }
    recovered.segments(fs, layout)?;
    recovered.tree(fs, layout)?;
    let names = list(fs, &layout.wal())?;
    let firsts: Vec<u64> = names.iter().filter_map(|name| parse_first(name, ".wal")).collect();
    for (nth, &first_seq) in firsts.iter().enumerate() {
        recovered.wal_file(fs, layout, (log_number, key), first_seq, firsts.get(nth + 1).copied())?;
    }
    recovered.check_signed(fs, layout, key)?;
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

    /// Takes up the tree of the sealed events. What is not on disk of it is made again from them.
    fn tree(&mut self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        let size = self.view.end_seq;
        let stored = Tiles::load(fs, layout, size)?;
        let was_stored = stored.is_some();
        self.tiles = stored.unwrap_or_default();
        let (epochs, snapshot) = (Epochs::new(self.epochs.clone()), self.view.snapshot(0));
        let reader = TreeReader { fs, layout, epochs: &epochs, tiles: &self.tiles, snapshot: &snapshot };
        if was_stored {
            self.range = reader.range(size)?;
            return Ok(());
        }
        let (mut range, mut nodes) = (CompactRange::new(), Vec::new());
        reader.entries(0..size, &mut |_, entry| {
            range.append(&entry.leaf_hash().into(), |node, hash| nodes.push((node, hash)));
            nodes.retain(|(node, _)| node.level % 8 == 0);
            self.tiles.add(&nodes);
            nodes.clear();
        })?;
        self.tiles.store(fs, layout, size).map_err(io_at(&layout.tree()))?;
        self.range = range;
        Ok(())
    }

    /// Compares the log with the checkpoint that was signed when a file was begun or the log was closed.
    fn check_signed(&self, fs: &dyn Fs, layout: &Layout, key: &VerifierKey) -> Result<(), OpenError> {
        let path = layout.checkpoint();
        let name = path.display().to_string();
        let bytes = match read(fs, &path, NOTE_BYTES_MAX as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read.map_err(io_at(&path))?,
        };
        let checkpoint =
            open_checkpoint(&bytes, key).map_err(|problem| OpenError::Checkpoint { path: name.clone(), problem })?;
        let (size, found) = (checkpoint.size(), self.range.end());
        if found < self.view.end_seq {
            return Err(TreeError::Gone { seq: found }.into());
        }
        if size > found {
            return Err(OpenError::Shrunk { path: name, signed: size, found });
        }
        let (epochs, snapshot) = (Epochs::new(self.epochs.clone()), self.view.snapshot(0));
        let reader = TreeReader { fs, layout, epochs: &epochs, tiles: &self.tiles, snapshot: &snapshot };
        if reader.root(size)? == *checkpoint.root() { Ok(()) } else { Err(OpenError::Altered { path: name, size }) }
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
        (log_number, key): (u32, &VerifierKey),
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
        let epoch = epochs::load(fs, layout, first_seq)
            .map_err(|problem| OpenError::EpochKey { path: layout.epoch(first_seq).display().to_string(), problem })?;
        let replayed = replay(first_seq, &scan.events, &epoch.key).map_err(|(seq, error)| {
            let parts = scan.events.get((seq - first_seq) as usize);
            let offset = parts.map_or(0, |parts| parts.record.as_ptr().addr() - bytes.as_ptr().addr()) as u64;
            WalError::Damaged { path: name.clone(), offset, problem: format!("event {seq}: {error}") }
        })?;
        self.grow(first_seq, &replayed)?;
        if let Some((offset, note)) = scan.checkpoint {
            self.check_frame(note, key).map_err(|problem| WalError::Damaged {
                path: name,
                offset,
                problem: problem.to_string(),
            })?;
        }
        if scan.torn.is_some() {
            fs.truncate(&path, scan.good_len).map_err(io_at(&path))?;
        }
        // The end of the last file may never have reached the disk: the process died before its fsync, or the fsync
        // failed. Only when it is written again may others be built on it.
        if next.is_none() {
            let end = bytes.get(scan.synced as usize..scan.good_len as usize).unwrap_or_default();
            fs.write_again(&path, scan.synced, end).map_err(io_at(&path))?;
        }
        self.report.replayed_events += scan.events.len() as u64;
        self.report.wal_files += 1;
        self.epochs.insert(first_seq);
        let chunks = replayed.into_iter().map(|part| Arc::new(RwLock::new(part.chunk))).collect();
        self.view.tail.push(Generation { first_seq, chunks, bytes: scan.good_len });
        Ok(())
    }

    /// Adds replayed events to the tree.
    fn grow(&mut self, first_seq: u64, replayed: &[Replayed]) -> Result<(), TreeError> {
        if self.range.end() != first_seq {
            return Err(TreeError::Gone { seq: self.range.end() });
        }
        let mut nodes = Vec::new();
        for Replayed { leaves, .. } in replayed {
            self.range.extend(leaves, |node, hash| {
                if node.level % 8 == 0 {
                    nodes.push((node, hash));
                }
            });
        }
        self.tiles.add(&nodes);
        Ok(())
    }

    /// Compares the tree with the checkpoint of a frame that ends it.
    fn check_frame(&self, note: &[u8], key: &VerifierKey) -> Result<(), String> {
        let checkpoint = open_checkpoint(note, key)?;
        if checkpoint.size() == self.range.end() && Some(*checkpoint.root()) == self.range.root() {
            return Ok(());
        }
        Err(format!("the first {} events are not those that were signed here", self.range.end()))
    }
}

fn open_checkpoint(note: &[u8], key: &VerifierKey) -> Result<Checkpoint, String> {
    let note = Note::parse(note).map_err(|problem| problem.to_string())?;
    Checkpoint::open(&note, std::slice::from_ref(key)).map_err(|problem| problem.to_string())
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
