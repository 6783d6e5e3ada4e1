//! Auth0 tenant logs: `{"log_id": ..., "data": {...}}` as streamed, or the data alone as exported.

use indelible_proof::{Http, OAuth, Object, Outcome, Target, vocabulary};

use super::{
    layout::{Layout, credential, presented, reason},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "auth0",
    id: &["log_id", "_id"],
    time: &["date"],
    action: &["type"],
    actor_id: &["user_id", "details.request.auth.user.user_id"],
    actor_name: &["details.request.auth.user.name", "user_name"],
    actor_email: &["details.request.auth.user.email", "user_name"],
    ip: &["ip", "details.request.ip"],
    user_agent: &["user_agent", "details.request.userAgent"],
    country: &["location_info.country_code", "location_info.country_name"],
    city: &["location_info.city_name"],
    session: &["session_id", "details.session_id"],
    credential: &["details.request.auth.credentials.jti"],
    credential_kind: "access_token",
    client_id: &["client_id"],
    client_name: &["client_name"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let data = if record.has("data.type") { record.at("data") } else { record };
    let mut event = LAYOUT.read(data)?;
    event.idempotency_key = record.text("log_id").or(event.idempotency_key);
    let code = data.text("type").unwrap_or_default();
    let description = data.text("description").unwrap_or_default();
    if matches!(code.as_str(), "sapi" | "mgmt_api_read" | "fapi") {
        event.action = management(data, &description);
    }
    event.outcome = Some(outcome(&code, &event.action));
    let told = data.text("details.error.message").or_else(|| data.text("details.error.type"));
    event.reason = why(&code).map(str::to_owned).or_else(|| reason(&told?));
    event.metadata.insert("description".to_owned(), description.into());
    if matches!(code.as_str(), "sapi" | "fapi" | "mgmt_api_read") {
        api_call(data, &mut event);
    }
    // A sign-in has the parameters of the authorization request that asked for it.
    let asked = data.at("details.qs");
    event.oauth = Some(OAuth {
        scopes_requested: data.words("scope"),
        audience: data.text("audience").or_else(|| asked.text("audience")),
        grant_type: grant(&code).map(str::to_owned),
        response_type: asked.text("response_type"),
        redirect_uri: asked.text("redirect_uri").or_else(|| data.text("details.redirect_uri")),
        token_family: data.text("details.familyId"),
        ..OAuth::default()
    });
    let method = asked.text("code_challenge_method");
    event.metadata.extend(method.map(|method| ("code_challenge_method".to_owned(), method.into())));
    if let Some(presented) = grant(&code).and_then(presented) {
        event.credential.get_or_insert_default().kind = presented.kind;
    }
    let scopes = data.words("details.request.auth.credentials.scopes");
    if !scopes.is_empty() {
        let credential = event.credential.get_or_insert_with(|| credential("access_token", None));
        credential.scopes = scopes;
    }
    if let Some(connection) = data.text("connection") {
        event.targets.push(Target {
            r#type: Some("connection".to_owned()),
            id: data.text("connection_id"),
            name: Some(connection),
            attrs: Object::new(),
        });
    }
    Ok(Some(event))
}

/// A call of the Management API: the HTTP request, the resource in its path and what was sent to it.
fn api_call(data: Record<'_>, event: &mut indelible_proof::Event) {
    let request = data.at("details.request");
    let status = data.number("details.response.statusCode").and_then(|status| status.try_into().ok());
    event.http = Some(Http {
        method: request.text("method").map(|method| method.to_ascii_uppercase()),
        path: request.text("path"),
        status,
        ..Http::default()
    });
    if status.is_some_and(|status| status >= 400) {
        event.outcome = Some(if matches!(status, Some(401 | 403)) { Outcome::Denied } else { Outcome::Failure });
    }
    let path = request.text("path").unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "api" | "v2"));
    if let Some(kind) = parts.next() {
        let id = parts.next().map(str::to_owned);
        event.targets.push(Target { r#type: Some(kind.replace('-', "_")), id, ..Target::default() });
    }
    let changing =
        matches!(request.text("method").as_deref(), Some("post" | "put" | "patch" | "POST" | "PUT" | "PATCH"));
    if let (true, Some(body)) = (changing, request.object("body")) {
        event.changes.get_or_insert_default().after = body.clone();
    }
}

fn management(data: Record<'_>, description: &str) -> String {
    let path = data.text("details.request.path").unwrap_or_default();
    let verb = match data.text("details.request.method").unwrap_or_default().to_ascii_lowercase().as_str() {
        "post" => "created",
        "put" | "patch" => "updated",
        "delete" => "deleted",
        "get" => "read",
        _ => return naming::action("auth0", description),
    };
    let subject = if path.contains("refresh-tokens") || path.contains("device-credentials") {
        return if verb == "deleted" { "oauth.token.revoked".to_owned() } else { format!("token.{verb}") };
    } else if path.contains("/roles") {
        "role"
    } else if path.contains("/clients") {
        "oauth.client"
    } else if path.contains("guardian/") {
        "auth.mfa"
    } else if path.ends_with("/users") || path.contains("/users/") {
        "account"
    } else {
        // The path tells no more than that a resource was posted to; the description says what for.
        let said = naming::action("auth0", description);
        return if said.starts_with("resource.") || verb == "created" { said } else { format!("resource.{verb}") };
    };
    if verb == "read" { "resource.read".to_owned() } else { format!("{subject}.{verb}") }
}

/// The codes begin with an `f` for what failed.
fn outcome(code: &str, action: &str) -> Outcome {
    match code {
        "limit_wc" | "limit_mu" | "limit_sul" | "api_limit" | "appi" | "pwd_leak" | "signup_pwd_leak"
        | "reset_pwd_leak" | "ferrt" => Outcome::Denied,
        _ if code.starts_with('f') || code.contains("_fail") || code.contains("_reject") => Outcome::Failure,
        _ => match vocabulary::outcome_of(action) {
            Outcome::Unknown => Outcome::Success,
            usual => usual,
        },
    }
}

fn why(code: &str) -> Option<&'static str> {
    Some(match code {
        "fp" => "invalid_credentials",
        "fu" => "unknown_user",
        "fc" => "invalid_client",
        "fco" => "domain_blocked",
        "limit_wc" | "limit_sul" => "account_locked",
        "limit_mu" => "ip_blocked",
        "api_limit" | "appi" => "rate_limited",
        "pwd_leak" | "signup_pwd_leak" | "reset_pwd_leak" => "x_leaked_password",
        "gd_auth_failed" | "gd_auth_rejected" | "gd_recovery_failed" | "feoobft" | "feotpft" | "fercft" => "mfa_failed",
        "feacft" | "feccft" | "fepft" | "fede" | "fertft" => "invalid_grant",
        "ferrt" => "token_reused",
        _ => return None,
    })
}

fn grant(code: &str) -> Option<&'static str> {
    Some(match code {
        "seacft" | "feacft" => "authorization_code",
        "seccft" | "feccft" => "client_credentials",
        "sepft" | "fepft" => "password",
        "sertft" | "fertft" | "ferrt" => "refresh_token",
        "sede" | "fede" => "urn:ietf:params:oauth:grant-type:device_code",
        "seoobft" | "feoobft" => "http://auth0.com/oauth/grant-type/mfa-oob",
        "seotpft" | "feotpft" => "http://auth0.com/oauth/grant-type/mfa-otp",
        "sercft" | "fercft" => "http://auth0.com/oauth/grant-type/mfa-recovery-code",
        _ => return None,
    })
}
