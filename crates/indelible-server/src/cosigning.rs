//! Cosigning: the log's checkpoints go to its witnesses, and what they say counts.
//!
//! In each round the newest checkpoint is sent to all witnesses at once, so that their cosignatures meet on one note;
//! what the log signs in the meantime waits for the next round. A note that enough have cosigned is stored and then
//! published. A witness that cannot be reached is asked again, at growing intervals, and stops nothing.
//!
//! A witness that has cosigned another history stops the log: see [`Fork`]. That is written down before it is
//! acted upon, and holds until an operator has settled which history is the true one, also after a restart. The
//! first round is over before the server takes its first event, so that a directory that was put back does not grow.
//!
//! BUG: a round ends with its slowest witness, so one that takes connections and does not answer delays the next
//! round by up to [`limits::COSIGNING_TIMEOUT`], as often as it is asked.

mod asked;
mod fork;
mod kept;
mod standing;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc},
    thread,
    time::Instant,
};

use indelible_engine::log::Log;
use indelible_proof::{
    checkpoint::Checkpoint,
    cosignature::Quorum,
    note::{Note, Signature},
    tree::verify_consistency,
};

use crate::{
    config::{Witnesses, WitnessesError},
    limits,
};
use asked::Asked;
use fork::Fork;
use kept::Kept;
pub(crate) use standing::Standing;

/// Why there is no cosigning.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CosigningError {
    /// The configuration is wrong.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// What was kept cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The kept checkpoint is none.
    #[error(
        "{path} is damaged: {problem}; restore it, or remove it if the log has been verified against its witnesses"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Stops a log that has just been opened if what is kept in its directory of earlier rounds speaks against it.
pub(crate) fn heed(data: &Path, log: &Log) -> Result<(), CosigningError> {
    let kept = Kept::at(data);
    let fork = match kept.read_fork()? {
        Some(fork) => Some(fork),
        None => kept.read_cosigned(log)?.and_then(|(_, kept)| contradiction(&kept, log)),
    };
    if let Some(fork) = fork {
        tracing::error!("{fork}");
        log.stop(fork.to_string());
    }
    Ok(())
}

/// The checkpoint that a data directory shows without asking anybody: the last one that was published with its
/// cosignatures, or the newest where none is kept.
pub(crate) fn last_published(data: &Path, log: &Log) -> Result<Arc<Note>, CosigningError> {
    let kept = Kept::at(data).read_cosigned(log)?;
    Ok(kept.map_or_else(|| log.checkpoint(), |(note, _)| Arc::new(note)))
}

/// The cosigned checkpoints of a log. Clones share it.
#[derive(Clone)]
pub(crate) struct Cosigning(Arc<Shared>);

struct Shared {
    log: Arc<Log>,
    quorum: Quorum,
    /// In the order of the quorum's keys. Each is written by the thread that asks this witness.
    standings: Vec<Arc<Mutex<Standing>>>,
    kept: Kept,
    /// The last checkpoint with enough cosignatures.
    cosigned: RwLock<Option<Arc<Note>>>,
    /// Held by whoever writes what is kept; true once nothing is to be written any more.
    ended: Mutex<bool>,
    /// Wakes the rounds at the end, by being dropped.
    waker: Mutex<Option<mpsc::Sender<()>>>,
}

impl std::fmt::Debug for Cosigning {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cosigning").field("quorum", &self.0.quorum).finish_non_exhaustive()
    }
}

impl Cosigning {
    /// Reads what is kept in a data directory. Asks nobody yet.
    pub(crate) fn open(data: &Path, log: Arc<Log>, witnesses: &Witnesses) -> Result<Self, CosigningError> {
        let kept = Kept::at(data);
        let quorum = witnesses.quorum()?;
        let before = kept.read_cosigned(&log)?.filter(|(_, before)| contradiction(before, &log).is_none());
        let asked = witnesses.witness.iter().zip(quorum.witnesses());
        let standings = asked.map(|(at, key)| Arc::new(Mutex::new(Standing::new(at, key, before.as_ref())))).collect();
        warn(witnesses, &log, before.is_some());
        // With other witnesses than before, it may lack what is asked for now.
        let cosigned = before.map(|(note, _)| note).filter(|note| quorum.check(note).is_ok()).map(Arc::new);
        Ok(Self(Arc::new(Shared {
            log,
            quorum,
            standings,
            kept,
            cosigned: RwLock::new(cosigned),
            ended: Mutex::new(false),
            waker: Mutex::default(),
        })))
    }

    /// Asks the witnesses, if there are any, and goes on to do so on a thread of its own. Blocks for the first round.
    pub(crate) fn start(&self) -> io::Result<()> {
        if self.0.standings.is_empty() {
            return Ok(());
        }
        let mut rounds = self.rounds();
        rounds.next(Instant::now());
        let (waker, woken) = mpsc::channel();
        *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
        thread::Builder::new().name("cosigning".to_owned()).spawn(move || {
            while woken.recv_timeout(limits::COSIGNING_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
                rounds.next(Instant::now());
            }
        })?;
        Ok(())
    }

    /// Ends it. Requests under way are not waited for; what they bring is thrown away.
    pub(crate) fn end(&self) {
        *self.0.writing() = true;
        self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The checkpoint for everybody: the newest that enough witnesses have cosigned, `None` before the first; the log's
    /// newest where no cosignature is asked for. A log that forked has no newest one to show: it would contradict what was
    /// published before.
    pub(crate) fn published(&self) -> Option<Arc<Note>> {
        let cosigned = self.0.cosigned.read().unwrap_or_else(PoisonError::into_inner).clone();
        if self.0.quorum.needed() > 0 {
            return cosigned;
        }
        if self.0.log.stopped().is_some() {
            return None;
        }
        let newest = self.0.log.checkpoint();
        Some(cosigned.filter(|cosigned| cosigned.text() == newest.text()).unwrap_or(newest))
    }

    /// Events of the published checkpoint.
    pub(crate) fn published_size(&self) -> Option<u64> {
        size(self.published()?.as_ref())
    }

    /// Cosignatures that a checkpoint needs.
    pub(crate) fn needed(&self) -> usize {
        self.0.quorum.needed()
    }

    /// Where each witness stands, in the order of the configuration.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        self.0.standings.iter().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    /// Sizes of the checkpoints that witnesses, or readers of what they have cosigned, hold the log to.
    pub(crate) fn held_sizes(&self) -> Vec<u64> {
        let standings = self.standings().into_iter().filter_map(|standing| Some(standing.last?.size));
        standings.chain(self.published_size()).collect()
    }

    fn rounds(&self) -> Rounds {
        let asked = self.0.quorum.witnesses().iter().zip(&self.0.standings);
        Rounds {
            shared: Arc::clone(&self.0),
            asked: asked.map(|(key, standing)| Asked::new(key.clone(), Arc::clone(standing))).collect(),
            note: Mutex::new(Note::clone(&self.0.log.checkpoint())),
            lacking: false,
        }
    }
}

/// Tells of what an operator may not have meant.
fn warn(witnesses: &Witnesses, log: &Log, kept: bool) {
    if witnesses.witness.is_empty() && kept {
        tracing::warn!(
            "witnesses/cosigned is in the data directory, but the configuration names no witness: checkpoints are published \
             without cosignatures; remove the file if that is meant"
        );
    }
    let name = &log.identity().name;
    if !witnesses.witness.is_empty() && *name == limits::LOG_NAME {
        tracing::warn!(
            name,
            "the log has the name that all logs have by default: a witness takes two logs of one name for a fork of one, so \
             give a new log a name of its own with --log-name"
        );
    }
}

/// The witnesses, round by round.
struct Rounds {
    shared: Arc<Shared>,
    asked: Vec<Asked>,
    /// The checkpoint of the last round, with the cosignatures that it has so far.
    note: Mutex<Note>,
    /// Whether it was told that cosignatures are lacking.
    lacking: bool,
}

impl Rounds {
    /// Sends the newest checkpoint to all witnesses that have not cosigned it and are not to be left alone yet.
    fn next(&mut self, now: Instant) {
        let Self { shared, asked, note, lacking } = self;
        let newest = shared.log.checkpoint();
        if shared.log.stopped().is_some() {
            return;
        }
        // What could not be stored may be storable now; its witnesses are not asked again.
        shared.publish(note.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !asked.iter().any(|asked| asked.is_due(&newest, now)) {
            return;
        }
        let gathered = note.get_mut().unwrap_or_else(PoisonError::into_inner);
        if gathered.text() != newest.text() {
            *gathered = Note::clone(&newest);
        }
        let (shared, note) = (&**shared, &*note);
        thread::scope(|scope| {
            for asked in asked.iter_mut().filter(|asked| asked.is_due(&newest, now)) {
                let newest = &newest;
                let ask = move || match asked.cosign(newest, &shared.log, now) {
                    Ok(Some(cosignature)) => shared.take(note, cosignature),
                    Ok(None) => {}
                    Err(fork) => shared.take_fork(&fork),
                };
                // Without a thread the witness is asked in the next round.
                let _ = thread::Builder::new().name("witness".to_owned()).spawn_scoped(scope, ask);
            }
        });
        shared.tell(note, lacking);
    }
}

impl Shared {
    /// Adds a cosignature to the note of a round.
    fn take(&self, round: &Mutex<Note>, cosignature: Signature) {
        let mut note = round.lock().unwrap_or_else(PoisonError::into_inner);
        note.add([cosignature]);
        self.publish(&note);
    }

    /// Stores a note, and then publishes it, unless it is already or has too few cosignatures.
    fn publish(&self, note: &Note) {
        let ended = self.writing();
        let is_published = || {
            let cosigned = self.cosigned.read().unwrap_or_else(PoisonError::into_inner);
            cosigned.as_deref() == Some(note)
        };
        if *ended || note.signatures().len() < 2 || is_published() || self.quorum.check(note).is_err() {
            return;
        }
        match self.kept.write_cosigned(note) {
            Ok(()) => {
                *self.cosigned.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(note.clone()));
            }
            Err(error) => tracing::error!(%error, "a cosigned checkpoint was not stored and is not published"),
        }
    }

    /// Stops the log, for this process and those after it.
    fn take_fork(&self, fork: &Fork) {
        let ended = self.writing();
        tracing::error!("{fork}");
        if !*ended && let Err(error) = self.kept.write_fork(fork) {
            tracing::error!(%error, "that the log forked was not written down: it holds until this process ends");
        }
        self.log.stop(fork.to_string());
    }

    /// Logs when cosignatures begin to lack, and when there are enough again.
    fn tell(&self, round: &Mutex<Note>, lacking: &mut bool) {
        let note = round.lock().unwrap_or_else(PoisonError::into_inner);
        match self.quorum.check(&note) {
            Ok(_) if *lacking => tracing::info!("checkpoints have enough cosignatures again"),
            Err(error) if !*lacking => {
                tracing::warn!(%error, "the newest checkpoint has too few cosignatures; it is published when it has enough");
            }
            _ => {}
        }
        *lacking = self.quorum.check(&note).is_err();
    }

    fn writing(&self) -> MutexGuard<'_, bool> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a log contradicts a checkpoint that it published before, if it does.
fn contradiction(before: &Checkpoint, log: &Log) -> Option<Fork> {
    let newest: Checkpoint = log.checkpoint().text().parse().ok()?;
    if before.size() > newest.size() {
        return Some(Fork::behind_kept(before.size(), newest.size()));
    }
    // What cannot be read is no contradiction; reading it will tell.
    let proof = log.consistency(before.size(), newest.size()).ok()?;
    let extended = verify_consistency((before.size(), before.root()), (newest.size(), newest.root()), &proof);
    extended.err().map(|error| Fork::beside_kept(before.size(), error))
}

fn newest_size(log: &Log) -> Option<u64> {
    size(&log.checkpoint())
}

/// Events of a checkpoint of our own.
fn size(note: &Note) -> Option<u64> {
    note.text().parse::<Checkpoint>().ok().map(|checkpoint| checkpoint.size())
}

#[cfg(test)]
mod tests;
