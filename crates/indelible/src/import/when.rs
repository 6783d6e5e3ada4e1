//! The many ways in which logs write a time.

use indelible_proof::Timestamp;
use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

/// Reads RFC 3339 and its relatives (a space for the `T`, slashes, a comma before the fraction, no offset: UTC),
/// seconds to nanoseconds since 1970, and the time of an HTTP server's log.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    since_1970(text).or_else(|| rfc3339(text)).or_else(|| http_log(text))
}

/// A year-less syslog time such as `Feb 12 14:10:21`, taken as the latest such moment (UTC) that is at most a day
/// after the reference.
pub(super) fn syslog(text: &str, reference: Timestamp) -> Option<Timestamp> {
    let (month, day, time) = yearless(text)?;
    let latest = Timestamp::saturating_from_micros(reference.as_micros().saturating_add(DAY_US));
    let year = jiff::Timestamp::from_microsecond(latest.as_micros()).ok()?.to_zoned(TimeZone::UTC).year();
    // A 29th of February may lie four years back, or eight around a century.
    (0..=8).find_map(|back| {
        let at = utc(Date::new(year.checked_sub(back)?, month, day).ok()?.to_datetime(time))?;
        (at <= latest).then_some(at)
    })
}

/// Month, day and time of `Feb 12 14:10:21`.
pub(super) fn yearless(text: &str) -> Option<(i8, i8, Time)> {
    let mut parts = text.split_ascii_whitespace();
    Some((month(parts.next()?)?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

const DAY_US: i64 = 24 * 3600 * 1_000_000;

fn since_1970(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i128 = whole.parse().ok()?;
    // The magnitude tells the unit: seconds reach 100 thousand million in the year 5138.
    let micros = match whole.len() {
        ..=11 => number * 1_000_000 + fraction_micros(fraction)?,
        12..=14 => number * 1_000,
        15..=17 => number,
        _ => number / 1_000,
    };
    Timestamp::from_micros(i64::try_from(micros).ok()?).ok()
}

fn fraction_micros(digits: &str) -> Option<i128> {
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    six.parse().ok()
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let text = text.trim_end_matches("UTC").trim_end();
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' ', ':'])?.replace(',', ".").replace(' ', "");
    let text = format!("{}T{time}", date.replace('/', "-"));
    text.parse().ok().or_else(|| utc(text.parse().ok()?))
}

/// `07/Oct/2022:00:01:18 +0200`.
fn http_log(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(':')?;
    let mut date = date.split('/');
    let (day, name, year) = (date.next()?, date.next()?, date.next()?);
    let (time, offset) = time.split_once(' ').unwrap_or((time, "+0000"));
    format!("{year}-{:02}-{:0>2}T{time}{offset}", month(name)?, day).parse().ok()
}

fn month(name: &str) -> Option<i8> {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let at = NAMES.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    i8::try_from(at + 1).ok()
}

fn utc(at: DateTime) -> Option<Timestamp> {
    Timestamp::from_micros(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()).ok()
}

#[cfg(test)]
mod tests;
