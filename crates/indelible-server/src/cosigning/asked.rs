//! One witness: what is asked of it, and what its answers mean.

use std::{
    io::Read,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indelible_engine::log::Log;
use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, Signature, VerifierKey},
    witness::{AddCheckpoint, monitoring_path, parse_conflict, take_answer},
};
use ureq::Agent;

use super::{
    Fork, newest_size,
    standing::{Cosigned, Standing},
};
use crate::limits::{COSIGNING_ANSWER_BYTES_MAX, COSIGNING_INTERVAL, COSIGNING_PAUSE_MAX, COSIGNING_TIMEOUT};

/// A witness, and what was last heard of it.
pub(super) struct Asked {
    agent: Agent,
    name: String,
    url: String,
    key: VerifierKey,
    /// Leaves of the checkpoint that it cosigned last, as far as is known.
    seen: u64,
    /// Text of the checkpoint that it cosigned last, since the start: each start asks anew, because a directory that was
    /// put back does not know it.
    cosigned: Option<String>,
    failures: u32,
    /// It failed: not to be asked before.
    not_before: Option<Instant>,
    standing: Arc<Mutex<Standing>>,
}

/// Why a witness did not cosign.
enum Trouble {
    Forked(Fork),
    /// Somebody else has shown it a newer checkpoint of ours: the next round will do.
    Overtaken,
    /// Anything that may pass.
    Failed(String),
}

impl Asked {
    pub(super) fn new(key: VerifierKey, standing: Arc<Mutex<Standing>>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(COSIGNING_TIMEOUT))
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .build();
        let Standing { name, url, last, .. } = lock(&standing).clone();
        Self {
            agent: config.into(),
            name,
            url,
            key,
            seen: last.map_or(0, |last| last.size),
            cosigned: None,
            failures: 0,
            not_before: None,
            standing,
        }
    }

    /// Whether it has not cosigned this checkpoint and is not to be left alone.
    pub(super) fn is_due(&self, newest: &Note, now: Instant) -> bool {
        self.cosigned.as_deref() != Some(newest.text()) && self.not_before.is_none_or(|at| at <= now)
    }

    /// Has a checkpoint cosigned. `None` when it did not work this time: that is logged, and asked again later.
    pub(super) fn cosign(&mut self, newest: &Note, log: &Log, now: Instant) -> Result<Option<Signature>, Fork> {
        match self.ask(newest, log) {
            Ok((cosignature, cosigned)) => {
                if self.failures > 0 {
                    tracing::info!(witness = self.name, "the witness cosigns again");
                }
                (self.failures, self.not_before) = (0, None);
                self.cosigned = Some(newest.text().to_owned());
                let mut standing = lock(&self.standing);
                (standing.last, standing.error) = (Some(cosigned), None);
                Ok(Some(cosignature))
            }
            Err(Trouble::Overtaken) => Ok(None),
            Err(Trouble::Forked(fork)) => {
                lock(&self.standing).error = Some(fork.cause().to_owned());
                Err(fork)
            }
            Err(Trouble::Failed(error)) => {
                let (witness, url) = (&self.name, &self.url);
                tracing::warn!(witness, url, error, "the witness did not cosign; it is asked again");
                lock(&self.standing).error = Some(error);
                self.back_off(now);
                Ok(None)
            }
        }
    }

    fn back_off(&mut self, now: Instant) {
        let pause = COSIGNING_INTERVAL.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.checked_add(Duration::min(pause, COSIGNING_PAUSE_MAX));
    }

    fn ask(&mut self, newest: &Note, log: &Log) -> Result<(Signature, Cosigned), Trouble> {
        let failed = |error: String| Trouble::Failed(error);
        let checkpoint: Checkpoint = newest.text().parse().map_err(|error| failed(format!("{error}")))?;
        let size = checkpoint.size();
        // After the first conflict it is known where the witness stands; a second comes of somebody else's checkpoint.
        for _ in 0..3 {
            let old = if self.seen <= size { self.seen } else { 0 };
            let proof = log.consistency(old, size).map_err(|error| failed(error.to_string()))?;
            let request = AddCheckpoint::new(old, proof, newest.clone()).map_err(|error| failed(error.to_string()))?;
            let (status, body) = self.send(&request).map_err(failed)?;
            match status {
                200 => {
                    let (cosignature, time_s) = self.verified(newest, &body).map_err(failed)?;
                    self.seen = size;
                    return Ok((cosignature, Cosigned::new(size, time_s)));
                }
                // By the text of the protocol before July 2026, where both trees have the same size.
                409 if old == size && parse_conflict(&body) == Some(old) => {
                    return Err(self.beside(&checkpoint, old, "it has another root of this size"));
                }
                409 => self.stands_at(&checkpoint, &body, log)?,
                422 => {
                    return Err(self.beside(&checkpoint, old, &said(&body)));
                }
                404 => {
                    let origin = checkpoint.origin();
                    return Err(failed(format!("it does not know the log {origin}, or is not at this address")));
                }
                403 => {
                    return Err(failed("it trusts another key for this log: give its operator the present one".into()));
                }
                status => return Err(failed(format!("it answered {status}: {}", said(&body)))),
            }
        }
        Err(failed("somebody else shows it checkpoints of this log faster than we do".into()))
    }

    /// Takes in where the witness says that it stands.
    fn stands_at(&mut self, sent: &Checkpoint, body: &[u8], log: &Log) -> Result<(), Trouble> {
        let seen = parse_conflict(body)
            .ok_or_else(|| Trouble::Failed(format!("it answered a conflict without a size: {}", said(body))))?;
        if seen < self.seen {
            let (witness, before) = (&self.name, self.seen);
            tracing::warn!(witness, seen, before, "the witness has forgotten what it cosigned: it may be of no worth");
        }
        self.seen = seen;
        if seen <= sent.size() {
            return Ok(());
        }
        // The log may have grown meanwhile, and somebody else have shown the witness how far.
        match newest_size(log) {
            Some(newest) if seen > newest => {
                let shown_at = self.shown_at(sent);
                Err(Trouble::Forked(Fork::behind_witness(&self.name, seen, newest, &shown_at)))
            }
            _ => Err(Trouble::Overtaken),
        }
    }

    fn beside(&self, sent: &Checkpoint, old: u64, said: &str) -> Trouble {
        Trouble::Forked(Fork::beside_witness(&self.name, old, said, &self.shown_at(sent)))
    }

    fn send(&self, request: &AddCheckpoint) -> Result<(u16, Vec<u8>), String> {
        let post = self.agent.post(format!("{}/add-checkpoint", self.url)).content_type("text/plain; charset=utf-8");
        let response = post.send(request.to_string()).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let reader = response.into_body().into_reader();
        reader.take(COSIGNING_ANSWER_BYTES_MAX).read_to_end(&mut body).map_err(|error| error.to_string())?;
        Ok((status, body))
    }

    /// The cosignature of an answer, verified, and its time in seconds since 1970.
    fn verified(&self, newest: &Note, answer: &[u8]) -> Result<(Signature, u64), String> {
        let mut cosigned = newest.clone();
        let time_s = take_answer(&mut cosigned, answer, &self.key).map_err(|error| error.to_string())?;
        let ours = cosigned.signatures().iter().rfind(|signature| signature.is_by(&self.key));
        let ours = ours.cloned().ok_or_else(|| "it answered without its signature".to_owned())?;
        Ok((ours, time_s))
    }

    /// Where the witness may show what it cosigned, if it has one address for all.
    fn shown_at(&self, checkpoint: &Checkpoint) -> String {
        format!("{}/{}", self.url, monitoring_path(checkpoint.origin()))
    }
}

/// What an answer says, as far as it can stand in a line of ours: the detail of a problem, or its text.
fn said(body: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 300;
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    let text = detail.map_or_else(|| String::from_utf8_lossy(body), Into::into);
    text.chars().take(CHARACTERS_MAX).map(|it| if it.is_control() { ' ' } else { it }).collect()
}

fn lock(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}
