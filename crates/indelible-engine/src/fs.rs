//! The disk, as the engine sees it: the only way to files, so that a simulated disk can stand in for the real one.

mod real;
mod simulated;

use std::{
    fmt::Debug,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use real::RealFs;
pub use simulated::{Failure, SimulatedFs};

/// A directory tree: the operating system's, or a simulated one that keeps live and durable bytes apart,
/// crashes at any operation and fails the n-th.
pub trait Fs: Debug + Send + Sync + 'static {
    /// Creates a file that must not exist, for writing at its end; only its owner may read it.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Append>>;
    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>>;
    /// Cuts a file to a length and makes that durable.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Writes the end of a file, from a position on, once more, and makes it durable: for bytes that can be read but
    /// whose fsync may have failed. They must be those that are there, so that a crash meanwhile changes nothing.
    fn write_again(&self, path: &Path, from: u64, bytes: &[u8]) -> io::Result<()>;
    /// Renames a file, replacing what is there. Durable only after [`Fs::sync_dir`] of the directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Durable only after [`Fs::sync_dir`] of the directory.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Creates a directory and its parents, if they are not there; only their owner may enter them.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Names of the entries of a directory, sorted. An entry whose name is not UTF-8 is an error.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes creations, renames and removals in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Takes the exclusive lock of a file, creating it; held until the guard is dropped or the process ends.
    /// Fails with [`io::ErrorKind::WouldBlock`] when another holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
}

/// A file that grows at its end.
pub trait Append: Debug + Send {
    /// Adds bytes. After an error an unknown part of them may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes all bytes durable (fdatasync). After an error nothing is known: never retry.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that is read at positions, from any thread.
pub trait ReadAt: Debug + Send + Sync {
    /// Its length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Fills the whole buffer from a position; `UnexpectedEof` when the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
}

/// What the name of a file ends with until it is complete.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Whether a name is that of a file that was never completed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.ends_with(TEMPORARY)
}

/// Writes a file that is there whole or not at all, whenever the power fails.
pub fn write_new<T, E: From<io::Error>>(
    fs: &dyn Fs,
    path: &Path,
    fill: impl FnOnce(&mut dyn Append) -> Result<T, E>,
) -> Result<T, E> {
    begin_new(fs, path, fill).map(|(filled, _)| filled)
}

/// The same for the beginning of a file that goes on growing. One of that name is replaced.
pub(crate) fn begin_new<T, E: From<io::Error>>(
    fs: &dyn Fs,
    path: &Path,
    fill: impl FnOnce(&mut dyn Append) -> Result<T, E>,
) -> Result<(T, Box<dyn Append>), E> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY);
    let temporary = PathBuf::from(temporary);
    remove_if_there(fs, &temporary)?;
    let mut file = fs.create(&temporary)?; //                open(O_CREAT | O_EXCL)
    let filled = fill(&mut *file)?; //                       write ...
    file.sync()?; //                                         fdatasync
    fs.rename(&temporary, path)?; //                         rename
    fs.sync_dir(path.parent().unwrap_or(Path::new("")))?; // fsync of the directory
    Ok((filled, file))
}

/// Finds out whether so many bytes can be written, by doing it in a temporary file that is gone afterwards.
pub(crate) fn check_room(fs: &dyn Fs, path: &Path, bytes: u64) -> io::Result<()> {
    let write = || {
        let mut file = fs.create(path)?;
        file.append(&vec![0; bytes as usize])?;
        file.sync()
    };
    remove_if_there(fs, path)?;
    let written = write();
    remove_if_there(fs, path)?;
    written
}

/// Removes a file; it not being there is as good.
pub(crate) fn remove_if_there(fs: &dyn Fs, path: &Path) -> io::Result<()> {
    match fs.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads a whole file of at most so many bytes.
pub fn read(fs: &dyn Fs, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = fs.open(path)?;
    let size = file.size()?;
    if size > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{size} bytes, more than {bytes_max}")));
    }
    let mut bytes = vec![0; size as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}
