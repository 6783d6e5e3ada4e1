//! Whether a token that somebody presented is good for something.

use indelible::{
    Context, Event, EventError, Http, Object,
    tokens::{Attempt, Entity, Refusal, Requirement, Tokens},
};
use indelible_proof::{
    limits::{SCOPE_BYTES_MAX, SCOPES_MAX},
    strict,
};
use serde::{Deserialize, Serialize};

use super::TokenView;

/// A token that somebody presented, what it has to be good for, and what the log shall know of the request: named as an
/// event names it. It cannot be printed by accident.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verification {
    pub(crate) token: String,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) needs: Option<Needs>,
    /// What the request is about; a token that is confined is good for its own boundary alone.
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) boundary: Option<Entity>,
    pub(crate) origin: Option<String>,
    pub(crate) referer: Option<String>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) context: Option<Context>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) http: Option<Http>,
    pub(crate) metadata: Option<Object>,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) span_id: Option<String>,
}

/// What a token must be and have. Default: anything will do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Needs {
    /// Every one of these abilities.
    pub(crate) all: Option<Vec<String>>,
    /// One of these abilities.
    pub(crate) any: Option<Vec<String>>,
    pub(crate) types: Option<Vec<String>>,
    pub(crate) environments: Option<Vec<String>>,
}

/// What is known of a token that was presented.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) valid: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenView>,
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
}

/// Why a token is not good.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// As the log says it.
    pub(crate) action: String,
    /// As the log says it.
    pub(crate) reason: String,
    /// What to tell whoever presented it.
    pub(crate) message: String,
    /// The HTTP status to answer them with: 401, 403 or 429.
    pub(crate) status: u16,
    /// The `Retry-After` to answer them with, where waiting helps.
    pub(crate) retry_after_s: Option<u32>,
}

/// Whether it is good is unknown: the database failed.
#[derive(Debug)]
pub(crate) struct Unknown;

impl Verification {
    /// Whether the log can hold what it is told.
    pub(crate) fn check(&self) -> Result<(), EventError> {
        if let Some(needs) = &self.needs {
            needs.check()?;
        }
        let told = Event {
            context: self.context.clone(),
            http: self.http.clone(),
            metadata: self.metadata.clone().unwrap_or_default(),
            request_id: self.request_id.clone(),
            trace_id: self.trace_id.clone(),
            span_id: self.span_id.clone(),
            ..Event::new("token.authenticated")
        };
        told.validate()
    }

    /// Checks the token and has the log told, in the background. Blocks as [`Tokens::check`] does.
    pub(crate) fn verify(self, tokens: &Tokens) -> Result<Verdict, Unknown> {
        let mut attempt = Attempt::new(&self.token)
            .from(self.context.unwrap_or_default())
            .origin(self.origin.as_deref())
            .referer(self.referer.as_deref())
            .boundary(self.boundary.as_ref())
            .needs(&self.needs.map(Needs::requirement).unwrap_or_default());
        if let Some(id) = self.request_id {
            attempt = attempt.request_id(id);
        }
        if let (Some(trace), Some(span)) = (self.trace_id, self.span_id) {
            attempt = attempt.trace(trace, span);
        }
        match tokens.check(attempt).finish(self.http, self.metadata.unwrap_or_default()) {
            Ok(token) => Ok(Verdict { valid: true, token: Some((*token).clone().into()), refused: None }),
            Err(Refusal::Unavailable) => Err(Unknown),
            Err(refusal) => Ok(Verdict { valid: false, token: None, refused: Some(refusal.into()) }),
        }
    }
}

impl Needs {
    fn check(&self) -> Result<(), EventError> {
        let lists = [
            ("needs.all", &self.all),
            ("needs.any", &self.any),
            ("needs.types", &self.types),
            ("needs.environments", &self.environments),
        ];
        let is_short = |word: &String| (1..=SCOPE_BYTES_MAX).contains(&word.len());
        let is_sound = |list: &Vec<String>| list.len() <= SCOPES_MAX && list.iter().all(is_short);
        match lists.into_iter().find(|(_, list)| !list.as_ref().is_none_or(is_sound)) {
            Some((field, _)) => {
                Err(EventError::new(field, "has more than 256 entries, or one of none or over 256 bytes"))
            }
            None => Ok(()),
        }
    }

    fn requirement(self) -> Requirement {
        let list = Option::unwrap_or_default;
        Requirement::default()
            .all(list(self.all))
            .any(list(self.any))
            .kinds(list(self.types))
            .environments(list(self.environments))
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            action: refusal.action().to_owned(),
            reason: refusal.reason().to_owned(),
            message: refusal.to_string(),
            status: refusal.status(),
            retry_after_s: refusal.retry_after_s(),
        }
    }
}
