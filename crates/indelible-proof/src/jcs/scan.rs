//! Telling without reading it whether JSON is canonical. Each function gives what is left behind what it looked at, and
//! nothing when in doubt.

/// Levels of nesting.
pub(super) const DEPTH_MAX: u32 = 16;
/// Whole numbers of so many digits are written alike by everybody.
const DIGITS_MAX: usize = 15;

/// A value, of text that is UTF-8.
pub(super) fn value(json: &[u8], depth: u32) -> Option<&[u8]> {
    match json.split_first()? {
        (b'"', rest) => text(rest).map(|(_, rest)| rest),
        (b'{', rest) => members(rest, depth.checked_sub(1)?),
        (b'[', rest) => elements(rest, depth.checked_sub(1)?),
        (b'-', rest) if rest.first() != Some(&b'0') => whole(rest),
        (b'0'..=b'9', _) => whole(json),
        _ => [&b"true"[..], b"false", b"null"].into_iter().find_map(|word| json.strip_prefix(word)),
    }
}

/// The rest of a text, with what is in it.
fn text(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = json.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    let (text, rest) = json.split_at_checked(end)?;
    Some((text, rest.strip_prefix(b"\"")?))
}

fn whole(json: &[u8]) -> Option<&[u8]> {
    let digits = json.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = json.split_at_checked(digits)?;
    ((1..=DIGITS_MAX).contains(&digits) && (digits == 1 || number.first() != Some(&b'0'))).then_some(rest)
}

/// The rest of an object, whose keys rise.
fn members(json: &[u8], depth: u32) -> Option<&[u8]> {
    if let Some(rest) = json.strip_prefix(b"}") {
        return Some(rest);
    }
    let (mut rest, mut before): (&[u8], Option<&[u8]>) = (json, None);
    loop {
        let (key, behind) = text(rest.strip_prefix(b"\"")?)?;
        if !key.is_ascii() || before.is_some_and(|before| before >= key) {
            return None;
        }
        before = Some(key);
        rest = value(behind.strip_prefix(b":")?, depth)?;
        match rest.split_first()? {
            (b',', behind) => rest = behind,
            (b'}', behind) => return Some(behind),
            _ => return None,
        }
    }
}

/// The rest of a list.
fn elements(json: &[u8], depth: u32) -> Option<&[u8]> {
    if let Some(rest) = json.strip_prefix(b"]") {
        return Some(rest);
    }
    let mut rest = json;
    loop {
        rest = value(rest, depth)?;
        match rest.split_first()? {
            (b',', behind) => rest = behind,
            (b']', behind) => return Some(behind),
            _ => return None,
        }
    }
}
