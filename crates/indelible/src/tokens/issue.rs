//! Issuing tokens.

use std::{num::NonZeroU32, time::Duration};

use indelible_proof::{Event, Object, Timestamp};
use serde_json::Value;

use super::{
    Tokens,
    abilities::Abilities,
    allow::{AllowedDomains, AllowedIps},
    change::later,
    error::TokenError,
    events,
    format::Plaintext,
    model::{Entity, Token, random_id},
    state::Change,
};
use crate::limits::GROUP_TOKENS_MAX;

/// A token to be issued: its type gives what is not said here.
///
/// ```
/// use indelible::tokens::{Abilities, AllowedIps, Entity, Issue};
///
/// let issue = Issue::new("sk", "ci key", Entity::user("42"))
///     .environment("live")
///     .abilities(Abilities::new(["orders:*"])?)
///     .allowed_ips(AllowedIps::new(["203.0.113.0/24"])?);
/// # let _ = issue;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Issue {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) owner: Entity,
    pub(super) environment: Option<String>,
    pub(super) context: Option<Entity>,
    pub(super) boundary: Option<Entity>,
    pub(super) abilities: Option<Abilities>,
    pub(super) metadata: Object,
    pub(super) allowed_ips: AllowedIps,
    pub(super) allowed_domains: AllowedDomains,
    pub(super) rate_limit: Option<NonZeroU32>,
    pub(super) expiry: Expiry,
}

/// When something expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Expiry {
    /// When what it comes from says.
    #[default]
    Inherited,
    Never,
    At(Timestamp),
    After(Duration),
}

/// A token that was issued, and its text: the only time that it is shown.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// Its text, for its user.
    pub plaintext: Plaintext,
}

impl Issue {
    /// A token of a type, with a name for people, for an owner.
    pub fn new(kind: impl Into<String>, name: impl Into<String>, owner: Entity) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            owner,
            environment: None,
            context: None,
            boundary: None,
            abilities: None,
            metadata: Object::new(),
            allowed_ips: AllowedIps::default(),
            allowed_domains: AllowedDomains::default(),
            rate_limit: None,
            expiry: Expiry::Inherited,
        }
    }

    /// Sets the environment. Default: that of [`Builder::environment`](super::Builder::environment).
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Sets what it is made for.
    pub fn context(mut self, context: Entity) -> Self {
        self.context = Some(context);
        self
    }

    /// Confines it: checks that do not name this boundary fail.
    pub fn boundary(mut self, boundary: Entity) -> Self {
        self.boundary = Some(boundary);
        self
    }

    /// Sets what it may do. Default: what its type may.
    pub fn abilities(mut self, abilities: Abilities) -> Self {
        self.abilities = Some(abilities);
        self
    }

    /// Adds free data.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets the addresses and networks that it may be used from. Default: anywhere.
    pub fn allowed_ips(mut self, ips: AllowedIps) -> Self {
        self.allowed_ips = ips;
        self
    }

    /// Sets the domains that it may be used from. Default: anywhere.
    pub fn allowed_domains(mut self, domains: AllowedDomains) -> Self {
        self.allowed_domains = domains;
        self
    }

    /// Sets how often a minute it may be used. Default: what its type, or its environment, allows.
    pub const fn rate_limit(mut self, per_minute: NonZeroU32) -> Self {
        self.rate_limit = Some(per_minute);
        self
    }

    /// Lets it expire at a moment. Default: when its type says.
    pub const fn expires_at(mut self, at: Timestamp) -> Self {
        self.expiry = Expiry::At(at);
        self
    }

    /// Lets it expire after a time.
    pub const fn expires_in(mut self, time: Duration) -> Self {
        self.expiry = Expiry::After(time);
        self
    }

    /// Lets it live until it is revoked, whatever its type says.
    pub const fn never_expires(mut self) -> Self {
        self.expiry = Expiry::Never;
        self
    }
}

impl Expiry {
    /// When something expires that begins now.
    pub(super) fn resolve(self, now: Timestamp, inherited: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Inherited => inherited,
            Self::Never => None,
            Self::At(at) => Some(at),
            Self::After(time) => Some(later(now, time)),
        }
    }
}

impl Tokens {
    /// Issues a token. The log gets `token.created`.
    pub fn issue(&self, issue: &Issue) -> Result<Issued, TokenError> {
        self.change(|now| {
            let issued = self.mint(self.draft(issue, None, now)?)?;
            let (tokens, events) = (vec![issued.token.clone()], vec![self.created(&issued.token)]);
            Ok((Change { tokens, events, ..Change::default() }, issued))
        })
    }

    /// Issues tokens that belong together, all or none: each finds the others by their group, and one revocation can
    /// take them all back. At most 32, of one owner.
    ///
    /// The log gets one `token.group_created`, and `token.created` for each.
    pub fn issue_group(&self, issues: &[Issue]) -> Result<Vec<Issued>, TokenError> {
        let invalid = |problem: &str| TokenError::Invalid { field: "tokens", problem: problem.to_owned() };
        let Some(first) = issues.first() else { return Err(invalid("there are none: give at least one")) };
        if issues.len() > GROUP_TOKENS_MAX {
            return Err(invalid("there are more than 32: issue several groups"));
        }
        if issues.iter().any(|issue| issue.owner != first.owner) {
            return Err(invalid("they have several owners: issue one group for each"));
        }
        self.change(|now| {
            let group = random_id("grp_")?;
            let member = |(index, issue)| {
                let drafted = self.draft(issue, Some(&group), now);
                self.mint(drafted.map_err(|error| TokenError::Member { index, error: Box::new(error) })?)
            };
            let issued: Vec<Issued> = issues.iter().enumerate().map(member).collect::<Result<_, _>>()?;
            let mut change = Change::default();
            change.events.push(self.group_created(&group, &issued, now));
            for Issued { token, .. } in &issued {
                change.events.push(self.created(token));
                change.tokens.push(token.clone());
            }
            Ok((change, issued))
        })
    }

    /// A token as it is to be, without id and text.
    pub(super) fn draft(&self, issue: &Issue, group: Option<&str>, now: Timestamp) -> Result<Token, TokenError> {
        let kind = self.kind(&issue.kind)?;
        let environment = issue.environment.as_ref().unwrap_or(&self.service.settings.environment);
        if !kind.is_for(environment) {
            return Err(TokenError::EnvironmentNotAllowed {
                kind: issue.kind.clone(),
                environment: environment.clone(),
                allowed: kind.environments.join(", "),
            });
        }
        Ok(Token {
            id: String::new(),
            tenant: self.scope.tenant.clone(),
            kind: issue.kind.clone(),
            environment: environment.clone(),
            prefix: kind.prefix.clone(),
            last_four: String::new(),
            hash: [0; 32],
            sealed: None,
            owner: issue.owner.clone(),
            context: issue.context.clone(),
            boundary: issue.boundary.clone(),
            name: issue.name.clone(),
            abilities: issue.abilities.clone().unwrap_or_else(|| kind.abilities.clone()),
            metadata: issue.metadata.clone(),
            allowed_ips: issue.allowed_ips.clone(),
            allowed_domains: issue.allowed_domains.clone(),
            rate_limit: issue.rate_limit,
            group: group.map(str::to_owned),
            parent: None,
            depth: 0,
            created_at: now,
            expires_at: issue.expiry.resolve(now, kind.expires_at(now)),
            revoked_at: None,
            is_revoked: false,
            revocation_reason: None,
            last_used_at: None,
            rotated_from: None,
            rotated_to: None,
            imported_id: None,
            revision: 1,
        })
    }

    /// Gives a token an id and a text of its own, as new.
    pub(super) fn mint(&self, mut token: Token) -> Result<Issued, TokenError> {
        token.check()?;
        let plaintext = Plaintext::generate(&token.prefix, &token.environment)?;
        token.id = random_id("tok_")?;
        token.hash = plaintext.hash();
        token.last_four = plaintext.last_four().to_owned();
        token.sealed = self.seal(&token, &plaintext)?;
        Ok(Issued { token, plaintext })
    }

    /// What the log is told of a token that is new.
    pub(super) fn created(&self, token: &Token) -> Event {
        events::lifecycle(&self.scope, "token.created", token, token.created_at)
            .changes(Object::new(), events::granted(token))
    }

    fn group_created(&self, group: &str, issued: &[Issued], now: Timestamp) -> Event {
        let mut event = Event::new("token.group_created").tenant(&self.scope.tenant).occurred_at(now);
        event.targets.push(events::group(group));
        event.targets.extend(issued.iter().map(|issued| events::target(&issued.token)));
        event.targets.extend(issued.first().map(|issued| events::owner(&issued.token)));
        events::by(&self.scope, event)
    }
}
