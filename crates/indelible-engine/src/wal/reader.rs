//! Checks a whole file and finds its frames.

use std::io;

use indelible_proof::EventId;

use super::record::{
    FILE_HEADER_LEN, FORMAT_VERSION, FRAME_HEADER_LEN, FRAME_MAGIC, FileHeader, FrameHeader, Parts, WalError,
};

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    /// Its events, the first being that of the file's name.
    pub(crate) events: Vec<Parts<'a>>,
    /// How many bytes check out; 0 when not even the header does.
    pub(crate) good_len: u64,
    /// How many bytes an fsync has made durable for certain.
    pub(crate) synced: u64,
    /// Why the rest was given up, when there is a rest.
    pub(crate) torn: Option<&'static str>,
    /// The checkpoint of every frame.
    pub(crate) signed: Vec<Signed<'a>>,
}

/// What a frame says of the log up to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// Where the frame begins.
    pub(crate) offset: u64,
    /// How many of the file's events are in it and before it.
    pub(crate) events: usize,
    /// The signed checkpoint.
    pub(crate) note: &'a [u8],
}

/// Checks every byte. Only the last file of a log may have a torn end.
pub(crate) fn scan<'a>(
    bytes: &'a [u8],
    path: &str,
    first_seq: u64,
    log_number: u32,
    is_last: bool,
) -> Result<Scan<'a>, WalError> {
    let damaged = |offset: usize, problem: &str| WalError::Damaged {
        path: path.to_owned(),
        offset: offset as u64,
        problem: problem.to_owned(),
    };
    let mut scan = Scan { events: Vec::new(), good_len: 0, synced: 0, torn: None, signed: Vec::new() };
    let torn = |mut scan: Scan<'a>, offset: usize, problem: &'static str| {
        if !is_last || was_durable(bytes, offset) {
            return Err(damaged(offset, problem));
        }
        scan.good_len = offset as u64;
        scan.torn = Some(problem);
        Ok(scan)
    };
    let Some(header) = FileHeader::decode(bytes) else {
        return torn(scan, 0, "the file's header is missing or does not check out");
    };
    if header.version != FORMAT_VERSION {
        return Err(WalError::Version { path: path.to_owned(), version: header.version });
    }
    if header.log_number != log_number {
        let (found, expected) = (header.log_number, log_number);
        return Err(WalError::ForeignLog { path: path.to_owned(), found, expected });
    }
    if header.first_seq != first_seq {
        return Err(damaged(0, "the first sequence number is not that of the file's name"));
    }
    if first_seq > EventId::SEQ_MAX {
        return Err(damaged(0, "no event can have so large a sequence number"));
    }
    let mut offset = FILE_HEADER_LEN;
    while offset < bytes.len() {
        let (frame, mut payload) = match FrameHeader::decode(bytes.get(offset..).unwrap_or_default()) {
            Ok(found) => found,
            Err(problem) => return torn(scan, offset, problem),
        };
        if frame.first_seq != first_seq + scan.events.len() as u64 {
            return Err(damaged(offset, "the sequence numbers have a gap"));
        }
        let frame_end = offset + FRAME_HEADER_LEN + payload.len();
        for _ in 0..frame.count {
            let event =
                Parts::take(&mut payload).ok_or_else(|| damaged(offset, "an event reaches beyond its frame"))?;
            scan.events.push(event);
        }
        scan.signed.push(Signed { offset: offset as u64, events: scan.events.len(), note: payload });
        scan.synced = frame.synced;
        offset = frame_end;
    }
    scan.good_len = bytes.len() as u64;
    Ok(scan)
}

/// Checks bytes that must be whole frames.
pub(super) fn check_frames(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let (_, payload) =
            FrameHeader::decode(bytes).map_err(|problem| io::Error::new(io::ErrorKind::InvalidData, problem))?;
        bytes = bytes.get(FRAME_HEADER_LEN + payload.len()..).unwrap_or_default();
    }
    Ok(())
}

/// Whether a later frame proves that the byte at an offset was durable once.
fn was_durable(bytes: &[u8], offset: usize) -> bool {
    let behind = bytes.get(offset + 1..).unwrap_or_default();
    let starts = behind.windows(FRAME_MAGIC.len()).enumerate().filter(|(_, window)| *window == FRAME_MAGIC);
    starts.into_iter().any(|(at, _)| {
        let frame = FrameHeader::decode(behind.get(at..).unwrap_or_default());
        frame.is_ok_and(|(frame, _)| frame.synced > offset as u64)
    })
}
