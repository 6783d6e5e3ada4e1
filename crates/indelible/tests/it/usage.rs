//! The usage of tokens, over a log of a few.

use std::sync::Arc;

use indelible::{
    Actor, Credential, Event, Http, MemoryStore, OAuth, Outcome, Recorder, Target, Timestamp,
    usage::{Scope, TokenTotals, Usage},
};
use serde_json::json;

fn at(minute: i64) -> Timestamp {
    // 2026-11-20T22:00:00Z
    Timestamp::saturating_from_micros(1_795_212_000_000_000 + minute * 60_000_000)
}

fn of_token(action: &str, number: usize, minute: i64) -> Event {
    let credential = Credential {
        id: Some(format!("tok_{number}")),
        r#type: Some(["sk", "pk"][number % 2].to_owned()),
        environment: Some(["live", "test"][number / 2 % 2].to_owned()),
        ..Credential::default()
    };
    Event::new(action)
        .credential(credential)
        .actor(Actor::user(format!("owner-{}", number / 2)))
        .occurred_at(at(minute))
}

fn used(number: usize, minute: i64) -> Event {
    let (route, status) = [("/a", 200), ("/b", 404)][minute as usize % 2];
    let http = Http {
        method: Some("GET".to_owned()),
        route: Some(route.to_owned()),
        status: Some(status),
        latency_us: Some(1000 * (1 + minute as u64 % 100)),
        ..Http::default()
    };
    let oauth = OAuth { scopes_requested: vec![format!("x:{}", minute % 3)], ..OAuth::default() };
    let event =
        of_token("token.authenticated", number, minute).http(http).ip([10, 0, number as u8, (minute % 4) as u8].into());
    Event { oauth: Some(oauth), ..event }
}

/// Token n is used 10 (4 - n) times, a minute apart; 0 and 1 are of one owner.
fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::builder(store.clone()).build();
    for number in 0..4 {
        let created = of_token("token.created", number, 0).target(Target::new("token", format!("tok_{number}")));
        recorder.record(created.target(Target::new("user", format!("owner-{}", number / 2)))).unwrap();
        for minute in 0..10 * (4 - number as i64) {
            recorder.record(used(number, 100 + minute)).unwrap();
        }
    }
    let failed = |action, reason: &str| {
        of_token(action, 0, 200).outcome(Outcome::Failure).reason(reason).ip([192, 0, 2, 1].into())
    };
    for _ in 0..3 {
        recorder.record(failed("token.expired", "token_expired")).unwrap();
    }
    let repeated = Event {
        count: Some(20),
        first_at: Some(at(200)),
        last_at: Some(at(201)),
        ..failed("token.ip_blocked", "ip_blocked")
    };
    recorder.record(repeated).unwrap();
    recorder.record(failed("token.ip_blocked", "ip_blocked").ip([192, 0, 2, 2].into())).unwrap();
    store
}

fn owner(r#type: &str, id: &str) -> Scope {
    Scope::Owner { r#type: r#type.to_owned(), id: id.to_owned() }
}

#[test]
fn uses_are_told_of_a_token_some_an_owner_a_type_an_environment_and_all() {
    let store = store();
    let uses = |scope| Usage::of(&*store, scope).total().unwrap().uses;
    assert_eq!(uses(Scope::Token("tok_0".to_owned())), 40);
    assert_eq!(uses(Scope::Tokens(vec!["tok_0".to_owned(), "tok_3".to_owned()])), 50);
    assert_eq!(uses(Scope::Tokens(Vec::new())), 0);
    assert_eq!(uses(owner("user", "owner-0")), 70);
    assert_eq!(uses(owner("team", "owner-0")), 0);
    assert_eq!(uses(Scope::Type("pk".to_owned())), 40);
    assert_eq!(uses(Scope::Environment("test".to_owned())), 30);
    assert_eq!(uses(Scope::All), 100);
    assert_eq!(uses(Scope::Token("tok_9".to_owned())), 0);
}

#[test]
fn every_question_about_a_token_has_its_answer() {
    let store = store();
    let usage = Usage::of(&*store, Scope::Token("tok_0".to_owned()));
    assert_eq!(
        serde_json::to_value(usage.total().unwrap()).unwrap(),
        json!({"uses": 40, "first_at": at(100), "last_at": at(139)})
    );
    assert_eq!(
        serde_json::to_value(usage.daily().unwrap()).unwrap(),
        json!([
            {"day": "2026-11-20T00:00:00.000000Z", "uses": 20},
            {"day": "2026-11-21T00:00:00.000000Z", "uses": 20},
        ])
    );
    assert_eq!(usage.by_hour_of_day().unwrap()[23], 20);
    let ips = usage.by_ip(3).unwrap();
    assert_eq!((ips.exact, ips.rows.len(), ips.rows[0].uses), (true, 3, 10));
    assert_eq!(
        serde_json::to_value(usage.by_endpoint(9).unwrap().rows).unwrap(),
        json!([{"method": "GET", "route": "/a", "uses": 20}, {"method": "GET", "route": "/b", "uses": 20}])
    );
    assert_eq!(serde_json::to_value(usage.by_status(1).unwrap().rows).unwrap(), json!([{"value": "200", "uses": 20}]));
    let latency = usage.latency().unwrap();
    assert_eq!((latency.p50_us, latency.p99_us, latency.exact), (Some(20_000), Some(40_000), true));
    assert_eq!(usage.unique_ips().unwrap().count, 4);
    assert_eq!(usage.by_ability(9).unwrap().rows[0].uses, 14);
    assert_eq!(usage.lifecycle(9).unwrap().len(), 1);
    let window = usage.clone().since(at(130)).until(at(135));
    assert_eq!(window.total().unwrap().uses, 5);
    assert_eq!(usage.tenant("another").total().unwrap().uses, 0);
}

#[test]
fn repeats_that_are_one_event_count_as_so_many_attempts() {
    let store = store();
    let usage = Usage::of(&*store, Scope::All);
    assert_eq!(
        serde_json::to_value(usage.failures().unwrap()).unwrap(),
        json!([
            {"action": "token.ip_blocked", "reason": "ip_blocked", "attempts": 21},
            {"action": "token.expired", "reason": "token_expired", "attempts": 3},
        ])
    );
    assert_eq!(usage.failed_attempts().unwrap(), 24);
    let suspicious = usage.suspicious_ips(10).unwrap();
    assert_eq!(serde_json::to_value(suspicious.rows).unwrap(), json!([{"value": "192.0.2.1", "uses": 23}]));
    assert!(usage.suspicious_ips(23).unwrap().rows.is_empty());
}

#[test]
fn a_count_of_attempts_that_may_be_too_low_is_not_called_exact() {
    let store = store();
    let recorder = Recorder::builder(store.clone()).build();
    assert!(Usage::of(&*store, Scope::All).suspicious_ips(10).unwrap().exact);
    for host in 0..100 {
        for _ in 0..20 {
            recorder.record(of_token("token.expired", 0, 200).ip([198, 51, 100, host].into())).unwrap();
        }
    }
    assert!(!Usage::of(&*store, Scope::All).suspicious_ips(10).unwrap().exact);
}

#[test]
fn the_lifecycle_of_no_tokens_is_empty_and_that_of_an_owner_no_namesakes() {
    let store = store();
    let lifecycle = |scope| Usage::of(&*store, scope).lifecycle(9).unwrap().len();
    assert_eq!(lifecycle(Scope::Tokens(Vec::new())), 0);
    assert_eq!((lifecycle(owner("user", "owner-0")), lifecycle(owner("team", "owner-0"))), (2, 0));
}

#[test]
fn the_most_active_tokens_come_first_and_abilities_that_nobody_needed_are_told() {
    let store = store();
    let ranked = Usage::of(&*store, Scope::All).most_active(2).unwrap();
    let tokens: Vec<_> = ranked.rows.iter().map(|row| (row.value.as_deref().unwrap(), row.uses)).collect();
    assert_eq!((tokens, ranked.exact), (vec![("tok_0", 40), ("tok_1", 30)], true));
    let usage = Usage::of(&*store, Scope::Token("tok_3".to_owned()));
    let granted = ["x:0", "x:*", "x:9", "y:*", "*"];
    assert_eq!(usage.unused_abilities(granted).unwrap(), ["x:9", "y:*"]);
}

#[test]
fn the_statistics_have_the_names_of_the_figures_that_they_replace() {
    let store = store();
    let tokens = TokenTotals { total: 4, active: 3, by_type: [("sk".to_owned(), 4)].into(), ..TokenTotals::default() };
    let statistics = Usage::of(&*store, Scope::All).statistics(tokens).unwrap();
    assert_eq!(
        serde_json::to_value(statistics).unwrap(),
        json!({
            "total_tokens": 4, "active_tokens": 3, "total_requests": 100, "unique_ips": 16, "failed_attempts": 24,
            "by_environment": {"live": 0, "test": 0}, "by_type": {"pk": 0, "rk": 0, "sk": 4},
        })
    );
}
