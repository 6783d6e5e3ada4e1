//! What outlasts the process, in the data directory:
//!
//! ```text
//! witnesses/cosigned    the last checkpoint with enough cosignatures, a signed note
//! witnesses/forked      what a witness says against the log; while it is there nothing is recorded
//! ```

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use indelible_engine::log::Log;
use indelible_proof::{checkpoint::Checkpoint, limits::NOTE_BYTES_MAX, note::Note};

use super::{CosigningError, Fork};
use crate::durable::{private_directory, replace};

/// The files.
#[derive(Debug)]
pub(super) struct Kept {
    directory: PathBuf,
}

impl Kept {
    pub(super) fn at(data: &Path) -> Self {
        Self { directory: data.join("witnesses") }
    }

    /// The checkpoint, with the log's signature verified and nobody else's.
    pub(super) fn read_cosigned(&self, log: &Log) -> Result<Option<(Note, Checkpoint)>, CosigningError> {
        let (path, bytes) = self.read("cosigned")?;
        let damaged = |problem: String| CosigningError::Damaged { path: path.clone(), problem };
        let Some(bytes) = bytes else { return Ok(None) };
        let note = Note::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
        let checkpoint = log.open_checkpoint(&note);
        Ok(Some((note, checkpoint.map_err(|error| damaged(error.to_string()))?)))
    }

    pub(super) fn write_cosigned(&self, note: &Note) -> io::Result<()> {
        self.write("cosigned", &note.to_string())
    }

    /// A file that is there counts, whatever is in it.
    pub(super) fn read_fork(&self) -> Result<Option<Fork>, CosigningError> {
        let (_, bytes) = self.read("forked")?;
        Ok(bytes.map(|bytes| Fork::from_text(&String::from_utf8_lossy(&bytes))))
    }

    pub(super) fn write_fork(&self, fork: &Fork) -> io::Result<()> {
        self.write("forked", &format!("{}\n\n{fork}\n", fork.cause()))
    }

    fn read(&self, name: &str) -> Result<(PathBuf, Option<Vec<u8>>), CosigningError> {
        let path = self.directory.join(name);
        let mut bytes = Vec::new();
        // One byte more than a note may have makes it none.
        let read = File::open(&path).and_then(|file| file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok((path, Some(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path, None)),
            Err(error) => Err(CosigningError::Io { path, error }),
        }
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        private_directory(&self.directory)?;
        replace(&self.directory.join(name), text.as_bytes())
    }
}
