//! Checking a token that somebody presents.

use std::sync::Arc;

use indelible_proof::{Http, Object, Timestamp};
use subtle::ConstantTimeEq as _;

use super::{
    Service, Tokens,
    attempt::Attempt,
    attempted::{Attempted, Looks},
    format::{FormatError, Parsed},
    model::{Standing, Token},
    ready::{Accepted, Ready},
    refusal::Refusal,
};

/// A token that was checked, and the event of it that is not written yet.
///
/// It is written by [`finish`](Self::finish), when the request is answered and more is known of it, or when this is
/// dropped; in no case twice.
#[must_use = "look at the verdict"]
pub struct Check {
    service: Arc<Service>,
    /// `None` once it is written.
    attempted: Option<Box<Attempted>>,
    verdict: Result<Accepted, Refusal>,
}

impl Check {
    /// The token, or why it is not accepted.
    pub fn verdict(&self) -> Result<&Token, &Refusal> {
        self.verdict.as_ref().map(|accepted| &**accepted)
    }

    /// Writes the event, with what came of the request: its status, how long it took, and free data.
    pub fn finish(mut self, http: Option<Http>, metadata: Object) -> Result<Accepted, Refusal> {
        if let Some(mut attempted) = self.attempted.take() {
            attempted.http = http;
            attempted.metadata = metadata;
            self.service.log(attempted);
        }
        // What is left in its place is dropped without a look.
        std::mem::replace(&mut self.verdict, Err(Refusal::Unknown))
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if let Some(attempted) = self.attempted.take() {
            self.service.log(attempted);
        }
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Check").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Checks a token and lets the caller say what came of the request before the event is written.
    ///
    /// Blocks for a look at the database when the token was not used lately, and for nothing else: the event is made
    /// and written in the background.
    pub fn check(&self, attempt: Attempt<'_>) -> Check {
        let now = self.service.now();
        let parsed = Parsed::of(attempt.text);
        let (ready, verdict) = self.judge(&attempt, parsed, now);
        let refusal = verdict.as_ref().err().cloned();
        let looks = if ready.is_none() { Some(self.looks(attempt.text, parsed.ok())) } else { None };
        let Attempt { context, needs, request_id, trace, .. } = attempt;
        let attempted = Box::new(Attempted {
            scope: Arc::clone(&self.scope),
            at: now,
            ready: ready.clone(),
            looks,
            refusal,
            context,
            needs,
            request_id,
            trace,
            http: None,
            metadata: Object::new(),
        });
        let verdict = match (verdict, ready) {
            (Ok(()), Some(ready)) => Ok(Accepted(ready)),
            (Err(refusal), _) => Err(refusal),
            (Ok(()), None) => Err(Refusal::Unknown),
        };
        Check { service: Arc::clone(&self.service), attempted: Some(attempted), verdict }
    }

    /// Checks a token and writes the event.
    pub fn verify(&self, attempt: Attempt<'_>) -> Result<Accepted, Refusal> {
        self.check(attempt).finish(None, Object::new())
    }

    /// The token that was presented, if there is one, and whether it is accepted.
    fn judge(
        &self,
        attempt: &Attempt<'_>,
        parsed: Result<Parsed<'_>, FormatError>,
        now: Timestamp,
    ) -> (Option<Arc<Ready>>, Result<(), Refusal>) {
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(FormatError::Malformed) => return (None, Err(Refusal::Malformed)),
            Err(FormatError::Checksum) => return (None, Err(Refusal::Checksum)),
        };
        let hash = parsed.hash();
        let is_it = |ready: &Arc<Ready>| {
            // Whoever puts an id before the text must know it.
            let id = parsed.id.is_none_or(|id| ready.token.imported_id.as_deref() == Some(id));
            id && bool::from(ready.token.hash.ct_eq(&hash))
        };
        let ready = match self.ready(attempt.text, hash, now) {
            Ok(found) => found.filter(is_it),
            Err(_) => return (None, Err(Refusal::Unavailable)),
        };
        let Some(ready) = ready else { return (None, Err(Refusal::Unknown)) };
        let verdict = self.accept(attempt, &ready, now);
        (Some(ready), verdict)
    }

    /// Whether a token that is known is accepted.
    fn accept(&self, attempt: &Attempt<'_>, ready: &Arc<Ready>, now: Timestamp) -> Result<(), Refusal> {
        let (token, needs) = (&ready.token, &attempt.needs);
        match ready.ends.standing(now) {
            Standing::Active => {}
            Standing::Revoked => return Err(Refusal::Revoked),
            Standing::Expired => return Err(Refusal::Expired),
        }
        if !needs.admits_kind(&token.kind) {
            return Err(Refusal::Kind(token.kind.clone()));
        }
        if !needs.admits_environment(&token.environment) {
            return Err(Refusal::Environment(token.environment.clone()));
        }
        if token.boundary.as_ref() != attempt.boundary {
            return Err(Refusal::Boundary);
        }
        if ready.is_for_servers && attempt.origin.is_some() {
            return Err(Refusal::Browser);
        }
        if !token.allowed_ips.admit(attempt.context.ip) {
            return Err(Refusal::Ip);
        }
        token.allowed_domains.admit(attempt.origin, attempt.referer).map_err(|_| Refusal::Domain)?;
        if let Some(rate) = ready.rate {
            self.service.limiter.take(&token.id, rate, now)?;
        }
        let missing = needs.missing(|ability| token.abilities.allow(ability));
        if !missing.is_empty() {
            return Err(Refusal::Scope(missing.to_vec()));
        }
        self.service.note_use(ready, now);
        Ok(())
    }

    /// What can be told of a token that nobody knows: nothing by which it could be used.
    fn looks(&self, text: &str, parsed: Option<Parsed<'_>>) -> Looks {
        let fingerprint = crate::redaction::hash(&self.service.settings.fingerprint_key, text);
        let words = parsed.map(|parsed| (parsed.prefix.to_owned(), parsed.environment.to_owned()));
        Looks { fingerprint, words }
    }
}
