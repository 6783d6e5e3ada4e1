use http::{HeaderName, header};
use indelible_proof::Timestamp;

use super::*;

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name, value.parse().unwrap());
    }
    headers
}

fn resolve(resolvers: &Resolvers, headers: &HeaderMap) -> Option<Identity> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(resolvers.resolve(headers, &Extensions::new())).unwrap()
}

fn by_id(id: String) -> impl Future<Output = Result<Option<Identity>, ResolveError>> {
    std::future::ready(Ok((id != "unknown").then(|| Identity::new(Actor::user(id)))))
}

#[test]
fn a_cookie_is_found_among_others_and_the_first_resolver_that_knows_answers() {
    let resolvers = Resolvers::default().with(SessionCookie::new("sid", by_id)).with(BearerToken::new(by_id));
    let both = |cookie: &str| {
        let lines = [(header::COOKIE, cookie), (header::AUTHORIZATION, "bearer  b1 ")];
        resolve(&resolvers, &headers(&lines)).and_then(|identity| identity.subject.id)
    };
    assert_eq!(both("xsid=x; sid=c1; y=z").as_deref(), Some("c1"));
    assert_eq!(both("sid=\"c1\"").as_deref(), Some("c1"));
    assert_eq!(both("sid=unknown").as_deref(), Some("b1"));
    assert_eq!(both("other=1").as_deref(), Some("b1"));
    assert_eq!(resolve(&resolvers, &headers(&[(header::AUTHORIZATION, "Basic eDp5")])), None);
}

#[test]
fn an_identity_of_the_application_goes_before_every_resolver() {
    let resolvers = Resolvers::default().with(SessionCookie::new("sid", by_id));
    let mut extensions = Extensions::new();
    extensions.insert(Identity::new(Actor::service("own")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let headers = headers(&[(header::COOKIE, "sid=c1")]);
    let found = runtime.block_on(resolvers.resolve(&headers, &extensions)).unwrap().unwrap();
    assert_eq!(found.subject, Actor::service("own"));
}

#[test]
fn the_next_cookies_are_those_sent_with_what_the_response_sets_and_takes_away() {
    let next = |sent: &str, set: &[&str]| {
        let set: Vec<_> = set.iter().map(|line| (header::SET_COOKIE, *line)).collect();
        let next = next_cookies(&headers(&[(header::COOKIE, sent)]), &headers(&set));
        next.map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(next("a=1; b=2", &[]), None);
    assert_eq!(next("a=1; b=2", &["b=3; Path=/; HttpOnly"]).as_deref(), Some("a=1; b=3"));
    assert_eq!(next("a=1; b=2", &["a=x; Max-Age=0", "c=4"]).as_deref(), Some("b=2; c=4"));
    assert_eq!(next("a=1", &["a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]).as_deref(), Some(""));
    assert_eq!(next("a=1", &["nonsense"]), None);
}

#[test]
fn who_acts_for_whom_follows_the_act_chain() {
    let claims = r#"{"sub":"u1","email":"alice@example.com","jti":"t1","scope":"read write","exp":1795176000,
        "act":{"sub":"agent","act":{"sub":"gateway"}}}"#;
    let resolver = JwtClaims::verified_by(move |_| serde_json::from_str(claims).ok());
    let headers = headers(&[(header::AUTHORIZATION, "Bearer any")]);
    let identity = resolve(&Resolvers::default().with(resolver), &headers).unwrap();
    assert_eq!(identity.actor(), &Actor::user("agent"));
    assert_eq!(identity.on_behalf_of(), [Actor::user("u1").email("alice@example.com"), Actor::user("gateway")]);
    let credential = identity.credential.unwrap();
    assert_eq!((credential.id.as_deref(), credential.scopes.len()), (Some("t1"), 2));
    assert_eq!(credential.expires_at, Timestamp::from_micros(1_795_176_000_000_000).ok());
}

#[test]
fn a_client_that_acts_for_itself_is_a_client() {
    let resolver = JwtClaims::verified_by(|_| serde_json::from_str(r#"{"sub":"web","client_id":"web"}"#).ok());
    let headers = headers(&[(header::AUTHORIZATION, "Bearer any")]);
    assert_eq!(resolve(&Resolvers::default().with(resolver), &headers).unwrap().subject, Actor::new("client", "web"));
}

/// A token signed with HMAC-SHA256.
fn signed(key: &[u8], header: &str, claims: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use hmac::{Hmac, KeyInit, Mac};
    let text = format!(
        "{}.{}",
        Base64UrlUnpadded::encode_string(header.as_bytes()),
        Base64UrlUnpadded::encode_string(claims.as_bytes())
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

#[test]
fn only_a_token_with_the_right_signature_algorithm_and_time_counts() {
    let now = crate::system_time().as_micros() / 1_000_000;
    let knows = |token: String, key: &[u8]| {
        let headers = headers(&[(header::AUTHORIZATION, &format!("Bearer {token}"))]);
        resolve(&Resolvers::default().with(JwtClaims::hs256(key)), &headers).is_some()
    };
    let (alg, claims) = (r#"{"alg":"HS256"}"#, r#"{"sub":"u1"}"#);
    for key in [&b"k"[..], &[9; 64], &[9; 65], &[9; 200]] {
        assert!(knows(signed(key, alg, claims), key));
    }
    let at = |claim: &str, offset: i64| signed(b"k", alg, &format!(r#"{{"sub":"u1","{claim}":{}}}"#, now + offset));
    assert!(knows(at("exp", 600), b"k") && knows(at("exp", -5), b"k") && knows(at("nbf", -600), b"k"));
    assert!(!knows(at("exp", -600), b"k") && !knows(at("nbf", 600), b"k"));
    for token in [
        signed(b"other", alg, claims),
        signed(b"k", r#"{"alg":"none"}"#, claims),
        signed(b"k", r#"{"alg":"HS256","crit":["x"]}"#, claims),
        signed(b"k", alg, r#"{"sub":"u1","exp":"tomorrow"}"#),
        signed(b"k", alg, r#"{"sub":""}"#),
        signed(b"k", alg, "not json"),
        format!("{}x", signed(b"k", alg, claims)),
        signed(b"k", alg, claims).rsplit_once('.').unwrap().0.to_owned(),
        "..".to_owned(),
    ] {
        assert!(!knows(token.clone(), b"k"), "{token}");
    }
}
