//! The bytes of file headers, frame headers and events.

use std::io;

use indelible_proof::Canonical;

use crate::limits::{FRAME_BYTES_MAX, FRAME_EVENTS_MAX};

pub(super) const FILE_MAGIC: [u8; 8] = *b"INDELWAL";
pub(super) const FILE_HEADER_LEN: usize = 28;
pub(super) const FORMAT_VERSION: u16 = 1;
pub(super) const FRAME_MAGIC: [u8; 4] = *b"IFRM";
pub(super) const FRAME_HEADER_LEN: usize = 36;
/// The events stand in the frame as they are, and behind them the signed checkpoint of the log up to and with them.
/// There is no frame without: else whoever can write the file could add events.
const CODEC_SIGNED: u8 = 1;
/// The crc of a frame stands behind the rest of its header, and covers that and the payload.
const FRAME_CRC_AT: usize = FRAME_HEADER_LEN - 4;

/// Why a file of the write-ahead log cannot be used. Nothing was changed on disk.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// Bytes that do not check out and are no torn end.
    #[error(
        "{path}: damaged at byte {offset}: {problem}; nothing was changed: restore this file from a copy, or move it \
         and every later one out of the directory to go on without their events"
    )]
    Damaged {
        /// File.
        path: String,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// A format that this version does not know.
    #[error("{path}: format version {version}, but this program reads {FORMAT_VERSION}: use the program that wrote it")]
    Version {
        /// File.
        path: String,
        /// The version that it says.
        version: u16,
    },
    /// A file of another log.
    #[error("{path}: belongs to log number {found}, not {expected}: move it back to the data directory it came from")]
    ForeignLog {
        /// File.
        path: String,
        /// The log that wrote it.
        found: u32,
        /// The log that is being opened.
        expected: u32,
    },
    /// The operating system refused.
    #[error("{path}: {problem}; check the disk and the file's permissions")]
    Io {
        /// File.
        path: String,
        /// The system's words.
        problem: io::Error,
    },
}

/// The beginning of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) version: u16,
    pub(super) log_number: u32,
    /// The first event's index, and the name of the file's epoch key.
    pub(super) first_seq: u64,
}

impl FileHeader {
    pub(super) fn encode(self) -> [u8; FILE_HEADER_LEN] {
        let mut out = Vec::with_capacity(FILE_HEADER_LEN);
        out.extend_from_slice(&FILE_MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.log_number.to_le_bytes());
        out.extend_from_slice(&self.first_seq.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        let mut header = [0; FILE_HEADER_LEN];
        header.copy_from_slice(&out);
        header
    }

    /// `None` when the bytes are no header.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(..FILE_HEADER_LEN)?);
        let crc = u32::from_le_bytes(Fields(fields.0.get(FILE_HEADER_LEN - 4..)?).take()?);
        let sound = crc == crc32c::crc32c(fields.0.get(..FILE_HEADER_LEN - 4)?) && fields.take()? == FILE_MAGIC;
        let version = u16::from_le_bytes(fields.take()?);
        let reserved: [u8; 2] = fields.take()?;
        let log_number = u32::from_le_bytes(fields.take()?);
        let first_seq = u64::from_le_bytes(fields.take()?);
        (sound && reserved == [0; 2]).then_some(Self { version, log_number, first_seq })
    }
}

/// The beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) first_seq: u64,
    /// Up to where the file was durable when the frame was written.
    pub(super) synced: u64,
    pub(super) count: u32,
    /// Bytes of the payload.
    pub(super) length: u32,
}

impl FrameHeader {
    /// The frame whose first byte is the first of these, if it is all there and its checksum holds.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        const SHORT: &str = "the file ends inside a frame";
        let mut fields = Fields(bytes.get(..FRAME_HEADER_LEN).ok_or(SHORT)?);
        if fields.take() != Some(FRAME_MAGIC) {
            return Err("no frame begins here");
        }
        let [codec, reserved @ ..] = fields.take::<4>().ok_or(SHORT)?;
        let header = Self {
            first_seq: u64::from_le_bytes(fields.take().ok_or(SHORT)?),
            synced: u64::from_le_bytes(fields.take().ok_or(SHORT)?),
            count: u32::from_le_bytes(fields.take().ok_or(SHORT)?),
            length: u32::from_le_bytes(fields.take().ok_or(SHORT)?),
        };
        let crc = u32::from_le_bytes(fields.take().ok_or(SHORT)?);
        if header.length as usize > FRAME_BYTES_MAX || header.count as usize > FRAME_EVENTS_MAX {
            return Err("a frame beyond the limits");
        }
        let rest = bytes.get(FRAME_HEADER_LEN..).ok_or(SHORT)?;
        let payload = rest.get(..header.length as usize).ok_or(SHORT)?;
        let sum = crc32c::crc32c(bytes.get(..FRAME_CRC_AT).ok_or(SHORT)?);
        if crc32c::crc32c_append(sum, payload) != crc {
            return Err("the checksum of a frame does not hold");
        }
        if codec != CODEC_SIGNED || reserved != [0; 3] {
            return Err("a frame with an unknown codec");
        }
        Ok((header, payload))
    }
}

/// Writes a whole frame of events and the checkpoint that covers them, replacing what is in the buffer.
pub(super) fn encode_frame<'a>(
    out: &mut Vec<u8>,
    first_seq: u64,
    synced: u64,
    events: impl Iterator<Item = &'a Canonical>,
    checkpoint: &str,
) -> io::Result<()> {
    out.clear();
    out.resize(FRAME_HEADER_LEN, 0);
    let mut count = 0_usize;
    for event in events {
        count += 1;
        for part in [event.record(), event.who(), event.what()] {
            varint(out, part.len() as u64);
        }
        out.extend_from_slice(event.bytes());
    }
    out.extend_from_slice(checkpoint.as_bytes());
    let length = out.len() - FRAME_HEADER_LEN;
    if length > FRAME_BYTES_MAX || count > FRAME_EVENTS_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame beyond the limits"));
    }
    let mut header = Vec::with_capacity(FRAME_HEADER_LEN);
    header.extend_from_slice(&FRAME_MAGIC);
    header.extend_from_slice(&[CODEC_SIGNED, 0, 0, 0]);
    header.extend_from_slice(&first_seq.to_le_bytes());
    header.extend_from_slice(&synced.to_le_bytes());
    header.extend_from_slice(&(count as u32).to_le_bytes());
    header.extend_from_slice(&(length as u32).to_le_bytes());
    let (head, payload) = out.split_at_mut(FRAME_HEADER_LEN);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header), payload);
    header.extend_from_slice(&crc.to_le_bytes());
    head.copy_from_slice(&header);
    Ok(())
}

/// One event of a frame: its canonical parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) record: &'a [u8],
    pub(crate) who: &'a [u8],
    pub(crate) what: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes the next event off a payload; `None` when the bytes are no event.
    pub(super) fn take(payload: &mut &'a [u8]) -> Option<Self> {
        let (record, who, what) = (length(payload)?, length(payload)?, length(payload)?);
        Some(Self {
            record: payload.split_off(..record)?,
            who: payload.split_off(..who)?,
            what: payload.split_off(..what)?,
        })
    }
}

/// Little-endian base 128, seven bits a byte, the last byte below 128.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A varint of at most 28 bits: more than any frame is long.
fn length(payload: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let byte = *payload.split_off_first()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Fixed-width fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}
