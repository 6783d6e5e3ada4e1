//! An API whose routes need a token, and its log: `cargo run -p indelible --features axum,tokens --example require_token`.
//!
//! It prints a token and what to ask with it. Stop it, and `indelible list --data tokens-example/log` shows who used
//! which token for what, and who was refused.

// An example talks to whoever runs it.
#![allow(clippy::print_stdout)]

use std::{error::Error, fs, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::Path,
    routing::{delete, get},
};
use indelible::{
    Log, LogConfig, Object, Recorder, system_time,
    tokens::{Abilities, Accepted, Entity, Issue, RequireToken, Requirement, Tokens, UsageMetadata},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all("tokens-example")?;
    let log = Arc::new(Log::open(LogConfig::new("tokens-example/log", Arc::new(system_time)))?);
    let recorder = Recorder::new(log);
    let tokens = Tokens::builder(recorder.clone()).open("tokens-example/state.db")?;
    let issue = Issue::new("sk", "for trying", Entity::user("42")).abilities(Abilities::new(["orders:read"])?);
    let issued = tokens.issue(&issue.expires_in(Duration::from_secs(3600)))?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let (url, text) = (format!("http://{}/orders/7", listener.local_addr()?), issued.plaintext.reveal());
    println!("passes:        curl -i {url} -H 'Authorization: Bearer {text}'");
    println!("may not:       curl -i {url} -X DELETE -H 'Authorization: Bearer {text}'");
    println!("has no token:  curl -i {url}");
    let stop = async {
        // Without a signal handler the program ends as it would have anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    let app = app(&tokens).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    // What still waits is stored before the program ends.
    tokens.close();
    recorder.close();
    Ok(())
}

fn app(tokens: &Tokens) -> Router {
    let needs = |ability| RequireToken::new(tokens.clone()).needs(Requirement::default().all([ability]));
    Router::new()
        .route("/orders/{id}", get(order).layer(needs("orders:read")))
        .route("/orders/{id}", delete(async || "deleted").layer(needs("orders:delete")))
}

async fn order(Path(id): Path<u32>, Extension(token): Extension<Accepted>) -> (Extension<UsageMetadata>, String) {
    let said = Object::from_iter([("items".to_owned(), 3.into())]);
    (Extension(UsageMetadata(said)), format!("order {id}, for {} {}\n", token.owner.r#type, token.owner.id))
}
