//! What a witness has cosigned: for each log the last checkpoint, on disk before anybody learns of it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use indelible_proof::{
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    note::{Note, Signature, VerifierKey},
    witness::{AddCheckpoint, Refusal, Seen, decide, monitoring_path},
};

use super::directory::{Directory, WitnessError};
use crate::durable;

/// The witness's key, and what it knows of each log.
#[derive(Debug)]
pub(crate) struct Book {
    cosigner: Cosigner,
    /// By the path below which each log's checkpoint is shown.
    logs: HashMap<String, Page>,
    /// Held as long as the book is open.
    _directory: Directory,
}

/// One log.
#[derive(Debug)]
struct Page {
    keys: Vec<VerifierKey>,
    path: PathBuf,
    /// Reading, deciding and storing are one step under this lock: else of two requests the later to be stored could be
    /// the one with the smaller tree.
    last: Mutex<Option<Last>>,
}

/// The last checkpoint that was cosigned.
#[derive(Debug)]
struct Last {
    seen: Seen,
    note: Note,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Declined {
    /// The protocol forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be stored. Nothing was cosigned.
    #[error("{path}: cannot write: {error}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The clock stands at 1970 or before it.
    #[error("the clock of this machine is not set: a cosignature states the time")]
    NoTime,
}

impl Declined {
    /// What a stranger may know of it.
    pub(super) fn public(&self) -> &'static str {
        match self {
            Self::NoTime => "the clock of the witness is not set; nothing was cosigned",
            _ => "the witness cannot store what it sees; nothing was cosigned: ask again later",
        }
    }
}

impl Book {
    /// Opens the book in a directory, which this process then has to itself, for the logs with these keys and those that
    /// the directory names. A new one gets a key with this name.
    pub(crate) fn open(path: &Path, name: Option<&str>, logs: &[VerifierKey]) -> Result<Self, WitnessError> {
        let directory = Directory::open(path)?;
        let cosigner = directory.cosigner(name)?;
        let mut pages = HashMap::new();
        for (origin, keys) in directory.trusted(logs)? {
            let path = directory.page(&origin);
            let last = read(&path, &origin, &cosigner)?;
            pages.insert(monitoring_path(&origin), Page { keys, path, last: Mutex::new(last) });
        }
        Ok(Self { cosigner, logs: pages, _directory: directory })
    }

    /// The witness's public key.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        self.cosigner.verifier()
    }

    /// Names and sizes of the logs, in no order.
    pub(crate) fn logs(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.logs.values().map(|page| {
            let last = page.last.lock().unwrap_or_else(PoisonError::into_inner);
            (page.keys.first().map_or("", VerifierKey::name), last.as_ref().map(|last| last.seen.size))
        })
    }

    /// Cosigns what a request asks for, at a time in seconds since 1970. Blocks until it is on disk.
    pub(crate) fn add_checkpoint(&self, body: &[u8], now_s: u64) -> Result<Signature, Declined> {
        let request = AddCheckpoint::parse(body)?;
        let origin = request.checkpoint().origin();
        let Some(page) = self.logs.get(&monitoring_path(origin)) else {
            return Err(Refusal::UnknownLog { origin: origin.to_owned() }.into());
        };
        if now_s == 0 {
            return Err(Declined::NoTime);
        }
        // It is changed in one assignment, after the write: whoever panicked left it whole.
        let mut last = page.last.lock().unwrap_or_else(PoisonError::into_inner);
        let decided = decide(&request, &page.keys, last.as_ref().map(|last| &last.seen));
        let seen = decided.inspect_err(|refusal| page.note_misbehaviour(origin, refusal, &request))?;
        let cosignature = self.cosigner.cosign(request.note().text(), now_s);
        // Whatever else was signed under it is nobody's business here, and could be of any size.
        let mut note = request.note().signed_by(&page.keys).unwrap_or_else(|| request.note().clone());
        note.add([cosignature.clone()]);
        durable::replace(&page.path, note.to_string().as_bytes())
            .map_err(|error| Declined::Unwritable { path: page.path.clone(), error })?;
        tracing::debug!(origin, seen.size, "cosigned");
        *last = Some(Last { seen, note });
        Ok(cosignature)
    }

    /// The last checkpoint of a log, with its signature and the witness's.
    pub(crate) fn latest(&self, origin_hash: &str) -> Option<String> {
        let page = self.logs.get(&format!("{origin_hash}/checkpoint"))?;
        let last = page.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|last| last.note.to_string())
    }
}

impl Page {
    /// A checkpoint that the log signed and that does not extend the one before is the proof that it forked.
    fn note_misbehaviour(&self, origin: &str, refusal: &Refusal, request: &AddCheckpoint) {
        if matches!(refusal, Refusal::Inconsistent(_)) {
            let checkpoint = request.note().to_string();
            tracing::warn!(origin, %refusal, checkpoint, "the log forked, or made a wrong proof");
        }
    }
}

fn read(path: &Path, origin: &str, cosigner: &Cosigner) -> Result<Option<Last>, WitnessError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(WitnessError::Io { path: path.to_owned(), error }),
    };
    let damaged = |problem: String| WitnessError::Damaged { path: path.to_owned(), problem };
    let note = Note::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
    note.verify(std::slice::from_ref(cosigner.verifier())).map_err(|error| damaged(error.to_string()))?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error| damaged(format!("{error}")))?;
    if checkpoint.origin() != origin {
        return Err(damaged(format!("it is of the log {}", checkpoint.origin())));
    }
    Ok(Some(Last { seen: Seen { size: checkpoint.size(), root: *checkpoint.root() }, note }))
}
