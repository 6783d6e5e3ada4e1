use proptest::prelude::*;

use super::*;
use crate::{Canonical, Severity, Target, arbitrary};

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn completed(mut event: Event) -> Event {
    event.complete(now());
    event
}

#[test]
fn what_is_absent_is_filled_in() {
    let event = completed(Event::new("auth.login.failed"));
    assert_eq!(event.recorded_at, Some(now()));
    assert_eq!(event.occurred_at, Some(now()));
    assert_eq!(event.tenant.as_deref(), Some("default"));
    assert_eq!(event.outcome, Some(Outcome::Failure));
    assert_eq!(event.severity, Some(Severity::Medium));
}

#[test]
fn what_the_producer_says_stands_except_recorded_at() {
    let claimed = Timestamp::from_micros(5).unwrap();
    let event = Event { recorded_at: Some(claimed), ..Event::new("auth.logout").occurred_at(claimed).tenant("acme") };
    let event = completed(event.outcome(Outcome::Failure).severity(Severity::Critical));
    assert_eq!(event.recorded_at, Some(now()));
    assert_eq!(event.occurred_at, Some(claimed));
    assert_eq!(event.tenant.as_deref(), Some("acme"));
    assert_eq!((event.outcome, event.severity), (Some(Outcome::Failure), Some(Severity::Critical)));
}

#[test]
fn a_v4_address_in_v6_clothes_becomes_v4() {
    let context = Context { ip: Some("::ffff:192.0.2.1".parse().unwrap()), ..Context::default() };
    let event = completed(Event { context: Some(context), ..Event::new("auth.logout") });
    assert_eq!(event.context.unwrap().ip.unwrap().to_string(), "192.0.2.1");
}

#[test]
fn another_products_name_becomes_ours_and_is_kept() {
    let event = completed(Event::new("sign-in:email"));
    assert_eq!(event.action, "auth.login.succeeded");
    assert_eq!(event.metadata["original_action"], "sign-in:email");

    let event = completed(Event::new("/sign-in/email").outcome(Outcome::Failure));
    assert_eq!(event.action, "auth.login.failed");
}

#[test]
fn an_original_that_the_producer_named_is_not_replaced() {
    let event = completed(Event::new("TokenRotated").meta("original_action", "rotate"));
    assert_eq!(event.metadata["original_action"], "rotate");
}

#[test]
fn a_dotted_action_is_never_renamed() {
    let event = completed(Event::new("user.session.start"));
    assert_eq!(event.action, "user.session.start");
    assert!(event.metadata.is_empty());
}

#[test]
fn empty_sections_are_dropped() {
    let geo = Context { geo: Some(Geo::default()), ..Context::default() };
    let event = Event { context: Some(geo), client: Some(Client::default()), ..Event::new("auth.logout") };
    let event = completed(event);
    assert_eq!((event.context, event.client), (None, None));
}

proptest! {
    #[test]
    fn a_complete_event_keeps_the_limits_and_survives_its_canonical_form(event in arbitrary::event()) {
        let event = completed(event.target(Target::new("t", "1")));
        prop_assert_eq!(Canonical::checked(&event).unwrap().event().unwrap(), event.clone());
        prop_assert_eq!(completed(event.clone()), event);
    }
}
