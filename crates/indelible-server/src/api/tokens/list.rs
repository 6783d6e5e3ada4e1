//! Pages of tokens.

use axum::Json;
use indelible::{
    Timestamp,
    tokens::{Entity, Find, FindCursor, FindOrder, Standing, TokenError, Tokens},
};
use serde_json::{Map, Value};

use crate::{
    api::{
        app::{Issuer, Read},
        params::{self, Params, UpTo, parameters, words},
        problem::Problem,
    },
    limits::TOKEN_PAGE_MAX,
    tokens::{Page, named},
};

parameters! {
    /// Which tokens: all conditions must hold.
    ListParams {
        /// Type.
        r#type: String, "sk";
        /// Environment.
        environment: String, "live";
        /// `active`, `expired` or `revoked`, each by itself: a token that only its ancestor makes invalid counts as active.
        state: State, "active";
        /// Owner, as type and id.
        owner: String, "user:42";
        /// What it was made for, as type and id.
        context: String, "project:7";
        /// What it is confined to, as type and id.
        boundary: String, "team:3";
        /// What its text begins with, before the first `_`.
        prefix: String, "sk";
        /// An ability that it has, by itself or by a wildcard.
        ability: String, "orders:read";
        /// Group.
        group: String, "grp_8hT4kQ2mZ9wXc5vB7nY3dF";
        /// Those of no group alone.
        ungrouped: bool, "true";
        /// The token that it was derived from, directly.
        parent: String, "tok_8hT4kQ2mZ9wXc5vB7nY3dF";
        /// Not used since this moment, or never, and issued before it.
        unused_since: String, "2026-11-01T00:00:00Z";
        /// `created`, the default: newest first; `last_used`: used last first, those never used come last.
        order: Order, "created";
        /// Tokens of the page at most, 1 to 1000. Default: 50.
        limit: UpTo<TOKEN_PAGE_MAX>, "50";
        /// `next` of the page before, with the same conditions.
        cursor: String, "7b22...";
    }
}

words!(State { Active = "active", Expired = "expired", Revoked = "revoked" });
words!(Order { Created = "created", LastUsed = "last_used" });

/// A page of tokens.
pub(in crate::api) async fn list(
    issuer: Issuer<Read>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page>, Problem> {
    let find = params.find()?;
    issuer.search(move |tokens| page(tokens, find)).await.map(Json)
}

/// The same of a data directory.
pub(crate) fn tokens_of(tokens: &Tokens, conditions: Map<String, Value>) -> Result<Page, Problem> {
    Ok(page(tokens, params::of::<ListParams>(conditions)?.find()?)?)
}

fn page(tokens: &Tokens, find: Find) -> Result<Page, TokenError> {
    let (tokens, next) = tokens.find(find)?;
    Ok(Page { tokens: tokens.into_iter().map(Into::into).collect(), next: next.as_ref().map(written) })
}

/// How a condition is set.
type Set<T> = fn(Find, T) -> Find;

impl ListParams {
    fn find(self) -> Result<Find, Problem> {
        let mut find = Find::default().order(match self.order.unwrap_or_default() {
            Order::Created => FindOrder::Created,
            Order::LastUsed => FindOrder::LastUsed,
        });
        let texts: [(_, Set<String>); 6] = [
            (self.r#type, Find::kind),
            (self.environment, Find::environment),
            (self.prefix, Find::prefix),
            (self.ability, Find::ability),
            (self.group, Find::group),
            (self.parent, Find::parent),
        ];
        for (text, set) in texts {
            find = text.into_iter().fold(find, set);
        }
        let entities: [(_, _, Set<Entity>); 3] = [
            ("owner", self.owner, Find::owner),
            ("context", self.context, Find::context),
            ("boundary", self.boundary, Find::boundary),
        ];
        for (name, text, set) in entities {
            if let Some(text) = text {
                find = set(find, named(&text).map_err(|problem| Problem::parameter(name, problem))?);
            }
        }
        if let Some(state) = self.state {
            find = find.standing(match state {
                State::Active => Standing::Active,
                State::Expired => Standing::Expired,
                State::Revoked => Standing::Revoked,
            });
        }
        if self.ungrouped == Some(true) {
            find = find.ungrouped();
        }
        if let Some(text) = self.unused_since {
            let at: Result<Timestamp, _> = text.parse();
            find = find.unused_since(at.map_err(|error| Problem::parameter("unused_since", error.to_string()))?);
        }
        if let Some(UpTo(limit)) = self.limit {
            find = find.limit(limit);
        }
        if let Some(text) = self.cursor {
            let problem = "is no cursor: give back `next` of the page before as it came";
            find = find.after(read(&text).ok_or_else(|| Problem::parameter("cursor", problem))?);
        }
        Ok(find)
    }
}

/// A cursor as a client has it, to whom it means nothing.
fn written(cursor: &FindCursor) -> String {
    // A time and a text: it can be written.
    base16ct::lower::encode_string(&serde_json::to_vec(cursor).unwrap_or_default())
}

fn read(text: &str) -> Option<FindCursor> {
    serde_json::from_slice(&base16ct::lower::decode_vec(text).ok()?).ok()
}
