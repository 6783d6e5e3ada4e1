//! Better Auth: the endpoints of its core and of its plugins, up to 1.6.

use http::Method;
use indelible_proof::Severity::High;

use crate::capture::rule::{Capture, Rule, RuleSet};

/// Every endpoint of Better Auth that does something; what only reads (`/get-session`, `/list-accounts`) is no event.
/// Mount it where Better Auth is: `better_auth().under("/api/auth")`.
///
/// The name that its audit plugin would give, the path with `:` for `/`, is kept as `metadata.original_action`. POST,
/// PUT, PATCH or DELETE to an endpoint that is not in the table, of somebody's plugin, is an event `auth.endpoint.called`
/// under its own name.
pub fn better_auth() -> RuleSet {
    let rules = [core(), factors(), providers(), administration(), organizations(), tokens(), not_events()];
    RuleSet::new(rules.into_iter().flatten().map(|rule| {
        let name = original_name(&rule.path);
        rule.named(name)
    }))
}

/// The name of its audit plugin for a path: `/callback/{id}` is `callback::id`.
fn original_name(path: &str) -> String {
    let path = path.trim_start_matches('/').replace("{*", "*").replace('{', ":").replace('}', "");
    path.replace('/', ":")
}

fn core() -> Vec<Rule> {
    let (post, get) = (Rule::post, Rule::get);
    vec![
        post("/sign-up/email", "account.created").identifier("email"),
        post("/sign-in/email", "auth.login.succeeded")
            .identifier("email")
            .when("twoFactorRedirect", "auth.mfa.challenged"),
        post("/sign-in/username", "auth.login.succeeded")
            .identifier("username")
            .when("twoFactorRedirect", "auth.mfa.challenged"),
        post("/sign-in/phone-number", "auth.login.succeeded")
            .identifier("phoneNumber")
            .when("twoFactorRedirect", "auth.mfa.challenged"),
        post("/sign-in/email-otp", "auth.login.succeeded").identifier("email"),
        post("/sign-in/anonymous", "auth.login.succeeded"),
        post("/sign-in/magic-link", "auth.verification.sent").identifier("email"),
        get("/magic-link/verify", "auth.login.succeeded"),
        post("/sign-out", "auth.logout").before(),
        post("/update-user", "account.updated"),
        post("/delete-user", "account.deleted").before(),
        get("/delete-user/callback", "account.deleted").before(),
        post("/delete-anonymous-user", "account.deleted").before(),
        post("/change-email", "account.email_changed"),
        post("/send-verification-email", "auth.verification.sent").identifier("email"),
        get("/verify-email", "auth.verification.succeeded"),
        post("/change-password", "auth.password.changed"),
        post("/set-password", "auth.password.changed"),
        post("/verify-password", "auth.reauthentication.succeeded"),
        post("/request-password-reset", "auth.password.reset_requested").identifier("email"),
        post("/forget-password", "auth.password.reset_requested").identifier("email"),
        post("/forget-password/email-otp", "auth.password.reset_requested").identifier("email"),
        post("/reset-password", "auth.password.reset"),
        // Opens the form; the password changes with the POST.
        get("/reset-password/{token}", "auth.verification.succeeded"),
        post("/revoke-session", "session.revoked").before().secret_target("session", "token"),
        post("/revoke-sessions", "session.revoked").before().severity(High),
        post("/revoke-other-sessions", "session.revoked").before().severity(High),
        post("/update-session", "session.renewed"),
        post("/multi-session/set-active", "session.renewed").secret_target("session", "sessionToken"),
        post("/multi-session/revoke", "session.revoked").before().secret_target("session", "sessionToken"),
    ]
}

fn factors() -> Vec<Rule> {
    let (post, get) = (Rule::post, Rule::get);
    vec![
        post("/two-factor/enable", "auth.mfa.enrolled"),
        post("/two-factor/disable", "auth.mfa.disabled"),
        post("/two-factor/get-totp-uri", "auth.mfa.updated"),
        post("/two-factor/send-otp", "auth.mfa.challenged"),
        post("/two-factor/verify-totp", "auth.mfa.succeeded"),
        post("/two-factor/totp/verify", "auth.mfa.succeeded"),
        post("/two-factor/verify-otp", "auth.mfa.succeeded"),
        post("/two-factor/otp/verify", "auth.mfa.succeeded"),
        post("/two-factor/verify-backup-code", "auth.mfa.recovery_code_used"),
        post("/two-factor/generate-backup-codes", "auth.mfa.recovery_codes_generated"),
        post("/two-factor/view-backup-codes", "auth.mfa.recovery_codes_viewed"),
        post("/passkey/verify-registration", "auth.mfa.enrolled"),
        post("/passkey/verify-authentication", "auth.login.succeeded"),
        post("/sign-in/passkey", "auth.login.succeeded"),
        get("/passkey/generate-authenticate-options", "auth.mfa.challenged"),
        post("/passkey/generate-authenticate-options", "auth.mfa.challenged"),
        post("/passkey/delete-passkey", "auth.mfa.removed").target("passkey", "id"),
        post("/passkey/update-passkey", "auth.mfa.updated").target("passkey", "id"),
        post("/email-otp/send-verification-otp", "auth.verification.sent").identifier("email"),
        post("/email-otp/check-verification-otp", "auth.verification.succeeded").identifier("email"),
        post("/email-otp/verify-email", "auth.verification.succeeded").identifier("email"),
        post("/email-otp/request-email-change", "auth.verification.sent"),
        post("/email-otp/change-email", "account.email_changed"),
        post("/email-otp/request-password-reset", "auth.password.reset_requested").identifier("email"),
        post("/email-otp/reset-password", "auth.password.reset").identifier("email"),
        post("/phone-number/send-otp", "auth.verification.sent").identifier("phoneNumber"),
        post("/phone-number/verify", "auth.verification.succeeded").identifier("phoneNumber"),
        post("/phone-number/request-password-reset", "auth.password.reset_requested").identifier("phoneNumber"),
        post("/phone-number/forget-password", "auth.password.reset_requested").identifier("phoneNumber"),
        post("/phone-number/reset-password", "auth.password.reset").identifier("phoneNumber"),
    ]
}

fn providers() -> Vec<Rule> {
    let (post, get) = (Rule::post, Rule::get);
    let both = |path, action| Rule::new(&[Method::GET, Method::POST], path, action);
    vec![
        // The way to the provider; who comes back signs in at the callback. With an ID token it is a sign-in at once.
        post("/sign-in/social", "auth.login.succeeded")
            .target("provider", "provider")
            .when("url", "auth.login.requested"),
        post("/sign-in/oauth2", "auth.login.requested").target("provider", "providerId"),
        post("/sign-in/sso", "auth.login.requested").target("provider", "providerId").identifier("email"),
        both("/callback/{id}", "auth.login.succeeded").target("provider", "id"),
        both("/oauth2/callback/{providerId}", "auth.login.succeeded").target("provider", "providerId"),
        both("/sso/callback/{providerId}", "auth.login.succeeded").target("provider", "providerId"),
        both("/sso/saml2/callback/{providerId}", "auth.login.succeeded").target("provider", "providerId"),
        both("/sso/saml2/sp/acs/{providerId}", "auth.login.succeeded").target("provider", "providerId"),
        get("/oauth-proxy-callback", "auth.login.succeeded"),
        post("/one-tap/callback", "auth.login.succeeded"),
        post("/siwe/verify", "auth.login.succeeded").identifier("walletAddress"),
        post("/link-social", "account.linked").target("provider", "provider"),
        post("/oauth2/link", "account.linked").target("provider", "providerId"),
        post("/unlink-account", "account.unlinked").target("provider", "providerId"),
        post("/sso/register", "auth.provider.created").target("provider", "providerId"),
        post("/sso/update-provider", "auth.provider.updated").target("provider", "providerId"),
        post("/sso/delete-provider", "auth.provider.deleted").target("provider", "providerId"),
    ]
}

fn administration() -> Vec<Rule> {
    let user = |path, action| Rule::post(path, action).target("user", "userId");
    vec![
        Rule::post("/admin/create-user", "account.created").target("email", "email"),
        user("/admin/update-user", "account.updated"),
        user("/admin/remove-user", "account.deleted"),
        user("/admin/ban-user", "account.disabled"),
        user("/admin/unban-user", "account.enabled"),
        user("/admin/set-role", "role.assigned").target("role", "role"),
        user("/admin/set-user-password", "auth.password.changed"),
        user("/admin/impersonate-user", "session.impersonation.started"),
        user("/impersonate-user", "session.impersonation.started"),
        Rule::post("/admin/stop-impersonating", "session.impersonation.ended"),
        Rule::post("/admin/revoke-user-session", "session.revoked").secret_target("session", "sessionToken"),
        user("/admin/revoke-user-sessions", "session.revoked").severity(High),
    ]
}

fn organizations() -> Vec<Rule> {
    let organization = |path, action| Rule::post(path, action).target("organization", "organizationId");
    let invitation = |path, action| Rule::post(path, action).target("invitation", "invitationId");
    let team = |path, action| organization(path, action).target("team", "teamId");
    let member = |path, action| organization(path, action).target("member", "memberIdOrEmail");
    vec![
        Rule::post("/organization/create", "resource.created").target("organization", "slug"),
        organization("/organization/update", "resource.updated"),
        organization("/organization/delete", "resource.deleted"),
        organization("/organization/set-active", "session.renewed"),
        team("/organization/set-active-team", "session.renewed"),
        organization("/organization/invite-member", "member.invited").target("email", "email"),
        invitation("/organization/accept-invitation", "member.added"),
        invitation("/organization/reject-invitation", "member.invitation_rejected"),
        invitation("/organization/cancel-invitation", "member.invitation_cancelled"),
        organization("/organization/add-member", "member.added").target("user", "userId"),
        member("/organization/remove-member", "member.removed"),
        organization("/organization/update-member-role", "member.updated").target("member", "memberId"),
        organization("/organization/leave", "member.removed"),
        organization("/organization/create-team", "resource.created").target("team", "name"),
        team("/organization/update-team", "resource.updated"),
        team("/organization/remove-team", "resource.deleted"),
        team("/organization/add-team-member", "member.added").target("user", "userId"),
        team("/organization/remove-team-member", "member.removed").target("user", "userId"),
        organization("/organization/create-role", "role.created").target("role", "role"),
        organization("/organization/update-role", "role.updated").target("role", "roleName"),
        organization("/organization/delete-role", "role.deleted").target("role", "roleName"),
    ]
}

fn tokens() -> Vec<Rule> {
    let (post, get) = (Rule::post, Rule::get);
    let both = |path, action| Rule::new(&[Method::GET, Method::POST], path, action);
    let plain = vec![
        post("/api-key/create", "token.created").target("api_key", "name"),
        post("/api-key/update", "token.updated").target("api_key", "keyId"),
        post("/api-key/delete", "token.deleted").target("api_key", "keyId"),
        post("/api-key/verify", "token.authenticated").secret_target("api_key", "key"),
        get("/one-time-token/generate", "token.created"),
        post("/one-time-token/verify", "auth.login.succeeded"),
        get("/token", "oauth.token.issued"),
        post("/get-access-token", "oauth.token.issued").target("provider", "providerId"),
        post("/refresh-token", "oauth.token.refreshed").target("provider", "providerId"),
        post("/device/code", "oauth.device.requested"),
        post("/device/approve", "oauth.device.approved"),
        post("/device/deny", "oauth.device.denied"),
    ];
    let oauth = [
        post("/device/token", "oauth.token.issued"),
        both("/oauth2/authorize", "oauth.authorization.requested"),
        post("/oauth2/consent", "oauth.consent.granted"),
        post("/oauth2/token", "oauth.token.issued"),
        post("/oauth2/revoke", "oauth.token.revoked").before().secret_target("token", "token"),
        post("/oauth2/introspect", "oauth.token.introspected").secret_target("token", "token"),
        both("/oauth2/endsession", "auth.logout").before(),
        get("/oauth2/userinfo", "token.authenticated"),
        post("/oauth2/register", "oauth.client.created"),
        post("/oauth2/create-client", "oauth.client.created"),
        post("/oauth2/update-client", "oauth.client.updated").target("client", "client_id"),
        post("/oauth2/delete-client", "oauth.client.deleted").target("client", "client_id"),
        post("/oauth2/client/rotate-secret", "oauth.client.secret_rotated").target("client", "client_id"),
        get("/mcp/authorize", "oauth.authorization.requested"),
        post("/mcp/register", "oauth.client.created"),
        post("/mcp/token", "oauth.token.issued"),
    ];
    let oauth = oauth.map(|rule| rule.capture(Capture { oauth: true, ..Capture::default() }));
    plain.into_iter().chain(oauth).collect()
}

/// The endpoint of a plugin that nobody here knows, and what is POST and yet only reads. The endpoints of the audit
/// plugin record for themselves.
fn not_events() -> Vec<Rule> {
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let mut unknown = Rule::new(&writes, "/{*path}", "auth.endpoint.called");
    unknown.must_exist = true;
    vec![
        unknown,
        Rule::ignore("/get-session"),
        Rule::ignore("/is-username-available"),
        Rule::ignore("/siwe/nonce"),
        Rule::ignore("/admin/has-permission"),
        Rule::ignore("/admin/list-user-sessions"),
        Rule::ignore("/organization/has-permission"),
        Rule::ignore("/organization/check-slug"),
        Rule::ignore("/passkey/generate-register-options"),
        Rule::ignore("/audit-log/insert"),
        Rule::ignore("/audit-log/{*rest}"),
    ]
}
