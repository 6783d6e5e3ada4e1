//! Bytes as hexadecimal digits. Every receipt has two such texts, so this does not go through `fmt`.

/// Writes the digits of `bytes` into `text`, which has twice as many places.
pub(crate) fn write(bytes: &[u8], text: &mut [u8]) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
}
