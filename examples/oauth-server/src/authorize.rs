//! `/authorize`: asks the user, and sends the client a code, or why there is none.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    response::{Html, Redirect},
};
use indelible::{Actor, oauth::Request};
use serde::Deserialize;

use crate::{
    Client, Server,
    audit::Refused,
    grants::{Code, Grant, random},
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    client_id: String,
    response_type: String,
    redirect_uri: String,
    scope: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    /// What the user answered.
    decision: String,
}

impl Asked {
    /// As the log is told of it. A real server knows who is signed in.
    fn request(&self, peer: SocketAddr) -> Request {
        Request::of(&self.client_id)
            .by(Actor::user("alice@example.com").email("alice@example.com"))
            .response_type(&self.response_type)
            .redirect_uri(&self.redirect_uri)
            .scopes_requested(&self.scope)
            .code_challenge_method(&self.code_challenge_method)
            .with(|event| event.ip(peer.ip()))
    }

    /// The client; nobody is redirected to where it is not registered.
    async fn client(&self, server: &Server, request: &Request) -> Result<&'static Client, Refused> {
        match Client::find(&self.client_id) {
            None => server.audit.refuse("invalid_client", request.authorization_denied("invalid_client")).await,
            Some(client) if client.redirect_uri.is_empty() || client.redirect_uri != self.redirect_uri => {
                server.audit.refuse("invalid_request", request.authorization_denied("redirect_uri_mismatch")).await
            }
            Some(client) => Ok(client),
        }
    }

    fn redirect(&self, client: &Client, answer: &str) -> Redirect {
        Redirect::to(&format!("{}?{answer}&state={}", client.redirect_uri, encoded(&self.state)))
    }
}

/// A value of a query: what came as one parameter must not go back as several.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

pub(crate) async fn ask(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(asked): Query<Asked>,
) -> Result<Html<&'static str>, Refused> {
    let request = asked.request(peer);
    asked.client(&server, &request).await?;
    server.audit.record(request.authorization_requested()).await?;
    // What was asked for stays in the address that the form is sent to.
    Ok(Html("<form method=post>Let it in? <button name=decision value=yes>Yes</button> <button>No</button></form>"))
}

pub(crate) async fn decide(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(asked): Query<Asked>,
    Form(answer): Form<Asked>,
) -> Result<Redirect, Refused> {
    let request = asked.request(peer);
    let client = asked.client(&server, &request).await?;
    let refusal = match (answer.decision.as_str(), asked.code_challenge_method.as_str()) {
        ("yes", "S256") if !asked.code_challenge.is_empty() => None,
        ("yes", _) => Some("invalid_request"),
        _ => Some("access_denied"),
    };
    if let Some(error) = refusal {
        server.audit.record(request.authorization_denied(error)).await?;
        return Ok(asked.redirect(client, &format!("error={error}")));
    }
    let scope = client.granted(&asked.scope);
    let family = random().ok_or(Refused("server_error"))?;
    let request = request.scopes_granted(&scope).token_family(&family);
    let user = Some(Actor::user("alice@example.com").email("alice@example.com"));
    let grant = Grant { client: client.id, user, scope, family };
    let (redirect_uri, challenge) = (asked.redirect_uri.clone(), asked.code_challenge.clone());
    let code = server.grants.add_code(Code { grant, redirect_uri, challenge }).ok_or(Refused("server_error"))?;
    server.audit.record(request.consent_granted()).await?;
    server.audit.record(request.authorization_granted([&server.audit.fingerprints.code(&code)])).await?;
    Ok(asked.redirect(client, &format!("code={code}")))
}
