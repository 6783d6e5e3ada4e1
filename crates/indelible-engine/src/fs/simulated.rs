//! A disk in memory that loses power on command, for crash tests.
//!
//! It keeps what the running process sees apart from what would be there after a loss of power. Bytes of a file
//! become durable by [`Append::sync`], names by [`Fs::sync_dir`]; whatever is not, may be there after a crash,
//! or not, or in parts: the seed decides. Every operation that changes the disk is counted, so that a test can run a
//! scenario once, and then again for every operation with the power failing right there.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Append, Fs, ReadAt};

/// What is written at once by a disk: a torn write leaves whole ones of these.
const SECTOR: usize = 512;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It reports an error and was not done; of an append a part may be there. Bytes whose sync failed so are
    /// never durable, even when a later sync succeeds, as on a real system.
    NotPersisted,
    /// It reports an error but was done.
    Persisted,
}

/// A simulated directory tree. Clones are the same disk.
///
/// ```
/// use std::path::Path;
/// use indelible_engine::fs::{Fs, SimulatedFs};
///
/// let disk = SimulatedFs::new(7);
/// let mut file = disk.create(Path::new("/a"))?;
/// file.append(b"kept")?;
/// file.sync()?;
/// disk.sync_dir(Path::new("/"))?;
/// disk.crash_at(disk.operations());
/// assert!(file.append(b"maybe").is_err());
/// disk.restart();
/// assert!(disk.open(Path::new("/a"))?.size()? >= 4);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SimulatedFs(Arc<Mutex<Disk>>);

#[derive(Debug)]
struct Disk {
    /// The tree as the running process sees it.
    live: BTreeMap<PathBuf, Node>,
    /// The tree that a crash leaves at least.
    durable: BTreeMap<PathBuf, Node>,
    /// Changes of names that no `sync_dir` has covered yet, oldest first.
    pending: Vec<NameChange>,
    /// Never shrinks: open handles outlive names.
    inodes: Vec<Inode>,
    locks: BTreeSet<PathBuf>,
    failures: BTreeMap<u64, Failure>,
    crash_at: Option<u64>,
    operations: u64,
    /// Counts restarts: handles of a process before the crash are dead.
    boot: u64,
    off: bool,
    random: Random,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Dir,
    File(usize),
}

/// One change of a directory, atomic: a rename takes one name away and gives another.
#[derive(Debug, Clone)]
struct NameChange {
    gone: Option<PathBuf>,
    there: Option<(PathBuf, Node)>,
}

#[derive(Debug, Default)]
struct Inode {
    live: Vec<u8>,
    /// The prefix that survives a crash.
    durable: Vec<u8>,
    /// Bytes that a failed sync dropped: they read as zeros after a crash, whatever later syncs say.
    dropped: Vec<Range<usize>>,
}

/// What becomes of one operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// An error is reported and the operation is not done.
    Refused,
    /// An error is reported though the operation is done.
    DoneInSecret,
}

impl SimulatedFs {
    /// An empty disk. The seed decides what a crash leaves of that which is not durable.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Disk {
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
            inodes: Vec::new(),
            locks: BTreeSet::new(),
            failures: BTreeMap::new(),
            crash_at: None,
            operations: 0,
            boot: 0,
            off: false,
            random: Random(seed),
        })))
    }

    /// How many operations that change the disk were tried so far: the number of the next one.
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// Cuts the power at an operation: it is done or not, and every later one fails until [`Self::restart`].
    pub fn crash_at(&self, operation: u64) {
        self.disk().crash_at = Some(operation);
    }

    /// Lets one operation fail.
    pub fn fail_at(&self, operation: u64, failure: Failure) {
        self.disk().failures.insert(operation, failure);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.disk().off
    }

    /// Cuts the power if it is still on, and turns it on again: what is left is what was durable, and of the rest
    /// whatever the seed likes. Handles and locks from before are dead; failures not met yet are forgotten.
    pub fn restart(&self) {
        let mut disk = self.disk();
        disk.new_process();
        for change in std::mem::take(&mut disk.pending) {
            if disk.random.coin() {
                change.apply(&mut disk.durable);
            }
        }
        let Disk { inodes, random, .. } = &mut *disk;
        inodes.iter_mut().for_each(|inode| inode.lose_power(random));
        // A file is gone with the directory that did not survive.
        let durable = disk.durable.clone();
        let survived = |dir: &Path| is_root(dir) || durable.get(dir) == Some(&Node::Dir);
        disk.durable.retain(|path, _| path.ancestors().skip(1).all(survived));
        disk.live = disk.durable.clone();
    }

    /// Lets the process die but not the machine: everything that was done is there, durable or not; handles and locks
    /// are dead. Brings the disk back to life after [`Self::crash_at`], too.
    pub fn kill(&self) {
        self.disk().new_process();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one operation that changes the disk, and does it unless its fate is otherwise.
    fn operate<T>(&self, kind: io::ErrorKind, run: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = self.disk();
        match disk.fate() {
            Fate::Done => run(&mut disk),
            Fate::Refused => Err(refusal(kind)),
            Fate::DoneInSecret => run(&mut disk).and_then(|_| Err(refusal(kind))),
        }
    }
}

impl Disk {
    fn fate(&mut self) -> Fate {
        let operation = self.operations;
        self.operations += 1;
        if self.off {
            return Fate::Refused;
        }
        if self.crash_at.is_some_and(|at| at <= operation) {
            self.off = true;
            return if self.random.coin() { Fate::DoneInSecret } else { Fate::Refused };
        }
        match self.failures.get(&operation) {
            None => Fate::Done,
            Some(Failure::NotPersisted) => Fate::Refused,
            Some(Failure::Persisted) => Fate::DoneInSecret,
        }
    }

    fn new_process(&mut self) {
        self.off = false;
        self.crash_at = None;
        self.failures.clear();
        self.locks.clear();
        self.boot += 1;
    }

    fn readable(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn dir(&self, path: &Path) -> io::Result<()> {
        match self.live.get(path) {
            Some(Node::Dir) => Ok(()),
            _ if is_root(path) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.live.get(path) {
            Some(Node::File(inode)) => Ok(*inode),
            Some(Node::Dir) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn inode(&mut self, boot: u64, inode: usize) -> io::Result<&mut Inode> {
        if boot != self.boot {
            return Err(io::Error::other("a handle from before the crash"));
        }
        self.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }
}

impl NameChange {
    fn apply(&self, tree: &mut BTreeMap<PathBuf, Node>) {
        if let Some(gone) = &self.gone {
            tree.remove(gone);
        }
        if let Some((path, node)) = &self.there {
            tree.insert(path.clone(), *node);
        }
    }

    fn is_in(&self, dir: &Path) -> bool {
        let here = |path: &Path| path.parent() == Some(dir);
        self.gone.as_deref().is_some_and(here) || self.there.as_ref().is_some_and(|(path, _)| here(path))
    }
}

impl Inode {
    fn sync(&mut self) {
        let from = self.durable.len();
        self.durable.extend_from_slice(self.live.get(from..).unwrap_or_default());
        for dropped in &self.dropped {
            if let Some(bytes) = self.durable.get_mut(dropped.clone()) {
                bytes.fill(0);
            }
        }
    }

    fn drop_unsynced(&mut self) {
        self.dropped.push(self.durable.len()..self.live.len());
    }

    fn truncate(&mut self, len: usize) {
        self.live.truncate(len);
        self.dropped.retain_mut(|dropped| {
            dropped.end = dropped.end.min(len);
            dropped.start < dropped.end
        });
        self.durable.truncate(len);
        self.sync();
    }

    fn write_again(&mut self, from: usize, bytes: &[u8]) {
        self.dropped.retain_mut(|dropped| {
            dropped.end = dropped.end.min(from);
            dropped.start < dropped.end
        });
        self.live.truncate(from);
        self.live.extend_from_slice(bytes);
        self.durable.truncate(from);
        self.sync();
    }

    fn lose_power(&mut self, random: &mut Random) {
        let unsynced = self.live.get(self.durable.len()..).unwrap_or_default();
        let kept = match random.below(3) {
            0 => 0,
            1 => unsynced.len(),
            _ => random.below(unsynced.len() as u64 + 1) as usize,
        };
        let mut left = unsynced.get(..kept).unwrap_or_default().to_vec();
        let torn = random.coin();
        for sector in left.chunks_mut(SECTOR) {
            if torn && random.below(4) == 0 {
                sector.fill(0);
            }
        }
        self.durable.append(&mut left);
        self.dropped.clear();
        self.live.clone_from(&self.durable);
    }
}

impl Fs for SimulatedFs {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Append>> {
        self.operate(io::ErrorKind::StorageFull, |disk| {
            disk.dir(parent(path))?;
            if disk.live.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let inode = disk.inodes.len();
            disk.inodes.push(Inode::default());
            disk.change(NameChange { gone: None, there: Some((path.to_owned(), Node::File(inode))) });
            Ok(Box::new(Handle { fs: self.clone(), boot: disk.boot, inode }) as Box<dyn Append>)
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let disk = self.disk();
        disk.readable()?;
        Ok(Arc::new(Handle { fs: self.clone(), boot: disk.boot, inode: disk.file(path)? }))
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.operate(io::ErrorKind::Other, |disk| {
            let inode = disk.file(path)?;
            let boot = disk.boot;
            disk.inode(boot, inode)?.truncate(len as usize);
            Ok(())
        })
    }

    fn write_again(&self, path: &Path, from: u64, bytes: &[u8]) -> io::Result<()> {
        self.operate(io::ErrorKind::Other, |disk| {
            let inode = disk.file(path)?;
            let boot = disk.boot;
            disk.inode(boot, inode)?.write_again(from as usize, bytes);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate(io::ErrorKind::Other, |disk| {
            disk.dir(parent(to))?;
            let node = Node::File(disk.file(from)?);
            disk.change(NameChange { gone: Some(from.to_owned()), there: Some((to.to_owned(), node)) });
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operate(io::ErrorKind::Other, |disk| {
            disk.file(path)?;
            disk.change(NameChange { gone: Some(path.to_owned()), there: None });
            Ok(())
        })
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.operate(io::ErrorKind::StorageFull, |disk| {
            let mut missing: Vec<&Path> = Vec::new();
            for dir in path.ancestors() {
                match disk.dir(dir) {
                    Ok(()) => break,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(dir),
                    Err(error) => return Err(error),
                }
            }
            for dir in missing.into_iter().rev() {
                disk.change(NameChange { gone: None, there: Some((dir.to_owned(), Node::Dir)) });
            }
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        disk.readable()?;
        disk.dir(path)?;
        let inside = disk.live.keys().filter(|name| name.parent() == Some(path));
        Ok(inside.filter_map(|name| name.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.operate(io::ErrorKind::Other, |disk| {
            disk.dir(path)?;
            let (durable, pending) =
                std::mem::take(&mut disk.pending).into_iter().partition(|change| change.is_in(path));
            disk.pending = pending;
            let durable: Vec<NameChange> = durable;
            durable.iter().for_each(|change| change.apply(&mut disk.durable));
            Ok(())
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut disk = self.disk();
        disk.readable()?;
        disk.dir(parent(path))?;
        if !disk.locks.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Lock { fs: self.clone(), boot: disk.boot, path: path.to_owned() }))
    }
}

/// An open file, for both ways of use.
#[derive(Debug)]
struct Handle {
    fs: SimulatedFs,
    boot: u64,
    inode: usize,
}

impl Append for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.fs.disk();
        let fate = disk.fate();
        // A write is not atomic: one that fails may have got anywhere.
        let written = match fate {
            Fate::Refused if !disk.off => disk.random.below(bytes.len() as u64) as usize,
            Fate::Refused => 0,
            Fate::Done | Fate::DoneInSecret => bytes.len(),
        };
        let inode = disk.inode(self.boot, self.inode)?;
        inode.live.extend_from_slice(bytes.get(..written).unwrap_or_default());
        if fate == Fate::Done { Ok(()) } else { Err(refusal(io::ErrorKind::StorageFull)) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.fs.disk();
        let fate = disk.fate();
        let inode = disk.inode(self.boot, self.inode)?;
        match fate {
            Fate::Refused => inode.drop_unsynced(),
            Fate::Done | Fate::DoneInSecret => inode.sync(),
        }
        if fate == Fate::Done { Ok(()) } else { Err(refusal(io::ErrorKind::Other)) }
    }
}

impl ReadAt for Handle {
    fn size(&self) -> io::Result<u64> {
        let mut disk = self.fs.disk();
        disk.readable()?;
        Ok(disk.inode(self.boot, self.inode)?.live.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.fs.disk();
        disk.readable()?;
        let inode = disk.inode(self.boot, self.inode)?;
        let from = usize::try_from(offset).ok();
        let bytes = from.and_then(|from| inode.live.get(from..from.checked_add(out.len())?));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

#[derive(Debug)]
struct Lock {
    fs: SimulatedFs,
    boot: u64,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut disk = self.fs.disk();
        if disk.boot == self.boot {
            disk.locks.remove(&self.path);
        }
    }
}

fn refusal(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, "simulated failure")
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn is_root(path: &Path) -> bool {
    path.parent().is_none()
}

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

#[cfg(test)]
mod tests;
