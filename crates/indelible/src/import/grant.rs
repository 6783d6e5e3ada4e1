//! What a client presents for a token, by the grant that it asks with.

/// The kind of the credential that a grant of OAuth 2.0 takes; none where it takes none that is a token or a code.
pub(super) fn presented(grant_type: &str) -> Option<&'static str> {
    Some(match grant_type {
        "authorization_code" => "authorization_code",
        "refresh_token" => "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code" => "device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange" => "access_token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => "jwt",
        "urn:ietf:params:oauth:grant-type:saml2-bearer" => "saml_assertion",
        _ => return None,
    })
}
