//! An OAuth 2.0 authorization server: RFC 6749, 7009, 7591, 7592, 7662, 8628, 9126, and OpenID Connect.

use http::Method;

use crate::capture::rule::{Capture, Rule, RuleSet};

/// The endpoints of an authorization server: `/authorize`, `/token`, `/revoke`, `/introspect`, `/device_authorization`,
/// `/device`, `/par`, `/userinfo`, `/register`, `/consent`, `/end_session`.
///
/// Recorded are grant type, response type, client, scopes asked for and given, redirect URI, issuer, audience, PKCE and
/// DPoP; never a token, a code or a secret, but with a
/// [`pseudonym_key`](crate::capture::AuditLayerBuilder::pseudonym_key) the fingerprints of tokens and codes. An error code
/// of the response is the reason.
pub fn oauth2() -> RuleSet {
    let get_or_post = [Method::GET, Method::POST];
    RuleSet::new(
        [
            Rule::new(&get_or_post, "/authorize", "oauth.authorization.requested"),
            Rule::post("/token", "oauth.token.issued"),
            Rule::post("/revoke", "oauth.token.revoked").before().secret_target("token", "token"),
            Rule::post("/introspect", "oauth.token.introspected").secret_target("token", "token"),
            Rule::post("/device_authorization", "oauth.device.requested"),
            Rule::post("/device", "oauth.device.approved"),
            Rule::post("/par", "oauth.authorization.requested"),
            Rule::new(&get_or_post, "/userinfo", "token.authenticated"),
            Rule::post("/consent", "oauth.consent.granted"),
            Rule::post("/register", "oauth.client.created"),
            Rule::new(&[Method::PUT], "/register/{client_id}", "oauth.client.updated").target("client", "client_id"),
            Rule::new(&[Method::DELETE], "/register/{client_id}", "oauth.client.deleted")
                .before()
                .target("client", "client_id"),
            Rule::new(&get_or_post, "/end_session", "auth.logout").before(),
        ]
        .map(|rule| rule.capture(Capture { oauth: true, ..Capture::default() })),
    )
}
