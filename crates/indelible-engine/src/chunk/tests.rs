use indelible_proof::{Actor, Event, Outcome, Severity, Target, Timestamp};
use serde_json::json;

use super::Chunk;
use crate::source::{Source, events};

fn full(n: u64) -> Event {
    let mut event = Event::new("resource.updated")
        .occurred_at(Timestamp::saturating_from_micros(1_700_000_000_000_000 + n as i64))
        .tenant("acme")
        .outcome(Outcome::Success)
        .severity(Severity::Low)
        .actor(Actor::user(n.to_string()).email("alice@example.com"))
        .on_behalf_of(Actor::service("batch"))
        .on_behalf_of(Actor::user("7").name("Alice"))
        .target(Target::new("document", "d1").attr("pages", 3))
        .target(Target { name: Some("no id yet".to_owned()), ..Target::default() })
        .ip("::ffff:203.0.113.9".parse().unwrap())
        .meta("deep", json!({"a": [1, 2.5, null]}));
    event.tags = vec!["b".to_owned(), "a".to_owned(), "b".to_owned()];
    event.count = Some(n + 1);
    event
}

#[test]
fn events_come_back_equal_in_every_field() {
    let mut chunk = Chunk::new(10);
    let written: Vec<Event> = (0..5000).map(|n| if n % 3 == 0 { Event::new("a.b") } else { full(n) }).collect();
    written.iter().for_each(|event| chunk.push(event));

    let rows: Vec<u32> = (0..5000).collect();
    assert_eq!(events(&chunk, &rows).unwrap(), written);
    assert_eq!(events(&chunk, &[4098, 4999]).unwrap(), [written[4098].clone(), written[4999].clone()]);
    assert_eq!((chunk.first_seq(), chunk.rows(), chunk.blocks()), (10, 5000, 2));
}

proptest::proptest! {
    #[test]
    fn any_log_comes_back_equal(log in crate::testing::arbitrary_log(0..40)) {
        let mut chunk = Chunk::new(0);
        log.iter().for_each(|event| chunk.push(event));
        let rows: Vec<u32> = (0..chunk.rows()).collect();
        proptest::prop_assert_eq!(events(&chunk, &rows).unwrap(), log);
    }
}
