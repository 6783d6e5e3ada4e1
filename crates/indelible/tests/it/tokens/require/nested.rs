//! Several layers around one route, and the layer that captures beside them.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    routing::get,
};
use indelible::{
    MemoryStore, Recorder,
    capture::{AuditLayer, Rule, RuleSet},
    tokens::{Abilities, Entity, RequireToken, Requirement},
};

use super::{Bench, app, order, order_with, send, sk};

fn nested(outer: RequireToken, inner: RequireToken) -> Router {
    Router::new().merge(app(inner)).layer(outer)
}

#[tokio::test]
async fn layers_around_one_route_check_and_count_once_and_write_one_event() {
    let bench = Bench::new();
    let layer = || RequireToken::new(bench.tokens.clone());
    let app = nested(layer(), layer().needs(Requirement::default().all(["orders:read"])));
    let issued = bench.tokens.issue(&sk().rate_limit(NonZeroU32::MIN)).unwrap();
    assert_eq!(send(&app, order_with(&issued)).await.status, StatusCode::OK);
    let events = bench.events("action:token.authenticated");
    let [event] = &events[..] else { panic!("{events:#?}") };
    assert_eq!(event.oauth.as_ref().unwrap().scopes_requested, ["orders:read"]);
}

#[tokio::test]
async fn what_an_inner_layer_refuses_is_the_one_event() {
    let bench = Bench::new();
    let layer = || RequireToken::new(bench.tokens.clone());
    let issued = bench.tokens.issue(&sk().abilities(Abilities::new(["read"]).unwrap())).unwrap();
    let write = Requirement::default().all(["write"]);
    for (inner, reason) in [
        (layer().needs(write), "insufficient_scope"),
        (layer().needs(Requirement::default().kinds(["pk"])), "x_type_mismatch"),
        (layer().boundary(|_| Some(Entity::new("team", "8"))), "x_boundary_mismatch"),
    ] {
        let answer = send(&nested(layer(), inner), order_with(&issued)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(bench.events(&format!("reason:{reason} http.status:403")).len(), 1, "{reason}");
    }
    assert_eq!(bench.events("action:token.authenticated").len(), 0);
}

#[tokio::test]
async fn a_layer_of_another_tenant_or_with_another_token_checks_for_itself() {
    let bench = Bench::new();
    let layer = || RequireToken::new(bench.tokens.clone());
    let issued = bench.secret_key();
    let other = RequireToken::new(bench.tokens.within("globex"));
    assert_eq!(send(&nested(layer(), other), order_with(&issued)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bench.events("tenant:globex reason:token_unknown").len(), 1);
    assert_eq!(bench.events("tenant:acme action:token.authenticated http.status:401").len(), 1);

    let second = super::bearer(&bench.secret_key());
    let exchange = from_fn(move |mut request: Request, next: Next| {
        request.headers_mut().insert(header::AUTHORIZATION, second.parse().unwrap());
        next.run(request)
    });
    let app = Router::new().merge(app(layer())).layer(exchange).layer(layer());
    assert_eq!(send(&app, order_with(&issued)).await.status, StatusCode::OK);
    assert_eq!(bench.events("action:token.authenticated http.status:200").len(), 2);
}

#[tokio::test]
async fn the_layer_that_captures_knows_whose_token_it_was_around_and_within() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    for is_around in [true, false] {
        let store = Arc::new(MemoryStore::default());
        let rules = RuleSet::new([Rule::get("/orders/{id}", "resource.read")]);
        let audit = AuditLayer::new(Recorder::new(store.clone()), rules).unwrap();
        let require = RequireToken::new(bench.tokens.clone());
        let routes = Router::new().route("/orders/{id}", get(async || "an order"));
        let app = if is_around { routes.layer(require).layer(audit) } else { routes.layer(audit).layer(require) };
        let request = order().header("x-request-id", "req-1").header(header::AUTHORIZATION, super::bearer(&issued));
        assert_eq!(send(&app, request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
        let line = format!("action:resource.read actor:user:42 tenant:acme credential:{}", issued.token.id);
        store.assert_recorded(&line);
    }
    // The events of one request are found by its id.
    assert_eq!(bench.events("action:token.authenticated request_id:req-1").len(), 2);
}
