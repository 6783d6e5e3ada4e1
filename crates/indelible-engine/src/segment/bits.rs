//! Integers of a fixed width, end to end, lowest bit first.

/// The bytes that `count` integers of `width` bits take.
pub(super) fn packed_len(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

/// The bits that hold every value up to `max`.
pub(super) fn width_of(max: u64) -> u32 {
    u64::BITS - max.leading_zeros()
}

/// Appends integers, each below 2^`width`.
pub(super) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut word, mut filled) = (0u64, 0u32);
    for value in values {
        word |= value << filled;
        filled += width;
        if filled >= u64::BITS {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= u64::BITS;
            // The bits that found no room; all of them did when exactly nothing is left over.
            word = value.checked_shr(width - filled).unwrap_or(0);
        }
    }
    out.extend(word.to_le_bytes().iter().take(filled.div_ceil(8) as usize));
}

/// Visits `count` integers of at most 64 bits. What lies beyond the bytes is zero.
pub(super) fn unpack(bytes: &[u8], width: u32, count: usize, mut visit: impl FnMut(u64)) {
    let mask = if width == 0 { 0 } else { u64::MAX >> (u64::BITS - width) };
    let mut next = 0;
    // Eight integers begin and end at whole bytes, so that short ones need no look at where each lies.
    if (1..=7).contains(&width) {
        for group in bytes.chunks_exact(width as usize).take(count / 8) {
            let mut word = group.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            for _ in 0..8 {
                visit(word & mask);
                word >>= width;
            }
            next += 8;
        }
    }
    for nth in next..count {
        let bit = nth * width as usize;
        let (at, shift) = (bit / 8, (bit % 8) as u32);
        let mut value = word_at(bytes, at) >> shift;
        if shift + width > u64::BITS {
            value |= u64::from(bytes.get(at + 8).copied().unwrap_or(0)) << (u64::BITS - shift);
        }
        visit(value & mask);
    }
}

fn word_at(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let rest = bytes.get(at..).unwrap_or_default();
            rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
        }
    }
}

#[cfg(test)]
mod tests;
