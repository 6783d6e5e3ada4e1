//! Pages: the unit that is read and checked at once. A payload, then its CRC32C.

use std::{cell::RefCell, io, path::Path, sync::Arc};

use zstd::bulk::{Compressor, Decompressor};

use super::{
    WriteError,
    wire::{Decoded, Wire, put_varint},
};
use crate::{
    fs::{Append, Fs, ReadAt},
    limits::PAGE_BYTES_MAX,
    source::ReadError,
};

/// Bytes of a page's CRC32C.
pub(super) const CRC_BYTES: usize = 4;
/// Bytes handed to the disk at once.
const WRITE_BYTES: usize = 256 * 1024;
const ZSTD_LEVEL: i32 = 3;

/// Writes pages one behind the other.
pub(super) struct PageWriter<'a> {
    file: &'a mut dyn Append,
    buffer: Vec<u8>,
    flushed: u64,
    compressor: Compressor<'static>,
}

impl<'a> PageWriter<'a> {
    pub(super) fn new(file: &'a mut dyn Append) -> Result<Self, WriteError> {
        let compressor = Compressor::new(ZSTD_LEVEL)?;
        Ok(Self { file, buffer: Vec::with_capacity(2 * WRITE_BYTES), flushed: 0, compressor })
    }

    /// Bytes written so far.
    pub(super) fn position(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    /// The length of the pages since a position, taken together.
    pub(super) fn len_since(&self, start: u64, what: &'static str) -> Result<u32, WriteError> {
        let bytes = self.position() - start;
        u32::try_from(bytes).map_err(|_| WriteError::TooLarge { what, bytes, bytes_max: u64::from(u32::MAX) })
    }

    /// Adds bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    /// Adds a page and gives its length on disk; an empty payload is no page.
    pub(super) fn page(&mut self, payload: &[u8]) -> Result<u32, WriteError> {
        if payload.is_empty() {
            return Ok(0);
        }
        check_size(payload)?;
        self.buffer.extend_from_slice(payload);
        self.raw(&crc32c::crc32c(payload).to_le_bytes())?;
        Ok((payload.len() + CRC_BYTES) as u32)
    }

    /// Adds a page whose payload is compressed if that makes it shorter.
    pub(super) fn compressed_page(&mut self, payload: &[u8]) -> Result<u32, WriteError> {
        check_size(payload)?;
        let packed = self.compressor.compress(payload)?;
        let mut out = Vec::with_capacity(packed.len() + 8);
        put_varint(&mut out, payload.len() as u64);
        out.extend_from_slice(if packed.len() < payload.len() { &packed } else { payload });
        self.page(&out)
    }

    /// Hands everything to the disk.
    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.file.append(&self.buffer)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A reader takes no larger one, compressed or not.
fn check_size(payload: &[u8]) -> Result<(), WriteError> {
    let (bytes, bytes_max) = (payload.len() as u64, PAGE_BYTES_MAX as u64);
    if bytes <= bytes_max { Ok(()) } else { Err(WriteError::TooLarge { what: "page", bytes, bytes_max }) }
}

thread_local! {
    // Making one costs more than most pages do.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The payload of a page that [`PageWriter::compressed_page`] wrote.
pub(super) fn decompress(payload: &[u8]) -> Decoded<Vec<u8>> {
    let mut wire = Wire(payload);
    let len = wire.count(PAGE_BYTES_MAX)?;
    if wire.0.len() == len {
        return Ok(wire.0.to_vec());
    }
    let raw = DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(|_| "no memory to decompress")?),
        };
        decompressor.decompress(wire.0, len).map_err(|_| "does not decompress")
    })?;
    if raw.len() == len { Ok(raw) } else { Err("decompresses to another length than it says") }
}

/// A file of pages, open for reading.
#[derive(Debug)]
pub(super) struct PageFile {
    pub(super) file: Arc<dyn ReadAt>,
    pub(super) path: String,
    /// Bytes of the file.
    pub(super) size: u64,
    /// Checksums need not match, so that tests reach the code behind them.
    #[cfg(any(test, fuzzing))]
    pub(super) forged: bool,
}

impl PageFile {
    pub(super) fn open(fs: &dyn Fs, path: &Path) -> Result<Self, ReadError> {
        let path_text = path.display().to_string();
        let io = |error: io::Error| ReadError::Io { path: path_text.clone(), problem: error.to_string() };
        let file = fs.open(path).map_err(io)?;
        let size = file.size().map_err(io)?;
        Ok(Self {
            file,
            path: path_text,
            size,
            #[cfg(any(test, fuzzing))]
            forged: cfg!(fuzzing),
        })
    }

    /// Bytes of the file, which must be there.
    pub(super) fn raw(&self, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.size) {
            return Err(self.damaged(offset, "ends too early"));
        }
        let mut bytes = vec![0; len];
        match self.file.read_at(offset, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.damaged(offset, "ends too early")),
            Err(error) => Err(ReadError::Io { path: self.path.clone(), problem: error.to_string() }),
        }
    }

    /// The checked payload of a page; empty where there is none.
    pub(super) fn page(&self, offset: u64, len: u32) -> Result<Vec<u8>, ReadError> {
        if len == 0 {
            return Ok(Vec::new());
        }
        if len as usize > PAGE_BYTES_MAX + CRC_BYTES {
            return Err(self.damaged(offset, "a page is over its limit"));
        }
        let mut bytes = self.raw(offset, len as usize)?;
        let payload = bytes.len().saturating_sub(CRC_BYTES);
        let (checked, crc) = bytes.split_at(payload);
        self.check(offset, checked, crc)?;
        bytes.truncate(payload);
        Ok(bytes)
    }

    /// Checks bytes against their CRC32C.
    pub(super) fn check(&self, offset: u64, bytes: &[u8], crc: &[u8]) -> Result<(), ReadError> {
        let matches = crc == crc32c::crc32c(bytes).to_le_bytes();
        #[cfg(any(test, fuzzing))]
        let matches = matches || self.forged;
        if matches { Ok(()) } else { Err(self.damaged(offset, "its checksum does not match")) }
    }

    /// The same, decompressed.
    pub(super) fn compressed_page(&self, offset: u64, len: u32) -> Result<Vec<u8>, ReadError> {
        let page = self.page(offset, len)?;
        decompress(&page).map_err(|problem| self.damaged(offset, problem))
    }

    /// The error that something at an offset is wrong.
    pub(super) fn damaged(&self, offset: u64, problem: &str) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), offset, problem: problem.to_owned() }
    }
}
