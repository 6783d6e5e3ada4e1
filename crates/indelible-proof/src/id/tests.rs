use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_id_carries_its_place(micros in 0..=Timestamp::MAX.as_micros(), log in 0..=EventId::LOG_NUMBER_MAX, seq in 0..=EventId::SEQ_MAX) {
        let at = Timestamp::from_micros(micros).unwrap();
        let id = EventId::new(at, log, seq);
        prop_assert_eq!((id.millis(), id.log_number(), id.seq()), (at.as_millis(), log, seq));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn ids_of_a_log_sort_as_their_times_do(a in 0..1_i64 << 47, b in 0..1_i64 << 47, seq in 0..EventId::SEQ_MAX) {
        let [early, late] = [a.min(b), a.max(b)].map(|ms| Timestamp::saturating_from_micros(ms * 1000));
        prop_assert!(EventId::new(early, 7, seq) < EventId::new(late, 7, seq + 1));
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = text.parse::<EventId>();
    }
}

#[test]
fn only_a_uuid_of_version_7_is_an_id() {
    assert!("019386f0-4c00-7abc-8123-0000000004d2".parse::<EventId>().is_ok());
    for text in [
        "",
        "019386f0-4c00-4abc-8123-0000000004d2",
        "019386f0-4c00-7abc-c123-0000000004d2",
        "019386f04c007abc81230000000004d2",
        "019386f0-4c00-7abc-8123-0000000004dg",
        "+19386f0-4c00-7abc-8123-0000000004d2",
        "019386f0-4c00-7abc-8123-0000000004d2 ",
    ] {
        assert_eq!(text.parse::<EventId>(), Err(EventIdError), "{text}");
    }
}
