//! The questions about OAuth, over events that are made for them.

use clap::Args;
use indelible::{
    Actor, ReadError, Recorded, Store, Timestamp,
    oauth::questions::{Access, Listed, Questions, What},
};

use super::{
    asked::{Ask, Asked, Asks, newest},
    events::{DAY_US, user},
    grants::{Grants, ROUTES, client},
};
use crate::cli::{error::Failure, terminal::Screen};

/// Asks every question about OAuth and measures the answers
///
/// The events that they are asked of are made first, where the data directory has none: never give it one that matters.
#[derive(Debug, Args)]
pub(crate) struct QuestionsOf {
    #[command(flatten)]
    asked: Asked,
}

impl QuestionsOf {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        self.asked.run(screen, Grants::new, asks)
    }
}

/// What is asked, of clients and users that there are.
fn asks(store: &dyn Store) -> Asks<'_> {
    let newest = |filter: &str| newest(store, filter);
    let end = newest("action:token.authenticated")?.event.occurred_at.unwrap_or(Timestamp::MIN);
    let ago = move |days: i64| Timestamp::saturating_from_micros(end.as_micros() - days * DAY_US - 1);
    let token = fingerprint(&newest("action:oauth.token.refreshed")?);
    let old = fingerprint(&newest(&format!("action:oauth.token.refreshed until:{}", ago(15)))?);
    let all = move || Questions::of(store);
    let busiest = move || all().client(client(0));
    let one = move || all().actor(Actor::user(user(0)));
    let days = move |days: i64| all().since(ago(days));
    let to_pay = || Access { route: Some(ROUTES[7].1.to_owned()), ..Access::default() };
    let admin = || Access { scope: Some(ROUTES[7].2.to_owned()), ..Access::default() };
    let any = Access::default;
    Ok(vec![
        ("access of a user", ask(move || one().access(&any(), 50))),
        ("access of the busiest client, 7 days", ask(move || busiest().since(ago(7)).access(&any(), 50))),
        ("access of the busiest client", ask(move || busiest().access(&any(), 50))),
        ("access of a client", ask(move || all().client(client(300)).access(&any(), 50))),
        ("access of an endpoint, 1 day", ask(move || days(1).access(&to_pay(), 50))),
        ("access with a scope, 7 days", ask(move || days(7).access(&admin(), 50))),
        ("all access, 1 day", ask(move || days(1).access(&any(), 50))),
        ("unused scopes", ask(move || all().unused_scopes(50))),
        ("unused scopes, 7 days", ask(move || days(7).unused_scopes(50))),
        ("unused scopes of a client", ask(move || busiest().unused_scopes(50))),
        ("unused scopes by token", ask(move || all().unused_scopes_by_token(None, 64))),
        ("chain of a token", Box::new(move || Ok(all().chain(&token, end, 1000)?.tokens.len() as u64))),
        ("chain of an old token", Box::new(move || Ok(all().chain(&old, end, 1000)?.tokens.len() as u64))),
        ("refresh-token reuse", ask(move || all().reuse(10))),
        ("reuse of a client", ask(move || busiest().reuse(10))),
        ("redirect URIs", ask(move || all().redirect_uris(50))),
        ("redirect URIs of a client", ask(move || busiest().redirect_uris(50))),
        ("alive of the busiest client", ask(move || busiest().alive(end, 50))),
        ("alive of a client, 10 days ago", ask(move || all().client(client(300)).alive(ago(10), 50))),
        ("alive of a user", ask(move || one().alive(end, 50))),
        ("failures", ask(move || all().failures(50))),
        ("failures of a client, 7 days", ask(move || busiest().since(ago(7)).failures(50))),
        ("first uses, 1 day", ask(move || days(1).first_uses(&What::ALL, 50))),
        ("first uses, 7 days", ask(move || days(7).first_uses(&What::ALL, 50))),
        ("first uses of a user, 7 days", ask(move || one().since(ago(7)).first_uses(&What::ALL, 50))),
    ])
}

fn ask<'a, T>(ask: impl Fn() -> Result<Listed<T>, ReadError> + 'a) -> Ask<'a> {
    Box::new(move || Ok(ask()?.rows.len() as u64))
}

/// What an event was done with.
fn fingerprint(recorded: &Recorded) -> String {
    recorded.event.credential.as_ref().and_then(|credential| credential.fingerprint.clone()).unwrap_or_default()
}
