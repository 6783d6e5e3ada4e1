//! A small OAuth 2.0 authorization server with the API behind it, and their audit log.
//!
//! It knows the authorization code with PKCE, refresh tokens that rotate and whose reuse burns their family,
//! `client_credentials`, revocation and introspection. Everybody is alice@example.com, and all of it but the log is in
//! memory. `cargo run -p oauth-server`; docs/OAUTH.md walks through it. Stop it, and `indelible list --data audit` shows
//! what happened.

#![allow(clippy::print_stdout)]

mod api;
mod audit;
mod authorize;
mod grants;
#[cfg(test)]
mod tests;
mod token;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use indelible::{Log, LogConfig, Recorder, fingerprint_key, oauth::Fingerprints, system_time};

use audit::Audit;
use grants::Grants;

/// What all handlers share.
struct Server {
    audit: Audit,
    grants: Grants,
    /// Held while tokens of a family end or are replaced, until the log has it: what a database does in a transaction, with the
    /// event in its outbox. So no token comes after the end of its family, and the log tells it in the order in which it was.
    turn: tokio::sync::Mutex<()>,
}

/// A client that is registered.
struct Client {
    id: &'static str,
    secret: &'static str,
    redirect_uri: &'static str,
    scopes: &'static [&'static str],
}

/// With secrets in clear, as no real server would have them.
const CLIENTS: [Client; 2] = [
    Client {
        id: "shop",
        secret: "shop-s3cret",
        redirect_uri: "http://127.0.0.1:4000/callback",
        scopes: &["orders:read", "orders:write"],
    },
    Client { id: "report", secret: "report-s3cret", redirect_uri: "", scopes: &["orders:read"] },
];

impl Client {
    fn find(id: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// Of the scopes asked for those that the client may have.
    fn granted(&self, scope: &str) -> String {
        let granted: Vec<&str> = scope.split_whitespace().filter(|scope| self.scopes.contains(scope)).collect();
        granted.join(" ")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = Arc::new(Log::open(LogConfig::new("audit", Arc::new(system_time)))?);
    // Where `indelible fingerprint --data audit` looks for it.
    let key = fingerprint_key("audit/keys/fingerprint.key")?;
    let recorder = Recorder::new(log);
    let app = app(recorder.clone(), Fingerprints::new(key)).into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async {
        // Without a signal handler the program ends as it would have anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    recorder.close();
    Ok(())
}

fn app(recorder: Recorder, fingerprints: Fingerprints) -> Router {
    let server = Server {
        audit: Audit { recorder, fingerprints },
        grants: Grants::default(),
        turn: tokio::sync::Mutex::default(),
    };
    Router::new()
        .route("/authorize", get(authorize::ask).post(authorize::decide))
        .route("/token", post(token::token))
        .route("/revoke", post(token::revoke))
        .route("/introspect", post(token::introspect))
        .route("/orders", get(api::orders))
        .with_state(Arc::new(server))
}
