//! Moments as JavaScript writes and reads them, to the millisecond.

/// The milliseconds since 1970 of a date in ISO 8601, whole or in part (`2026`, `2026-11`, `2026-11-20`,
/// `2026-11-20T12:00`). Without an offset it is in UTC.
pub(super) fn millis(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_microsecond().div_euclid(1000));
    }
    let is_written_as = |shape: &str| {
        let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
        text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(|(byte, form)| fits((byte, form)))
    };
    let whole = if is_written_as("0000") {
        format!("{text}-01-01")
    } else if is_written_as("0000-00") {
        format!("{text}-01")
    } else {
        text.to_owned()
    };
    let at: jiff::civil::DateTime = whole.parse().ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_microsecond().div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn a_date_is_read_whole_or_in_part_and_is_in_utc_without_an_offset() {
        let new_year = 1_767_225_600_000;
        for text in [
            "2026",
            "2026-01",
            "2026-01-01",
            "2026-01-01T00:00",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T01:00:00+01:00",
        ] {
            assert_eq!(millis(text), Some(new_year), "{text}");
        }
        assert_eq!(millis("2026-01-01T00:00:00.123999Z"), Some(new_year + 123));
        assert_eq!(millis("1969-12-31T23:59:59.999Z"), Some(-1));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "garbage", "2026-13", "2026-02-30", "26", "1767225600000", "2026-01-01T00:00:00 01:00", "é026"]
        {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
