//! The API that the tokens are for.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, header},
};
use indelible::oauth::Request;
use serde_json::{Value, json};

use crate::{Server, audit::Refused};

const NEEDED: &str = "orders:read";

pub(crate) async fn orders(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.unwrap_or_default();
    let presented = server.audit.fingerprints.access_token(token);
    let request = |client| Request::of(client).scopes_requested(NEEDED).with(|event| event.ip(peer.ip()));
    let Some((grant, expires_at)) = server.grants.access(token) else {
        return server.audit.refuse("invalid_token", request("").token_refused("invalid_token", &presented)).await;
    };
    let request = request(grant.client).token_family(&grant.family);
    let request = grant.user.clone().into_iter().fold(request, Request::by);
    let presented = presented.scopes(&grant.scope).expires_at(expires_at);
    if !grant.scope.split(' ').any(|scope| scope == NEEDED) {
        let event = request.token_refused("insufficient_scope", &presented);
        return server.audit.refuse("insufficient_scope", event).await;
    }
    server.audit.record(request.token_used(&presented)).await?;
    Ok(Json(json!({ "orders": [] })))
}
