//! What a client may try so that the log misses it, or takes it for somebody else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
    routing::{delete, get as on_get, post as on_post},
};
use indelible::{
    Actor, Credential, Durability, MemoryStore, Outcome, Recorder, Redaction, Strategy,
    capture::{AuditLayer, Capture, Rule, RuleSet, better_auth, oauth2, session_auth},
    identity::{Identity, Resolution, ResolveError, Resolvers, SessionCookie, SessionResolver},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
};

use super::{
    app::{App, alice},
    client::{exchange, get, post, request, serve},
};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn login(answer: StatusCode) -> Router {
    Router::new().route("/login", on_post(async move |_: Bytes| answer))
}

#[tokio::test]
async fn a_magic_link_that_is_opened_with_head_is_an_event() {
    let routes = Router::new().route("/magic-link/verify", on_get(async || "welcome"));
    let app = App::around(routes, better_auth(), |builder| builder).await;
    exchange(app.address, &request("HEAD /magic-link/verify?token=x", &[], "")).await;
    assert_eq!(app.only().event.action, "auth.login.succeeded");
}

#[tokio::test]
async fn an_id_with_a_slash_in_it_is_still_the_id() {
    let routes = Router::new().route("/sessions/{id}", delete(async || StatusCode::NO_CONTENT));
    let app = App::around(routes, session_auth(), |builder| builder).await;
    exchange(app.address, &request("DELETE /sessions/a%2Fb", &[], "")).await;
    assert_eq!(app.only().event.targets[0].id.as_deref(), Some("a/b"));
}

#[tokio::test]
async fn an_endpoint_that_nobody_knows_is_an_event_however_it_changes_things() {
    let routes = Router::new().route("/scim/v2/Users/{id}", delete(async || StatusCode::NO_CONTENT));
    let app = App::around(routes, better_auth(), |builder| builder).await;
    exchange(app.address, &request("DELETE /scim/v2/Users/u2", &[], "")).await;
    assert_eq!(app.only().event.metadata["original_action"], "scim:v2:Users:u2");
}

#[tokio::test]
async fn no_text_of_a_client_is_so_long_that_the_event_is_lost() {
    let routes = Router::new()
        .route("/token", on_post(async || Json(json!({}))))
        .route("/callback/{id}", on_get(async || StatusCode::FOUND));
    let app = App::around(routes, oauth2().and(better_auth()), |builder| builder).await;
    let nul = |bytes: usize| "%00".repeat(bytes);
    let codes = "code=1%26".repeat(580);
    for body in [
        format!("redirect_uri={}", nul(2000)),
        format!("client_id={}", nul(200)),
        format!("redirect_uri=https://app.example.com/?{codes}"),
    ] {
        let count = app.store.recorded().len();
        assert_eq!(exchange(app.address, &request("POST /token", &[FORM], &body)).await.status, 200);
        assert_eq!(app.store.recorded().len(), count + 1, "{}", &body[..40]);
    }
    get(app.address, &format!("/callback/{}", "code=1&".repeat(580)), &[]).await;
    assert_eq!(app.last().event.action, "auth.login.succeeded");
}

#[tokio::test]
async fn bodies_that_are_too_large_once_they_are_redacted_are_left_out_and_the_event_is_there() {
    let capture = Capture {
        request_body: true,
        response_fields: ["echo", "deep"].map(str::to_owned).to_vec(),
        ..Capture::default()
    };
    let rules = || RuleSet::new([Rule::post("/echo", "resource.updated").capture(capture.clone())]);
    let deep = json!([[[[[[1]]]]]]);
    let handler = async move |body: Json<serde_json::Value>| Json(json!({"echo": body.0, "deep": deep}));
    let routes = Router::new().route("/echo", on_post(handler));
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::builder(store.clone()).redaction(Redaction::default().strategy(Strategy::Hash)).build();
    let layer = AuditLayer::builder(recorder, rules()).body_bytes_max(1 << 20).build().unwrap();
    let address = serve(routes.layer(layer)).await;
    // Nine bytes each, and 46 as hashes; and what is too much without any.
    for (body, left_out) in [
        (format!("[{}1]", r#"{"pin":1},"#.repeat(1600)), true),
        (format!("\"{}\"", "x".repeat(40_000)), true),
        (format!("\"{}\"", "x".repeat(400_000)), true),
        ("\"short\"".to_owned(), false),
    ] {
        assert_eq!(post(address, "/echo", &[], &body).await.status, 200);
        let event = store.recorded().pop().unwrap().event;
        let is_left_out = |name: &str| event.metadata[name] == json!({"left_out": "too_large"});
        assert_eq!(is_left_out("request_body") || is_left_out("response"), left_out, "{}", &body[..7]);
    }
    assert_eq!(store.recorded().len(), 4);
}

#[tokio::test]
async fn a_query_beside_a_body_does_not_say_who_signs_in() {
    let app = App::around(login(StatusCode::UNAUTHORIZED), session_auth(), |builder| builder.keep_identifiers()).await;
    let padding = "x".repeat(20_000);
    for (headers, body, tried) in [
        ("Content-Type: application/json", r#"{"username":"alice"}"#.to_owned(), Some("alice")),
        ("Content-Type: application/json", format!(r#"{{"email":"alice","x":"{padding}"}}"#), None),
        ("Content-Type: text/plain", r#"{"email":"alice"}"#.to_owned(), None),
        (FORM, "email=alice&email=mallory".to_owned(), None),
    ] {
        exchange(app.address, &request("POST /login?email=bob", &[headers], &body)).await;
        let target = app.last().event.targets.pop();
        assert_eq!(target.and_then(|target| target.name).as_deref(), tried, "{headers}");
    }
}

#[tokio::test]
async fn a_body_that_was_too_large_to_look_into_is_told_of() {
    let app = App::around(login(StatusCode::UNAUTHORIZED), session_auth(), |builder| builder).await;
    post(app.address, "/login", &[], &format!(r#"{{"email":"alice","x":"{}"}}"#, "x".repeat(20_000))).await;
    assert_eq!(app.only().event.metadata["request_body"], json!({"left_out": "too_large"}));
}

#[tokio::test]
async fn a_cookie_that_is_no_text_hides_no_other() {
    let app = App::better_auth().await;
    let body = r#"{"email":"alice@example.com","password":"correct horse"}"#;
    let session = post(app.address, "/api/auth/sign-in/email", &[], body).await.cookie();
    let mut bytes =
        b"POST /api/auth/admin/ban-user HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=\xff; ".to_vec();
    bytes.extend(format!("{session}\r\n\r\n").bytes());
    exchange(app.address, &bytes).await;
    assert_eq!(app.last().event.actor, Some(alice()));
}

/// Believes a header of its own.
struct ApiKey;

impl SessionResolver for ApiKey {
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a> {
        let known = headers.get("x-api-key").is_some_and(|key| key == "k3y");
        Box::pin(async move { Ok(known.then(|| Identity::new(Actor::service("ci")))) })
    }
}

fn projects() -> (Router, RuleSet) {
    let routes = Router::new().route("/projects/{id}", delete(async || "done"));
    (routes, RuleSet::new([Rule::new(&[axum::http::Method::DELETE], "/projects/{id}", "resource.deleted")]))
}

#[tokio::test]
async fn a_resolver_is_asked_whatever_header_it_reads() {
    let (routes, rules) = projects();
    let app = App::around(routes, rules, |builder| builder.resolver(ApiKey)).await;
    exchange(app.address, &request("DELETE /projects/p1", &["X-Api-Key: k3y"], "")).await;
    assert_eq!(app.only().event.actor, Some(Actor::service("ci")));
}

#[tokio::test]
async fn a_resolver_that_never_answers_holds_up_nothing_for_good() {
    for durability in [Durability::Durable, Durability::Queued] {
        let hangs = SessionCookie::new("session", |_| std::future::pending::<Result<Option<Identity>, ResolveError>>());
        let resolvers = Resolvers::default().with(hangs).wait(Duration::from_millis(1));
        let (routes, rules) = projects();
        let app = App::around(routes, rules, |builder| builder.resolvers(resolvers).durability(durability)).await;
        let answer = exchange(app.address, &request("DELETE /projects/p1", &["Cookie: session=x"], "")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
        let event = app.only().event;
        assert_eq!(
            (event.outcome, &event.metadata["identity_error"]),
            (Some(Outcome::Success), &json!("no answer in time"))
        );
    }
}

#[tokio::test]
async fn an_identity_that_no_event_may_carry_costs_the_event_what_does_not_fit() {
    let long = || "x".repeat(5000);
    let mut wide = Identity::new(Actor { name: Some(long()), ..Actor::user(long()) });
    wide.credential = Some(Credential {
        id: Some("c\0".to_owned()),
        scopes: vec![long(), "read".to_owned()],
        ..Credential::default()
    });
    let odd = Identity::new(Actor::new("robot", "r2").email("")).session("").tenant(long());
    let nobody = Identity::default().acted_by(Actor::user("admin")).acted_by(Actor::default());
    for (identity, id, is_less) in [
        (wide, None, true),
        (odd, Some("r2"), true),
        (nobody, Some("admin"), false),
        (Identity::default(), None, false),
    ] {
        let resolver = SessionCookie::new("session", move |_| std::future::ready(Ok(Some(identity.clone()))));
        let (routes, rules) = projects();
        let app = App::around(routes, rules, |builder| builder.resolver(resolver)).await;
        exchange(app.address, &request("DELETE /projects/p1", &["Cookie: session=x"], "")).await;
        let event = app.only().event;
        assert_eq!(event.actor.unwrap_or_default().id.as_deref(), id);
        assert_eq!(event.metadata.contains_key("identity_error"), is_less);
    }
}

#[tokio::test]
async fn the_address_of_the_peer_is_found_without_being_asked_for() {
    let (routes, rules) = projects();
    let store = Arc::new(MemoryStore::default());
    let address: SocketAddr = serve(routes.layer(AuditLayer::new(Recorder::new(store.clone()), rules).unwrap())).await;
    exchange(address, &request("DELETE /projects/p1", &[], "")).await;
    store.assert_recorded("ip:127.0.0.1");
}

#[tokio::test]
async fn a_client_that_only_says_its_name_is_nobody() {
    let ok = async || Json(json!({"client_id": "web"}));
    let routes = Router::new()
        .route("/authorize", on_get(ok))
        .route("/revoke", on_post(ok))
        .route("/introspect", on_post(ok))
        .route("/register", on_post(ok));
    let app = App::around(routes, oauth2(), |builder| builder).await;
    let basic = "Authorization: Basic d2ViOnMzY3JldA==";
    for (line, body, actor) in [
        ("GET /authorize?client_id=web", "", "anonymous"),
        ("POST /revoke?client_secret=x", "client_id=web&token=x", "anonymous"),
        ("POST /introspect", "token=x", "anonymous"),
        ("POST /register", "", "anonymous"),
        ("POST /revoke", "client_id=web&client_secret=s3cret&token=x", "client"),
    ] {
        exchange(app.address, &request(line, &[FORM], body)).await;
        assert_eq!(app.last().event.actor.unwrap().r#type.as_deref(), Some(actor), "{line}");
    }
    exchange(app.address, &request("GET /authorize", &[basic], "")).await;
    assert_eq!(app.last().event.actor, Some(Actor::anonymous()));
    exchange(app.address, &request("POST /introspect", &[basic, FORM], "token=x")).await;
    assert_eq!(app.last().event.actor, Some(Actor::new("client", "web")));
}

#[tokio::test]
async fn a_sign_in_that_is_sent_on_to_an_error_page_is_a_sign_in() {
    let handler = async || {
        let location = (header::LOCATION, "/welcome?error=access_denied");
        (StatusCode::FOUND, [location, (header::SET_COOKIE, "session=new")]).into_response()
    };
    let resolver =
        SessionCookie::new("session", async |token| Ok((token == "new").then(|| Identity::new(alice()).session("s1"))));
    let routes = Router::new().route("/magic-link/verify", on_get(handler));
    let app = App::around(routes, better_auth(), |builder| builder.resolver(resolver)).await;
    get(app.address, "/magic-link/verify?callbackURL=/welcome?error=access_denied", &[]).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.outcome), ("auth.login.succeeded", Some(Outcome::Success)));
    assert_eq!((event.actor, event.reason), (Some(alice()), None));
    // Who is signed in already did not sign in by it.
    get(app.address, "/magic-link/verify", &["Cookie: session=new"]).await;
    assert_eq!(app.last().event.outcome, Some(Outcome::Failure));
}

#[tokio::test]
async fn a_client_that_holds_back_its_body_does_not_hold_back_the_answer() {
    let routes = Router::new().route("/login", on_post(async || StatusCode::SERVICE_UNAVAILABLE));
    let app = App::around(routes, session_auth(), |builder| builder).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 503");
    assert_eq!(app.only().event.outcome, Some(Outcome::Failure));
}

#[tokio::test]
async fn a_body_that_comes_late_is_seen_all_the_same() {
    let (entered, mut entries) = mpsc::channel::<()>(1);
    let handler = async move |request: Request| {
        entered.send(()).await.unwrap();
        axum::body::to_bytes(request.into_body(), 100).await.unwrap();
        StatusCode::UNAUTHORIZED
    };
    let routes = Router::new().route("/login", on_post(handler));
    let app = App::around(routes, session_auth(), |builder| builder.keep_identifiers()).await;
    let request = request("POST /login", &["Content-Type: application/json"], r#"{"email":"alice"}"#);
    let (head, tail) = request.split_at(request.len() - 5);
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(head).await.unwrap();
    entries.recv().await.unwrap();
    stream.write_all(tail).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(app.only().event.targets[0].name.as_deref(), Some("alice"));
}
