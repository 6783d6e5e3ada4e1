//! Cases of Bearer for Laravel that concern how its tokens look, what its types are and what its lists allow. Where we
//! deviate, the test says so and why.

use indelible::tokens::{
    Abilities, AllowedDomains, AllowedIps, Elsewhere, Format, FormatError, Kind, Kinds, Parsed, Plaintext, hash,
};
use serde_json::{Value, json};

const SEAM: &str = "sk_test_4fzYp1kQ8aZt3mNbVcXw9RsT";
const UUID: &str = "rk_test_550e8400-e29b-41d4-a716-446655440000";
/// Its last eight digits are the CRC-32 of the forty before them.
const RANDOM: &str = "pk_live_k3JdP0sLq9WmZx7VbN2cR5tYhG8fAeUiO1TnM6QD291bb77b";

fn kind(config: &Value) -> Result<Kind, String> {
    let kinds: Kinds = serde_json::from_value(json!({ "custom": config })).map_err(|error| error.to_string())?;
    kinds.get("custom").cloned().ok_or_else(|| "not there".to_owned())
}

#[test]
fn tokens_of_all_three_generators_are_read() {
    for (text, prefix, environment, format) in [
        (SEAM, "sk", "test", Format::Seam),
        (UUID, "rk", "test", Format::Uuid),
        (RANDOM, "pk", "live", Format::Random),
        ("sk_production_4fzYp1kQ8aZt3mNbVcXw9RsT", "sk", "production", Format::Seam),
    ] {
        let parsed = Parsed::of(text).unwrap();
        assert_eq!((parsed.prefix, parsed.environment, parsed.format), (prefix, environment, format), "{text}");
    }
}

#[test]
fn what_its_generators_do_not_read_is_refused() {
    let long = format!("sk_test_{}", "a".repeat(100));
    for text in [
        "sk_test",
        "sk_test_abc_extra",
        "_test_abc123",
        "sk__abc123",
        "sk_test_",
        "0_test_4fzYp1kQ8aZt3mNbVcXw9RsT",
        "sk_0_4fzYp1kQ8aZt3mNbVcXw9RsT",
        "sk_test_0",
        "sk_test_not-a-valid-uuid",
        "_test_550e8400-e29b-41d4-a716-446655440000",
        "sk_test_tooshort",
        &long,
        &format!("{SEAM}_extra"),
    ] {
        assert_eq!(Parsed::of(text), Err(FormatError::Malformed), "{text}");
    }
}

/// Deviation: its `random` writes a checksum that nobody looks at, so that 48 letters of any kind pass for a token.
#[test]
fn the_checksum_of_a_random_token_is_looked_at() {
    assert_eq!(Parsed::of(&format!("sk_test_{}", "a".repeat(48))), Err(FormatError::Checksum));
    assert_eq!(Parsed::of(&RANDOM.replace("k3J", "k3K")), Err(FormatError::Checksum));
}

/// Deviation: ours have a checksum too, and 256 random bits where `seam` has 140.
#[test]
fn ours_begin_as_its_do_and_are_of_base_58() {
    let of = |prefix, environment| Plaintext::generate(prefix, environment).unwrap();
    for (prefix, environment) in [("sk", "test"), ("sk", "live"), ("pk", "test"), ("pk", "live")] {
        let token = of(prefix, environment);
        let secret = token.reveal().strip_prefix(&format!("{prefix}_{environment}_")).unwrap();
        assert!(secret.chars().all(|char| char.is_ascii_alphanumeric() && !"0OIl".contains(char)));
        assert_eq!((secret.len(), Parsed::of(token.reveal()).unwrap().format), (50, Format::Own));
    }
    assert_ne!(of("sk", "test").reveal(), of("sk", "test").reveal());
}

#[test]
fn an_id_may_stand_before_a_token_and_more_bars_find_nothing() {
    let presented = format!("17|{SEAM}");
    let parsed = Parsed::of(&presented).unwrap();
    assert_eq!((parsed.id, parsed.hash()), (Some("17"), hash(SEAM)));
    for text in [format!("17|{SEAM}|extra|data"), "17|invalid_plaintext_token".to_owned(), format!("|{SEAM}")] {
        assert_eq!(Parsed::of(&text), Err(FormatError::Malformed), "{text}");
    }
}

/// Deviation: SHA-512 is no choice. It has 128 digits, and the column that Bearer keeps hashes in has room for 64.
#[test]
fn hashes_are_those_of_its_hasher_sha256() {
    let hex = |text: &str| hash(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for text in [&*"a".repeat(10_000), "!@#$%^&*()_+-=[]{}|;:,.<>?", "令牌🔐"] {
        assert_eq!((hex(text).len(), hex(text)), (64, hex(text)));
        assert_ne!(hash(text), hash("wrong_token"));
    }
}

#[test]
fn its_three_types_are_there_as_it_configures_them() {
    let kinds = Kinds::default();
    for (id, name, abilities, minutes, rate_limit, server_side_only) in [
        ("sk", "Secret", &["*"][..], None, None, true),
        ("pk", "Publishable", &["read"], Some(43_200), Some(1000), false),
        ("rk", "Restricted", &[], Some(525_600), Some(100), true),
    ] {
        let kind = kinds.get(id).unwrap();
        assert_eq!((&*kind.name, &*kind.prefix, &*kind.environments), (name, id, &["test".into(), "live".into()][..]));
        assert_eq!(kind.abilities.iter().collect::<Vec<_>>(), abilities);
        assert_eq!(kind.expiration_min.map(u32::from), minutes);
        assert_eq!(kind.rate_limit.map(u32::from), rate_limit);
        assert_eq!((kind.server_side_only, kind.revealable), (server_side_only, false));
        assert_eq!(kinds.by_prefix(id), Some((id, kind)));
    }
    assert!(kinds.get("nonexistent").is_none() && kinds.by_prefix("nonexistent").is_none());
}

#[test]
fn a_type_is_configured_with_its_keys() {
    let all = kind(&json!({
        "name": "Integration", "prefix": "int", "abilities": ["api:read", "api:write"], "expiration": 43_200,
        "rate_limit": 500, "environments": ["production", "staging"], "server_side_only": true, "revealable": true,
    }))
    .unwrap();
    assert_eq!((&*all.name, &*all.prefix), ("Integration", "int"));
    assert!(all.abilities.allow("api:read") && all.is_for("staging") && all.server_side_only && all.revealable);
    assert_eq!((all.expiration_min.map(u32::from), all.rate_limit.map(u32::from)), (Some(43_200), Some(500)));

    let least = kind(&json!({ "name": "Temporary", "prefix": "tmp" })).unwrap();
    assert_eq!(least, Kind::new("Temporary", "tmp"));
    assert_eq!((least.expiration_min, least.rate_limit, least.server_side_only), (None, None, false));
    assert!(least.is_for("test") && least.is_for("live") && !least.is_for("staging"));

    let many = (0..100).map(|nth| format!("ability:{nth}")).collect::<Vec<_>>();
    assert_eq!(kind(&json!({ "name": "T", "prefix": "t", "abilities": many })).unwrap().abilities.len(), 100);
    let large = json!({ "name": "Test 测试 🔐", "prefix": "t", "expiration": 525_600, "rate_limit": 1_000_000 });
    assert_eq!(kind(&large).unwrap().name, "Test 测试 🔐");
    let nothing = json!({ "name": "N", "prefix": "n", "abilities": [], "environments": [], "expiration": null });
    assert!(kind(&nothing).is_ok_and(|kind| kind.abilities.is_empty() && kind.environments.is_empty()));
}

/// Deviations: a type that does not say what it allows allows nothing, not everything; 0 minutes and 0 uses, with which
/// no token could ever be used, are refused, as is a prefix with an underscore, whose tokens Bearer itself cannot read.
#[test]
fn a_type_without_abilities_allows_nothing_and_what_no_token_could_use_is_refused() {
    assert!(kind(&json!({ "name": "Temporary", "prefix": "tmp" })).unwrap().abilities.is_empty());
    for (key, value) in [("expiration", json!(0)), ("rate_limit", json!(0)), ("prefix", json!("tst_v1"))] {
        let mut config = json!({ "name": "Odd", "prefix": "odd" });
        config[key] = value;
        assert!(kind(&config).is_err(), "{key}");
    }
}

/// Deviation: lists and flags that are null are refused; it takes them for the defaults.
#[test]
fn what_is_no_configuration_of_a_type_is_refused() {
    for (key, values) in [
        ("name", json!([null, "", 1, [], true])),
        ("prefix", json!([null, "", 1, [], true])),
        ("abilities", json!([null, "read", 1, true])),
        ("expiration", json!(["1", -1, 1.5, true, []])),
        ("rate_limit", json!(["1", -1, 1.5, true, []])),
        ("environments", json!([null, "live", 1, true])),
        ("server_side_only", json!([null, "yes", 1, []])),
        ("revealable", json!([null, "yes", 1, []])),
    ] {
        for value in values.as_array().unwrap() {
            let mut config = json!({ "name": "Odd", "prefix": "odd" });
            config[key] = value.clone();
            assert!(kind(&config).is_err(), "{key} {value}");
        }
    }
    assert!(kind(&json!({ "prefix": "odd" })).is_err() && kind(&json!({ "name": "Odd" })).is_err());
}

/// Deviation: it lets one prefix have two types, and finds either.
#[test]
fn one_prefix_has_one_type() {
    assert!(Kinds::default().with("secret", Kind::new("Secret", "sk")).is_err());
    let again = Kinds::default().with("sk", Kind::new("Server", "sk")).unwrap();
    assert_eq!(again.get("sk").unwrap().name, "Server");
}

#[test]
fn abilities_are_exact_the_wildcard_wins_and_case_matters() {
    let own = Abilities::new(["read", "posts:write"]).unwrap();
    assert!(own.allow("read") && own.allow("posts:write"));
    assert!(!own.allow("Read") && !own.allow("write") && !own.allow("posts") && !own.allow("*"));
    let all = Abilities::new(["*"]).unwrap();
    assert!(all.allow("anything") && all.cover(&own) && all.cover(&all));
    assert!(!own.cover(&all) && own.cover(&Abilities::default()) && !Abilities::default().allow("read"));
}

#[test]
fn its_cases_of_origin_and_referer_end_the_same() {
    let own = AllowedDomains::new(["example.com"]).unwrap();
    assert_eq!(own.admit(Some("https://example.com"), None), Ok(()));
    assert_eq!(own.admit(None, Some("https://example.com/path")), Ok(()));
    let wrong = own.admit(Some("https://evil.example.org"), None);
    assert_eq!(wrong, Err(Elsewhere::Domain("evil.example.org".to_owned())));
    assert_eq!(own.admit(None, None), Err(Elsewhere::Nowhere));
    assert!(own.admit(Some("http:///example.com"), None).is_err());
    assert_eq!(AllowedDomains::default().admit(None, None), Ok(()));
}

/// Its documentation promises networks and wildcards; its code compares texts.
#[test]
fn networks_and_wildcards_do_what_its_documentation_promises() {
    let ips = AllowedIps::new(["192.168.1.0/24", "2001:db8::/32", "203.0.113.9"]).unwrap();
    let admit = |address: &str| ips.admit(Some(address.parse().unwrap()));
    assert!(admit("192.168.1.77") && admit("2001:db8::1") && admit("203.0.113.9"));
    assert!(!admit("192.168.2.1") && !admit("203.0.113.10") && !ips.admit(None));
    assert!(AllowedIps::default().admit(None));
    let domains = AllowedDomains::new(["*.example.com"]).unwrap();
    assert!(domains.admit(Some("https://app.example.com"), None).is_ok());
    assert!(domains.admit(Some("https://example.com"), None).is_err());
}
