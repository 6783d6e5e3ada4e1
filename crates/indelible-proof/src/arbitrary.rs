//! Arbitrary events for property tests: everything that keeps the limits, in any combination.

use std::net::IpAddr;

use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;

use crate::event::*;
use crate::time::Timestamp;

// Strategies are boxed: as nested types they are too large for a test thread's stack.

/// Text as hostile as it is allowed to be: anything but NUL, with what needs care in JSON made likely.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z0-9_:.@-]{1,20}",
        vec(
            prop_oneof![Just('"'), Just('\\'), prop::char::range('\u{1}', '\u{1f}'), Just('\u{7f}'), any::<char>()],
            1..8
        )
        .prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').chain(['x']).collect()),
    ]
    .boxed()
}

fn maybe(text: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Option<String>> {
    option::weighted(0.3, text).boxed()
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.as_micros()).prop_map(Timestamp::saturating_from_micros)
}

pub(crate) fn free_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        (-1e15..1e15_f64).prop_filter_map("whole numbers are integers", |x| (x.fract() != 0.0).then(|| Value::from(x))),
        any::<f64>().prop_filter_map("within the limit", |x| (x.fract() != 0.0).then(|| Value::from(x))),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), free_object(inner).prop_map(Value::from)]
    })
    .boxed()
}

fn free_object(value: BoxedStrategy<Value>) -> BoxedStrategy<Object> {
    vec((prop_oneof![text(), any::<char>().prop_map(|c| c.to_string().replace('\0', "0"))], value), 0..5)
        .prop_map(|members| members.into_iter().collect())
        .boxed()
}

fn object() -> BoxedStrategy<Object> {
    prop_oneof![2 => Just(Object::new()), 1 => free_object(free_value())].boxed()
}

prop_compose! {
    fn actor()(
        r#type in option::of(prop::sample::select(crate::vocabulary::ACTOR_TYPES.to_vec())),
        id in text(), name in maybe(text()), email in maybe(text()),
    ) -> Actor {
        Actor { r#type: r#type.map(str::to_owned), id: Some(id), name, email }
    }
}

prop_compose! {
    fn credential()(
        (kind, id, r#type, environment) in (text(), maybe(text()), maybe(text()), maybe(text())),
        (prefix, fingerprint) in (maybe(text()), maybe(text())),
        scopes in vec(text(), 0..4),
        expires_at in option::of(moment()),
    ) -> Credential {
        Credential { kind: Some(kind), id, r#type, environment, prefix, fingerprint, scopes, expires_at }
    }
}

prop_compose! {
    fn oauth()(
        (grant_type, response_type, redirect_uri) in (text(), maybe(text()), maybe(text())),
        (token_type, token_family, issuer, audience) in (maybe(text()), maybe(text()), maybe(text()), maybe(text())),
        (scopes_requested, scopes_granted) in (vec(text(), 0..3), vec(text(), 0..3)),
    ) -> OAuth {
        OAuth {
            grant_type: Some(grant_type), response_type, scopes_requested, scopes_granted, redirect_uri, token_type,
            token_family, issuer, audience,
        }
    }
}

prop_compose! {
    fn target()(id in text(), r#type in maybe(text()), name in maybe(text()), attrs in object()) -> Target {
        Target { r#type, id: Some(id), name, attrs }
    }
}

prop_compose! {
    fn context()(
        ip in any::<IpAddr>(), geo in option::of((text(), maybe(text()), maybe(text()))).boxed(), asn in option::of(any::<u32>()),
        (forwarded_for, user_agent, device_id) in (maybe(text()), maybe(text()), maybe(text())),
    ) -> Context {
        let geo = geo.map(|(country, region, city)| Geo { country: Some(country), region, city });
        Context { ip: Some(ip.to_canonical()), forwarded_for, user_agent, geo, asn, device_id }
    }
}

prop_compose! {
    fn http()(
        path in maybe(text()), method in maybe(text()), route in maybe(text()), status in 100..600_u16,
        latency_us in option::of(0..=crate::limits::INTEGER_MAX), path_only in any::<bool>(),
    ) -> Http {
        if path_only {
            return Http { path: Some(path.unwrap_or_else(|| "/".to_owned())), ..Http::default() };
        }
        Http { method, route, path, status: Some(status), latency_us }
    }
}

prop_compose! {
    fn changes()(before in free_object(free_value()), after in free_object(free_value())) -> Option<Changes> {
        Some(Changes { before, after }).filter(|changes| *changes != Changes::default())
    }
}

prop_compose! {
    fn who()(
        actor in option::of(actor().boxed()).boxed(), on_behalf_of in vec(actor(), 0..3).boxed(), session_id in maybe(text()),
        context in option::of(context().boxed()).boxed(), http in option::of(http().boxed()).boxed(),
    ) -> Event {
        Event { actor, on_behalf_of, session_id, context, http, ..Event::default() }
    }
}

prop_compose! {
    fn ids()(
        tenant in maybe(text()), request_id in maybe(text()), correlation_id in maybe(text()),
        trace_id in maybe("[0-9a-f]{32}"), span_id in maybe("[0-9a-f]{16}"), idempotency_key in maybe(text()),
        source in option::of((text(), maybe(text()))).boxed(), client in option::of((text(), maybe(text()))).boxed(),
    ) -> Event {
        let source = source.map(|(service, host)| Source { service: Some(service), host, ..Source::default() });
        let client = client.map(|(id, name)| Client { id: Some(id), name });
        Event { tenant, request_id, correlation_id, trace_id, span_id, idempotency_key, source, client, ..Event::default() }
    }
}

prop_compose! {
    /// An event that keeps every limit, whether complete or not.
    pub(crate) fn event()(
        action in "[a-z]{1,8}(\\.[a-z0-9_-]{1,8}){1,3}",
        outcome in option::of(prop::sample::select(vec![Outcome::Success, Outcome::Failure, Outcome::Denied])),
        severity in option::of(prop::sample::select(Severity::ALL.to_vec())),
        reason in option::of(prop_oneof!["x_[a-z0-9_]{1,9}", Just("token_expired".to_owned())]),
        (occurred_at, recorded_at) in (option::of(moment()), option::of(moment())),
        (first_at, count) in (option::of(moment()), option::of(1..=crate::limits::INTEGER_MAX)),
        (who, ids) in (who().boxed(), ids().boxed()),
        (credential, oauth) in (option::of(credential()).boxed(), option::of(oauth()).boxed()),
        (targets, changes) in (vec(target(), 0..3).boxed(), prop_oneof![Just(None), changes()].boxed()),
        (tags, metadata) in (vec(text(), 0..3), object()),
    ) -> Event {
        let Event { actor, on_behalf_of, session_id, context, http, .. } = who;
        Event {
            action, outcome, severity, reason, occurred_at, recorded_at, count, first_at, last_at: first_at,
            actor, on_behalf_of, session_id, context, http, credential, oauth, targets, changes, tags, metadata, ..ids
        }
    }
}
