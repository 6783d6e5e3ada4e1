//! A small application that signs people in as Better Auth does, with sessions in memory, and its log.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use indelible::{
    Actor, MemoryStore, Recorded, Recorder,
    capture::{AuditLayer, AuditLayerBuilder, RuleSet, better_auth},
    identity::{Identity, SessionCookie},
};
use serde_json::{Value, json};

use super::client::serve;

/// Sessions by token.
pub(crate) type Sessions = Arc<Mutex<HashMap<String, Identity>>>;

pub(crate) struct App {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) recorder: Recorder,
    pub(crate) address: SocketAddr,
}

impl App {
    /// The application of this module under `/api/auth`.
    pub(crate) async fn better_auth() -> Self {
        Self::with_layer(|builder| builder).await
    }

    pub(crate) async fn with_layer(choose: impl FnOnce(AuditLayerBuilder) -> AuditLayerBuilder) -> Self {
        let sessions = Sessions::default();
        let routes = Router::new().nest("/api/auth", routes(sessions.clone()));
        let rules = better_auth().under("/api/auth");
        Self::around(routes, rules, |builder| choose(builder.resolver(resolver(sessions)))).await
    }

    /// Any routes under any rules.
    pub(crate) async fn around(
        routes: Router,
        rules: RuleSet,
        choose: impl FnOnce(AuditLayerBuilder) -> AuditLayerBuilder,
    ) -> Self {
        let store = Arc::new(MemoryStore::default());
        let recorder = Recorder::new(store.clone());
        let layer = choose(AuditLayer::builder(recorder.clone(), rules)).build().unwrap();
        let address = serve(routes.layer(layer)).await;
        Self { store, recorder, address }
    }

    /// The only event there is.
    #[track_caller]
    pub(crate) fn only(&self) -> Recorded {
        self.recorder.flush();
        let mut events = self.store.recorded();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)
    }

    /// The newest event.
    #[track_caller]
    pub(crate) fn last(&self) -> Recorded {
        self.recorder.flush();
        self.store.recorded().pop().unwrap()
    }
}

pub(crate) fn resolver(sessions: Sessions) -> impl indelible::identity::SessionResolver {
    SessionCookie::new("session", move |token| {
        let identity = sessions.lock().unwrap().get(&token).cloned();
        async move { Ok(identity) }
    })
}

pub(crate) fn alice() -> Actor {
    Actor::user("u1").email("alice@example.com")
}

pub(crate) fn admin() -> Actor {
    Actor::user("admin")
}

fn routes(sessions: Sessions) -> Router {
    Router::new()
        .route("/sign-in/email", post(sign_in))
        .route("/sign-in/social", post(async || Json(json!({"url": "https://idp.example.com/", "redirect": true}))))
        .route("/sign-out", post(sign_out))
        .route("/delete-user", post(delete_user))
        .route("/admin/ban-user", post(async || Json(json!({"user": {"id": "u2"}}))))
        .route("/admin/unban-user", post(async || Json(json!({"user": {"id": "u2"}}))))
        .route("/admin/impersonate-user", post(impersonate))
        .route("/admin/stop-impersonating", post(stop_impersonating))
        .route("/verify-email", get(async || found("/welcome")))
        .route("/reset-password/{token}", get(async || found("/reset?error=INVALID_TOKEN")))
        .route("/get-session", get(async || Json(Value::Null)).post(async || Json(Value::Null)))
        .route("/my-plugin/do-thing", post(async || Json(json!({}))))
        .with_state(sessions)
}

fn found(location: &'static str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn token_of(headers: &HeaderMap) -> String {
    let cookie = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
    cookie.strip_prefix("session=").unwrap_or_default().to_owned()
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"message": "no", "code": code}))).into_response()
}

fn signed_in(sessions: &Sessions, identity: Identity) -> Response {
    let token = format!("token-{}", sessions.lock().unwrap().len());
    let id = format!("session-of-{}", identity.subject.id.clone().unwrap());
    sessions.lock().unwrap().insert(token.clone(), identity.session(id));
    let cookie = format!("session={token}; Path=/; HttpOnly; Max-Age=604800");
    ([(header::SET_COOKIE, cookie)], Json(json!({"token": token}))).into_response()
}

async fn sign_in(State(sessions): State<Sessions>, Json(body): Json<Value>) -> Response {
    match (body["email"].as_str(), body["password"].as_str()) {
        (Some("alice@example.com"), Some("with-2fa")) => Json(json!({"twoFactorRedirect": true})).into_response(),
        (Some("alice@example.com"), Some("correct horse")) => signed_in(&sessions, Identity::new(alice())),
        (Some("admin@example.com"), Some("correct horse")) => signed_in(&sessions, Identity::new(admin())),
        _ => refused(StatusCode::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD"),
    }
}

async fn sign_out(State(sessions): State<Sessions>, headers: HeaderMap) -> Response {
    match sessions.lock().unwrap().remove(&token_of(&headers)) {
        Some(_) => ([(header::SET_COOKIE, "session=; Max-Age=0")], Json(json!({"success": true}))).into_response(),
        None => refused(StatusCode::BAD_REQUEST, "FAILED_TO_GET_SESSION"),
    }
}

async fn delete_user(State(sessions): State<Sessions>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if body["password"] != "correct horse" {
        return refused(StatusCode::BAD_REQUEST, "INVALID_PASSWORD");
    }
    sessions.lock().unwrap().remove(&token_of(&headers));
    ([(header::SET_COOKIE, "session=; Max-Age=0")], Json(json!({"success": true}))).into_response()
}

async fn impersonate(State(sessions): State<Sessions>, headers: HeaderMap) -> Response {
    let Some(before) = sessions.lock().unwrap().get(&token_of(&headers)).cloned() else {
        return refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    };
    if before.subject != admin() {
        return refused(StatusCode::FORBIDDEN, "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS");
    }
    signed_in(&sessions, Identity::new(alice()).acted_by(before.subject))
}

async fn stop_impersonating(State(sessions): State<Sessions>) -> Response {
    signed_in(&sessions, Identity::new(admin()))
}
