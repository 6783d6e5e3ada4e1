//! Texts from outside, as an event may carry them.

use crate::limits::CODE_BYTES_MAX;

/// A text that an event may carry: of so many bytes at most, and without NUL.
pub(crate) fn clipped(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    let mut text = text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}");
    // What stands for NUL is longer.
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

/// The same; `None` when nothing is left of it: no event may carry that.
pub(crate) fn fit(text: &str, bytes_max: usize) -> Option<String> {
    Some(clipped(text, bytes_max)).filter(|text| !text.is_empty())
}

/// A header as an event may carry it.
#[cfg(any(feature = "tokens", feature = "tower"))]
pub(crate) fn header_text(text: &str) -> Option<String> {
    fit(text, indelible_proof::limits::HEADER_BYTES_MAX)
}

/// An error code as a reason is spelt: a-z, 0-9 and `_`. Longer words are sentences, not codes.
pub(crate) fn code(text: &str) -> String {
    let lower = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' };
    text.chars().take(CODE_BYTES_MAX).map(lower).collect()
}
