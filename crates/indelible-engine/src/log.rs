//! The local store: a log in a directory.
//!
//! ```text
//! append() --> queue --> committer --> WAL file --> acknowledged, readable
//!  hashes                 sequences       |
//!                                         +--> sealer --> segment --> merged segment
//! ```
//!
//! One thread, the committer, owns the sequence and the open WAL file. Another, the sealer, owns every change of
//! segments, also of their removal by retention. Both are loops around one function, so that tests can take the same steps one by one.
//!
//! The names of the files say what they hold, and are the only manifest: `wal/<first seq>.wal`,
//! `segments/<day>/<first seq>-<last seq>.seg`, `keys/epochs/<first seq>.key`. A merged segment and its parts may be
//! there together after a crash; the one that holds all events of the others wins.
//!
//! BUG: events that were acknowledged as [`Durability::Written`] and then lost with the machine leave no
//! trace: the log goes on with the numbers that they had.

mod committer;
mod config;
mod epochs;
mod export;
mod identity;
mod keys;
mod layout;
mod marker;
mod merge;
mod proofs;
mod queue;
mod recovery;
mod repeats;
mod retention;
mod sealer;
mod tree;
mod verify;
mod view;

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use indelible_proof::{Canonical, Entry, EventId, Recorded, Timestamp, note::Note, rotation::Rotation};

use self::{
    committer::{Committer, Unwritten},
    epochs::{Epoch, Epochs},
    keys::Keys,
    layout::{Day, Layout},
    queue::{Asks, Hashed, Queue, Waiting},
    repeats::{Repeats, identity, recorded_at},
    sealer::{Bell, Sealer},
    tree::{Head, Tiles},
    view::View,
};
use crate::{
    limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BUSY_RETRY_MS},
    listeners::{Listener, Listeners},
    query::{Aggregate, Cancel, Page, Query, Snapshot, Table},
    source::ReadError,
    store::{AppendError, Durability, Pending, Ready, Receipt, Status, Store},
    wal::Writer,
};

pub use self::{
    config::{Clock, LogConfig, OpenError, RecoveryReport, Torn},
    epochs::EpochKeyError,
    export::Exporter,
    identity::{FORMAT, Identity},
    marker::{RETENTION_APPLIED, Retention},
    retention::{Expired, RetainError},
    sealer::SealError,
    tree::TreeError,
    verify::{Pass, Verified, VerifyError},
};

/// A log in a directory. One process at a time; any number of threads.
pub struct Log {
    shared: Arc<Shared>,
    report: RecoveryReport,
    /// Taken by the first [`Store::close`].
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held until the log is closed.
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

/// What callers, committer and sealer share.
struct Shared {
    config: LogConfig,
    layout: Layout,
    identity: Identity,
    epochs: Epochs,
    /// Callers put, the committer takes.
    queue: Queue,
    /// The committer adds at the end, the sealer replaces at the front, readers copy.
    view: RwLock<View>,
    /// Set by the committer, read by callers, who may see an old one: the committer hashes again then.
    epoch: RwLock<Arc<Epoch>>,
    /// What signs checkpoints. Set by the committer.
    keys: RwLock<Arc<Keys>>,
    /// The committer adds, the sealer writes down.
    tiles: Tiles,
    /// The newest checkpoint of which a restart would find everything. Set by the committer.
    checkpoint: RwLock<Arc<Note>>,
    /// Why nothing can be written. Set and cleared by the committer.
    halted: RwLock<Option<String>>,
    /// Why nothing is taken any more. Set once, by whoever found out.
    stopped: OnceLock<String>,
    /// Held by whoever changes the key that signs, or signs a retention with it.
    upkeep: Mutex<()>,
    /// What retention has removed, as long as files of it are there. Set by the caller, cleared by the sealer.
    expiring: Mutex<Option<Arc<Retention>>>,
    /// Called by the committer.
    listeners: Mutex<Listeners>,
    /// Rung by the committer, waited for by the sealer.
    bell: Bell,
    /// Set by the sealer.
    seal_error: Mutex<Option<String>>,
    closed: AtomicBool,
    fsyncs: AtomicU64,
    seals: AtomicU64,
}

impl Log {
    /// Opens a log, making it if it is not there, and reads what the write-ahead log holds.
    pub fn open(config: LogConfig) -> Result<Self, OpenError> {
        let (log, committer, sealer) = Self::open_at_rest(config)?;
        // What was replayed may be sealed at once.
        log.shared.bell.ring();
        let threads =
            [spawn("indelible-committer", move || committer.run()), spawn("indelible-sealer", move || sealer.run())];
        for thread in threads {
            let path = log.shared.layout.root.display().to_string();
            let thread = thread.map_err(|problem| OpenError::Io { path, problem })?;
            lock(&log.threads).push(thread);
        }
        Ok(log)
    }

    /// The same without threads: whoever calls takes the steps.
    fn open_at_rest(config: LogConfig) -> Result<(Self, Committer, Sealer), OpenError> {
        let config = config.within_limits();
        let fs = Arc::clone(&config.fs);
        let layout = Layout { root: config.path.clone() };
        recovery::prepare(&*fs, &layout)?;
        let lock = fs.lock(&layout.lock()).map_err(|problem| {
            let path = layout.lock().display().to_string();
            match problem.kind() {
                io::ErrorKind::WouldBlock => OpenError::Locked { path },
                _ => OpenError::Io { path, problem },
            }
        })?;
        let identity = recovery::identify(&config, &layout)?;
        let keys = Keys::open(&*fs, &layout, &identity.name, !recovery::is_begun(&*fs, &layout)?)?;
        let recovery::Recovered { mut view, epochs, report, range, tiles, .. } =
            recovery::recover(&*fs, &layout, identity.number, keys.history())?;
        keys.settle(&*fs, &layout)?;
        let head = Head::new(range, Arc::clone(keys.signing()));
        let next_seq = view.end_seq;
        let epoch = epochs::make(next_seq)
            .map_err(|problem| OpenError::Io { path: layout.epoch(next_seq).display().to_string(), problem })?;
        let epoch = Arc::new(epoch);
        let (writer, halted) = match committer::begin(&*fs, &layout, identity.number, &epoch, &head) {
            Ok(writer) => (Some(writer), None),
            // What is there can be read; the committer tries again.
            Err(unwritten) if is_full(&unwritten.problem) => (None, Some(unwritten.to_string())),
            Err(Unwritten { path, problem }) => return Err(OpenError::Io { path, problem }),
        };
        view.tail.push(view::Generation::new(next_seq, writer.as_ref().map_or(0, Writer::len)));
        let shared = Arc::new(Shared {
            queue: Queue::new(config.queue_events, config.queue_bytes),
            epochs: Epochs::new(epochs),
            view: RwLock::new(view),
            epoch: RwLock::new(Arc::clone(&epoch)),
            keys: RwLock::new(Arc::new(keys)),
            tiles,
            checkpoint: RwLock::new(Arc::clone(head.checkpoint())),
            halted: RwLock::new(halted),
            stopped: OnceLock::new(),
            upkeep: Mutex::default(),
            expiring: Mutex::default(),
            listeners: Mutex::default(),
            bell: Bell::default(),
            seal_error: Mutex::default(),
            closed: AtomicBool::new(false),
            fsyncs: AtomicU64::new(0),
            seals: AtomicU64::new(0),
            config,
            layout,
            identity,
        });
        shared.epochs.add(next_seq);
        let committer = Committer::new(Arc::clone(&shared), writer, epoch, head, next_seq);
        let sealer = Sealer::new(Arc::clone(&shared));
        let log = Self { shared, report, threads: Mutex::default(), lock: Mutex::new(Some(lock)) };
        Ok((log, committer, sealer))
    }

    /// Who the log is.
    pub fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    /// What opening it found and did.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.report
    }

    /// What readers see now, however the log goes on.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Takes no more events for as long as this process has the log open, because it would do harm to go on: the first
    /// reason given holds. What waits in the queue is still written.
    pub fn stop(&self, why: String) {
        self.shared.stopped.get_or_init(|| why);
    }

    /// Why the log was stopped, if it was.
    pub fn stopped(&self) -> Option<&str> {
        self.shared.stopped.get().map(String::as_str)
    }

    /// Seals what the write-ahead log holds, and merges what is worth it, now. Returns when it is done.
    pub fn seal_now(&self) -> Result<(), SealError> {
        let mut steps = self.shared.bell.steps();
        self.shared.ask(Asks::NewFile).and_then(Pending::wait).map_err(|error| match error {
            AppendError::Closed => SealError::Closed,
            refused => SealError::Failed(refused.to_string()),
        })?;
        let end_seq = self.shared.view().end_seq;
        while self.shared.view().sealed_end() < end_seq || self.shared.mergeable().is_some() {
            self.shared.bell.ring();
            steps = self.shared.bell.next_step(steps).ok_or(SealError::Closed)?;
            if let Some(problem) = self.shared.seal_error() {
                return Err(SealError::Failed(problem));
            }
        }
        Ok(())
    }
}

impl Log {
    /// Replaces the key that signs checkpoints, from the newest one on: the old key signs the new one. Returns when the new
    /// key is the one that signs, also after a restart; gives the change, of which [`Self::rotations`] now tells.
    pub fn rotate_key(&self) -> Result<Rotation, AppendError> {
        let _alone = lock(&self.shared.upkeep);
        self.shared.check_stopped()?;
        self.shared.ask(Asks::NewKey).and_then(Pending::wait)?;
        // There is one: it was waited for.
        self.shared.keys().history().rotations().last().cloned().ok_or(AppendError::Closed)
    }
}

impl Store for Log {
    /// Hashes on the calling thread, so that the committer has little to do, and queues.
    fn append(&self, batch: Vec<Ready>, durability: Durability) -> Result<Pending, AppendError> {
        let bytes: usize = batch.iter().map(|ready| ready.canonical.bytes().len()).sum();
        self.shared.admit(batch.len(), bytes)?;
        if batch.is_empty() {
            return Ok(Pending::completed(Ok(Vec::new())));
        }
        let epoch = self.shared.epoch();
        let (repeats, searched_to) = self.shared.repeats(&batch)?;
        let day = batch.iter().map(|ready| Day::of_micros(recorded_at(ready.event()).as_micros())).max();
        let salter = epoch.key.salter();
        let hashed = batch.into_iter().zip(repeats).map(|(ready, repeats)| {
            let (record, who, what) = (ready.canonical.record(), ready.canonical.who(), ready.canonical.what());
            let leaf = Entry::of_parts(record, who, what, &salter).leaf_hash();
            Hashed { ready, leaf, repeats }
        });
        let events = hashed.collect();
        let (pending, completion) = Pending::new();
        let waiting = Waiting { events, durability, completion, epoch, searched_to, day, bytes, asks: Asks::Nothing };
        self.shared.queue.put(waiting)?;
        Ok(pending)
    }

    fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError> {
        self.snapshot().get(tenant, seq)
    }

    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        self.snapshot().query(query, cancel)
    }

    fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        self.snapshot().aggregate(aggregate, cancel)
    }

    fn status(&self) -> Status {
        let view = self.shared.view();
        let sealed_bytes: u64 = view.segments.iter().map(|sealed| sealed.segment.bytes()).sum();
        let wal_bytes: u64 = view.tail.iter().map(|generation| generation.bytes).sum();
        Status {
            next_seq: view.end_seq,
            first_seq: view.first_seq(),
            tail_events: view.end_seq - view.sealed_end(),
            segments: view.segments.len() as u64,
            disk_bytes: sealed_bytes + wal_bytes,
            queued_events: self.shared.queue.events() as u64,
            fsyncs: self.shared.fsyncs.load(Ordering::Relaxed),
            seals: self.shared.seals.load(Ordering::Relaxed),
            halted: self.shared.stopped.get().cloned().or_else(|| self.shared.halted()).or_else(|| self.shared.stuck()),
            seal_error: self.shared.seal_error(),
        }
    }

    fn on_commit(&self, listener: Listener) {
        lock(&self.shared.listeners).add(listener);
    }

    fn close(&self) {
        self.shared.queue.close();
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.bell.close();
        // Held meanwhile: a second caller, too, returns when it is safe, and not before.
        let mut threads = lock(&self.threads);
        // A thread that panicked has said so; there is nothing to add.
        threads.drain(..).for_each(|thread| drop(thread.join()));
        drop(lock(&self.lock).take());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log").field("path", &self.shared.layout.root).field("status", &self.status()).finish()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared").field("path", &self.layout.root).finish_non_exhaustive()
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    fn snapshot(&self) -> Snapshot {
        self.view().snapshot(self.identity.number)
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn epoch(&self) -> Arc<Epoch> {
        Arc::clone(&self.epoch.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_epoch(&self, epoch: Arc<Epoch>) {
        *self.epoch.write().unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    fn checkpoint(&self) -> Arc<Note> {
        Arc::clone(&self.checkpoint.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_checkpoint(&self, checkpoint: Arc<Note>) {
        *self.checkpoint.write().unwrap_or_else(PoisonError::into_inner) = checkpoint;
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_keys(&self, keys: Arc<Keys>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn halted(&self) -> Option<String> {
        self.halted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_halted(&self, cause: Option<String>) {
        *self.halted.write().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    /// Whether as many events wait to be sealed as memory may hold.
    fn is_crowded(&self) -> bool {
        self.view().tail.len() > self.config.unsealed_files_max
    }

    /// Why nothing is taken though it could be written: events wait to be sealed, and cannot be.
    fn stuck(&self) -> Option<String> {
        self.seal_error().filter(|_| self.is_crowded())
    }

    fn seal_error(&self) -> Option<String> {
        lock(&self.seal_error).clone()
    }

    fn set_seal_error(&self, error: Option<String>) {
        *lock(&self.seal_error) = error;
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Lets nothing into the queue of a halted log: only when the queue is silent does the committer try to write again.
    fn check_writing(&self) -> Result<(), AppendError> {
        self.halted().map_or(Ok(()), |cause| Err(AppendError::Halted { cause }))
    }

    fn check_stopped(&self) -> Result<(), AppendError> {
        self.stopped.get().map_or(Ok(()), |cause| Err(AppendError::Stopped { cause: cause.clone() }))
    }

    /// Refuses what cannot be taken now.
    fn admit(&self, events: usize, bytes: usize) -> Result<(), AppendError> {
        self.check_stopped()?;
        self.check_writing()?;
        if events > BATCH_EVENTS_MAX {
            return Err(AppendError::TooLarge { events, events_max: BATCH_EVENTS_MAX });
        }
        if bytes > BATCH_BYTES_MAX {
            return Err(AppendError::TooManyBytes { bytes, bytes_max: BATCH_BYTES_MAX });
        }
        if let Some(cause) = self.stuck() {
            return Err(AppendError::Halted { cause });
        }
        if self.is_crowded() {
            self.bell.ring();
            return Err(AppendError::Busy { retry_after_ms: BUSY_RETRY_MS });
        }
        Ok(())
    }

    /// The receipts of those events that an earlier one has the key of, and up to where the log was searched.
    fn repeats(&self, batch: &[Ready]) -> Result<(Vec<Option<Receipt>>, u64), AppendError> {
        let with_key = batch.iter().filter(|ready| identity(ready).is_some());
        let Some(oldest) = with_key.map(|ready| recorded_at(ready.event())).min() else {
            return Ok((vec![None; batch.len()], 0));
        };
        let snapshot = self.snapshot();
        let end_seq = snapshot.end_seq;
        let repeats = Repeats::new(snapshot, 0, oldest);
        let receipts = batch.iter().map(|ready| self.receipt_of_repeat(&repeats, ready));
        Ok((receipts.collect::<Result<_, _>>()?, end_seq))
    }

    fn receipt_of_repeat(&self, repeats: &Repeats, ready: &Ready) -> Result<Option<Receipt>, AppendError> {
        let Some((tenant, key)) = identity(ready) else { return Ok(None) };
        let unavailable = |cause: String| AppendError::Unavailable { cause };
        let found = repeats.find(tenant, key, recorded_at(ready.event()));
        let Some((seq, event)) = found.map_err(|error| unavailable(error.to_string()))? else { return Ok(None) };
        let epoch = self.epochs.of(&*self.config.fs, &self.layout, seq);
        let epoch = epoch.map_err(|error| unavailable(error.to_string()))?;
        let leaf = Entry::of(&Canonical::of(&event), &epoch.key).leaf_hash();
        let id = EventId::new(recorded_at(&event), self.identity.number, seq);
        Ok(Some(Receipt { id, seq, leaf, duplicate: true }))
    }

    /// Asks the committer for something beside events.
    fn ask(&self, asks: Asks) -> Result<Pending, AppendError> {
        self.check_writing()?;
        let (pending, completion) = Pending::new();
        self.queue.put(Waiting {
            events: Vec::new(),
            durability: Durability::Durable,
            completion,
            epoch: self.epoch(),
            searched_to: 0,
            day: None,
            bytes: 0,
            asks,
        })?;
        Ok(pending)
    }

    fn tell_listeners(&self, next_seq: u64) {
        lock(&self.listeners).tell(next_seq);
    }

    fn wake_sealer(&self) {
        self.bell.ring();
    }

    fn count_fsync(&self) {
        self.fsyncs.fetch_add(1, Ordering::Relaxed);
    }

    fn count_seal(&self) {
        self.seals.fetch_add(1, Ordering::Relaxed);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Whether it takes no more than room to make it work.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
