//! How far a sink is, in a file.

use std::{
    io,
    path::{Path, PathBuf},
};

use indelible_engine::fs::{self, Fs, RealFs};

use crate::limits::CURSOR_BYTES_MAX;

/// A file that holds the next sequence number. After a crash it holds the old number or the new one.
#[derive(Debug)]
pub struct CursorFile(PathBuf);

impl CursorFile {
    /// A file that need not be there yet; its directory is made.
    pub fn at(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        RealFs.create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        Ok(Self(path))
    }

    /// The number; 0 when there is no file yet.
    pub fn read(&self) -> io::Result<u64> {
        match fs::read(&RealFs, &self.0, CURSOR_BYTES_MAX) {
            Ok(bytes) => str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
                let problem =
                    "holds no sequence number; write the next one to deliver into it, or remove it to begin anew";
                io::Error::new(io::ErrorKind::InvalidData, format!("{} {problem}", self.0.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.named(&error)),
        }
    }

    /// Replaces the number; durable when it returns.
    pub fn write(&self, next_seq: u64) -> io::Result<()> {
        let line = format!("{next_seq}\n");
        fs::write_new(&RealFs, &self.0, |file| file.append(line.as_bytes()))
            .map_err(|error: io::Error| self.named(&error))
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.0.display()))
    }
}
