use std::path::{Path, PathBuf};

use indelible_proof::{Canonical, EpochKey, Event};
use proptest::prelude::*;

use super::{WalError, Writer, reader::Scan, replay, scan};
use crate::{
    fs::{Failure, Fs, SimulatedFs},
    source::{Source, events},
};

const PATH: &str = "/wal";
const LOG: u32 = 7;

fn event(n: usize) -> Event {
    Event::new("token.revoked").meta("n", n).session(format!("s{n}"))
}

fn canonicals(from: usize, count: usize) -> Vec<Canonical> {
    (from..from + count).map(|n| Canonical::of(&event(n))).collect()
}

/// A file with frames of these sizes, beginning at event 100; true frames are synced.
fn file_of(frames: &[(usize, bool)]) -> Vec<u8> {
    let disk = SimulatedFs::new(0);
    let mut writer = Writer::create(&disk, PathBuf::from(PATH), 100, LOG).unwrap();
    let mut next = 0;
    for &(count, synced) in frames {
        writer.append(100 + next as u64, canonicals(next, count).iter(), "").unwrap();
        next += count;
        if synced {
            writer.sync().unwrap();
        }
    }
    let file = disk.open(Path::new(PATH)).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, writer.len());
    bytes
}

fn scan_last(bytes: &[u8]) -> Result<Scan<'_>, WalError> {
    scan(bytes, PATH, 100, LOG, true)
}

#[test]
fn events_come_back_as_they_were_written() {
    let bytes = file_of(&[(3, true), (1, false), (20, true)]);
    let scan = scan_last(&bytes).unwrap();
    assert_eq!((scan.good_len, scan.torn), (bytes.len() as u64, None));
    let chunks = replay(100, &scan.events, &EpochKey([0; 32])).unwrap();
    let rows: Vec<u32> = (0..24).collect();
    assert_eq!((chunks.len(), chunks[0].chunk.first_seq()), (1, 100));
    assert_eq!(events(&chunks[0].chunk, &rows).unwrap(), (0..24).map(event).collect::<Vec<_>>());
}

#[test]
fn replay_fills_many_chunks_in_order() {
    let bytes = file_of(&[(9_000, true), (9_000, true), (20_000, true)]);
    let scan = scan_last(&bytes).unwrap();
    let chunks = replay(100, &scan.events, &EpochKey([0; 32])).unwrap();
    let ranges: Vec<_> = chunks.iter().map(|part| (part.chunk.first_seq(), part.chunk.rows())).collect();
    assert_eq!(ranges, [(100, 16_384), (16_484, 16_384), (32_868, 5_232)]);
    assert_eq!(events(&chunks[2].chunk, &[5_231]).unwrap(), [event(37_999)]);
}

#[test]
fn a_cut_at_any_byte_of_the_last_file_leaves_whole_frames() {
    let bytes = file_of(&[(2, true), (1, true), (3, true)]);
    let mut counts = Vec::new();
    for len in 0..bytes.len() {
        let scan = scan_last(&bytes[..len]).unwrap();
        assert!(scan.good_len <= len as u64);
        assert_eq!(scan.torn.is_some(), scan.good_len < len as u64 || len == 0);
        counts.push(scan.events.len());
        let in_the_middle = scan_with(&bytes[..len], false);
        assert_eq!(in_the_middle.is_ok(), scan.torn.is_none());
    }
    assert!(counts.is_sorted());
    counts.dedup();
    assert_eq!(counts, [0, 2, 3]);
}

fn scan_with(bytes: &[u8], is_last: bool) -> Result<Scan<'_>, WalError> {
    scan(bytes, PATH, 100, LOG, is_last)
}

#[test]
fn a_bad_frame_that_was_durable_is_damage_and_one_in_flight_is_torn() {
    let durable = file_of(&[(2, true), (1, true)]);
    let in_flight = file_of(&[(2, false), (1, false)]);
    let spoil = |mut bytes: Vec<u8>| {
        bytes[80] ^= 1;
        bytes
    };
    let error = scan_last(&spoil(durable)).unwrap_err();
    assert!(matches!(error, WalError::Damaged { offset: 28, .. }), "{error}");
    let bytes = spoil(in_flight);
    let scan = scan_last(&bytes).unwrap();
    assert_eq!((scan.good_len, scan.events.len()), (28, 0));
}

#[test]
fn a_file_of_another_log_place_or_version_is_refused() {
    let bytes = file_of(&[(1, true)]);
    assert!(matches!(scan(&bytes, PATH, 100, 8, true), Err(WalError::ForeignLog { found: 7, expected: 8, .. })));
    assert!(matches!(scan(&bytes, PATH, 99, LOG, true), Err(WalError::Damaged { offset: 0, .. })));
    let mut newer = bytes;
    newer[8] = 2;
    let crc = crc32c::crc32c(&newer[..24]).to_le_bytes();
    newer[24..28].copy_from_slice(&crc);
    assert!(matches!(scan_last(&newer), Err(WalError::Version { version: 2, .. })));
}

#[test]
fn a_mended_file_holds_durably_what_was_told_and_nothing_else() {
    for (failing, failure) in [(0, Failure::NotPersisted), (1, Failure::NotPersisted), (1, Failure::Persisted)] {
        let disk = SimulatedFs::new(3);
        let mut writer = Writer::create(&disk, PathBuf::from(PATH), 100, LOG).unwrap();
        writer.append(100, canonicals(0, 2).iter(), "").unwrap();
        let told = writer.len();
        disk.fail_at(disk.operations() + failing, failure);
        let written = writer.append(102, canonicals(2, 5).iter(), "").and_then(|()| writer.sync());
        assert!(written.is_err());
        writer.take_back(told);
        writer.mend(&disk).unwrap();
        assert!(!writer.is_dirty());
        disk.restart();
        let bytes = crate::fs::read(&disk, Path::new(PATH), 1 << 20).unwrap();
        assert_eq!((bytes.len() as u64, scan_last(&bytes).unwrap().events.len()), (told, 2));
    }
}

#[test]
fn a_file_whose_end_is_lost_is_not_mended() {
    let disk = SimulatedFs::new(3);
    let mut writer = Writer::create(&disk, PathBuf::from(PATH), 0, LOG).unwrap();
    let begin = writer.len();
    writer.append(0, canonicals(0, 2).iter(), "").unwrap();
    let lost = vec![0; (writer.len() - begin) as usize];
    disk.write_again(Path::new(PATH), begin, &lost).unwrap();
    assert!(writer.mend(&disk).unwrap_err().to_string().contains("no frame begins here"));
    disk.truncate(Path::new(PATH), begin).unwrap();
    assert!(writer.mend(&disk).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096), is_last: bool) {
        let _ = scan_with(&bytes, is_last);
    }

    #[test]
    fn flipped_bits_are_never_taken_for_events(
        frames in proptest::collection::vec((1_usize..4, any::<bool>()), 1..6),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u32..8), 1..4),
        is_last: bool,
    ) {
        let good = file_of(&frames);
        let mut bytes = good.clone();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let whole = scan_last(&good).unwrap();
        match scan_with(&bytes, is_last) {
            Ok(scan) => prop_assert_eq!(&scan.events[..], &whole.events[..scan.events.len()]),
            Err(error) => prop_assert!(error.to_string().starts_with(PATH)),
        }
    }

    #[test]
    fn sound_frames_with_arbitrary_payloads_never_panic(payload in proptest::collection::vec(any::<u8>(), 0..512), count in 0_u32..9) {
        let mut bytes = file_of(&[]);
        bytes.extend_from_slice(b"IFRM\x01\0\0\0");
        bytes.extend_from_slice(&100_u64.to_le_bytes());
        bytes.extend_from_slice(&28_u64.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[28..]), &payload);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(&payload);
        if let Ok(scan) = scan_last(&bytes) {
            prop_assert_eq!(scan.events.len(), count as usize);
            let _ = replay(100, &scan.events, &EpochKey([0; 32]));
        }
    }
}

#[test]
fn a_file_that_begins_beyond_the_last_possible_event_is_damaged() {
    let disk = SimulatedFs::new(0);
    let mut writer = Writer::create(&disk, PathBuf::from(PATH), u64::MAX, LOG).unwrap();
    for n in 0..2 {
        writer.append(u64::MAX.wrapping_add(n), canonicals(0, 1).iter(), "").unwrap();
    }
    let bytes = crate::fs::read(&disk, Path::new(PATH), 1 << 20).unwrap();
    assert!(matches!(scan(&bytes, PATH, u64::MAX, LOG, true), Err(WalError::Damaged { offset: 0, .. })));
}
