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
    let mask = mask_of(width);
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
    (next..count).for_each(|nth| visit(get(bytes, width, nth)));
}

/// The `nth` of integers of `width` bits. What lies beyond the bytes is zero.
pub(super) fn get(bytes: &[u8], width: u32, nth: usize) -> u64 {
    bits_at(bytes, nth * width as usize, width)
}

/// An integer of at most 64 bits that begins anywhere. What lies beyond the bytes is zero.
pub(super) fn bits_at(bytes: &[u8], bit: usize, width: u32) -> u64 {
    let (at, shift) = (bit / 8, (bit % 8) as u32);
    let mut value = word_at(bytes, at) >> shift;
    if shift + width > u64::BITS {
        value |= u64::from(bytes.get(at + 8).copied().unwrap_or(0)) << (u64::BITS - shift);
    }
    value & mask_of(width)
}

/// Appends `count` integers of at most 32 bits, each with `low` added. What lies beyond the bytes is zero.
///
/// Each width has code of its own, in which every shift is known: this loop is most of what a scan does.
pub(super) fn unpack_u32(bytes: &[u8], width: u32, low: u32, count: usize, out: &mut Vec<u32>) {
    let start = out.len();
    out.resize(start + count, low);
    let slots = out.get_mut(start..).unwrap_or_default();
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => {}
                $($width => unpack_width::<$width>(bytes, low, slots),)*
                _ => slots.fill(0),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

fn unpack_width<const WIDTH: usize>(bytes: &[u8], low: u32, slots: &mut [u32]) {
    let value = |word: u64| low.wrapping_add((word & mask_of(WIDTH as u32)) as u32);
    let mut done = 0;
    // Eight integers take WIDTH bytes, and begin and end with whole ones; the last word read may reach 8 further.
    for (group, slots) in bytes.windows(WIDTH + 8).step_by(WIDTH).zip(slots.chunks_exact_mut(8)) {
        for (nth, slot) in slots.iter_mut().enumerate() {
            let bit = nth * WIDTH;
            *slot = value(word_at(group, bit / 8) >> (bit % 8));
        }
        done += 8;
    }
    for (nth, slot) in slots.iter_mut().enumerate().skip(done) {
        *slot = value(get(bytes, WIDTH as u32, nth));
    }
}

fn mask_of(width: u32) -> u64 {
    if width == 0 { 0 } else { u64::MAX >> (u64::BITS - width) }
}

#[inline]
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
