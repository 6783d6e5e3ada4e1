//! Each question about OAuth against a plain look at all events.

mod naive;

use std::{collections::BTreeSet, sync::Arc};

use indelible::{
    Actor, Client, Context, Credential, Durability, Event, Filter, Geo, Http, Log, LogConfig, MemoryStore, OAuth,
    Outcome, Query, Recorded, Recorder, Store, Target, Timestamp,
    oauth::questions::{Access, Questions, What},
    system_time,
};
use naive::Naive;
use proptest::prelude::*;

const STEP_US: i64 = 30 * 60_000_000;
/// More than any answer here has.
const ALL: u32 = 1000;

fn at(step: i64) -> Timestamp {
    // 2026-11-20T22:00:00Z
    Timestamp::saturating_from_micros(1_795_212_000_000_000 + step * STEP_US)
}

/// The type of a token is in its name.
fn kind(token: usize) -> &'static str {
    ["authorization_code", "access_token", "access_token", "refresh_token", "refresh_token"][token % 5]
}

fn named(token: usize) -> Target {
    let target = Target::new(kind(token), format!("t{token}"));
    if token.is_multiple_of(3) { target } else { target.attr("expires_at", at(60 + token as i64 * 10).to_string()) }
}

fn some(prefix: &str, number: usize) -> Option<String> {
    (number > 0).then(|| format!("{prefix}{number}"))
}

const ACTIONS: [(&str, Outcome); 12] = [
    ("oauth.authorization.requested", Outcome::Success),
    ("oauth.authorization.granted", Outcome::Success),
    ("oauth.authorization.denied", Outcome::Denied),
    ("oauth.token.issued", Outcome::Success),
    ("oauth.token.refreshed", Outcome::Success),
    ("oauth.token.exchanged", Outcome::Success),
    ("oauth.token.revoked", Outcome::Success),
    ("oauth.token.failed", Outcome::Failure),
    ("oauth.refresh_token.reused", Outcome::Denied),
    ("oauth.token.introspected", Outcome::Success),
    ("token.authenticated", Outcome::Success),
    ("token.scope_denied", Outcome::Denied),
];

prop_compose! {
    fn event()(
        what in 0..ACTIONS.len(),
        fails in 0..12u8,
        who in (0..3usize, 0..3usize, 0..3usize),
        presented in prop::option::weighted(0.7, 0..15usize),
        targets in prop::collection::vec(0..15usize, 0..3),
        scopes in (prop::collection::vec(1..4usize, 0..3), prop::collection::vec(1..4usize, 0..3)),
        more in (0..4usize, 0..3usize, 0..4usize, 0..3usize),
        minute in 0..200i64,
        count in prop::option::weighted(0.2, 2..5u64),
    ) -> Event {
        let (action, outcome) = ACTIONS[what];
        let ((client, actor, tenant), (family, uri, country, reason)) = (who, more);
        let list = |scopes: &[usize]| scopes.iter().map(|scope| format!("s{scope}")).collect();
        let credential = presented.map(|token| Credential {
            kind: (token > 1).then(|| kind(token).to_owned()),
            fingerprint: Some(format!("t{token}")),
            ..Credential::default()
        });
        let oauth = OAuth {
            scopes_requested: list(&scopes.0),
            scopes_granted: list(&scopes.1),
            redirect_uri: some("https://example.com/", uri),
            token_family: some("f", family),
            ..OAuth::default()
        };
        let geo = Geo { country: some("C", country), ..Geo::default() };
        let mut event = Event::new(action)
            .outcome(if fails == 0 { Outcome::Failure } else { outcome })
            .occurred_at(at(minute))
            .tenant(["one", "one", "two"][tenant]);
        event.client = some("c", client).map(|id| Client { id: Some(id), ..Client::default() });
        // A client may have the id of a user.
        let actor_type = if minute % 4 == 0 { "client" } else { "user" };
        event.actor = some("u", actor).map(|id| Actor::new(actor_type, id));
        event.targets = targets.into_iter().map(named).collect();
        if family == 3 && action == "oauth.token.revoked" {
            event.targets.push(Target::new("token_family", "f1"));
        }
        event.reason = [None, Some("invalid_grant"), Some("access_denied")][reason].map(str::to_owned);
        (event.credential, event.oauth, event.count) = (credential, Some(oauth), count);
        if count.is_some() {
            (event.first_at, event.last_at) = (Some(at(minute)), Some(at(minute)));
        }
        event.http = some("/r", uri).map(|route| Http { method: Some("GET".to_owned()), route: Some(route), ..Http::default() });
        event.context = Some(Context { geo: Some(geo), ..Context::default() });
        event
    }
}

/// What is asked about.
#[derive(Debug, Clone)]
struct About {
    client: Option<String>,
    actor: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    at: i64,
    token: usize,
}

prop_compose! {
    fn about()(
        client in 0..3usize,
        actor in 0..3usize,
        since in prop::option::of(0..200i64),
        until in prop::option::of(0..200i64),
        at in 0..220i64,
        token in 0..15usize,
    ) -> About {
        About { client: some("c", client), actor: some("u", actor), since, until, at, token }
    }
}

fn questions<'a>(store: &'a dyn Store, about: &About) -> Questions<'a> {
    let mut questions = Questions::of(store).tenant("one");
    if let Some(client) = &about.client {
        questions = questions.client(client);
    }
    if let Some(actor) = &about.actor {
        questions = questions.actor(Actor::user(actor));
    }
    if let Some(since) = about.since {
        questions = questions.since(at(since));
    }
    match about.until {
        Some(until) => questions.until(at(until)),
        None => questions,
    }
}

fn all(store: &dyn Store) -> Vec<Recorded> {
    let mut query = Query::newest(Filter::parse("tenant:one", at(0)).unwrap());
    query.limit = ALL;
    let mut events = store.query(&query, &Default::default()).unwrap().events;
    events.reverse();
    events
}

fn check(store: &dyn Store, about: &About) {
    let events = all(store);
    let naive = Naive { events: &events, about };
    let asked = questions(store, about);
    let access = Access { route: some("/r", about.token % 3), scope: some("s", about.token % 4) };
    naive::same(asked.access(&access, ALL).unwrap().rows, naive.access(&access), |row| format!("{row:?}"));
    assert_eq!(asked.failures(ALL).unwrap().rows, naive.failures());
    assert_eq!(asked.redirect_uris(ALL).unwrap().rows, naive.redirect_uris());
    naive::same(asked.unused_scopes(ALL).unwrap().rows, naive.unused_scopes(), |row| format!("{row:?}"));
    let token = format!("t{}", about.token);
    for token in [None, Some(&*token)] {
        let unused = asked.unused_scopes_by_token(token, 64).unwrap();
        if !unused.more {
            assert_eq!(unused.rows, naive.unused_scopes_by_token(token));
        }
    }
    assert_eq!(asked.first_uses(&What::ALL, ALL).unwrap().rows, naive.first_uses());
    let told: Vec<_> =
        asked.alive(at(about.at), ALL).unwrap().rows.into_iter().map(|token| token.fingerprint).collect();
    assert_eq!(told, naive.alive());
    let some = asked.alive(at(about.at), 2).unwrap();
    assert_eq!(some.rows.len(), told.len().min(2));
    assert!(some.more || told.len() <= 2);
    let reuses = asked.reuse(100).unwrap().rows;
    let reuses: Vec<_> = reuses
        .into_iter()
        .map(|reuse| (reuse.step.seq, reuse.alive.into_iter().map(|token| token.fingerprint).collect::<BTreeSet<_>>()))
        .collect();
    assert_eq!(reuses, naive.reuse());
    let chain = asked.chain(&token, at(about.at), ALL).unwrap();
    naive.check_chain(&chain);
    assert!(asked.chain(&token, at(about.at), 1).unwrap().tokens.len() <= 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_answer_is_what_a_look_at_all_events_gives(
        events in prop::collection::vec(event(), 0..120),
        about in prop::collection::vec(about(), 1..6),
    ) {
        let store = Arc::new(MemoryStore::default());
        let recorder = Recorder::builder(store.clone()).build();
        recorder.record_all(events, Durability::Durable).unwrap();
        about.iter().for_each(|about| check(&*store, about));
    }
}

/// Every answer, as it is told.
fn answers(store: &dyn Store, about: &About) -> Vec<String> {
    let asked = questions(store, about);
    let access = Access { route: some("/r", about.token % 3), scope: some("s", about.token % 4) };
    vec![
        format!("{:?}", asked.access(&access, ALL)),
        format!("{:?}", asked.failures(ALL)),
        format!("{:?}", asked.redirect_uris(ALL)),
        format!("{:?} {:?}", asked.unused_scopes(ALL), asked.unused_scopes_by_token(None, 64)),
        format!("{:?}", asked.first_uses(&What::ALL, ALL)),
        format!("{:?}", asked.alive(at(about.at), ALL)),
        format!("{:?}", asked.reuse(100)),
        format!("{:?}", asked.chain(&format!("t{}", about.token), at(about.at), ALL)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn a_log_on_disk_sealed_or_not_answers_as_one_in_memory_does(
        events in prop::collection::vec(event(), 1500..2500),
        sealed in 1000..1500usize,
        about in prop::collection::vec(about(), 1..6),
    ) {
        let memory = Arc::new(MemoryStore::default());
        let directory = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(LogConfig::new(directory.path(), Arc::new(system_time))).unwrap());
        let record = |events: &[Event]| {
            for store in [memory.clone() as Arc<dyn Store>, log.clone()] {
                Recorder::new(store).record_all(events.to_vec(), Durability::Durable).unwrap();
            }
        };
        record(&events[..sealed]);
        log.seal_now().unwrap();
        record(&events[sealed..]);
        for about in &about {
            prop_assert_eq!(answers(&*log, about), answers(&*memory, about));
        }
        log.seal_now().unwrap();
        for about in &about {
            prop_assert_eq!(answers(&*log, about), answers(&*memory, about));
        }
        log.close();
    }
}

/// A refresh token that was replaced so many times, each by the next.
fn rotated(times: usize, family: Option<&str>) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let refreshed = (0..times).map(|nth| {
        let old = Credential {
            kind: Some("refresh_token".to_owned()),
            fingerprint: Some(format!("r{nth}")),
            ..Credential::default()
        };
        let oauth = OAuth { token_family: family.map(str::to_owned), ..OAuth::default() };
        let event = Event::new("oauth.token.refreshed").credential(old).oauth(oauth);
        event.target(Target::new("refresh_token", format!("r{}", nth + 1)))
    });
    Recorder::new(store.clone()).record_all(refreshed.collect(), Durability::Durable).unwrap();
    store
}

#[test]
fn a_long_chain_is_told_as_far_as_its_limits_go_and_says_so() {
    let told = |store: &dyn Store, limit| {
        let chain = Questions::of(store).chain("r0", Timestamp::MAX, limit).unwrap();
        (chain.tokens.len(), chain.tokens.last().unwrap().depth, chain.more)
    };
    assert_eq!(told(&*rotated(60, None), ALL), (61, 60, false));
    assert_eq!(told(&*rotated(200, None), ALL), (65, 64, true));
    assert_eq!(told(&*rotated(200, Some("f")), ALL), (201, 200, false));
    assert!(told(&*rotated(200, Some("f")), 50).2);
}

#[test]
fn tokens_that_were_issued_for_each_other_in_a_circle_are_told_once() {
    let store = Arc::new(MemoryStore::default());
    for (old, new) in [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")] {
        let old = Credential { fingerprint: Some(old.to_owned()), ..Credential::default() };
        let event = Event::new("oauth.token.exchanged").credential(old).target(Target::new("access_token", new));
        Recorder::new(store.clone()).record(event).unwrap();
    }
    let chain = Questions::of(&*store).chain("b", Timestamp::MAX, ALL).unwrap();
    let told: Vec<_> = chain.tokens.iter().map(|link| (link.depth, &*link.token.fingerprint)).collect();
    assert_eq!(told, [(0, "a"), (1, "b"), (2, "c")]);
}

#[test]
fn however_often_a_stolen_token_is_tried_its_chain_is_told() {
    let presented = |kind: &str, token: &str| Credential {
        kind: Some(kind.to_owned()),
        fingerprint: Some(token.to_owned()),
        ..Credential::default()
    };
    let issued = Event::new("oauth.token.issued").credential(presented("authorization_code", "code"));
    let refreshed = Event::new("oauth.token.refreshed").credential(presented("refresh_token", "r0"));
    let begun = [
        issued.target(Target::new("access_token", "a0")).target(Target::new("refresh_token", "r0")),
        refreshed.target(Target::new("refresh_token", "r1")),
    ];
    let tried = (0..1200).map(|nth| {
        let action = if nth % 2 == 0 { "oauth.refresh_token.reused" } else { "oauth.token.failed" };
        Event::new(action).outcome(Outcome::Denied).credential(presented("refresh_token", "r0"))
    });
    let store = Arc::new(MemoryStore::default());
    let events = begun.into_iter().chain(tried).collect();
    Recorder::new(store.clone()).record_all(events, Durability::Durable).unwrap();
    let chain = Questions::of(&*store).chain("r0", Timestamp::MAX, ALL).unwrap();
    let told: Vec<_> = chain.tokens.iter().map(|link| (link.depth, &*link.token.fingerprint)).collect();
    assert_eq!(told, [(0, "code"), (1, "a0"), (1, "r0"), (2, "r1")]);
    assert!(chain.more);
}

#[test]
fn however_many_events_end_or_may_end_tokens_those_that_are_alive_are_told() {
    let with = |action, token: &str| {
        let credential = Credential {
            kind: Some("refresh_token".to_owned()),
            fingerprint: Some(token.to_owned()),
            ..Credential::default()
        };
        Event::new(action).credential(credential)
    };
    let of_family = |event: Event| event.oauth(OAuth { token_family: Some("f".to_owned()), ..OAuth::default() });
    let issued = |token| Event::new("oauth.token.issued").target(Target::new("refresh_token", token));
    let begun = ["kept", "denied"].map(issued).into_iter().chain([of_family(issued("burnt"))]);
    let went_on = (0..4_000).flat_map(|nth| {
        let access = Target::new("access_token", format!("a{nth}")).attr("expires_at", at(nth).to_string());
        let revoked = Event::new("oauth.token.revoked").outcome(Outcome::Denied);
        [
            with("oauth.token.refreshed", "kept").target(access),
            revoked.target(Target::new("refresh_token", "denied")),
            of_family(with("oauth.refresh_token.reused", "older")),
        ]
    });
    let store = Arc::new(MemoryStore::default());
    let begun = begun.map(|event| event.occurred_at(at(0)));
    let events: Vec<Event> = begun.chain(went_on.map(|event| event.occurred_at(at(1)))).collect();
    for some in events.chunks(10_000) {
        Recorder::new(store.clone()).record_all(some.to_vec(), Durability::Durable).unwrap();
    }
    let asked = Questions::of(&*store);
    assert!(asked.alive(at(5_000), ALL).unwrap().more, "the newest thousands are all over");
    let alive = asked.until(at(1)).alive(at(5_000), ALL).unwrap();
    let told: Vec<_> = alive.rows.iter().map(|token| &*token.fingerprint).collect();
    assert_eq!((told, alive.more), (vec!["denied", "kept"], false));
}
