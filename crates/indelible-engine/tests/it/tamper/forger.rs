//! Somebody who knows the formats and has the disk: what is altered is written again as the log itself would write it, so
//! that every checksum and every index holds. With the signing key, every signature too.

use std::{io, path::Path};

use indelible_engine::{
    chunk::Chunk,
    fs::{Append, RealFs},
    segment::{self, Segment},
    source::{Source, events},
};
use indelible_proof::{
    Canonical, Entry, EpochKey, Event,
    checkpoint::Checkpoint,
    note::{Note, SigningKey},
    tile::Tile,
    tree::{CompactRange, EMPTY_ROOT, Hash, Node},
};

use super::store::{Copy, SEALED, SEGMENTS, WAL};

const WAL_HEADER: usize = 28;
const FRAME_HEADER: usize = 36;

#[derive(Default)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} bytes", self.0.len())
    }
}

impl Append for Bytes {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A frame of the write-ahead log.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) first_seq: u64,
    pub(crate) synced: u64,
    /// Record, who and what of each.
    pub(crate) events: Vec<[Vec<u8>; 3]>,
    pub(crate) note: Vec<u8>,
}

impl Copy {
    /// Alters the events of a segment, and writes it again.
    pub(crate) fn rewrite(&self, name: &str, alter: impl FnOnce(&mut Vec<Event>)) {
        let (segment, mut all) = self.open(name);
        alter(&mut all);
        self.write(name, sealed(&segment, &all));
    }

    /// The same under the name that the events then have.
    pub(crate) fn shorten(&self, name: &str, first_seq: u64, alter: impl FnOnce(&mut Vec<Event>)) -> String {
        let (segment, mut all) = self.open(name);
        alter(&mut all);
        let dir = Path::new(name).parent().unwrap().display();
        let renamed = format!("{dir}/{first_seq:020}-{:020}.seg", first_seq + all.len() as u64 - 1);
        let mut chunk = Chunk::new(first_seq);
        all.iter().for_each(|event| chunk.push(event));
        let mut bytes = Bytes::default();
        segment::write(&[&chunk], segment.epochs(), &mut bytes).unwrap();
        self.remove(name);
        self.write(&renamed, bytes.0);
        renamed
    }

    fn open(&self, name: &str) -> (Segment, Vec<Event>) {
        let segment = Segment::open(&RealFs, &self.path(name)).unwrap();
        let all = events(&segment, &(0..segment.rows()).collect::<Vec<_>>()).unwrap();
        (segment, all)
    }

    /// The frames of the write-ahead log.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let bytes = self.read(WAL);
        let (mut at, mut frames) = (WAL_HEADER, Vec::new());
        while at < bytes.len() {
            let number = |from: usize, len: usize| {
                bytes[at + from..at + from + len].iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))
            };
            let end = at + FRAME_HEADER + number(28, 4) as usize;
            let mut payload = &bytes[at + FRAME_HEADER..end];
            let events = (0..number(24, 4)).map(|_| take_event(&mut payload)).collect();
            frames.push(Frame { first_seq: number(8, 8), synced: number(16, 8), events, note: payload.to_vec() });
            at = end;
        }
        frames
    }

    /// Where a frame begins.
    pub(crate) fn frame_at(&self, nth: usize) -> usize {
        WAL_HEADER + self.frames()[..nth].iter().map(|frame| frame.encode().len()).sum::<usize>()
    }

    /// Writes the write-ahead log again.
    pub(crate) fn write_frames(&self, frames: &[Frame]) {
        let mut bytes = self.read(WAL)[..WAL_HEADER].to_vec();
        for frame in frames {
            let synced = bytes.len() as u64;
            bytes.extend_from_slice(&Frame { synced, ..frame.clone() }.encode());
        }
        self.write(WAL, bytes);
    }

    /// The leaves of all sealed events, as they are now.
    fn leaves(&self) -> Vec<Hash> {
        let mut leaves = Vec::new();
        for name in SEGMENTS {
            let (segment, all) = self.open(name);
            for (seq, event) in (segment.first_seq()..).zip(&all) {
                let epoch = segment.epochs().iter().rev().find(|epoch| epoch.first_seq <= seq).unwrap();
                leaves.push(Entry::of(&Canonical::of(event), &self.epoch(epoch.first_seq)).leaf_hash().into());
            }
        }
        leaves
    }

    fn epoch(&self, first_seq: u64) -> EpochKey {
        EpochKey(self.read(&format!("keys/epochs/{first_seq:020}.key")).try_into().unwrap())
    }

    /// Makes the tiles fit the sealed events.
    pub(crate) fn fit_tiles(&self) {
        let (mut range, mut nodes) = (CompactRange::new(), Vec::<(Node, Hash)>::new());
        range.extend(&self.leaves(), |node, hash| nodes.push((node, hash)));
        for level in 1.. {
            let tiles: Vec<Tile> = (0..).map_while(|index| Tile::at(level, index, SEALED)).collect();
            if tiles.is_empty() {
                break;
            }
            for tile in tiles {
                let of = |node| nodes.iter().find(|(it, _)| *it == node).unwrap().1;
                let hashes: Vec<Hash> = tile.hashed_nodes().map(of).collect();
                self.write(&format!("tree/{level}/{:020}", tile.index()), Tile::encode(&hashes));
            }
        }
    }

    /// Signs everything anew, as it is now.
    pub(crate) fn sign(&self, key: &SigningKey) {
        let mut range = CompactRange::new();
        range.extend(&self.leaves(), |_, _| ());
        let key_of_tail = self.epoch(SEALED);
        let mut frames = self.frames();
        for frame in &mut frames {
            for [record, who, what] in &frame.events {
                let bytes = [record.as_slice(), who, what].concat();
                let canonical = Canonical::from_bytes(bytes, record.len(), who.len()).unwrap();
                range.append(&Entry::of(&canonical, &key_of_tail).leaf_hash().into(), |_, _| ());
            }
            frame.note = sign(&range, key).to_string().into_bytes();
        }
        self.write_frames(&frames);
        self.write("tree/checkpoint", sign(&range, key).to_string());
        self.write("keys/signing.key", key.to_skey().as_bytes());
    }
}

fn sign(range: &CompactRange, key: &SigningKey) -> Note {
    let root = range.root().unwrap_or(EMPTY_ROOT);
    Checkpoint::new(key.verifier().name(), range.end(), root).unwrap().sign(key)
}

fn sealed(segment: &Segment, events: &[Event]) -> Vec<u8> {
    let mut chunk = Chunk::new(segment.first_seq());
    events.iter().for_each(|event| chunk.push(event));
    let mut bytes = Bytes::default();
    segment::write(&[&chunk], segment.epochs(), &mut bytes).unwrap();
    bytes.0
}

impl Frame {
    fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for event in &self.events {
            event.iter().for_each(|part| put_length(part.len(), &mut payload));
            event.iter().for_each(|part| payload.extend_from_slice(part));
        }
        payload.extend_from_slice(&self.note);
        let mut bytes = b"IFRM\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&self.synced.to_le_bytes());
        bytes.extend_from_slice(&(self.events.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c_append(crc32c::crc32c(&bytes), &payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        bytes
    }
}

fn put_length(mut len: usize, out: &mut Vec<u8>) {
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

fn take_event(payload: &mut &[u8]) -> [Vec<u8>; 3] {
    let mut length = || {
        let (mut len, mut shift) = (0, 0);
        loop {
            let byte = *payload.split_off_first().unwrap();
            len |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return len;
            }
        }
    };
    let lengths = [length(), length(), length()];
    lengths.map(|len| payload.split_off(..len).unwrap().to_vec())
}
