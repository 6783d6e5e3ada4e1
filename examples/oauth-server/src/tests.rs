//! A client's whole story, and what the log tells of it.

use axum::{
    body::{Body, to_bytes},
    extract::connect_info::MockConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use indelible::{
    Cancel, Decision, Event, Filter, MemoryStore, Query, Store as _, Timestamp,
    oauth::questions::{Questions, State},
};
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CALLBACK: &str = "http%3A%2F%2F127.0.0.1%3A4000%2Fcallback";
/// Of RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CLIENT: &str = "client_id=shop&client_secret=shop-s3cret";

/// The application, its log, and everything secret that was ever sent.
struct World {
    app: Router,
    store: Arc<MemoryStore>,
    fingerprints: Fingerprints,
    secrets: Vec<String>,
}

impl World {
    fn new() -> Self {
        Self::watched(|_| ())
    }

    /// With something that is done before each event is recorded.
    fn watched(watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let store = Arc::new(MemoryStore::default());
        let fingerprints = Fingerprints::new([7; 32]);
        let recorder = Recorder::builder(store.clone()).before(move |event| {
            watch(event);
            Decision::Record
        });
        let app = app(recorder.build(), fingerprints.clone());
        let app = app.layer(MockConnectInfo(SocketAddr::from(([203, 0, 113, 9], 4711))));
        let secrets = vec!["shop-s3cret".to_owned(), VERIFIER.to_owned()];
        Self { app, store, fingerprints, secrets }
    }

    async fn send(&self, method: Method, path: &str, bearer: &str, form: &str) -> (StatusCode, String, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
            .body(Body::from(form.to_owned()))
            .unwrap();
        let answer = self.app.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let location = headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap()).to_owned();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, location, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn post(&mut self, path: &str, form: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.send(Method::POST, path, "", form).await;
        for name in ["access_token", "refresh_token"] {
            self.secrets.extend(body[name].as_str().map(str::to_owned));
        }
        (status, body)
    }

    async fn orders(&self, token: &Value) -> StatusCode {
        self.send(Method::GET, "/orders", token.as_str().unwrap(), "").await.0
    }

    /// The user is asked, answers, and the client learns a code, or why there is none.
    async fn authorize(&mut self, answer: &str) -> String {
        let path = format!(
            "/authorize?client_id=shop&response_type=code&redirect_uri={CALLBACK}&scope=orders:read+orders:write+admin\
             &state=x%26code%3Dz&code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        assert_eq!(self.send(Method::GET, &path, "", "").await.0, StatusCode::OK);
        let (_, location, _) = self.send(Method::POST, &path, "", answer).await;
        let told = location
            .strip_prefix("http://127.0.0.1:4000/callback?")
            .and_then(|told| told.strip_suffix("&state=x%26code%3Dz"));
        self.secrets.extend(told.and_then(|told| told.strip_prefix("code=")).map(str::to_owned));
        told.unwrap().to_owned()
    }

    fn fingerprint(&self, secret: &Value) -> String {
        self.fingerprints.of(secret.as_str().unwrap())
    }

    /// What the log says of a token: what it was presented for, and what was done to it.
    fn story(&self, secret: &Value) -> Vec<String> {
        let fingerprint = self.fingerprint(secret);
        let mut events = Vec::new();
        for line in [format!("fingerprint:{fingerprint}"), format!("target:{fingerprint}")] {
            let filter = Filter::parse(&line, system_time()).unwrap();
            events.extend(self.store.query(&Query::newest(filter), &Cancel::default()).unwrap().events);
        }
        events.sort_by_key(|event| event.seq);
        events.into_iter().map(|event| event.event.action).collect()
    }
}

#[tokio::test]
async fn a_stolen_refresh_token_is_found_out_and_its_story_is_in_the_log() {
    let mut world = World::new();
    let code = world.authorize("decision=yes").await;
    let redeem =
        format!("{CLIENT}&grant_type=authorization_code&{code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}");
    let (_, first) = world.post("/token", &redeem).await;
    assert_eq!(
        (&first["scope"], world.orders(&first["access_token"]).await),
        (&"orders:read orders:write".into(), StatusCode::OK)
    );
    // A code counts once.
    assert_eq!(world.post("/token", &redeem).await.1["error"], "invalid_grant");

    let refresh = |tokens: &Value| {
        format!("{CLIENT}&grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap())
    };
    let (_, second) = world.post("/token", &refresh(&first)).await;
    assert_eq!(world.post("/token", &refresh(&first)).await.1["error"], "invalid_grant");
    // The thief is out, and so is whoever was robbed.
    assert_eq!(world.orders(&second["access_token"]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.post("/token", &refresh(&second)).await.0, StatusCode::BAD_REQUEST);

    assert_eq!(
        world.story(&first["refresh_token"]),
        ["oauth.token.issued", "oauth.token.refreshed", "oauth.refresh_token.reused"]
    );
    assert_eq!(
        world.story(&second["access_token"]),
        ["oauth.token.refreshed", "oauth.refresh_token.reused", "token.authentication_failed"]
    );
    let chain = Questions::of(&*world.store).chain(&world.fingerprint(&second["access_token"]), Timestamp::MAX, 100);
    let mut chain: Vec<_> = chain.unwrap().tokens.into_iter().map(|it| (it.depth, it.token.r#type, it.state)).collect();
    // Those that were issued together stand in the order of their fingerprints.
    chain.sort_by_key(|(depth, kind, _)| (*depth, kind.clone()));
    let told = [
        (0, "authorization_code", State::Redeemed),
        (1, "access_token", State::Burnt),
        (1, "refresh_token", State::Rotated),
        (2, "access_token", State::Burnt),
        (2, "refresh_token", State::Burnt),
    ];
    assert_eq!(chain, told.map(|(depth, kind, state)| (depth, Some(kind.to_owned()), state)));
    let code = Value::from(code.strip_prefix("code=").unwrap());
    assert_eq!(world.story(&code), ["oauth.authorization.granted", "oauth.token.issued", "oauth.token.failed"]);
    let store = &world.store;
    store.assert_recorded("action:oauth.refresh_token.reused severity>=high actor:alice@example.com client:shop");
    store.assert_recorded("action:oauth.refresh_token.reused target:token_family:*");
    store.assert_recorded("action:oauth.consent.granted target:client:shop oauth.scopes_granted:orders:write");
    store.assert_recorded("action:oauth.authorization.granted metadata.code_challenge_method:S256");
    let told = format!("{:?}", world.store.recorded());
    assert!(world.secrets.len() >= 7);
    for secret in &world.secrets {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_use_a_refresh_token_at_once_nobody_keeps_what_it_gave() {
    for _ in 0..20 {
        // Whoever could come in between does so then.
        let mut world = World::watched(|event| {
            (0..1000).filter(|_| event.action == "oauth.token.refreshed").for_each(|_| std::thread::yield_now());
        });
        let code = world.authorize("decision=yes").await;
        let redeem =
            format!("{CLIENT}&grant_type=authorization_code&{code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}");
        let (_, first) = world.post("/token", &redeem).await;
        let form =
            format!("{CLIENT}&grant_type=refresh_token&refresh_token={}", first["refresh_token"].as_str().unwrap());
        let world = Arc::new(world);
        let attempts: Vec<_> = (0..4)
            .map(|_| {
                let (world, form) = (world.clone(), form.clone());
                tokio::spawn(async move { world.send(Method::POST, "/token", "", &form).await })
            })
            .collect();
        let mut given = Vec::new();
        for attempt in attempts {
            let (status, _, body) = attempt.await.unwrap();
            given.extend((status == StatusCode::OK).then_some(body));
        }
        assert_eq!(given.len(), 1);
        assert_eq!(world.orders(&given[0]["access_token"]).await, StatusCode::UNAUTHORIZED);
        let alive = Questions::of(&*world.store).alive(Timestamp::MAX, 10).unwrap();
        assert_eq!(alive.rows, [], "the log knows of no other token than the server");
    }
}

#[tokio::test]
async fn whatever_is_refused_is_told_with_its_reason() {
    let mut world = World::new();
    assert_eq!(world.authorize("decision=no").await, "error=access_denied");
    world.store.assert_recorded("action:oauth.authorization.denied outcome:denied reason:access_denied client:shop");
    let elsewhere = "/authorize?client_id=shop&response_type=code&redirect_uri=https%3A%2F%2Fevil.example.com";
    assert_eq!(world.send(Method::GET, elsewhere, "", "").await.0, StatusCode::BAD_REQUEST);
    world.store.assert_recorded("reason:redirect_uri_mismatch oauth.redirect_uri:\"https://evil.example.com\"");
    let code = world.authorize("decision=yes").await;
    let guessed =
        format!("{CLIENT}&grant_type=authorization_code&{code}&redirect_uri={CALLBACK}&code_verifier=guessed");
    assert_eq!(world.post("/token", &guessed).await.1["error"], "invalid_grant");
    world.store.assert_recorded("action:oauth.token.failed reason:pkce_failed actor:user:alice@example.com");
    assert_eq!(world.post("/token", "client_id=shop&client_secret=guessed").await.0, StatusCode::UNAUTHORIZED);
    world.store.assert_recorded("action:oauth.token.failed reason:invalid_client actor.type:anonymous client:shop");
    world.post("/token", &format!("{CLIENT}&grant_type=password")).await;
    world.store.assert_recorded("reason:unsupported_grant_type grant:password actor:client:shop");
    assert_eq!(world.orders(&"unknown".into()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_that_asks_for_itself_acts_itself() {
    let mut world = World::new();
    let client = "client_id=report&client_secret=report-s3cret";
    let (_, tokens) = world.post("/token", &format!("{client}&grant_type=client_credentials&scope=orders:read")).await;
    assert_eq!((&tokens["refresh_token"], world.orders(&tokens["access_token"]).await), (&Value::Null, StatusCode::OK));
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.post("/introspect", &format!("{client}&token={token}")).await.1["active"], true);
    // Of another client's tokens nobody is told anything, and nothing happens to them.
    assert_eq!(world.post("/revoke", &format!("{CLIENT}&token={token}")).await.0, StatusCode::OK);
    assert_eq!(world.orders(&tokens["access_token"]).await, StatusCode::OK);
    world.post("/revoke", &format!("{client}&token={token}")).await;
    assert_eq!(world.post("/introspect", &format!("{client}&token={token}")).await.1["active"], false);
    let story = [
        "oauth.token.issued",
        "token.authenticated",
        "oauth.token.introspected",
        "token.authenticated",
        "oauth.token.revoked",
        "oauth.token.introspected",
    ];
    assert_eq!(world.story(&tokens["access_token"]), story);
    world.store.assert_recorded(
        "action:token.authenticated actor:client:report scope:orders:read oauth.scopes_requested:orders:read",
    );
    let (_, none) = world.post("/token", &format!("{client}&grant_type=client_credentials&scope=orders:write")).await;
    assert_eq!(world.orders(&none["access_token"]).await, StatusCode::FORBIDDEN);
    world.store.assert_recorded("action:token.scope_denied reason:insufficient_scope client:report");
}
