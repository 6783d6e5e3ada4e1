//! Looking tokens up.

use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Tokens,
    error::TokenError,
    model::{Entity, Token},
    standing::Standing,
};
use crate::{
    limits::{CHANGED_TOKENS_MAX, FOUND_TOKENS_DEFAULT, FOUND_TOKENS_MAX},
    usage::TokenTotals,
};

/// Which tokens, in which order, and how many: all conditions must hold.
///
/// ```
/// use indelible::tokens::{Entity, Find, Standing};
///
/// let find = Find::default().owner(Entity::user("42")).kind("sk").standing(Standing::Active).limit(10);
/// # let _ = find;
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Find {
    pub(super) id: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) standing: Option<Standing>,
    pub(super) owner: Option<Entity>,
    pub(super) context: Option<Entity>,
    pub(super) boundary: Option<Entity>,
    pub(super) prefix: Option<String>,
    pub(super) ability: Option<String>,
    pub(super) grouped: Option<Grouped>,
    pub(super) parent: Option<String>,
    pub(super) unused_since: Option<Timestamp>,
    pub(super) never_used: bool,
    pub(super) ended_before: Option<Timestamp>,
    pub(super) childless: bool,
    pub(super) order: FindOrder,
    pub(super) limit: Option<u32>,
    pub(super) after: Option<FindCursor>,
    /// The moment that standings are judged at; set by the service.
    pub(super) now: Option<Timestamp>,
}

/// Whether a token must be in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grouped {
    In(String),
    Nowhere,
}

/// The order of tokens, newest first; those of the same moment by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FindOrder {
    /// By when they were issued.
    #[default]
    Created,
    /// By when they were last used; those never used come last.
    LastUsed,
}

/// Where a page of tokens ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindCursor {
    /// What the order goes by, of the last token.
    pub at: Option<Timestamp>,
    /// The last token.
    pub id: String,
}

/// How many tokens of a type there are in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The type.
    pub kind: String,
    /// The environment.
    pub environment: String,
    /// How many.
    pub tokens: u64,
}

impl Find {
    /// This one alone, if it is such a token.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Of this type.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Of this environment.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Active, expired or revoked, each by itself: a token that only its ancestor makes invalid counts as active.
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = Some(standing);
        self
    }

    /// Of this owner.
    pub fn owner(mut self, owner: Entity) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Made for this.
    pub fn context(mut self, context: Entity) -> Self {
        self.context = Some(context);
        self
    }

    /// Confined to this.
    pub fn boundary(mut self, boundary: Entity) -> Self {
        self.boundary = Some(boundary);
        self
    }

    /// Whose text begins with this prefix and `_`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// That have this ability, by itself or by a wildcard.
    pub fn ability(mut self, ability: impl Into<String>) -> Self {
        self.ability = Some(ability.into());
        self
    }

    /// Of this group.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.grouped = Some(Grouped::In(group.into()));
        self
    }

    /// Of no group.
    pub fn ungrouped(mut self) -> Self {
        self.grouped = Some(Grouped::Nowhere);
        self
    }

    /// Derived from this token, directly.
    pub fn parent(mut self, id: impl Into<String>) -> Self {
        self.parent = Some(id.into());
        self
    }

    /// Not used since this moment, or never, and issued before it.
    pub fn unused_since(mut self, at: Timestamp) -> Self {
        self.unused_since = Some(at);
        self
    }

    /// Never used.
    pub fn never_used(mut self) -> Self {
        self.never_used = true;
        self
    }

    /// In this order. Default: [`FindOrder::Created`].
    pub fn order(mut self, order: FindOrder) -> Self {
        self.order = order;
        self
    }

    /// At most so many. Default: 50; at most 1,000.
    pub fn limit(mut self, tokens: u32) -> Self {
        self.limit = Some(tokens.min(FOUND_TOKENS_MAX));
        self
    }

    /// Behind the page that ended there.
    pub fn after(mut self, cursor: FindCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Everything there is, as far as one operation may change it.
    pub(super) fn whole(mut self) -> Self {
        self.limit = Some(CHANGED_TOKENS_MAX as u32 + 1);
        self
    }

    pub(super) fn tokens_max(&self) -> u32 {
        self.limit.unwrap_or(FOUND_TOKENS_DEFAULT)
    }

    /// Where the page that ends with a token ends.
    pub(super) fn cursor(&self, last: &Token) -> FindCursor {
        let at = match self.order {
            FindOrder::Created => Some(last.created_at),
            FindOrder::LastUsed => last.last_used_at,
        };
        FindCursor { at, id: last.id.clone() }
    }
}

impl Tokens {
    /// The token with an id; `None` when the tenant has no such token.
    pub fn get(&self, id: &str) -> Result<Option<Token>, TokenError> {
        Ok(self.service.state.get(&self.scope.tenant, id)?)
    }

    /// A page of tokens, and where the next one begins, unless this is the last.
    pub fn find(&self, mut find: Find) -> Result<(Vec<Token>, Option<FindCursor>), TokenError> {
        find.now = Some(self.service.now());
        let found = self.service.state.list(&self.scope.tenant, &find)?;
        let is_full = found.len() >= find.tokens_max() as usize;
        let next = found.last().filter(|_| is_full).map(|last| find.cursor(last));
        Ok((found, next))
    }

    /// How many tokens there are, whatever the page.
    pub fn count(&self, find: Find) -> Result<u64, TokenError> {
        Ok(self.tally(find)?.iter().map(|tally| tally.tokens).sum())
    }

    /// The same, by what tokens are: what [`Usage::statistics`](crate::usage::Usage::statistics) asks for.
    pub fn totals(&self, find: Find) -> Result<TokenTotals, TokenError> {
        let active = self.count(find.clone().standing(Standing::Active))?;
        let mut totals = TokenTotals { active, ..TokenTotals::default() };
        for Tally { kind, environment, tokens } in self.tally(find)? {
            totals.total += tokens;
            *totals.by_environment.entry(environment).or_default() += tokens;
            *totals.by_type.entry(kind).or_default() += tokens;
        }
        Ok(totals)
    }

    fn tally(&self, mut find: Find) -> Result<Vec<Tally>, TokenError> {
        find.now = Some(self.service.now());
        Ok(self.service.state.tally(&self.scope.tenant, &find)?)
    }

    /// The newest other token of a type in a token's group, valid or not.
    pub fn sibling(&self, id: &str, kind: &str) -> Result<Option<Token>, TokenError> {
        let token = self.existing(id)?;
        let Some(group) = &token.group else { return Ok(None) };
        let (found, _) = self.find(Find::default().group(group).kind(kind).limit(2))?;
        Ok(found.into_iter().find(|sibling| sibling.id != token.id))
    }

    /// All tokens that were derived from a token, and from those; nearest first on each line.
    pub fn descendants(&self, id: &str) -> Result<Vec<Token>, TokenError> {
        let token = self.existing(id)?;
        self.descendants_of(vec![token.id])
    }
}
