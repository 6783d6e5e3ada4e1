//! Bytes to numbers and back: little-endian, LEB128 varints, zigzag for signed ones.

/// What was read, or what is wrong with the bytes.
pub(super) type Decoded<T> = Result<T, &'static str>;

/// Appends an unsigned varint.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed varint.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is left of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire<'a>(pub(super) &'a [u8]);

impl<'a> Wire<'a> {
    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes as an array.
    pub(super) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Decoded<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Decoded<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Decoded<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn varint(&mut self) -> Decoded<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number is longer than 64 bits")
    }

    pub(super) fn signed(&mut self) -> Decoded<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A varint that is at most `max`.
    pub(super) fn count(&mut self, max: usize) -> Decoded<usize> {
        usize::try_from(self.varint()?).ok().filter(|&count| count <= max).ok_or("a count is over its limit")
    }

    /// Bytes behind their length.
    pub(super) fn bytes(&mut self, len_max: usize) -> Decoded<&'a [u8]> {
        let len = self.count(len_max)?;
        self.take(len)
    }

    /// Some varints below 2^32.
    pub(super) fn counts(&mut self, count: usize) -> Decoded<Vec<u32>> {
        if count > self.0.len() {
            return Err("ends too early");
        }
        (0..count).map(|_| Ok(self.count(u32::MAX as usize)? as u32)).collect()
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Decoded<()> {
        if self.0.is_empty() { Ok(()) } else { Err("bytes are left over") }
    }
}
