//! Texts from outside, as an event may carry them.

use indelible_proof::limits;

/// A text that an event may carry: of so many bytes at most, and without NUL.
pub(crate) fn clipped(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    let mut text = text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}");
    // What stands for NUL is longer.
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

/// A header as an event may carry it.
pub(crate) fn header_text(text: &str) -> Option<String> {
    Some(clipped(text, limits::HEADER_BYTES_MAX)).filter(|text| !text.is_empty())
}
