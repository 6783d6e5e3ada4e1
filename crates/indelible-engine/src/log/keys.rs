//! The keys that sign: the one that does now, and those that did before it.
//!
//! ```text
//! keys/signing.key    the key that signs, as an skey
//! keys/rotations      each change of key, oldest first, one behind the other; absent when there was none
//! ```
//!
//! A change writes first the rotation, then the key. Until the new key is there the old one signs on, and the rotation
//! does not count: at the next start it is taken back, because the key that it names is lost.

use std::{io, path::Path, sync::Arc};

use indelible_proof::{
    checkpoint::Checkpoint,
    limits::ROTATIONS_BYTES_MAX,
    note::{Note, SigningKey, VerifierKey},
    rotation::{self, KeyHistory, Rotation, RotationError},
};

use super::{config::OpenError, layout::Layout};
use crate::fs::{Fs, read, remove_if_there, write_new};

const SKEY_BYTES_MAX: u64 = 1024;

/// The key that signs, and how it came to be the one.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    signing: Arc<SigningKey>,
    rotations: Vec<Note>,
    history: KeyHistory,
    /// Whether the file has one rotation more, which does not count.
    uncompleted: bool,
}

impl Keys {
    /// Reads the keys; makes that of a new log. Changes nothing else on disk: see [`Self::settle`].
    pub(super) fn open(fs: &dyn Fs, layout: &Layout, name: &str, is_new: bool) -> Result<Self, OpenError> {
        let signing = match read_key(fs, layout) {
            // For an old log a new key would not fit what the lost one has signed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {
                make_key(name).and_then(|key| write_key(fs, layout, &key).map(|()| key))
            }
            Ok(key) if key.verifier().name() != name => {
                Err(invalid(&format!("the key of {:?}, but this log is {name:?}", key.verifier().name())))
            }
            read => read,
        };
        let signing = signing.map_err(wrong(&layout.signing_key()))?;
        let (rotations, history, uncompleted) = read_rotations(fs, layout)
            .and_then(|rotations| follow(signing.verifier(), rotations).map_err(|problem| invalid(&problem)))
            .map_err(wrong(&layout.rotations()))?;
        Ok(Self { signing: Arc::new(signing), rotations, history, uncompleted })
    }

    /// Takes back a rotation that was not completed.
    pub(super) fn settle(&self, fs: &dyn Fs, layout: &Layout) -> Result<(), OpenError> {
        if self.uncompleted { self.store_rotations(fs, layout).map_err(wrong(&layout.rotations())) } else { Ok(()) }
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> &Arc<SigningKey> {
        &self.signing
    }

    /// Which key signed which trees.
    pub(super) fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// Every rotation, oldest first, as the file has them.
    pub(super) fn rotations(&self) -> String {
        rotation::to_text(&self.rotations)
    }

    /// The keys once another one signs, which the old one signs at a checkpoint. Nothing is written.
    pub(super) fn rotated(&self, at: &Checkpoint) -> io::Result<Self> {
        let signing = make_key(self.signing.verifier().name())?;
        let note = Rotation::sign(at, &self.signing, &signing).map_err(|problem| invalid(&problem))?;
        let rotations = [self.rotations.as_slice(), &[note]].concat();
        if rotation::to_text(&rotations).len() > ROTATIONS_BYTES_MAX {
            return Err(io::Error::other(format!("the rotations would take more than {ROTATIONS_BYTES_MAX} bytes")));
        }
        let history = KeyHistory::up_to(signing.verifier(), &rotations).map_err(|problem| invalid(&problem))?;
        Ok(Self { signing: Arc::new(signing), rotations, history, uncompleted: false })
    }

    /// Writes the rotations down.
    pub(super) fn store_rotations(&self, fs: &dyn Fs, layout: &Layout) -> io::Result<()> {
        write_rotations(fs, layout, &self.rotations)
    }

    /// Writes the key down: from then on it is the one that signs. After a failure it may be, or not.
    pub(super) fn store_key(&self, fs: &dyn Fs, layout: &Layout) -> io::Result<()> {
        write_key(fs, layout, &self.signing)
    }

    /// Whether the key is certainly the one on disk.
    pub(super) fn is_stored(&self, fs: &dyn Fs, layout: &Layout) -> bool {
        read_key(fs, layout).is_ok_and(|key| key.verifier() == self.signing.verifier())
    }
}

fn make_key(name: &str) -> io::Result<SigningKey> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    SigningKey::new(name, &seed).map_err(|problem| invalid(&problem))
}

fn read_key(fs: &dyn Fs, layout: &Layout) -> io::Result<SigningKey> {
    let bytes = read(fs, &layout.signing_key(), SKEY_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| invalid(&"not text"))?;
    SigningKey::from_skey(text.trim_end()).map_err(|problem| invalid(&problem))
}

fn write_key(fs: &dyn Fs, layout: &Layout, key: &SigningKey) -> io::Result<()> {
    write_new(fs, &layout.signing_key(), |file| {
        file.append(key.to_skey().as_bytes())?;
        file.append(b"\n")
    })
}

fn read_rotations(fs: &dyn Fs, layout: &Layout) -> io::Result<Vec<Note>> {
    match read(fs, &layout.rotations(), ROTATIONS_BYTES_MAX as u64) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => rotation::parse(&read?).map_err(|problem| invalid(&problem)),
    }
}

/// The rotations that lead to a key, and whether another one, from there on, had to be left out.
fn follow(key: &VerifierKey, mut rotations: Vec<Note>) -> Result<(Vec<Note>, KeyHistory, bool), RotationError> {
    let problem = match KeyHistory::up_to(key, &rotations) {
        Ok(history) => return Ok((rotations, history, false)),
        Err(problem) => problem,
    };
    let last = rotations.pop().and_then(|note| Rotation::open(&note).ok());
    match KeyHistory::up_to(key, &rotations) {
        Ok(history) if last.is_some_and(|last| last.old == *key) => Ok((rotations, history, true)),
        _ => Err(problem),
    }
}

fn write_rotations(fs: &dyn Fs, layout: &Layout, rotations: &[Note]) -> io::Result<()> {
    if rotations.is_empty() {
        remove_if_there(fs, &layout.rotations())?;
        return fs.sync_dir(&layout.keys());
    }
    write_new(fs, &layout.rotations(), |file| file.append(rotation::to_text(rotations).as_bytes()))
}

fn wrong(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.display().to_string();
    |problem| OpenError::SigningKey { path, problem }
}

fn invalid(problem: &impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}
