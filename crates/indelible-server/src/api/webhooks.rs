//! Webhooks: other servers send what happened there, each proving itself in its own way.

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
};
use indelible::{
    import::{Format, delivery},
    webhooks::{Refused, Sender},
};
use serde_json::{Value, json};

use super::{
    App, app::single, blocking::blocking, body, params::Name, problem::Problem, record::small, refusals::Peer,
};
use crate::{clock, limits};

/// Records a delivery. It is durable when this answers.
pub(super) async fn deliver(
    Name(name): Name,
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let door = app.webhook(&name)?;
    let sender = &door.of.sender;
    let (Parts { headers, .. }, body) = request.into_parts();
    let refuse = |refused: Refused| {
        door.refuse(reason(refused), peer.map(|Extension(peer)| peer));
        problem(sender, refused)
    };
    let proof = single(&headers, sender.header());
    // What needs no body is checked before it is read.
    if proof.is_none() || !sender.signs() {
        sender.check(proof, b"", clock::now()).map_err(refuse)?;
    }
    let _turn = if small(&headers) { None } else { Some(app.delivery()?) };
    let bytes = body::read(&headers, body, limits::DELIVERY_BYTES_MAX, app.request_timeout()).await?;
    if sender.signs() {
        sender.check(proof, &bytes, clock::now()).map_err(refuse)?;
    }
    let (format, id) = (sender.format(), id(sender, &headers));
    let mut events = if bytes.len() <= limits::INLINE_BODY_BYTES {
        delivery(format, id.as_deref(), &bytes)
    } else {
        blocking(move || delivery(format, id.as_deref(), &bytes)).await?
    };
    if sender.id_header().is_some() {
        door.enter().note_repetition(&mut events).await?;
    }
    door.enter().record(events).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers the question by which Okta makes sure that an event hook was meant for us.
pub(super) async fn challenge(
    Name(name): Name,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let of_okta = app.webhook(&name)?.of.sender.format() == Format::Okta;
    let challenge = single(&headers, "x-okta-verification-challenge").filter(|_| of_okta);
    let challenge = challenge.and_then(|challenge| std::str::from_utf8(challenge).ok());
    let challenge =
        challenge.ok_or_else(|| Problem::not_found("only Okta asks here, when it verifies an event hook"))?;
    Ok(Json(json!({"verification": challenge})))
}

fn id(sender: &Sender, headers: &HeaderMap) -> Option<String> {
    Some(std::str::from_utf8(single(headers, sender.id_header()?)?).ok()?.to_owned())
}

fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::Stale => "replayed_request",
        _ => "invalid_credentials",
    }
}

fn problem(sender: &Sender, refused: Refused) -> Problem {
    let detail = format!("{}: {refused}; nothing was stored", sender.header());
    Problem::new(StatusCode::UNAUTHORIZED, "delivery-refused", "Delivery refused", detail).field(sender.header())
}
