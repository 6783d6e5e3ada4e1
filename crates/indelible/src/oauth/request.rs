//! One request to an authorization server, or to an API with one of its tokens, and the event that it makes.

use indelible_proof::{
    Actor, Event, OAuth, Object, Target,
    limits::{ID_BYTES_MAX, NAME_BYTES_MAX, TARGETS_MAX, URI_BYTES_MAX, WORD_BYTES_MAX},
    vocabulary,
};

use super::{Token, scopes};
use crate::text::{code, fit};

/// What is known of a request, and what became of it.
///
/// The first methods note what is known; texts may come from outside as they are: what is empty says nothing, and what
/// is too long for an event is cut. The others are the events.
#[derive(Debug, Clone)]
pub struct Request(Event);

/// What is known.
impl Request {
    /// A request of this client, or about it.
    pub fn of(client_id: &str) -> Self {
        let mut event = Event::default();
        event.client.get_or_insert_default().id = fit(client_id, ID_BYTES_MAX);
        Self(event)
    }

    /// Sets the name of the client.
    #[must_use]
    pub fn client_name(mut self, name: &str) -> Self {
        self.0.client.get_or_insert_default().name = fit(name, NAME_BYTES_MAX);
        self
    }

    /// Sets who does it: the user whose authorization it is; of an exchange, who acts; the administrator who changes a
    /// client. Default: the client itself.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.0.actor = Some(actor);
        self
    }

    /// Adds one for whom the actor acts, as an exchange (RFC 8693) has it; the outermost, whose token it is, first.
    #[must_use]
    pub fn on_behalf_of(mut self, subject: Actor) -> Self {
        self.0.on_behalf_of.push(subject);
        self
    }

    /// Sets `grant_type`.
    #[must_use]
    pub fn grant_type(self, grant_type: &str) -> Self {
        self.oauth(|oauth| oauth.grant_type = fit(grant_type, WORD_BYTES_MAX))
    }

    /// Sets `response_type`.
    #[must_use]
    pub fn response_type(self, response_type: &str) -> Self {
        self.oauth(|oauth| oauth.response_type = fit(response_type, WORD_BYTES_MAX))
    }

    /// Sets the scopes asked for, with spaces between them as in `scope`.
    #[must_use]
    pub fn scopes_requested(self, text: &str) -> Self {
        self.oauth(|oauth| oauth.scopes_requested = scopes(text))
    }

    /// Sets the scopes given, with spaces between them.
    #[must_use]
    pub fn scopes_granted(self, text: &str) -> Self {
        self.oauth(|oauth| oauth.scopes_granted = scopes(text))
    }

    /// Sets `redirect_uri`, as it came: also one that is not the client's.
    #[must_use]
    pub fn redirect_uri(self, uri: &str) -> Self {
        self.oauth(|oauth| oauth.redirect_uri = fit(uri, URI_BYTES_MAX))
    }

    /// Sets `token_type`: `Bearer`, `DPoP`.
    #[must_use]
    pub fn token_type(self, token_type: &str) -> Self {
        self.oauth(|oauth| oauth.token_type = fit(token_type, WORD_BYTES_MAX))
    }

    /// Sets the family: one value for all tokens that descend from one authorization.
    #[must_use]
    pub fn token_family(self, id: &str) -> Self {
        self.oauth(|oauth| oauth.token_family = fit(id, ID_BYTES_MAX))
    }

    /// Sets the issuer.
    #[must_use]
    pub fn issuer(self, issuer: &str) -> Self {
        self.oauth(|oauth| oauth.issuer = fit(issuer, URI_BYTES_MAX))
    }

    /// Sets the audience: whom tokens are for.
    #[must_use]
    pub fn audience(self, audience: &str) -> Self {
        self.oauth(|oauth| oauth.audience = fit(audience, URI_BYTES_MAX))
    }

    /// Sets `code_challenge_method` of PKCE: `S256`, `plain`.
    #[must_use]
    pub fn code_challenge_method(self, method: &str) -> Self {
        self.meta("code_challenge_method", method)
    }

    /// Sets the thumbprint of the key that tokens are bound to by DPoP (RFC 9449), and their type.
    #[must_use]
    pub fn dpop_jkt(self, thumbprint: &str) -> Self {
        self.token_type("DPoP").meta("dpop_jkt", thumbprint)
    }

    /// Sets all else that an event may say: `request.with(|event| event.ip(address).request_id(id))`.
    #[must_use]
    pub fn with(self, set: impl FnOnce(Event) -> Event) -> Self {
        Self(set(self.0))
    }

    fn oauth(mut self, set: impl FnOnce(&mut OAuth)) -> Self {
        set(self.0.oauth.get_or_insert_default());
        self
    }

    fn meta(mut self, name: &str, text: &str) -> Self {
        self.0.metadata.extend(fit(text, NAME_BYTES_MAX).map(|text| (name.to_owned(), text.into())));
        self
    }
}

/// What became of it.
impl Request {
    /// An authorization was asked for.
    pub fn authorization_requested(&self) -> Event {
        self.event("oauth.authorization.requested")
    }

    /// It was granted: with a code, or in the implicit flow with tokens.
    pub fn authorization_granted<'a>(&self, given: impl IntoIterator<Item = &'a Token>) -> Event {
        with_tokens(self.event("oauth.authorization.granted"), given)
    }

    /// It was not granted. `error` is a code of RFC 6749, as in all of these: `access_denied`; or another reason of the
    /// [`vocabulary`]: `redirect_uri_mismatch`. Any other is one of your own.
    pub fn authorization_denied(&self, error: &str) -> Event {
        because(self.event("oauth.authorization.denied"), error)
    }

    /// The user let the client have the granted scopes from now on.
    pub fn consent_granted(&self) -> Event {
        self.client_event("oauth.consent.granted")
    }

    /// The user did not.
    pub fn consent_denied(&self) -> Event {
        self.client_event("oauth.consent.denied")
    }

    /// The user, or an administrator, took that back.
    pub fn consent_revoked(&self) -> Event {
        self.client_event("oauth.consent.revoked")
    }

    /// Tokens were issued, for a code or whatever else was presented; for `client_credentials` nothing is.
    pub fn token_issued<'a>(
        &self,
        presented: impl Into<Option<&'a Token>>,
        tokens: impl IntoIterator<Item = &'a Token>,
    ) -> Event {
        with_tokens(self.presenting("oauth.token.issued", presented), tokens)
    }

    /// Tokens were issued for a refresh token.
    pub fn token_refreshed<'a>(&self, presented: &'a Token, tokens: impl IntoIterator<Item = &'a Token>) -> Event {
        with_tokens(self.presenting("oauth.token.refreshed", presented), tokens)
    }

    /// Tokens were issued for the token of somebody else, RFC 8693.
    pub fn token_exchanged<'a>(&self, subject: &'a Token, tokens: impl IntoIterator<Item = &'a Token>) -> Event {
        with_tokens(self.presenting("oauth.token.exchanged", subject), tokens)
    }

    /// No token was issued. What was presented is there when it could be read.
    pub fn token_failed<'a>(&self, error: &str, presented: impl Into<Option<&'a Token>>) -> Event {
        because(self.presenting("oauth.token.failed", presented), error)
    }

    /// Tokens were revoked, with a reason in your words.
    pub fn token_revoked<'a>(&self, tokens: impl IntoIterator<Item = &'a Token>, reason: &str) -> Event {
        with_tokens(self.clone().meta("reason", reason).event("oauth.token.revoked"), tokens)
    }

    /// Somebody asked about a token, RFC 7662, and was told whether it is good.
    pub fn token_introspected(&self, token: &Token, active: bool) -> Event {
        with_tokens(self.event("oauth.token.introspected"), [token]).meta("active", active)
    }

    /// A refresh token was presented that had been used before: its family is burnt, and these tokens with it.
    pub fn refresh_token_reused<'a>(&self, reused: &'a Token, revoked: impl IntoIterator<Item = &'a Token>) -> Event {
        let mut event = because(self.presenting("oauth.refresh_token.reused", reused), "token_reused");
        let family = event.oauth.as_ref().and_then(|oauth| oauth.token_family.clone());
        event.targets.extend(family.map(|id| Target::new("token_family", id)));
        with_tokens(event, revoked)
    }

    /// A token let a request in, at the API that it is for. The scopes requested are those that the request needed.
    pub fn token_used(&self, token: &Token) -> Event {
        self.presenting("token.authenticated", token)
    }

    /// It did not.
    pub fn token_refused<'a>(&self, error: &str, presented: impl Into<Option<&'a Token>>) -> Event {
        let action = match error {
            "insufficient_scope" => "token.scope_denied",
            _ => "token.authentication_failed",
        };
        because(self.presenting(action, presented), error)
    }

    /// A device asked for a code, RFC 8628.
    pub fn device_requested(&self, code: &Token) -> Event {
        with_tokens(self.event("oauth.device.requested"), [code])
    }

    /// The user let the device in.
    pub fn device_approved(&self, code: &Token) -> Event {
        with_tokens(self.event("oauth.device.approved"), [code])
    }

    /// The user did not.
    pub fn device_denied(&self, code: &Token) -> Event {
        with_tokens(self.event("oauth.device.denied"), [code])
    }

    /// The client was registered.
    pub fn client_created(&self) -> Event {
        self.client_event("oauth.client.created")
    }

    /// The client was changed: these of its values, without its secret.
    pub fn client_updated(&self, before: Object, after: Object) -> Event {
        self.client_event("oauth.client.updated").changes(before, after)
    }

    /// The client has another secret.
    pub fn client_secret_rotated(&self) -> Event {
        self.client_event("oauth.client.secret_rotated")
    }

    /// The client may ask for nothing any more.
    pub fn client_disabled(&self) -> Event {
        self.client_event("oauth.client.disabled")
    }

    /// The client may again.
    pub fn client_enabled(&self) -> Event {
        self.client_event("oauth.client.enabled")
    }

    /// The client is gone.
    pub fn client_deleted(&self) -> Event {
        self.client_event("oauth.client.deleted")
    }

    fn event(&self, action: &str) -> Event {
        let mut event = self.0.clone();
        action.clone_into(&mut event.action);
        let client = || event.client.as_ref().and_then(|client| client.id.as_deref());
        if event.actor.is_none() {
            event.actor = Some(client().map_or_else(Actor::anonymous, |id| Actor::new("client", id)));
        }
        event
    }

    fn client_event(&self, action: &str) -> Event {
        let mut event = self.event(action);
        let target = event.client.clone().map(|client| Target {
            r#type: Some("client".to_owned()),
            id: client.id,
            name: client.name,
            ..Target::default()
        });
        event.targets.extend(target);
        event
    }

    fn presenting<'a>(&self, action: &str, presented: impl Into<Option<&'a Token>>) -> Event {
        let mut event = self.event(action);
        event.credential = presented.into().and_then(Token::credential).or(event.credential);
        event
    }
}

/// Adds what is made, ended or examined; what an event has no room for is counted.
fn with_tokens<'a>(mut event: Event, tokens: impl IntoIterator<Item = &'a Token>) -> Event {
    event.targets.extend(tokens.into_iter().filter_map(Token::target));
    let left_out = event.targets.len().saturating_sub(TARGETS_MAX);
    if left_out > 0 {
        event.targets.truncate(TARGETS_MAX);
        event.metadata.insert("targets_left_out".to_owned(), left_out.into());
    }
    event
}

fn because(mut event: Event, error: &str) -> Event {
    let own = code(error);
    if vocabulary::is_reason(&own) {
        event.reason = Some(own);
    } else if !own.is_empty() {
        event.reason = Some(format!("x_{own}"));
    }
    event
}

#[cfg(test)]
mod tests;
