//! A small application that signs people in with a form and a session cookie, and keeps its audit log beside it.
//!
//! `cargo run -p axum-app`, sign in at <http://127.0.0.1:3000> as alice@example.com with the password `correct horse`,
//! or with a wrong one. Who is signed in sees their own log at <http://127.0.0.1:3000/audit-log/list>; stop the
//! application, and `indelible list --data audit` shows all of it.

#![allow(clippy::print_stdout)]

mod accounts;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use indelible::{
    Durability, Log, LogConfig, Recorder,
    capture::{AuditLayer, RuleError, session_auth},
    endpoints::{Endpoints, audit_router},
    identity::{Resolvers, SessionCookie},
    system_time,
};
use serde::Deserialize;

use accounts::Accounts;

const PAGE: &str = r#"<!doctype html><title>Sign in</title>
<form method="post" action="/login"><input name="email" type="email"><input name="password" type="password">
<button>Sign in</button></form><form method="post" action="/logout"><button>Sign out</button></form>
<a href="/audit-log/list">What I did</a>"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = Arc::new(Log::open(LogConfig::new("audit", Arc::new(system_time)))?);
    let recorder = Recorder::new(log);
    let app = app(&recorder)?.into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async {
        // Without a signal handler the program ends as it would have anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    // What still waits in the queue is stored before the program ends.
    recorder.close();
    Ok(())
}

/// The routes, and the layer around them: from here on every sign-in, sign-out and change of a password is in the log,
/// and who did it sees it there.
fn app(recorder: &Recorder) -> Result<Router, RuleError> {
    let accounts = Arc::new(Accounts::default());
    let sessions = Resolvers::default().with(SessionCookie::new("session", {
        let accounts = Arc::clone(&accounts);
        move |token| std::future::ready(Ok(accounts.identity(&token)))
    }));
    let audit = AuditLayer::builder(recorder.clone(), session_auth())
        .durability(Durability::Queued)
        .resolvers(sessions.clone())
        // Behind a proxy also: `.proxies(Proxies::trusting(["10.0.0.0/8"])?)`.
        .build()?;
    Ok(Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/password/change", post(change_password))
        .with_state(accounts)
        .merge(audit_router(Endpoints::new(recorder.clone()).resolvers(sessions)))
        .layer(audit))
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

async fn login(State(accounts): State<Arc<Accounts>>, Form(login): Form<Login>) -> Response {
    match accounts.sign_in(&login.email, &login.password) {
        Some(token) => {
            let cookie = format!("session={token}; Path=/; HttpOnly; SameSite=Lax");
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        None => (StatusCode::UNAUTHORIZED, Html(PAGE)).into_response(),
    }
}

async fn logout(State(accounts): State<Arc<Accounts>>, headers: HeaderMap) -> Response {
    if let Some(token) = session(&headers) {
        accounts.sign_out(token);
    }
    ([(header::SET_COOKIE, "session=; Path=/; Max-Age=0")], Redirect::to("/")).into_response()
}

#[derive(Deserialize)]
struct Passwords {
    current_password: String,
    new_password: String,
}

async fn change_password(
    State(accounts): State<Arc<Accounts>>,
    headers: HeaderMap,
    Form(passwords): Form<Passwords>,
) -> StatusCode {
    let Some(token) = session(&headers) else { return StatusCode::UNAUTHORIZED };
    let is_changed = accounts.change_password(token, &passwords.current_password, &passwords.new_password);
    if is_changed { StatusCode::NO_CONTENT } else { StatusCode::FORBIDDEN }
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))
}
