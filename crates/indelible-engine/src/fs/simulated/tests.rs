use std::{io::ErrorKind, path::Path};

use super::{Failure, SimulatedFs};
use crate::fs::{Append, Fs};

const DIR: &str = "/d";
const FILE: &str = "/d/f";

fn disk_with_dir(seed: u64) -> SimulatedFs {
    let disk = SimulatedFs::new(seed);
    disk.create_dir_all(Path::new(DIR)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

fn durable_file(disk: &SimulatedFs, bytes: &[u8]) -> Box<dyn Append> {
    let mut file = disk.create(Path::new(FILE)).unwrap();
    file.append(bytes).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new(DIR)).unwrap();
    file
}

fn content(disk: &SimulatedFs) -> Vec<u8> {
    let file = disk.open(Path::new(FILE)).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn synced_bytes_survive_and_the_rest_may_be_lost_kept_or_torn() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let disk = disk_with_dir(seed);
        let mut file = durable_file(&disk, b"first");
        file.append(&[7; 2000]).unwrap();
        disk.restart();
        let left = content(&disk);
        assert!(left.starts_with(b"first"));
        seen.insert(match left.get(5..).unwrap() {
            [] => "lost",
            rest if rest.contains(&0) => "torn",
            rest if rest.len() == 2000 => "kept",
            _ => "cut",
        });
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["cut", "kept", "lost", "torn"]);
}

#[test]
fn names_survive_only_a_synced_directory_and_a_rename_is_atomic() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = disk_with_dir(seed);
        durable_file(&disk, b"old");
        disk.rename(Path::new(FILE), Path::new("/d/g")).unwrap();
        disk.restart();
        let names = disk.list(Path::new(DIR)).unwrap();
        assert_eq!(names.len(), 1, "{names:?}");
        outcomes.extend(names);
    }
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), ["f", "g"]);
}

#[test]
fn a_file_is_lost_with_a_directory_that_was_not_synced() {
    let lost = (0..50).filter(|&seed| {
        let disk = SimulatedFs::new(seed);
        disk.create_dir_all(Path::new(DIR)).unwrap();
        durable_file(&disk, b"x");
        disk.restart();
        disk.open(Path::new(FILE)).is_err()
    });
    assert!((1..50).contains(&lost.count()));
}

#[test]
fn bytes_of_a_failed_sync_are_never_durable() {
    let disk = disk_with_dir(1);
    let mut file = durable_file(&disk, b"ok");
    file.append(b"bad").unwrap();
    disk.fail_at(disk.operations(), Failure::NotPersisted);
    assert!(file.sync().is_err());
    file.append(b"ok").unwrap();
    file.sync().unwrap();
    assert_eq!(content(&disk), b"okbadok");
    disk.restart();
    assert_eq!(content(&disk), b"ok\0\0\0ok");
}

#[test]
fn a_failure_may_hide_that_it_was_done() {
    let disk = disk_with_dir(1);
    let mut file = durable_file(&disk, b"a");
    disk.fail_at(disk.operations(), Failure::Persisted);
    assert!(file.append(b"b").is_err());
    assert_eq!(content(&disk), b"ab");
    disk.fail_at(disk.operations(), Failure::Persisted);
    assert!(file.sync().is_err());
    disk.restart();
    assert_eq!(content(&disk), b"ab");
}

#[test]
fn nothing_works_without_power_and_handles_do_not_outlive_it() {
    let disk = disk_with_dir(3);
    let mut file = durable_file(&disk, b"a");
    let lock = disk.lock(Path::new("/d/lock")).unwrap();
    assert_eq!(disk.lock(Path::new("/d/lock")).err().unwrap().kind(), ErrorKind::WouldBlock);
    disk.crash_at(disk.operations());
    assert!(disk.remove(Path::new("/nowhere")).is_err());
    assert!(disk.is_off());
    assert!(disk.open(Path::new(FILE)).is_err());
    disk.restart();
    assert!(file.append(b"b").is_err());
    let again = disk.lock(Path::new("/d/lock")).unwrap();
    drop(lock);
    assert!(disk.lock(Path::new("/d/lock")).is_err(), "a dead guard frees nothing");
    drop(again);
    assert!(disk.lock(Path::new("/d/lock")).is_ok());
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let left = |seed| {
        let disk = disk_with_dir(seed);
        durable_file(&disk, b"a").append(&[1; 5000]).unwrap();
        disk.restart();
        content(&disk)
    };
    (0..20).for_each(|seed| assert_eq!(left(seed), left(seed)));
}

#[test]
fn bytes_of_a_failed_sync_are_durable_once_they_are_written_again() {
    let disk = disk_with_dir(1);
    let mut file = durable_file(&disk, b"ok");
    file.append(b"bad").unwrap();
    disk.fail_at(disk.operations(), Failure::NotPersisted);
    assert!(file.sync().is_err());
    disk.kill();
    disk.write_again(Path::new(FILE), 2, b"bad").unwrap();
    disk.restart();
    assert_eq!(content(&disk), b"okbad");
}
