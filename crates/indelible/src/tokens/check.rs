//! Checking a token that somebody presents.

use std::sync::Arc;

use indelible_proof::{Http, Object, Timestamp};
use subtle::ConstantTimeEq as _;

use super::{
    Service, Tokens,
    attempt::{Attempt, Requirement},
    attempted::{Attempted, Looks},
    format::Parsed,
    model::{Entity, Token},
    ready::{Accepted, Ready},
    refusal::Refusal,
    standing::Standing,
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

    #[cfg(feature = "tower")]
    pub(super) fn accepted(&self) -> Result<Accepted, Refusal> {
        self.verdict.clone()
    }

    /// Whether it was made by the same service for the same tenant.
    #[cfg(feature = "tower")]
    pub(super) fn is_by(&self, tokens: &Tokens) -> bool {
        let is_of_tenant = |attempted: &Attempted| attempted.scope.tenant == tokens.scope.tenant;
        Arc::ptr_eq(&self.service, &tokens.service) && self.attempted.as_deref().is_some_and(is_of_tenant)
    }

    /// Asks more of the token: what one route needs beyond all others, say. The event tells of the last word.
    pub fn require(&mut self, needs: &Requirement) -> Result<&Token, &Refusal> {
        if let Some(attempted) = &mut self.attempted {
            attempted.needs.mention(needs);
        }
        self.hold_to(|token| needs.admit(token).and_then(|()| needs.covered_by(&token.abilities)))
    }

    /// Asks that the token be for something that belongs to this, as [`Attempt::boundary`] does.
    pub fn confine(&mut self, boundary: Option<&Entity>) -> Result<&Token, &Refusal> {
        self.hold_to(|token| is_within(token, boundary))
    }

    fn hold_to(&mut self, test: impl FnOnce(&Token) -> Result<(), Refusal>) -> Result<&Token, &Refusal> {
        if let Ok(accepted) = &self.verdict
            && let Err(refusal) = test(accepted)
        {
            if let Some(attempted) = &mut self.attempted {
                attempted.refusal = Some(refusal.clone());
            }
            self.verdict = Err(refusal);
        }
        self.verdict()
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

/// A token that was looked for.
pub(super) type Found = Result<Arc<Ready>, Refusal>;

impl Tokens {
    /// Checks a token and lets the caller say what came of the request before the event is written.
    ///
    /// Blocks for a look at the database when the token was not used lately, and for nothing else: the event is made
    /// and written in the background.
    pub fn check(&self, attempt: Attempt<'_>) -> Check {
        let found = self.look_up(attempt.text);
        self.check_found(attempt, found)
    }

    /// Checks a token that was looked for.
    pub(super) fn check_found(&self, attempt: Attempt<'_>, found: Found) -> Check {
        let now = self.service.now();
        let (ready, verdict) = match found {
            Ok(ready) => {
                let verdict = self.accept(&attempt, &ready, now);
                (Some(ready), verdict)
            }
            Err(refusal) => (None, Err(refusal)),
        };
        let refusal = verdict.as_ref().err().cloned();
        let looks = if ready.is_none() { Some(self.looks(attempt.text)) } else { None };
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

    /// The token with a text. Blocks when the database must be asked.
    pub(super) fn look_up(&self, text: &str) -> Found {
        let parsed = Parsed::of(text)?;
        let hash = parsed.hash();
        let ready = self.ready(text, hash, self.service.now()).map_err(|_| Refusal::Unavailable)?;
        known(ready, &parsed, &hash)
    }

    /// Whether a check of this text, made now, would not have to look at the database: then it does not block.
    pub fn is_ready(&self, text: &str) -> bool {
        self.recall(text).is_some()
    }

    /// The token with a text, or that there is none; nothing when the database must be asked.
    pub(super) fn recall(&self, text: &str) -> Option<Found> {
        let parsed = match Parsed::of(text) {
            Ok(parsed) => parsed,
            Err(error) => return Some(Err(error.into())),
        };
        let hash = parsed.hash();
        let (ready, _) = self.cached(&hash, self.service.now());
        ready.map(|ready| known(Some(ready), &parsed, &hash))
    }

    /// Whether a token that is known is accepted.
    fn accept(&self, attempt: &Attempt<'_>, ready: &Arc<Ready>, now: Timestamp) -> Result<(), Refusal> {
        let (token, needs) = (&ready.token, &attempt.needs);
        match ready.ends.standing(now) {
            Standing::Active => {}
            Standing::Revoked => return Err(Refusal::Revoked),
            Standing::Expired => return Err(Refusal::Expired),
        }
        needs.admit(token)?;
        is_within(token, attempt.boundary)?;
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
        needs.covered_by(&token.abilities)?;
        self.service.note_use(ready, now);
        Ok(())
    }

    /// What can be told of a token that nobody knows: nothing by which it could be used.
    fn looks(&self, text: &str) -> Looks {
        let fingerprint = crate::redaction::hash(&self.service.settings.fingerprint_key, text);
        let words = Parsed::of(text).ok().map(|parsed| (parsed.prefix.to_owned(), parsed.environment.to_owned()));
        Looks { fingerprint, words }
    }
}

/// What was found, when it is what was presented.
fn known(ready: Option<Arc<Ready>>, parsed: &Parsed<'_>, hash: &[u8; 32]) -> Found {
    let is_it = |ready: &Arc<Ready>| {
        // Whoever puts an id before the text must know it.
        let id = parsed.id.is_none_or(|id| ready.token.imported_id.as_deref() == Some(id));
        id && bool::from(ready.token.hash.ct_eq(hash))
    };
    ready.filter(is_it).ok_or(Refusal::Unknown)
}

fn is_within(token: &Token, boundary: Option<&Entity>) -> Result<(), Refusal> {
    if token.boundary.as_ref() == boundary { Ok(()) } else { Err(Refusal::Boundary) }
}
