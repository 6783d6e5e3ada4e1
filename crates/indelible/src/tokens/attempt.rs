//! What somebody presents, and what is asked of it.

use std::sync::Arc;

use indelible_proof::Context;

use super::{
    abilities::Abilities,
    model::{Entity, Token},
    refusal::Refusal,
};

/// An attempt to use a token.
///
/// ```
/// use indelible::{Context, tokens::{Attempt, Requirement}};
///
/// let needs = Requirement::default().all(["orders:read"]);
/// let context = Context { ip: "203.0.113.9".parse().ok(), ..Context::default() };
/// let attempt = Attempt::new("sk_live_...").from(context).needs(&needs);
/// # let _ = attempt;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Attempt<'a> {
    pub(super) text: &'a str,
    pub(super) context: Context,
    pub(super) origin: Option<&'a str>,
    pub(super) referer: Option<&'a str>,
    pub(super) boundary: Option<&'a Entity>,
    pub(super) needs: Requirement,
    pub(super) request_id: Option<String>,
    pub(super) trace: Option<(String, String)>,
}

impl<'a> Attempt<'a> {
    /// With the text that was presented.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            context: Context::default(),
            origin: None,
            referer: None,
            boundary: None,
            needs: Requirement::default(),
            request_id: None,
            trace: None,
        }
    }

    /// From here: without an address, a token that is confined to some is refused.
    pub fn from(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// With the header `Origin`, which browsers send.
    pub const fn origin(mut self, origin: Option<&'a str>) -> Self {
        self.origin = origin;
        self
    }

    /// With the header `Referer`.
    pub const fn referer(mut self, referer: Option<&'a str>) -> Self {
        self.referer = referer;
        self
    }

    /// For something that belongs to this. Only tokens of this boundary are accepted then; and a token that has one is
    /// accepted nowhere else.
    pub const fn boundary(mut self, boundary: Option<&'a Entity>) -> Self {
        self.boundary = boundary;
        self
    }

    /// For something that needs this.
    pub fn needs(mut self, needs: &Requirement) -> Self {
        self.needs = needs.clone();
        self
    }

    /// In this request.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// In this trace and span.
    pub fn trace(mut self, trace_id: impl Into<String>, span_id: impl Into<String>) -> Self {
        self.trace = Some((trace_id.into(), span_id.into()));
        self
    }
}

/// Without the text.
impl std::fmt::Debug for Attempt<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Attempt").field("context", &self.context).field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// What a token must have and be. Default: anything will do. Clones share their contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Requirement(Arc<Needs>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Needs {
    all: Vec<String>,
    any: Vec<String>,
    kinds: Vec<String>,
    environments: Vec<String>,
}

impl Requirement {
    /// Every one of these abilities.
    pub fn all(mut self, abilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.0).all.extend(abilities.into_iter().map(Into::into));
        self
    }

    /// At least one of these abilities.
    pub fn any(mut self, abilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.0).any.extend(abilities.into_iter().map(Into::into));
        self
    }

    /// One of these types.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.0).kinds.extend(kinds.into_iter().map(Into::into));
        self
    }

    /// One of these environments.
    pub fn environments(mut self, environments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.0).environments.extend(environments.into_iter().map(Into::into));
        self
    }

    /// Speaks of another's abilities too.
    pub(super) fn mention(&mut self, other: &Self) {
        let is_new = |one: &&String| self.abilities().all(|known| known != *one);
        let new: Vec<String> = other.abilities().filter(is_new).cloned().collect();
        Arc::make_mut(&mut self.0).all.extend(new);
    }

    /// Whether a token is of a type and an environment that will do.
    pub(super) fn admit(&self, token: &Token) -> Result<(), Refusal> {
        let admits = |all: &[String], one: &String| all.is_empty() || all.contains(one);
        if !admits(&self.0.kinds, &token.kind) {
            return Err(Refusal::Kind(token.kind.clone()));
        }
        if !admits(&self.0.environments, &token.environment) {
            return Err(Refusal::Environment(token.environment.clone()));
        }
        Ok(())
    }

    /// Whether abilities are enough. Missing is the first of those that must all be there, or all of which one is enough.
    pub(super) fn covered_by(&self, held: &Abilities) -> Result<(), Refusal> {
        if let Some(missing) = self.0.all.iter().find(|one| !held.allow(one)) {
            return Err(Refusal::Scope(vec![missing.clone()]));
        }
        let is_any = self.0.any.is_empty() || self.0.any.iter().any(|one| held.allow(one));
        if is_any { Ok(()) } else { Err(Refusal::Scope(self.0.any.clone())) }
    }

    /// All abilities that it speaks of.
    pub(super) fn abilities(&self) -> impl Iterator<Item = &String> {
        self.0.all.iter().chain(&self.0.any)
    }
}
