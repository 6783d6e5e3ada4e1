//! Times in a filter line: a moment, a day, or a while ago.

use indelible_proof::Timestamp;

/// Microseconds of a day.
pub(super) const DAY_US: i64 = 24 * 3_600_000_000;

/// The moments that a text means, both ends inclusive: all of a day for `2026-11-20`, else one.
pub(super) fn span(text: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    if let Some(ago_us) = duration_us(text) {
        let at = Timestamp::saturating_from_micros(now.as_micros().saturating_sub(ago_us));
        return Some((at, at));
    }
    if let Ok(at) = text.parse() {
        return Some((at, at));
    }
    let day: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
    Some((day, Timestamp::saturating_from_micros(day.as_micros().saturating_add(DAY_US - 1))))
}

/// Microseconds of `7d`, `24h`, `30m`, `90s` or `2w`.
fn duration_us(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    // What is too long ago to count is before every event.
    digits.then(|| number.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(seconds * 1_000_000))
}
