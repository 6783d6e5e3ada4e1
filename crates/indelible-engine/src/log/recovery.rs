//! Opening: finds what is on disk, checks it, and brings it into the state that the log was in.
//!
//! First everything is read and held against what was signed, and nothing on disk is changed. Whatever does not check
//! out stops here, untouched. Only then is removed what was replaced or never completed, and a torn end cut.
//!
//! What a process sees after another was killed is what the system keeps in memory, which may not be what is on disk.
//! So nothing is built on a name or a byte that was read here before it has been made durable again.

mod signed;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use indelible_proof::{rotation::KeyHistory, tree::CompactRange};

use super::{
    config::{LogConfig, OpenError, RecoveryReport, Torn},
    epochs::{self, Epochs},
    identity::{Identity, check_name},
    layout::{Layout, parse_first, parse_segment},
    marker::Retention,
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
    /// How far the tiles on disk have to be written again, because they are not all there.
    tiles_lost: Option<u64>,
    /// Files whose events are in a segment, or were removed by retention.
    replaced: Vec<PathBuf>,
    /// The end of the last WAL file, which may never have reached the disk.
    end: Option<End>,
}

/// The end of a WAL file, as it has to be made durable.
#[derive(Debug)]
struct End {
    path: PathBuf,
    /// Where the file is durable for certain.
    synced: u64,
    /// What follows.
    bytes: Vec<u8>,
    /// Whether something follows that was never completed.
    torn: bool,
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
            if is_begun(&*config.fs, layout)? {
                return Err(wrong("missing, though there are events".to_owned()));
            }
            check_name(&config.name).map_err(|problem| OpenError::Name { name: config.name.clone(), problem })?;
            let identity = Identity::new(&config.name, (config.clock)()).map_err(wrong)?;
            write_new(&*config.fs, &path, |file| file.append(identity.to_toml().as_bytes())).map_err(io_at(&path))?;
            Ok(identity)
        }
        Err(error) => Err(io_at(&path)(error)),
    }
}

/// Whether the log has ever been ready to take events: then it has a name, a key and a checkpoint.
pub(super) fn is_begun(fs: &dyn Fs, layout: &Layout) -> Result<bool, OpenError> {
    Ok(!list(fs, &layout.wal())?.is_empty() || !list(fs, &layout.segments())?.is_empty())
}

/// Reads all that the log holds.
pub(super) fn recover(
    fs: &dyn Fs,
    layout: &Layout,
    log_number: u32,
    keys: &KeyHistory,
) -> Result<Recovered, OpenError> {
    let mut recovered = Recovered::default();
    recovered.view.retention = Retention::load(fs, layout, keys)?.map(Arc::new);
    recovered.view.end_seq = recovered.first_seq();
    recovered.segments(fs, layout)?;
    recovered.tree(fs, layout)?;
    let names = list(fs, &layout.wal())?;
    let firsts: Vec<u64> = names.iter().filter_map(|name| parse_first(name, ".wal")).collect();
    for (nth, &first_seq) in firsts.iter().enumerate() {
        recovered.wal_file(fs, layout, (log_number, keys), first_seq, firsts.get(nth + 1).copied())?;
    }
    recovered.check_signed(fs, layout, keys)?;
    recovered.settle(fs, layout)?;
    Ok(recovered)
}

impl Recovered {
    /// The first event that must be there.
    fn first_seq(&self) -> u64 {
        self.view.retention.as_ref().map_or(0, |retention| retention.first_seq)
    }

    fn remove(&mut self, fs: &dyn Fs, path: PathBuf) -> Result<(), OpenError> {
        fs.remove(&path).map_err(io_at(&path))?;
        self.report.removed.push(path);
        Ok(())
    }

    /// Opens the segments. Where one holds all events of others it is their merger, and the others go; as do those that
    /// retention has removed.
    fn segments(&mut self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        let mut found = Vec::new();
        for day in days(fs, layout)? {
            let dir = layout.day(&day);
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
                self.replaced.push(path);
            }
        }
        Ok(())
    }

    /// Takes up the tree of the sealed events. What is not on disk of it is made again from them.
    fn tree(&mut self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        let size = self.view.end_seq;
        let stored = Tiles::load(fs, layout, size)?;
        if stored.is_none() && self.first_seq() > 0 {
            let problem = "tiles are missing or damaged".to_owned();
            return Err(OpenError::Retention { path: layout.tree().display().to_string(), problem });
        }
        let was_stored = stored.is_some();
        self.tiles = stored.unwrap_or_default();
        if was_stored {
            self.range = self.with_tree(fs, layout, |reader| reader.range(size))?;
            return Ok(());
        }
        let (mut range, mut nodes) = (CompactRange::new(), Vec::new());
        self.with_tree(fs, layout, |reader| {
            reader.entries(0..size, &mut |_, entry| {
                range.append(&entry.leaf_hash().into(), |node, hash| {
                    if Tiles::hold(node) {
                        nodes.push((node, hash));
                    }
                });
            })
        })?;
        self.tiles.add(&nodes);
        self.tiles_lost = Some(size);
        self.range = range;
        Ok(())
    }

    /// Reads the tree as far as it was recovered.
    fn with_tree<T>(&self, fs: &dyn Fs, layout: &Layout, read: impl FnOnce(TreeReader<'_>) -> T) -> T {
        let (epochs, snapshot) = (Epochs::new(self.epochs.clone()), self.view.snapshot(0));
        let retention = self.view.retention.as_deref();
        read(TreeReader { fs, layout, epochs: &epochs, tiles: &self.tiles, snapshot: &snapshot, retention })
    }

    /// Whether a file comes next; false when all its events are there already.
    fn follows(&self, first_seq: u64, end_seq: u64, path: &Path) -> Result<bool, OpenError> {
        let expected = self.view.end_seq;
        let path = || path.display().to_string();
        if first_seq == expected {
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
        (log_number, keys): (u32, &KeyHistory),
        first_seq: u64,
        next: Option<u64>,
    ) -> Result<(), OpenError> {
        let path = layout.wal_file(first_seq);
        let name = path.display().to_string();
        let bytes = read(fs, &path, WAL_FILE_BYTES_MAX).map_err(io_at(&path))?;
        let scan = scan(&bytes, &name, first_seq, log_number, next.is_none())?;
        let end_seq = first_seq + scan.events.len() as u64;
        if !self.follows(first_seq, end_seq, &path)? {
            self.replaced.push(path);
            return Ok(());
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
        let epoch = epochs::load(fs, layout, first_seq)?;
        let replayed = replay(first_seq, &scan.events, &epoch.key).map_err(|(seq, error)| {
            let parts = scan.events.get((seq - first_seq) as usize);
            let offset = parts.map_or(0, |parts| parts.record.as_ptr().addr() - bytes.as_ptr().addr()) as u64;
            WalError::Damaged { path: name.clone(), offset, problem: format!("event {seq}: {error}") }
        })?;
        let before = self.range.clone();
        self.grow(first_seq, &replayed)?;
        self.report.replayed_events += scan.events.len() as u64;
        self.report.wal_files += 1;
        self.epochs.insert(first_seq);
        let (chunks, leaves): (Vec<_>, Vec<_>) =
            replayed.into_iter().map(|part| (Arc::new(RwLock::new(part.chunk)), part.leaves)).unzip();
        self.view.tail.push(Generation { first_seq, chunks, bytes: scan.good_len });
        self.check_frames((fs, layout), name, before, leaves.iter().flatten(), &scan.signed, keys)?;
        if next.is_none() {
            let end = bytes.get(scan.synced as usize..scan.good_len as usize).unwrap_or_default();
            self.end = Some(End { path, synced: scan.synced, bytes: end.to_vec(), torn: scan.torn.is_some() });
        }
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
                if Tiles::hold(node) {
                    nodes.push((node, hash));
                }
            });
        }
        self.tiles.add(&nodes);
        Ok(())
    }

    /// Changes what is on disk, now that all of it has checked out.
    ///
    /// ```text
    /// fsync(tree), fsync(tree/<level>) ...   a file may have been given its name just before the process died: the marker of
    /// fsync(segments), fsync(<day>) ...      a retention, a tile, a segment
    /// unlink ...                             only when those names are durable, what a segment replaces goes; and what a
    ///                                        retention that was interrupted has left
    /// write, rename, fsync ...               tiles that were lost
    /// ftruncate, write, fsync                the end of the last WAL file may never have reached the disk: the process
    ///                                        died before its fsync, or the fsync failed. Only when it is written again
    ///                                        may others be built on it
    /// ```
    fn settle(&mut self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        let days: Vec<PathBuf> = days(fs, layout)?.iter().map(|day| layout.day(day)).collect();
        let levels = list(fs, &layout.tree())?.into_iter().filter_map(|name| name.parse().ok());
        let levels: Vec<PathBuf> = levels.map(|level| layout.tile_level(level)).collect();
        let sync = |dir: &PathBuf| fs.sync_dir(dir).map_err(io_at(dir));
        [layout.tree()].iter().chain(&levels).try_for_each(sync)?;
        let replaced = std::mem::take(&mut self.replaced);
        if !replaced.is_empty() {
            [layout.segments()].iter().chain(&days).try_for_each(sync)?;
        }
        let keys = list(fs, &layout.epochs())?.into_iter().filter_map(|name| parse_first(&name, ".key"));
        let expired: Vec<u64> = keys.filter(|&first_seq| first_seq < self.first_seq()).collect();
        for path in replaced.into_iter().chain(expired.into_iter().map(|first_seq| layout.epoch(first_seq))) {
            self.remove(fs, path)?;
        }
        let dirs = [layout.root.clone(), layout.keys(), layout.epochs(), layout.wal(), layout.tree()];
        for dir in dirs.into_iter().chain(levels).chain(days) {
            for name in list(fs, &dir)?.into_iter().filter(|name| is_temporary(name)) {
                self.remove(fs, dir.join(name))?;
            }
        }
        if let Some(size) = self.tiles_lost {
            self.tiles.store(fs, layout, size).map_err(io_at(&layout.tree()))?;
        }
        if let Some(End { path, synced, bytes, torn }) = self.end.take() {
            if torn {
                fs.truncate(&path, synced + bytes.len() as u64).map_err(io_at(&path))?;
            }
            fs.write_again(&path, synced, &bytes).map_err(io_at(&path))?;
        }
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

fn days(fs: &dyn Fs, layout: &Layout) -> Result<Vec<String>, OpenError> {
    Ok(list(fs, &layout.segments())?.into_iter().filter(|name| is_day(name)).collect())
}

/// Whether a name is like `2026-11-20`.
fn is_day(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
