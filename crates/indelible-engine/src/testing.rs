//! Random events for property tests, here and in crates that use this one (feature `testing`).

use std::net::IpAddr;

use indelible_proof::{Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object};
use indelible_proof::{Outcome, Severity, Source, Target, Timestamp};
use proptest::{collection::vec, option::of, prelude::*, sample::select};
use serde_json::Value;

/// Any valid event as a producer writes it: every field may be there or not, terms repeat between events, and some
/// are unique, long or not ASCII.
pub fn arbitrary_event() -> impl Strategy<Value = Event> {
    // Boxed, because the state of so many fields would not fit on the stack of a test.
    (who().boxed(), what().boxed(), request().boxed(), rest().boxed()).prop_map(|(who, what, request, rest)| Event {
        actor: who.actor,
        on_behalf_of: who.on_behalf_of,
        session_id: who.session_id,
        context: who.context,
        targets: what.targets,
        changes: what.changes,
        metadata: what.metadata,
        credential: request.credential,
        client: request.client,
        oauth: request.oauth,
        http: request.http,
        request_id: request.request_id,
        trace_id: request.trace_id,
        ..rest
    })
}

/// The same, completed by the log: with `recorded_at`, `occurred_at`, `tenant`, `outcome` and `severity`.
///
/// `recorded_at` rises from event to event of a list when given to [`complete`].
pub fn arbitrary_log(events: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Event>> {
    vec(arbitrary_event(), events).prop_map(complete)
}

/// Completes events as the log does, each recorded some milliseconds after the one before.
pub fn complete(mut events: Vec<Event>) -> Vec<Event> {
    let mut now_us = 1_790_000_000_000_000;
    for event in &mut events {
        now_us += 1 + (event.action.len() as i64 * 7919) % 5_000_000;
        event.complete(Timestamp::saturating_from_micros(now_us));
        // What inference will fill in, were it left out.
        event.outcome.get_or_insert(Outcome::Unknown);
        event.severity.get_or_insert(Severity::Info);
    }
    events
}

/// A text of a field: mostly from a few, sometimes any.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec!["a", "b", "ab", "abc", "user", "42", "alice@example.com", "api", "live"]).prop_map(str::to_owned),
        2 => (0u32..500).prop_map(|n| format!("id_{n:06}")),
        1 => "[a-zA-Z0-9 _./-]{1,40}",
        1 => "[äßλ日🦀\u{e000}\"\\\\\t\n\u{1}\u{7f}]{1,8}",
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => 1_790_000_000_000_000i64..1_790_100_000_000_000,
        1 => 0..=Timestamp::MAX.as_micros(),
    ]
    .prop_map(Timestamp::saturating_from_micros)
}

/// Free data: any JSON object, not deep.
pub fn object() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    });
    vec((text(), value), 1..4).prop_map(|fields| fields.into_iter().collect())
}

fn actor() -> impl Strategy<Value = Actor> {
    let of_type = select(vec!["user", "service", "token", "system"]).prop_map(str::to_owned);
    (of_type, of(text()), of(text()), of(text())).prop_map(|(r#type, id, name, email)| Actor {
        r#type: Some(r#type),
        id,
        name,
        email,
    })
}

fn present<T: Default + PartialEq>(section: T) -> Option<T> {
    Some(section).filter(|section| *section != T::default())
}

#[derive(Debug)]
struct Who {
    actor: Option<Actor>,
    on_behalf_of: Vec<Actor>,
    session_id: Option<String>,
    context: Option<Context>,
}

fn who() -> impl Strategy<Value = Who> {
    let ip = prop_oneof![
        (0u32..200).prop_map(|n| IpAddr::from((0xcb00_7100 + n).to_be_bytes())),
        any::<u128>().prop_map(|n| IpAddr::from(n.to_be_bytes()).to_canonical()),
    ];
    let geo =
        (of(text()), of(text()), of(text())).prop_map(|(country, region, city)| present(Geo { country, region, city }));
    let context = (of(ip), of(text()), of(text()), of(geo), of(any::<u32>()), of(text())).prop_map(
        |(ip, forwarded_for, user_agent, geo, asn, device_id)| {
            present(Context { ip, forwarded_for, user_agent, geo: geo.flatten(), asn, device_id })
        },
    );
    (
        of(actor().boxed()),
        prop_oneof![4 => vec(actor(), 0..1), 1 => vec(actor(), 1..4)],
        of(text()),
        of(context.boxed()),
    )
        .prop_map(|(actor, on_behalf_of, session_id, context)| Who {
            actor,
            on_behalf_of,
            session_id,
            context: context.flatten(),
        })
}

#[derive(Debug)]
struct What {
    targets: Vec<Target>,
    changes: Option<Changes>,
    metadata: Object,
}

fn what() -> impl Strategy<Value = What> {
    let attrs = of(object()).prop_map(Option::unwrap_or_default);
    let target = (text(), of(text()), of(text()), attrs).prop_map(|(r#type, id, name, attrs)| Target {
        r#type: Some(r#type),
        id,
        name,
        attrs,
    });
    let changes =
        (object(), of(object())).prop_map(|(before, after)| Changes { before, after: after.unwrap_or_default() });
    (vec(target, 0..4), of(changes), of(object()).prop_map(Option::unwrap_or_default))
        .prop_map(|(targets, changes, metadata)| What { targets, changes, metadata })
}

#[derive(Debug)]
struct Request {
    credential: Option<Credential>,
    client: Option<Client>,
    oauth: Option<OAuth>,
    http: Option<Http>,
    request_id: Option<String>,
    trace_id: Option<String>,
}

fn request() -> impl Strategy<Value = Request> {
    let credential =
        ((of(text()), of(text()), of(text()), of(text())), of(text()), of(text()), vec(text(), 0..3), of(time()))
            .prop_map(|((kind, id, r#type, environment), prefix, fingerprint, scopes, expires_at)| {
                present(Credential { kind, id, r#type, environment, prefix, fingerprint, scopes, expires_at })
            });
    let client = (of(text()), of(text())).prop_map(|(id, name)| present(Client { id, name }));
    let oauth = (
        (of(text()), of(text()), of(text()), of(text())),
        vec(text(), 0..3),
        vec(text(), 0..3),
        of(text()),
        of(text()),
        of(text()),
    )
        .prop_map(
            |(
                (grant_type, response_type, redirect_uri, token_type),
                scopes_requested,
                scopes_granted,
                token_family,
                issuer,
                audience,
            )| {
                present(OAuth {
                    grant_type,
                    response_type,
                    scopes_requested,
                    scopes_granted,
                    redirect_uri,
                    token_type,
                    token_family,
                    issuer,
                    audience,
                })
            },
        );
    let http = (of(text()), of(text()), of(text()), of(100u16..600), of(0u64..1 << 40)).prop_map(
        |(method, route, path, status, latency_us)| present(Http { method, route, path, status, latency_us }),
    );
    let hex = "[0-9a-f]{32}";
    (of(credential.boxed()), of(client.boxed()), of(oauth.boxed()), of(http.boxed()), of("[0-9a-f]{8}"), of(hex))
        .prop_map(|(credential, client, oauth, http, request_id, trace_id)| Request {
            credential: credential.flatten(),
            client: client.flatten(),
            oauth: oauth.flatten(),
            http: http.flatten(),
            request_id,
            trace_id,
        })
}

/// An event with the fields that stand alone.
fn rest() -> impl Strategy<Value = Event> {
    let action = select(vec!["auth.login.failed", "token.authenticated", "token.revoked", "resource.updated", "x.y"]);
    let source = (of(text()), of(text()), of(text()), of(text()))
        .prop_map(|(service, version, host, environment)| present(Source { service, version, host, environment }));
    let outcome = select(vec![Outcome::Success, Outcome::Failure, Outcome::Denied, Outcome::Unknown]);
    let reason = select(vec!["token_expired", "rate_limited", "x_other"]).prop_map(str::to_owned);
    let tenant = select(vec!["default", "acme", "globex"]).prop_map(str::to_owned);
    let words = (action, of(source), of(outcome), of(reason), of(select(Severity::ALL.to_vec())), of(tenant));
    let flood = of((1u64..1000, time(), 0i64..10_000_000));
    let ids = (of("[0-9a-f]{16}"), of(text()), of("[a-z0-9]{1,20}"));
    (words, of(time()), flood, ids, vec(text(), 0..3)).prop_map(|(words, occurred_at, flood, ids, tags)| {
        let (action, source, outcome, reason, severity, tenant) = words;
        let (span_id, correlation_id, idempotency_key) = ids;
        Event {
            action: action.to_owned(),
            source: source.flatten(),
            outcome,
            reason,
            severity,
            tenant,
            occurred_at,
            count: flood.map(|(count, ..)| count),
            first_at: flood.map(|(_, first, _)| first),
            last_at: flood.map(|(_, first, us)| Timestamp::saturating_from_micros(first.as_micros() + us)),
            span_id,
            correlation_id,
            idempotency_key,
            tags,
            ..Event::default()
        }
    })
}
