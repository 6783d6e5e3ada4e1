//! One open file of the write-ahead log.

use std::{
    io,
    path::{Path, PathBuf},
};

use indelible_proof::Canonical;

use super::{
    reader::check_frames,
    record::{FORMAT_VERSION, FileHeader, encode_frame},
};
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

    /// Writes one frame: events, and the signed checkpoint of the log with them. After an error the file is not written on: see [`Writer::mend`].
    pub(crate) fn append<'a>(
        &mut self,
        first_seq: u64,
        events: impl Iterator<Item = &'a Canonical>,
        checkpoint: &str,
    ) -> io::Result<()> {
        encode_frame(&mut self.frame, first_seq, self.synced, events, checkpoint)?;
        self.file.append(&self.frame)?;
        self.len += self.frame.len() as u64;
        Ok(())
    }

    /// Makes all frames durable. After an error nothing is known about them: it is never tried again, and the file is not
    /// written on: see [`Writer::mend`].
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        self.synced = self.len;
        Ok(())
    }

    /// Takes back the frames behind a length: nobody was told of their events.
    pub(crate) fn take_back(&mut self, len: u64) {
        self.len = self.len.min(len);
    }

    /// After a failed [`Writer::append`] or [`Writer::sync`], brings the file to where it can be left behind: its frames are
    /// durable, and nothing follows them. As a restart does, it writes again what may not have reached the disk, for a
    /// later fsync says nothing about bytes that an earlier one lost.
    ///
    /// ```text
    /// read                         the frames that are not durable for certain; they must check out
    /// open, ftruncate, fsync       what is behind them goes
    /// open, write, fsync           they are written again in their place
    /// ```
    pub(crate) fn mend(&mut self, fs: &dyn Fs) -> io::Result<()> {
        let mut end = vec![0; (self.len - self.synced) as usize];
        fs.open(&self.path)?.read_at(self.synced, &mut end)?;
        check_frames(&end)?;
        fs.truncate(&self.path, self.len)?;
        if self.is_dirty() {
            fs.write_again(&self.path, self.synced, &end)?;
        }
        match fs.open(&self.path)?.size()? {
            size if size == self.len => self.synced = self.len,
            size => return Err(io::Error::other(format!("the file has {size} bytes, not {}", self.len))),
        }
        Ok(())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the frame that was written last, or that could not be written.
    pub(crate) fn frame_len(&self) -> u64 {
        self.frame.len() as u64
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
