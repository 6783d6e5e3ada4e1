//! One open file of the write-ahead log.

use std::{io, path::PathBuf};

use indelible_proof::Canonical;

use super::record::{FORMAT_VERSION, FileHeader, encode_frame};
use crate::fs::{Append, Fs, begin_new};

/// The file that the committer, and nobody else, appends to.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    file: Box<dyn Append>,
    /// Bytes of the header and of the whole frames that were written.
    len: u64,
    /// Bytes that are known to be durable.
    synced: u64,
    /// The frame being written; kept for its memory.
    frame: Vec<u8>,
}

impl Writer {
    /// Creates the file and makes its name and header durable, so that only frames can ever be torn. One that was left
    /// behind without events is replaced.
    pub(crate) fn create(fs: &dyn Fs, path: PathBuf, first_seq: u64, log_number: u32) -> io::Result<Self> {
        let header = FileHeader { version: FORMAT_VERSION, log_number, first_seq }.encode();
        let ((), file) = begin_new(fs, &path, |file| file.append(&header))?;
        let len = header.len() as u64;
        Ok(Self { path, file, len, synced: len, frame: Vec::new() })
    }

    /// Writes one frame. After an error [`Writer::cut_back`] must succeed before anything else is written.
    pub(crate) fn append<'a>(&mut self, first_seq: u64, events: impl Iterator<Item = &'a Canonical>) -> io::Result<()> {
        encode_frame(&mut self.frame, first_seq, self.synced, events)?;
        self.file.append(&self.frame)?;
        self.len += self.frame.len() as u64;
        Ok(())
    }

    /// Makes all frames durable. After an error nothing is known about them: it is never tried again.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        self.synced = self.len;
        Ok(())
    }

    /// Removes what a failed [`Writer::append`] left, and checks that it is gone.
    pub(crate) fn cut_back(&mut self, fs: &dyn Fs) -> io::Result<()> {
        fs.truncate(&self.path, self.len)?;
        match fs.open(&self.path)?.size()? {
            size if size == self.len => Ok(()),
            size => Err(io::Error::other(format!("the file has {size} bytes after it was cut to {}", self.len))),
        }
    }

    /// Bytes of the header and all frames.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are frames that are not durable yet.
    pub(crate) fn is_dirty(&self) -> bool {
        self.synced < self.len
    }
}
