//! How tokens are used: one question a path, answered from the log and from the tokens themselves.

mod question;

use std::{collections::BTreeSet, time::Duration};

use axum::Json;
use indelible::{
    Cancel, Store, Timestamp,
    tokens::{Entity, Find, Standing, Token, TokenError, Tokens},
    usage::{Scope, Usage},
};
use indelible_engine::query::AggregateText;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    app::{Issuer, Read},
    params::{self, Params, UpTo, parameters},
    problem::Problem,
    question::value,
    reads::Endpoint,
};
use crate::{
    clock,
    limits::TOKEN_PAGE_MAX,
    tokens::{Span, TokenView, named},
};

pub(crate) use question::Question;

/// Rows of an answer when nobody says.
const ROWS: u32 = 10;
/// Failed attempts of an address that need no look at it, when nobody says.
const UNSUSPICIOUS: u64 = 10;
/// The time in which these are counted, when nobody says.
const SUSPICIOUS_WITHIN: Span = Span(Duration::from_secs(3600));
/// After how long without a use a token is stale, when nobody says.
const STALE_AFTER: Span = Span(Duration::from_secs(30 * 86_400));

parameters! {
    /// Whose usage, when, and how much of it.
    UsageParams {
        /// Of this token. Without this, `owner`, `group`, `type` and `environment`: of all tokens.
        token: String, "tok_8hT4kQ2mZ9wXc5vB7nY3dF";
        /// Of the tokens of this owner, as type and id.
        owner: String, "user:42";
        /// Of the tokens of this group.
        group: String, "grp_8hT4kQ2mZ9wXc5vB7nY3dF";
        /// Of the tokens of this type.
        r#type: String, "sk";
        /// Of the tokens of this environment.
        environment: String, "live";
        /// From then on: RFC 3339, a day, or a while ago such as 7d. Default: all there is; of `suspicious-ips`, 1h; of
        /// `stale`, which asks for tokens not used since then, 30d.
        since: String, "7d";
        /// Before then.
        until: String, "2026-12-01";
        /// IANA time zone of days and hours. Default: UTC.
        tz: String, "Europe/Berlin";
        /// Rows, events or tokens at most. Default: 10.
        limit: UpTo<TOKEN_PAGE_MAX>, "10";
        /// How many failed attempts are not suspicious yet. Default: 10.
        over: u64, "10";
    }
}

/// Answers a question.
pub(super) async fn usage(
    question: Question,
    issuer: Issuer<Read>,
    Params(params): Params<UsageParams>,
) -> Result<Json<Value>, Problem> {
    let asked = params.asked()?;
    issuer
        .read(Endpoint::Usage, move |store, tokens, cancel| asked.answer(question, store, tokens, cancel))
        .await
        .map(Json)
}

/// The same of a data directory.
pub(crate) fn usage_of(
    question: Question,
    store: &dyn Store,
    tokens: &Tokens,
    conditions: Map<String, Value>,
) -> Result<Value, Problem> {
    params::of::<UsageParams>(conditions)?.asked()?.answer(question, store, tokens, &Cancel::default())
}

/// What was asked, understood.
struct Asked {
    /// Which tokens.
    find: Find,
    whose: Whose,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    time_zone: jiff::tz::TimeZone,
    limit: u32,
    over: u64,
}

/// A scope, of a group without its members.
enum Whose {
    Scope(Scope),
    Group,
}

impl UsageParams {
    fn asked(self) -> Result<Asked, Problem> {
        let times = params::filter(None, self.since.as_deref(), self.until.as_deref())?;
        let time_zone = self.tz.as_deref().unwrap_or_default();
        let text = AggregateText { time_zone, ..AggregateText::default() };
        let time_zone = indelible::Aggregate::parse(times.clone(), &text)?.time_zone;
        let limit = self.limit.map_or(ROWS, |UpTo(limit)| limit);
        let over = self.over.unwrap_or(UNSUSPICIOUS);
        let (whose, find) = self.whose()?;
        Ok(Asked { find, whose, since: times.since, until: times.until, time_zone, limit, over })
    }

    fn whose(self) -> Result<(Whose, Find), Problem> {
        let find = Find::default();
        let owner = self.owner.map(|owner| named(&owner).map_err(|problem| Problem::parameter("owner", problem)));
        let mut scopes = [
            self.token.map(|id| ("token", Whose::Scope(Scope::Token(id.clone())), find.clone().id(id))),
            owner
                .transpose()?
                .map(|owner| ("owner", Whose::Scope(owner_scope(owner.clone())), find.clone().owner(owner))),
            self.group.map(|group| ("group", Whose::Group, find.clone().group(group))),
            self.r#type.map(|kind| ("type", Whose::Scope(Scope::Type(kind.clone())), find.clone().kind(kind))),
            self.environment.map(|name| {
                ("environment", Whose::Scope(Scope::Environment(name.clone())), find.clone().environment(name))
            }),
        ]
        .into_iter()
        .flatten();
        match (scopes.next(), scopes.next()) {
            (_, Some((name, ..))) => {
                Err(Problem::parameter(name, "give one of token, owner, group, type and environment"))
            }
            (Some((_, whose, find)), None) => Ok((whose, find)),
            (None, None) => Ok((Whose::Scope(Scope::All), find)),
        }
    }
}

fn owner_scope(Entity { r#type, id }: Entity) -> Scope {
    Scope::Owner { r#type, id }
}

impl Asked {
    fn answer(self, question: Question, store: &dyn Store, tokens: &Tokens, cancel: &Cancel) -> Result<Value, Problem> {
        let since = |ago: Span| self.since.unwrap_or_else(|| ago.before(clock::now()));
        let active = self.find.clone().standing(Standing::Active).limit(self.limit);
        let usage = Usage::of(store, self.scope(tokens)?)
            .tenant(tokens.tenant())
            .time_zone(self.time_zone.clone())
            .cancelled_by(cancel.clone());
        let lately = (question == Question::SuspiciousIps).then(|| since(SUSPICIOUS_WITHIN));
        let usage = lately.or(self.since).into_iter().fold(usage, Usage::since);
        let usage = self.until.into_iter().fold(usage, Usage::until);
        let limit = self.limit;
        match question {
            Question::Total => value(usage.total()?),
            Question::Daily => rows(usage.daily()?),
            Question::Hours => {
                let hours = usage.by_hour_of_day()?;
                rows(
                    hours
                        .iter()
                        .enumerate()
                        .map(|(hour, uses)| json!({"hour": hour, "uses": uses}))
                        .collect::<Vec<_>>(),
                )
            }
            Question::Ips => value(usage.by_ip(limit)?),
            Question::Endpoints => value(usage.by_endpoint(limit)?),
            Question::Statuses => value(usage.by_status(limit)?),
            Question::Latency => value(usage.latency()?),
            Question::UniqueIps => value(usage.unique_ips()?),
            Question::Tokens => value(usage.most_active(limit)?),
            Question::Abilities => value(usage.by_ability(limit)?),
            Question::UnusedAbilities => self.unused_abilities(&usage, tokens),
            Question::Failures => rows(usage.failures()?),
            Question::SuspiciousIps => {
                let ranked = usage.suspicious_ips(self.over)?;
                let row = |row: &indelible::usage::Used| json!({"value": row.value, "attempts": row.uses});
                let rows: Vec<_> = ranked.rows.iter().take(limit as usize).map(row).collect();
                Ok(json!({"rows": rows, "exact": ranked.exact}))
            }
            Question::Lifecycle => Ok(json!({"events": usage.lifecycle(limit)?})),
            Question::Statistics => value(usage.statistics(tokens.totals(self.find)?)?),
            // Of these the log knows nothing.
            Question::NeverUsed => listed(tokens.find(active.never_used())?.0),
            Question::Stale => listed(tokens.find(active.unused_since(since(STALE_AFTER)))?.0),
        }
    }

    fn scope(&self, tokens: &Tokens) -> Result<Scope, Problem> {
        match &self.whose {
            Whose::Scope(scope) => Ok(scope.clone()),
            Whose::Group => match all(tokens, &self.find)?.as_slice() {
                [] => Err(Problem::not_found("there is no such group of tokens")),
                members => Ok(Scope::Tokens(members.iter().map(|token| token.id.clone()).collect())),
            },
        }
    }

    fn unused_abilities(&self, usage: &Usage<'_>, tokens: &Tokens) -> Result<Value, Problem> {
        let tokens = all(tokens, &self.find.clone().standing(Standing::Active))?;
        let granted: BTreeSet<&str> =
            tokens.iter().flat_map(|token| token.abilities.iter()).map(AsRef::as_ref).collect();
        let unused = usage.unused_abilities(granted)?;
        Ok(json!({"abilities": unused, "exact": tokens.len() < TOKEN_PAGE_MAX as usize}))
    }
}

/// As many tokens as a page can have.
fn all(tokens: &Tokens, find: &Find) -> Result<Vec<Token>, TokenError> {
    Ok(tokens.find(find.clone().limit(TOKEN_PAGE_MAX))?.0)
}

fn listed(tokens: Vec<Token>) -> Result<Value, Problem> {
    let tokens: Vec<TokenView> = tokens.into_iter().map(Into::into).collect();
    Ok(json!({"tokens": tokens}))
}

/// Rows that are exact.
fn rows(rows: impl Serialize) -> Result<Value, Problem> {
    value(json!({"rows": value(rows)?, "exact": true}))
}
