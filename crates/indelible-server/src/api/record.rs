//! Events in: one object, a list, or NDJSON.

mod parse;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use indelible::{Durability, Receipt, Recording, Submission};
use indelible_proof::tree::Hash;
use serde::Serialize;
use serde_json::json;

use self::parse::{Batch, Form, Rejected};
use super::{
    App,
    app::{Proofs, Writer},
    blocking::blocking,
    body,
    params::{Params, parameters, words},
    problem::Problem,
};
use crate::limits;

parameters! {
    /// How to record.
    RecordParams {
        /// What the answer survives: `durable` (loss of power, the default), `written` (death of the process) or
        /// `queued` (nothing yet; answered with 202 and without receipts).
        durability: Level, "durable";
        /// For NDJSON: `skip` stores the good lines and lists the bad ones; `refuse`, the default, stores all or none.
        on_error: OnError, "skip";
        /// With `durability=durable` and at most 1000 events: each receipt has the hashes that lead from the event's leaf to
        /// the root in `checkpoint`.
        proof: bool, "true";
    }
}

words!(Level { Durable = "durable", Written = "written", Queued = "queued" });
words!(OnError { Refuse = "refuse", Skip = "skip" });

#[derive(Serialize)]
struct Answer {
    /// In the order of the events; null for one that a hook suppressed.
    receipts: Vec<Option<ReceiptView>>,
    /// With `proof=true`: events in the tree that the proofs are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// With `proof=true`: the signed note.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
    /// With `on_error=skip`: how many lines were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_count: Option<usize>,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
}

#[derive(Serialize)]
struct ReceiptView {
    id: indelible::EventId,
    seq: u64,
    leaf_hash: String,
    duplicate: bool,
    /// From the leaf's sibling upwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<String>>,
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        let Receipt { id, seq, leaf, duplicate } = *receipt;
        Self { id, seq, leaf_hash: leaf.to_string(), duplicate, proof: None }
    }
}

/// Records what the body holds.
pub(super) async fn record(
    writer: Writer,
    Params(params): Params<RecordParams>,
    State(app): State<App>,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let form = form(&headers)?;
    let skip = params.on_error.unwrap_or_default() == OnError::Skip;
    if skip && form != Form::Lines {
        return Err(Problem::parameter("on_error", "skip is for application/x-ndjson, whose lines have numbers"));
    }
    let durability = match params.durability.unwrap_or_default() {
        Level::Durable => Durability::Durable,
        Level::Written => Durability::Written,
        Level::Queued => Durability::Queued,
    };
    let prover = (params.proof == Some(true)).then(|| writer.clone());
    if prover.is_some() && durability != Durability::Durable {
        return Err(Problem::parameter(
            "proof",
            "needs durability=durable: only what is durable is under a checkpoint",
        ));
    }
    let events_max = if prover.is_some() { limits::REQUEST_PROOFS_MAX } else { limits::REQUEST_EVENTS_MAX };
    let intake = Intake { writer, form, skip, durability, idempotency_key: idempotency_key(&headers)?, events_max };
    let large = match small(&headers) {
        true => None,
        false => Some(app.large_body().await?),
    };
    let bytes = body::read(&headers, body, app.body_bytes_max(), app.request_timeout()).await?;
    let accepted = if bytes.len() <= limits::INLINE_BODY_BYTES {
        intake.accept(&bytes)?
    } else {
        blocking(move || intake.accept(&bytes)).await??
    };
    drop(large);
    accepted.answer(skip, prover).await
}

/// What is known of a request before its body.
struct Intake {
    writer: Writer,
    form: Form,
    skip: bool,
    durability: Durability,
    idempotency_key: Option<String>,
    events_max: usize,
}

/// Events on their way to the log, and lines that are not.
struct Accepted {
    submission: Submission,
    rejected: Vec<Rejected>,
}

impl Intake {
    /// Parses the events and hands them to the log; nothing is stored when one is wrong.
    fn accept(&self, bytes: &Bytes) -> Result<Accepted, Problem> {
        let form = self.form.of(bytes);
        let mut batch = parse::batch(bytes, form, &self.writer, self.skip)?;
        if batch.events.len() > self.events_max {
            let detail = format!("more than {} events with proof=true; nothing was stored", self.events_max);
            return Err(Problem::too_large(detail));
        }
        self.set_idempotency_key(form, &mut batch)?;
        if self.skip {
            let (submission, refusals) = self.writer.submit_valid(batch.events, self.durability)?;
            batch.rejected.extend(refusals.into_iter().map(|refusal| Rejected {
                line: batch.lines.get(refusal.index).copied().unwrap_or_default(),
                field: refusal.error.field,
                detail: refusal.error.problem,
            }));
            batch.rejected.sort_by_key(|rejected| rejected.line);
            return Ok(Accepted { submission, rejected: batch.rejected });
        }
        let submission = self
            .writer
            .submit(batch.events, self.durability)
            .map_err(|problem| located(problem, form, &batch.lines))?;
        Ok(Accepted { submission, rejected: Vec::new() })
    }

    fn set_idempotency_key(&self, form: Form, batch: &mut Batch) -> Result<(), Problem> {
        let Some(key) = &self.idempotency_key else { return Ok(()) };
        let ([event], Form::One) = (&mut *batch.events, form) else {
            return Err(Problem::parameter(
                "idempotency-key",
                "the header is for a single event: give each event of a batch its own `idempotency_key`",
            ));
        };
        match event.idempotency_key() {
            Some(own) if own != key => {
                Err(Problem::parameter("idempotency-key", "the header and the event's `idempotency_key` differ"))
            }
            _ => {
                event.set_idempotency_key(key.clone());
                Ok(())
            }
        }
    }
}

impl Accepted {
    async fn answer(self, skip: bool, prover: Option<Writer>) -> Result<Response, Problem> {
        let recordings = self.submission.await?;
        if recordings.contains(&Recording::Queued) {
            return Ok((StatusCode::ACCEPTED, Json(json!({"queued": recordings.len()}))).into_response());
        }
        let mut receipts: Vec<Option<ReceiptView>> =
            recordings.iter().map(|recording| recording.receipt().map(ReceiptView::from)).collect();
        let (size, checkpoint) = match prover {
            Some(prover) => prove(&prover, &mut receipts).await.unzip(),
            None => (None, None),
        };
        let created = receipts.iter().flatten().any(|receipt| !receipt.duplicate);
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let rejected_count = skip.then_some(self.rejected.len());
        let mut rejected = self.rejected;
        rejected.truncate(limits::REJECTED_LISTED_MAX);
        Ok((status, Json(Answer { receipts, size, checkpoint, rejected_count, rejected })).into_response())
    }
}

/// Adds proofs to receipts; gives the size of the tree, and its checkpoint. Where that fails the receipts stay as they
/// are: the events are stored, and whoever recorded them must learn that.
async fn prove(prover: &Writer, receipts: &mut [Option<ReceiptView>]) -> Option<(u64, String)> {
    let seqs = receipts.iter().flatten().map(|receipt| receipt.seq).collect();
    match prover.prove(seqs).await {
        Ok(Proofs { checkpoint, size, hashes }) => {
            for (receipt, hashes) in receipts.iter_mut().flatten().zip(hashes) {
                receipt.proof = Some(hashes.iter().map(Hash::to_string).collect());
            }
            Some((size, checkpoint.to_string()))
        }
        Err(problem) => {
            tracing::warn!(problem = problem.into_detail(), "receipts were given without their proofs");
            None
        }
    }
}

/// A refused event is known by its line, by its index in the list, or by being the only one.
fn located(mut problem: Problem, form: Form, lines: &[usize]) -> Problem {
    match (form, problem.take_index()) {
        (Form::Lines, Some(index)) => match lines.get(index) {
            Some(&line) => problem.line(line),
            None => problem,
        },
        (Form::List, Some(index)) => problem.index(index),
        _ => problem,
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = media_type.map(|media_type| media_type.split(';').next().unwrap_or_default().trim());
    match essence.map(str::to_ascii_lowercase).as_deref() {
        None | Some("application/json") => Ok(Form::One),
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl") => Ok(Form::Lines),
        Some(_) => {
            let detail = "send application/json (one event or a list) or application/x-ndjson (one event a line)";
            Err(Problem::unsupported(detail).field("content-type"))
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() => Ok(Some(key.to_owned())),
        _ => Err(Problem::parameter("idempotency-key", "write 1 to 128 visible ASCII characters")),
    }
}

/// Whether the body is sure to be small: such bodies never wait for a turn.
pub(super) fn small(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|bytes| bytes <= limits::INLINE_BODY_BYTES) && !headers.contains_key(header::CONTENT_ENCODING)
}
