use proptest::prelude::*;

use super::*;

fn printed(micros: i64) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&jiff::Timestamp::from_microsecond(micros).unwrap())
}

proptest! {
    #[test]
    fn a_time_comes_back_from_its_text(micros in 0..=Timestamp::MAX.as_micros()) {
        let at = Timestamp::from_micros(micros).unwrap();
        prop_assert_eq!(at.to_string().len(), "2026-11-20T12:00:00.000000Z".len());
        prop_assert_eq!(at.to_string().parse(), Ok(at));
    }

    #[test]
    fn the_text_is_that_of_the_calendar_of_jiff(micros in 0..=Timestamp::MAX.as_micros()) {
        prop_assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), printed(micros));
    }

    #[test]
    fn texts_sort_as_their_times_do(a in 0..=Timestamp::MAX.as_micros(), b in 0..=Timestamp::MAX.as_micros()) {
        let [a, b] = [a, b].map(|micros| Timestamp::from_micros(micros).unwrap());
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = text.parse::<Timestamp>();
    }
}

#[test]
fn offsets_and_any_number_of_fraction_digits_are_read() {
    for (text, expected) in [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00.000000Z"),
        ("2026-11-20T12:00:00.123456789Z", "2026-11-20T12:00:00.123456Z"),
        ("2026-11-20T12:00:00-05:30", "2026-11-20T17:30:00.000000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected);
    }
}

#[test]
fn what_lies_outside_the_range_or_names_no_moment_is_refused() {
    for text in [
        "",
        "2026-11-20",
        "2026-11-20T12:00:00",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
    ] {
        assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
    }
    assert_eq!(Timestamp::from_micros(-1), Err(TimestampError));
    assert_eq!(Timestamp::saturating_from_micros(i64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::saturating_from_micros(-1), Timestamp::MIN);
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000000Z");
}

#[test]
fn every_day_is_written_as_the_calendar_has_it() {
    for day in 0..=Timestamp::MAX.as_micros() / DAY_US {
        let micros = day * DAY_US;
        assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), printed(micros));
    }
}
