//! `/token`, `/revoke` and `/introspect`: what clients ask for themselves.

use std::{iter, net::SocketAddr, sync::Arc};

use axum::{
    Form, Json,
    extract::{ConnectInfo, State},
    http::StatusCode,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use indelible::{
    Actor,
    oauth::{Request, Token, TokenKind},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    Client, Server,
    audit::Refused,
    grants::{Grant, LIFETIME_S, Refresh, random},
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    client_id: String,
    client_secret: String,
    grant_type: String,
    code: String,
    code_verifier: String,
    redirect_uri: String,
    refresh_token: String,
    scope: String,
    /// To be revoked, or asked about.
    token: String,
}

impl Asked {
    /// The client that asks, and its request as the log is told of it.
    async fn client(&self, server: &Server, peer: SocketAddr) -> Result<(&'static Client, Request), Refused> {
        let request = Request::of(&self.client_id)
            .grant_type(&self.grant_type)
            .redirect_uri(&self.redirect_uri)
            .scopes_requested(&self.scope)
            .with(|event| event.ip(peer.ip()));
        match Client::find(&self.client_id).filter(|client| client.secret == self.client_secret) {
            Some(client) => Ok((client, request)),
            // Whoever it was, it was not the client.
            None => {
                let failed = request.by(Actor::anonymous()).token_failed("invalid_client", None);
                server.audit.refuse("invalid_client", failed).await
            }
        }
    }
}

pub(crate) async fn token(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(asked): Form<Asked>,
) -> Result<Json<Value>, Refused> {
    let (client, request) = asked.client(&server, peer).await?;
    match asked.grant_type.as_str() {
        "authorization_code" => redeem(&server, client, request, &asked).await,
        "refresh_token" => refresh(&server, client, request, &asked).await,
        "client_credentials" => {
            let family = random().ok_or(Refused("server_error"))?;
            let grant = Grant { client: client.id, user: None, scope: client.granted(&asked.scope), family };
            issue(&server, of(&grant, request), &grant, |request, tokens| request.token_issued(None, tokens)).await
        }
        _ => server.audit.refuse("unsupported_grant_type", request.token_failed("unsupported_grant_type", None)).await,
    }
}

async fn redeem(server: &Server, client: &Client, request: Request, asked: &Asked) -> Result<Json<Value>, Refused> {
    let presented = server.audit.fingerprints.code(&asked.code);
    let found = server.grants.take_code(&asked.code).filter(|code| code.grant.client == client.id);
    let Some(code) = found else {
        return server.audit.refuse("invalid_grant", request.token_failed("invalid_grant", &presented)).await;
    };
    let request = of(&code.grant, request);
    let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(&asked.code_verifier));
    let problem = match () {
        () if code.redirect_uri != asked.redirect_uri => Some("redirect_uri_mismatch"),
        () if code.challenge != challenge => Some("pkce_failed"),
        () => None,
    };
    if let Some(problem) = problem {
        // The client hears one code for all of it; the log knows better.
        return server.audit.refuse("invalid_grant", request.token_failed(problem, &presented)).await;
    }
    issue(server, request, &code.grant, |request, tokens| request.token_issued(&presented, tokens)).await
}

async fn refresh(server: &Server, client: &Client, request: Request, asked: &Asked) -> Result<Json<Value>, Refused> {
    let presented = server.audit.fingerprints.refresh_token(&asked.refresh_token);
    let _turn = server.turn.lock().await;
    match server.grants.refresh(&asked.refresh_token, client.id) {
        Refresh::Unknown => {
            server.audit.refuse("invalid_grant", request.token_failed("invalid_grant", &presented)).await
        }
        Refresh::Reused(grant, burnt) => {
            let event = of(&grant, request).refresh_token_reused(&presented, &fingerprints(server, &burnt));
            server.audit.refuse("invalid_grant", event).await
        }
        Refresh::Good(grant) => {
            let refreshed = |request: &Request, tokens: &[Token]| request.token_refreshed(&presented, tokens);
            issue(server, of(&grant, request), &grant, refreshed).await
        }
    }
}

/// Issues tokens; nobody gets them before the log has the event.
async fn issue(
    server: &Server,
    request: Request,
    grant: &Grant,
    event: impl FnOnce(&Request, &[Token]) -> indelible::Event,
) -> Result<Json<Value>, Refused> {
    let issued = server.grants.issue(grant).ok_or(Refused("server_error"))?;
    let known = &server.audit.fingerprints;
    let access = known.access_token(&issued.access).expires_at(issued.expires_at);
    let refresh = issued.refresh.as_deref().map(|token| known.refresh_token(token));
    let tokens: Vec<Token> = iter::once(access).chain(refresh).collect();
    server.audit.record(event(&request.token_type("Bearer").scopes_granted(&grant.scope), &tokens)).await?;
    let mut answer = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": LIFETIME_S,
        "scope": grant.scope,
    });
    if let Some(refresh) = issued.refresh {
        answer["refresh_token"] = refresh.into();
    }
    Ok(Json(answer))
}

pub(crate) async fn revoke(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(asked): Form<Asked>,
) -> Result<StatusCode, Refused> {
    let (client, request) = asked.client(&server, peer).await?;
    let _turn = server.turn.lock().await;
    // RFC 7009: a token that nobody knows is as good as revoked.
    if let Some((grant, revoked)) = server.grants.revoke(&asked.token, client.id) {
        let event = of(&grant, request).token_revoked(&fingerprints(&server, &revoked), "asked by the client");
        server.audit.record(event).await?;
    }
    Ok(StatusCode::OK)
}

pub(crate) async fn introspect(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(asked): Form<Asked>,
) -> Result<Json<Value>, Refused> {
    let (_, request) = asked.client(&server, peer).await?;
    let found = server.grants.access(&asked.token);
    let token = server.audit.fingerprints.access_token(&asked.token);
    server.audit.record(request.token_introspected(&token, found.is_some())).await?;
    Ok(Json(match found {
        None => json!({ "active": false }),
        Some((grant, expires_at)) => json!({
            "active": true,
            "client_id": grant.client,
            "scope": grant.scope,
            "exp": expires_at.as_micros() / 1_000_000,
        }),
    }))
}

/// A request as what it is about has it: whose authorization it is, and its family.
fn of(grant: &Grant, request: Request) -> Request {
    let request = request.token_family(&grant.family);
    match &grant.user {
        Some(user) => request.by(user.clone()),
        None => request,
    }
}

fn fingerprints(server: &Server, tokens: &[(TokenKind, String)]) -> Vec<Token> {
    tokens.iter().map(|(kind, token)| server.audit.fingerprints.token(*kind, token)).collect()
}
