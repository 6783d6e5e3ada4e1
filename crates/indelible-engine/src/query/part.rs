//! What a query reads: the parts of a log as they stand at one moment.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    chunk::Chunk,
    source::{ReadError, Source},
};

/// Some consecutive events of a log.
#[derive(Clone)]
pub enum Part {
    /// Sealed or frozen: nobody changes it any more.
    Fixed(Arc<dyn Source + Send + Sync>),
    /// Still growing: locked for reading while it is scanned. Rows are only ever added to it.
    Growing(Arc<RwLock<Chunk>>),
}

impl Part {
    /// Reads the part.
    pub fn read<T>(&self, read: impl FnOnce(&dyn Source) -> T) -> T {
        match self {
            Self::Fixed(source) => read(&**source),
            Self::Growing(chunk) => read(&*chunk.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|source| write!(out, "Part({}.. {} rows)", source.first_seq(), source.rows()))
    }
}

/// The parts of a log and where it ends: what one query sees, however the log goes on.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// In the order of the log; there may be gaps between them.
    pub parts: Vec<Part>,
    /// The sequence number behind the last event that may be seen.
    pub end_seq: u64,
    /// The log's number, which is part of its events' ids.
    pub log_number: u32,
}

/// Tells a running query that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Makes the query stop with [`ReadError::Cancelled`] at its next block.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn check(&self) -> Result<(), ReadError> {
        if self.0.load(Ordering::Relaxed) { Err(ReadError::Cancelled) } else { Ok(()) }
    }
}
