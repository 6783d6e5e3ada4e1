//! Text that cannot take over the terminal.

use std::{borrow::Cow, fmt::Write as _};

/// A text whose control characters and invisible direction marks are written out, so that event data cannot move
/// the cursor, hide a line or reorder one.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |out, unit| match unit {
        0x0a => out.write_str("\\n"),
        0x09 => out.write_str("\\t"),
        0x0d => out.write_str("\\r"),
        0..0x100 => write!(out, "\\x{unit:02x}"),
        _ => write!(out, "\\u{{{unit:x}}}"),
    })
}

/// A text whose treacherous characters are written in another way.
pub(super) fn escape(text: &str, write: impl Fn(&mut String, u32) -> std::fmt::Result) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_treacherous(c) {
            // A String takes everything.
            let _ = write(&mut out, u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Controls (C0, DEL, C1), line separators, zero-width characters, and marks that change the direction of text. All lie in the
/// basic plane, so that JSON can write each as one `\uXXXX`.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
}
