//! Every route: what serves it and what is said of it at `/openapi.json`, in one place so that they cannot drift.

use std::any::Any;

use axum::{
    Json, Router,
    body::Body,
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde_json::{Value, json};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
};

use super::{
    App, aggregate, export, health, keys, list, metrics,
    oauth::{self, OauthQuestion},
    openapi::{self, examples},
    operation::Operation,
    params::Parameter,
    problem::Problem,
    proof, record,
    resources::{self, ResourceQuestion},
    retention, security_events, tail, tokens,
    usage::{self, Question},
    webhooks,
};
use crate::keys::Ability;

fn operations() -> Vec<Operation> {
    use Ability::{Admin, EventsRead, EventsWrite, MetricsRead};
    let log = vec![
        Operation::new(
            "post",
            "/v1/events",
            "Record events: one, a list, or NDJSON; all or nothing",
            post(record::record),
        )
        .needs(EventsWrite)
        .parameters(record::RecordParams::PARAMETERS)
        .request(examples::event())
        .answers(201, examples::receipts())
        .or(examples::receipts_with_proofs())
        .or(examples::receipts_and_rejected())
        .answers(200, examples::receipts())
        .or(examples::receipts_with_proofs())
        .or(examples::receipts_and_rejected())
        .answers(202, json!({"queued": 1})),
        Operation::new("get", "/v1/events", "List events, a page at a time", get(list::list))
            .needs(EventsRead)
            .of_tenant()
            .parameters(list::ListParams::PARAMETERS)
            .answers(200, json!({"events": [examples::recorded()], "next": "a4d2"}))
            .or(json!({"events": [], "next": null})),
        Operation::new("get", "/v1/events/{id}", "One event by its id or sequence number", get(list::get))
            .needs(EventsRead)
            .of_tenant()
            .answers(200, examples::recorded()),
        Operation::new("get", "/v1/events/{id}/proof", "Where an event is in the signed tree", get(proof::event))
            .needs(EventsRead)
            .parameters(proof::ProofParams::PARAMETERS)
            .answers(200, json!({"seq": 0, "size": 1, "leaf": "5d...", "proof": [], "checkpoint": "indelible\n1\n..."}))
            .streams("text/plain", "c2sp.org/tlog-proof@v1\n..."),
        Operation::new("get", "/v1/consistency", "That a newer tree extends an older one", get(proof::consistency))
            .needs(EventsRead)
            .parameters(proof::ConsistencyParams::PARAMETERS)
            .answers(200, json!({"from": 1000, "to": 1235, "proof": ["5d..."]})),
        Operation::new(
            "get",
            "/checkpoint",
            "The published checkpoint, signed and cosigned: C2SP tlog-checkpoint",
            get(proof::checkpoint),
        )
        .needs(EventsRead)
        .streams("text/plain", "indelible\n1235\n..."),
        Operation::new("get", "/tile/{*path}", "Tiles of the tree: C2SP tlog-tiles", get(proof::tile))
            .needs(EventsRead)
            .streams("application/octet-stream", "..."),
        Operation::new("get", "/v1/rotations", "Each change of the key that signs the log", get(proof::rotations))
            .needs(EventsRead)
            .streams("text/plain", "indelible/key-rotation/v1\nindelible\n1235\n..."),
        Operation::new("post", "/v1/rotations", "Change the key that signs the log", post(proof::rotate))
            .needs(Admin)
            .answers(201, json!({"old": "indelible+e1f4...", "new": "indelible+09ab...", "size": 1235})),
        Operation::new(
            "post",
            "/v1/retention",
            "Remove the events of days that are not kept any more; `days` is optional, `dry_run` removes nothing",
            post(retention::retain),
        )
        .needs(Admin)
        .request(json!({"days": 90, "dry_run": true, "sizes": [1000]}))
        .request(json!({}))
        .answers(200, examples::retained(true))
        .answers(202, examples::retained(false)),
        Operation::new("get", "/v1/aggregate", "Group and measure events", get(aggregate::aggregate))
            .needs(EventsRead)
            .of_tenant()
            .parameters(aggregate::AggregateParams::PARAMETERS)
            .answers(200, examples::table()),
        Operation::new("get", "/v1/tail", "Follow the log as server-sent events", get(tail::tail))
            .needs(EventsRead)
            .of_tenant()
            .parameters(tail::TailParams::PARAMETERS)
            .streams("text/event-stream", "id: 1234\ndata: {\"id\":\"...\",\"seq\":1234}\n\n"),
        Operation::new("get", "/v1/export", "Export any number of events, streamed", get(export::export))
            .needs(EventsRead)
            .of_tenant()
            .parameters(export::ExportParams::PARAMETERS)
            .streams("application/x-ndjson", "{\"id\":\"...\",\"seq\":1234}\n")
            .streams("text/csv", "id,seq,action\r\n...,1234,token.revoked\r\n")
            .streams("application/vnd.apache.parquet", "PAR1"),
        Operation::new("get", "/v1/keys", "List API keys; their secrets are not kept", get(keys::list))
            .needs(Admin)
            .answers(200, json!({"keys": [examples::key(), examples::new_made_key(), examples::revoked_key()]})),
        Operation::new("post", "/v1/keys", "Make an API key; its secret is shown this once", post(keys::create))
            .needs(Admin)
            .request(examples::new_key())
            .request(examples::least_new_key())
            .request(examples::lasting_new_key())
            .answers(201, json!({"key": examples::key(), "secret": "ik_..."}))
            .or(json!({"key": examples::new_made_key(), "secret": "ik_..."})),
        Operation::new("delete", "/v1/keys/{id}", "Revoke an API key", delete(keys::revoke))
            .needs(Admin)
            .answers(200, json!({"key": examples::revoked_key()}))
            .or(json!({"key": examples::new_made_key()})),
        Operation::new("get", "/v1/status", "The state of the log in figures", get(health::status))
            .needs(MetricsRead)
            .answers(200, json!({"next_seq": 1235, "segments": 1, "disk_bytes": 81920, "published_size": 1235, "quorum": 1, "stopped": null, "witnesses": [{"name": "one", "url": "https://witness.example.com", "size": 1235, "cosigned_at": "2026-11-20T12:00:00Z", "age_s": 2, "error": null}]}))
            .or(json!({"next_seq": 1235, "segments": 1, "disk_bytes": 81920, "published_size": null, "quorum": 1, "stopped": "the log forked: ...", "witnesses": [{"name": "one", "url": "https://witness.example.com", "size": null, "cosigned_at": null, "age_s": null, "error": "..."}]})),
        Operation::new("post", "/v1/webhooks/{name}", "What a configured sender tells of", post(webhooks::deliver))
            .request(json!({}))
            .empty(204),
        Operation::new("get", "/v1/webhooks/{name}", "The question of Okta for an event hook", get(webhooks::challenge))
            .answers(200, json!({"verification": "..."})),
        Operation::new(
            "post",
            "/v1/security-events/{name}",
            "A Security Event Token of a configured issuer, pushed (RFC 8935)",
            post(security_events::push),
        )
        .takes(security_events::MEDIA_TYPE)
        .request(json!("eyJ0eXAiOiJzZWNldmVudCtqd3QiLCJhbGciOiJFUzI1NiJ9..."))
        .empty(202)
        .answers(400, json!({"err": "invalid_key", "description": "the signature is wrong"})),
        Operation::new("get", "/healthz", "Whether the process answers", get(health::live))
            .answers(200, json!({"status": "ok"})),
        Operation::new("get", "/readyz", "Whether the log takes events", get(health::ready))
            .answers(200, json!({"status": "ready"})),
        Operation::new("get", "/metrics", "Figures for Prometheus", get(metrics::metrics))
            .needs(MetricsRead)
            .streams("text/plain", "indelible_log_next_seq 1235\n"),
        Operation::new("get", "/openapi.json", "This description", get(description))
            .answers(200, json!({"openapi": "3.1.0"})),
    ];
    log.into_iter().chain(of_tokens()).chain(of_usage()).chain(of_oauth()).chain(of_resources()).collect()
}

fn of_oauth() -> impl Iterator<Item = Operation> {
    OauthQuestion::ALL.iter().map(|&question| {
        let ask = move |reader, params| oauth::oauth(question, reader, params);
        let operation = Operation::new("get", question.path(), question.summary(), get(ask))
            .needs(Ability::EventsRead)
            .of_tenant()
            .parameters(taken(oauth::OauthParams::PARAMETERS, question.takes()));
        answering(operation, examples::oauth_answers(question))
    })
}

fn of_resources() -> impl Iterator<Item = Operation> {
    ResourceQuestion::ALL.iter().map(|&question| {
        let ask = move |reader, params| resources::resources(question, reader, params);
        let operation = Operation::new("get", question.path(), question.summary(), get(ask))
            .needs(Ability::EventsRead)
            .of_tenant()
            .parameters(taken(resources::ResourceParams::PARAMETERS, question.takes()));
        answering(operation, examples::resources(question))
    })
}

/// The parameters that a question takes.
fn taken<'a>(all: &'a [Parameter], takes: &'a [&str]) -> impl Iterator<Item = &'a Parameter> {
    all.iter().filter(|parameter| takes.contains(&parameter.name))
}

/// An operation with the answer that is shown, and others that tell what may be null.
fn answering(operation: Operation, (shown, others): (Value, Vec<Value>)) -> Operation {
    others.into_iter().fold(operation.answers(200, shown), Operation::or)
}

fn of_usage() -> impl Iterator<Item = Operation> {
    Question::ALL.iter().map(|&question| {
        let ask = move |issuer, params| usage::usage(question, issuer, params);
        let operation = Operation::new("get", question.path(), question.summary(), get(ask))
            .needs(Ability::TokensRead)
            .parameters(usage::UsageParams::PARAMETERS);
        answering(operation, examples::usage(question))
    })
}

fn of_tokens() -> [Operation; 13] {
    use Ability::{TokensRead, TokensReveal, TokensVerify, TokensWrite};
    [
        Operation::new("post", "/v1/tokens", "Issue a token; its text is shown this once", post(tokens::issue))
            .needs(TokensWrite)
            .request(examples::new_token())
            .request(examples::least_new_token())
            .answers(201, examples::issued())
            .or(examples::new_made_issued()),
        Operation::new("get", "/v1/tokens", "List tokens, a page at a time", get(tokens::list))
            .needs(TokensRead)
            .parameters(tokens::ListParams::PARAMETERS)
            .answers(200, json!({"tokens": [examples::token(), examples::new_made_token()], "next": "7b22"}))
            .or(json!({"tokens": [], "next": null})),
        Operation::new("post", "/v1/tokens/verify", "Whether a token is good; logged either way", post(tokens::verify))
            .needs(TokensVerify)
            .request(examples::verification())
            .request(json!({"token": "sk_live_...", "needs": {}, "context": {}}))
            .request(json!({"token": "sk_live_..."}))
            .answers(200, json!({"valid": true, "token": examples::token()}))
            .or(json!({"valid": true, "token": examples::new_made_token()}))
            .or(examples::refused())
            .or(examples::rate_limited()),
        Operation::new("post", "/v1/tokens/import", "Take over tokens by their hashes", post(tokens::import))
            .needs(TokensWrite)
            .request(json!({"tokens": [examples::imported(), examples::least_imported()], "actor": examples::actor()}))
            .request(json!({"tokens": []}))
            .answers(201, json!({"tokens": [examples::token(), examples::new_made_token()]})),
        Operation::new("post", "/v1/tokens/prune", "Clear away tokens that ended long ago", post(tokens::prune))
            .needs(TokensWrite)
            .request(json!({"ended_for": "30d", "actor": examples::actor()}))
            .request(json!({}))
            .answers(200, json!({"deleted": 12})),
        Operation::new("get", "/v1/tokens/{id}", "One token; its text is not kept", get(tokens::show))
            .needs(TokensRead)
            .answers(200, examples::token())
            .or(examples::new_made_token()),
        Operation::new("post", "/v1/tokens/{id}/rotate", "Give a token a new text", post(tokens::rotate))
            .needs(TokensWrite)
            .request(json!({"mode": "grace", "grace": "1h", "expires": "90d", "actor": examples::actor()}))
            .request(json!({}))
            .answers(201, examples::issued())
            .or(examples::new_made_issued()),
        Operation::new("post", "/v1/tokens/{id}/revoke", "Take a token back, now or later", post(tokens::revoke))
            .needs(TokensWrite)
            .request(examples::revocation("descendants"))
            .request(json!({}))
            .answers(200, json!({"tokens": [examples::token(), examples::new_made_token()]})),
        Operation::new("post", "/v1/tokens/{id}/derive", "Make a token that may do less", post(tokens::derive))
            .needs(TokensWrite)
            .request(examples::derivation())
            .request(json!({}))
            .answers(201, examples::issued())
            .or(examples::new_made_issued()),
        Operation::new("post", "/v1/tokens/{id}/reveal", "The text of a revealable token", post(tokens::reveal))
            .needs(TokensReveal)
            .request(json!({"actor": examples::actor()}))
            .request(json!({}))
            .answers(200, json!({"plaintext": "sk_live_..."})),
        Operation::new("post", "/v1/token-groups", "Issue tokens that belong together", post(tokens::issue_group))
            .needs(TokensWrite)
            .request(
                json!({"tokens": [examples::new_token(), examples::least_new_token()], "actor": examples::actor()}),
            )
            .request(json!({"tokens": []}))
            .answers(201, json!({"group": "grp_8hT4kQ2mZ9wXc5vB7nY3dF", "tokens": [examples::issued(), examples::new_made_issued()]})),
        Operation::new("get", "/v1/token-groups/{id}", "The tokens of a group", get(tokens::show_group))
            .needs(TokensRead)
            .answers(200, json!({"tokens": [examples::token(), examples::new_made_token()]})),
        Operation::new("post", "/v1/token-groups/{id}/revoke", "Take a group back", post(tokens::revoke_group))
            .needs(TokensWrite)
            .request(examples::revocation("partial"))
            .request(json!({}))
            .answers(200, json!({"tokens": [examples::token(), examples::new_made_token()]})),
    ]
}

async fn description() -> Json<Value> {
    Json(openapi::description(&operations()))
}

/// All routes over what they share.
pub(crate) fn router(app: App) -> Router {
    let routes = operations()
        .into_iter()
        .fold(Router::new(), |router, operation| router.route(operation.path, operation.handler));
    let compressed = SizeAbove::new(1024).and(NotForContentType::const_new("text/event-stream"));
    routes
        .fallback(async || Problem::not_found("there is no such path; /openapi.json lists all"))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), metrics::observe))
        .layer(CompressionLayer::new().compress_when(compressed))
        .with_state(app)
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        "this path has other methods; the header Allow names them",
    )
}

#[allow(clippy::needless_pass_by_value)] // The signature that the layer asks for.
fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let cause = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Problem::internal(&format_args!("panic: {}", cause.unwrap_or("of an unknown kind"))).into_response()
}
