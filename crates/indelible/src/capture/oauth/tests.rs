use super::*;

#[test]
fn a_redirect_uri_is_absolute_and_has_no_fragment() {
    for uri in [
        "https://app.example.com/cb",
        "http://127.0.0.1:4711/cb?x=1",
        "com.example.app:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
    ] {
        assert!(is_redirect_uri(uri), "{uri}");
    }
    for uri in
        ["", "/cb", "app.example.com/cb", "https://", "https:", "https://a/#x", "https://a b", "1x:/cb", "https://ä/"]
    {
        assert!(!is_redirect_uri(uri), "{uri}");
    }
}

#[test]
fn the_client_of_basic_authentication_is_read_and_its_secret_is_not() {
    let of = |value: &str| client_of_basic(&HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]));
    assert_eq!(of("Basic d2ViOnMzY3JldA==").as_deref(), Some("web"));
    // `my%3Aapp:s3cret`: RFC 6749 encodes before it joins.
    assert_eq!(of("basic bXklM0FhcHA6czNjcmV0").as_deref(), Some("my:app"));
    for value in ["Basic", "Basic !!", "Basic d2Vi", "Bearer d2ViOnMzY3JldA==", "Basic OnMzY3JldA=="] {
        assert_eq!(of(value), None, "{value}");
    }
}
