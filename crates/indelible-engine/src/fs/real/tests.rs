use std::{io::ErrorKind, os::unix::fs::PermissionsExt};

use super::{Held, RealFs};
use crate::fs::Fs;

#[test]
fn what_it_creates_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (inside, file) = (dir.path().join("a/b"), dir.path().join("a/b/f"));
    RealFs.create_dir_all(&inside).unwrap();
    RealFs.create(&file).unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&inside), mode(&file)), (0o700, 0o600));
    assert_eq!(RealFs.create(&file).err().unwrap().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn files_grow_are_cut_and_read_at_positions() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let mut file = RealFs.create(&path).unwrap();
    file.append(b"hello world").unwrap();
    file.sync().unwrap();
    RealFs.truncate(&path, 5).unwrap();
    file.append(b"!").unwrap();
    let read = RealFs.open(&path).unwrap();
    let mut bytes = [0; 3];
    read.read_at(3, &mut bytes).unwrap();
    assert_eq!((read.size().unwrap(), &bytes), (6, b"lo!"));
    assert_eq!(read.read_at(4, &mut bytes).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_lock_is_held_until_its_guard_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let guard = RealFs.lock(&path).unwrap();
    assert_eq!(RealFs.lock(&path).err().unwrap().kind(), ErrorKind::WouldBlock);
    drop(guard);
    assert!(RealFs.lock(&path).is_ok());
}

#[test]
fn a_lock_ends_with_its_guard_though_a_forked_process_has_the_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let file = std::fs::File::create(&path).unwrap();
    let _forked = file.try_clone().unwrap();
    file.try_lock().unwrap();
    drop(Held(file));
    assert!(RealFs.lock(&path).is_ok());
}

#[test]
fn the_end_of_a_file_is_written_again_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    RealFs.create(&path).unwrap().append(b"hello").unwrap();
    RealFs.write_again(&path, 3, b"lo").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
}
