//! Any bytes as the write-ahead log of a log: it opens with exactly the events of the frames that check out, by a
//! reading of docs/FORMAT.md of its own, or it says why not; and then it opens again in the same way.
#![no_main]

use std::path::PathBuf;

use indelible_engine::{
    fs::SimulatedFs,
    limits::{FRAME_BYTES_MAX, FRAME_EVENTS_MAX},
    log::{Log, OpenError},
    query::{Cancel, Filter, Order, Query},
    store::Store,
};
use indelible_fuzz::{ROOT, config, disk, get, put};
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 28;
const FRAME: usize = 36;

fuzz_target!(|input: &[u8]| {
    let Some((&mode, bytes)) = input.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if mode & 1 == 1 {
        make_checksums_good(&mut bytes);
    }
    let path = PathBuf::from(ROOT).join("wal/00000000000000000000.wal");
    let disk = disk().unwrap();
    put(&disk, &path, &bytes).unwrap();
    let Some(found) = open(&disk) else {
        assert_eq!(get(&disk, &path).unwrap(), bytes, "a log that does not open changes nothing");
        return;
    };
    let (frames_end, frames_events) = good_frames(&bytes);
    assert_eq!(found, frames_events, "the events are those of the frames that check out");
    // It may be sealed by now, and the file gone.
    if let Ok(left) = get(&disk, &path)
        && found > 0
    {
        assert_eq!(left, bytes[..frames_end], "the file ends where the frames do");
    }
    assert_eq!(open(&disk), Some(found), "what was opened opens again");
});

/// How many events the log has; `None` when it does not open.
fn open(disk: &SimulatedFs) -> Option<u64> {
    let log = match Log::open(config(disk)) {
        Ok(log) => log,
        Err(OpenError::Locked { .. }) => panic!("nobody else has it open"),
        Err(_) => return None,
    };
    let query = Query { filter: Filter::default(), order: Order::NewestFirst, limit: 20, after: None };
    let page = log.query(&query, &Cancel::default()).unwrap();
    let next_seq = log.status().next_seq;
    assert_eq!(page.events.len() as u64, next_seq.min(20));
    log.close();
    Some(next_seq)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The end of a frame that begins at an offset, if all of it is there.
fn frame_end(bytes: &[u8], at: usize) -> Option<usize> {
    let length = u32_at(bytes.get(at..at + FRAME)?, 28) as usize;
    at.checked_add(FRAME + length).filter(|&end| end <= bytes.len())
}

fn frame_crc(bytes: &[u8], at: usize, end: usize) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[at..at + 32]), &bytes[at + FRAME..end])
}

fn make_checksums_good(bytes: &mut [u8]) {
    if bytes.len() < HEADER {
        return;
    }
    let crc = crc32c::crc32c(&bytes[..24]);
    bytes[24..28].copy_from_slice(&crc.to_le_bytes());
    let mut at = HEADER;
    while let Some(end) = frame_end(bytes, at) {
        let crc = frame_crc(bytes, at, end);
        bytes[at + 32..at + FRAME].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}

/// Where the frames end that check out from the beginning on, and their events.
fn good_frames(bytes: &[u8]) -> (usize, u64) {
    if bytes.len() < HEADER
        || bytes[..8] != *b"INDELWAL"
        || bytes[10..12] != [0; 2]
        || u32_at(bytes, 24) != crc32c::crc32c(&bytes[..24])
    {
        return (0, 0);
    }
    let (mut at, mut events) = (HEADER, 0);
    while let Some(end) = frame_end(bytes, at) {
        let plain = bytes[at..at + 8] == *b"IFRM\x01\0\0\0";
        let within = u32_at(bytes, at + 24) as usize <= FRAME_EVENTS_MAX && end - at - FRAME <= FRAME_BYTES_MAX;
        if !plain || !within || u32_at(bytes, at + 32) != frame_crc(bytes, at, end) {
            break;
        }
        (at, events) = (end, events + u64::from(u32_at(bytes, at + 24)));
    }
    (at, events)
}
