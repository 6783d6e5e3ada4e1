use std::{marker::PhantomData, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible::{
    Actor, Cancel, Context, Store,
    tokens::{TokenError, Tokens},
};

use super::{App, tenant::tenant_of};
use crate::{
    api::{
        blocking::blocking,
        problem::Problem,
        reads::{Endpoint, credential},
        refusals::Peer,
    },
    clock,
    config::TokensConfig,
    keys::{Ability, ApiKey},
};

/// A right that concerns tokens.
pub(in crate::api) trait Right: Send + Sync + 'static {
    /// What an API key must allow.
    const ABILITY: Ability;
}

/// To see tokens.
#[derive(Debug)]
pub(in crate::api) struct Read;
/// To make and change tokens.
#[derive(Debug)]
pub(in crate::api) struct Write;
/// To have tokens verified.
#[derive(Debug)]
pub(in crate::api) struct Verify;
/// To see what a revealable token's text is.
#[derive(Debug)]
pub(in crate::api) struct Reveal;

impl Right for Read {
    const ABILITY: Ability = Ability::TokensRead;
}
impl Right for Write {
    const ABILITY: Ability = Ability::TokensWrite;
}
impl Right for Verify {
    const ABILITY: Ability = Ability::TokensVerify;
}
impl Right for Reveal {
    const ABILITY: Ability = Ability::TokensReveal;
}

/// A right to tokens, in the tenant of a key.
#[derive(Debug)]
pub(in crate::api) struct Issuer<R> {
    app: App,
    key: Arc<ApiKey>,
    tokens: Tokens,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<App> for Issuer<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = app.authenticate(parts, R::ABILITY)?;
        let tenant = tenant_of(&key, parts)?.unwrap_or_else(|| "default".to_owned());
        let peer = parts.extensions.get::<Peer>().map(|Peer(ip)| *ip);
        let tokens = app
            .0
            .tokens
            .within(tenant)
            .by(Actor::new("token", key.id.clone()).name(key.name.clone()))
            .with(credential(&key))
            .from(Context { ip: peer, ..Context::default() });
        Ok(Self { app: app.clone(), key, tokens, right: PhantomData })
    }
}

impl<R> Issuer<R> {
    /// What the configuration says of tokens.
    pub(in crate::api) fn config(&self) -> &TokensConfig {
        &self.app.0.tokens_config
    }

    /// Does something with tokens on a thread that may block, in the name of whoever had the key ask for it.
    pub(in crate::api) async fn call<T: Send + 'static>(
        self,
        actor: Option<Actor>,
        work: impl FnOnce(&Tokens) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, Problem> {
        let tokens = match actor {
            Some(actor) => self.tokens.by(actor),
            None => self.tokens,
        };
        self.app.about_tokens(move || work(&tokens).map_err(Problem::from)).await
    }
}

impl Issuer<Read> {
    /// Searches the tokens, in turn with those who read the log: no search takes the place of a check.
    pub(in crate::api) async fn search<T: Send + 'static>(
        self,
        search: impl FnOnce(&Tokens) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { app, tokens, .. } = self;
        app.read(move |_, _| search(&tokens)).await
    }

    /// Reads what the log has of tokens, and the tokens themselves; noted in the log's own record of its readers.
    pub(in crate::api) async fn read<T: Send + 'static>(
        self,
        endpoint: Endpoint,
        read: impl FnOnce(&dyn Store, &Tokens, &Cancel) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { app, key, tokens, .. } = self;
        let answer = app.read(move |store, cancel| read(store, &tokens, cancel)).await?;
        app.0.reads.note(&key, endpoint, clock::now());
        Ok(answer)
    }
}

impl Issuer<Verify> {
    /// Checks a token, at once where no database has to be asked.
    pub(in crate::api) async fn verify<T: Send + 'static>(
        self,
        text: &str,
        verify: impl FnOnce(&Tokens) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { app, tokens, .. } = self;
        if tokens.is_ready(text) { verify(&tokens) } else { app.about_tokens(move || verify(&tokens)).await }
    }
}

impl App {
    async fn about_tokens<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.0.token_calls).try_acquire_owned();
        let turn = turn.map_err(|_| Problem::busy("too many calls about tokens are under way; nothing was done"))?;
        let work = move || {
            let _turn = turn;
            work()
        };
        blocking(work).await?
    }
}
