use proptest::prelude::*;

use super::*;
use crate::network::tests::address;

fn ips(texts: &[&str]) -> AllowedIps {
    AllowedIps::new(texts).unwrap()
}

fn domains(texts: &[&str]) -> AllowedDomains {
    AllowedDomains::new(texts).unwrap()
}

#[test]
fn an_address_is_admitted_by_itself_or_by_its_network() {
    let some = ips(&["203.0.113.9", "10.0.0.0/8", "2001:db8::/32"]);
    let admit = |address: &str| some.admit(Some(address.parse().unwrap()));
    assert!(["203.0.113.9", "::ffff:203.0.113.9", "10.255.0.1", "2001:db8:1::1"].iter().all(|address| admit(address)));
    assert!(!["203.0.113.8", "11.0.0.1", "2001:db9::1", "::1"].iter().any(|address| admit(address)));
    assert!(!some.admit(None) && ips(&[]).admit(None));
}

#[test]
fn a_wildcard_admits_every_host_below_and_not_the_domain_itself() {
    let below = domains(&["*.example.com"]);
    for host in ["app.example.com", "a.b.example.com", "APP.Example.COM", "app.example.com.", "app.example.com:8443"] {
        assert_eq!(below.admit(Some(&format!("https://{host}")), None), Ok(()), "{host}");
    }
    for host in ["example.com", "badexample.com", "example.com.evil.net", ".example.com", "app.example.comm"] {
        assert!(below.admit(Some(&format!("https://{host}")), None).is_err(), "{host}");
    }
}

#[test]
fn the_referer_counts_only_when_there_is_no_origin() {
    let one = domains(&["example.com"]);
    assert_eq!(one.admit(Some("https://example.com"), Some("https://example.org/")), Ok(()));
    assert_eq!(one.admit(None, Some("https://example.com/page?from=x#top")), Ok(()));
    let other = |text: &str| Err(Elsewhere::Domain(text.to_owned()));
    assert_eq!(one.admit(Some("https://example.org"), Some("https://example.com/")), other("example.org"));
    assert_eq!(one.admit(Some("null"), Some("https://example.com/")), other("null"));
    assert_eq!(one.admit(None, None), Err(Elsewhere::Nowhere));
    assert_eq!(domains(&[]).admit(None, None), Ok(()));
}

#[test]
fn what_browsers_would_take_for_another_host_is_not_admitted() {
    let one = domains(&["example.com", "[::1]", "127.0.0.1"]);
    for url in [
        "https://example.com@evil.net",
        "https://evil.net\\@example.com",
        "https://evil.net/https://example.com",
        "https://evil.net?://example.com",
        "https://evil.net#@example.com",
        "https://user:1@example.com",
        "https://exa\tmple.com",
        "http:///example.com",
        "//example.com",
        "example.com",
        "https://",
        "",
    ] {
        assert!(one.admit(Some(url), None).is_err(), "{url}");
    }
    for url in ["http://[::1]:3000/", "http://[0:0::1]", "http://127.0.0.1:80", "https://example.com:/"] {
        assert_eq!(one.admit(Some(url), None), Ok(()), "{url}");
    }
}

#[test]
fn what_is_no_domain_or_network_is_refused() {
    for text in
        ["", "*", "*.", "a.*.b", "https://example.com", "example.com:80", "ex ample.com", "ümlaut.de", "a..b", "[::1"]
    {
        assert_eq!(AllowedDomains::new([text]), Err(AllowError::Domain(text.to_owned())), "{text}");
    }
    assert!(matches!(AllowedIps::new(["10.0.0.0/33"]), Err(AllowError::Network(_))));
    assert_eq!(AllowedIps::new((0..257).map(|_| "::1")), Err(AllowError::TooMany(257)));
    assert_eq!(AllowedDomains::new((0..257).map(|_| "example.com")), Err(AllowError::TooMany(257)));
}

#[test]
fn they_are_lists_of_texts_in_json() {
    let text = r#"["203.0.113.9","10.0.0.0/8"]"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<AllowedIps>(text).unwrap()).unwrap(), text);
    let some: AllowedDomains = serde_json::from_str(r#"["Example.com","*.example.com."]"#).unwrap();
    assert_eq!(serde_json::to_string(&some).unwrap(), r#"["example.com","*.example.com"]"#);
    assert!(serde_json::from_str::<AllowedIps>(r#"["nowhere"]"#).is_err());
}

/// The bits of an address, one by one; those of a v4 address are those of the v6 address that it is mapped to.
fn bits(address: IpAddr) -> Vec<bool> {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.octets().iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
}

fn near(address: IpAddr, bit: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() ^ 1 << (bit % 32)).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() ^ 1 << (bit % 128)).into()),
    }
}

proptest! {
    #[test]
    fn addresses_are_admitted_as_a_comparison_bit_by_bit_admits_them(
        networks in prop::collection::vec((address(), 0..=128_u8), 1..4),
        other in address(),
        flipped in any::<u8>(),
    ) {
        let bits_of = |address: IpAddr, prefix: u8| if address.is_ipv4() { prefix.min(32) } else { prefix };
        let texts = networks.iter().map(|&(address, prefix)| format!("{address}/{}", bits_of(address, prefix)));
        // A network that holds all mapped addresses and others too is refused.
        let Ok(allowed) = AllowedIps::new(texts) else { return Ok(()) };
        let is_in = |asked: IpAddr| networks.iter().any(|&(address, prefix)| {
            let common = usize::from(bits_of(address, prefix)) + if address.is_ipv4() { 96 } else { 0 };
            let same_family = asked.to_canonical().is_ipv4() == address.to_canonical().is_ipv4();
            same_family && bits(asked)[..common] == bits(address)[..common]
        });
        for asked in [other, near(networks[0].0, flipped), networks[0].0] {
            prop_assert_eq!(allowed.admit(Some(asked)), is_in(asked), "{}", asked);
        }
    }

    #[test]
    fn hosts_are_admitted_label_by_label(own in "(\\*\\.)?[ab](\\.[ab]){0,2}", host in "[ab](\\.[ab]){0,3}", port in "(:[0-9]{0,5})?") {
        let labels = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let expected = match own.strip_prefix("*.") {
            Some(parent) => labels(&host).len() > labels(parent).len() && labels(&host).ends_with(&labels(parent)),
            None => labels(&host) == labels(&own),
        };
        prop_assert_eq!(domains(&[&own]).admit(Some(&format!("https://{host}{port}")), None).is_ok(), expected);
    }

    #[test]
    fn no_text_makes_them_panic(own in any::<String>(), origin in any::<String>(), url in "(https?://)?[a-z:@/\\[\\]\\\\.*é]{0,20}") {
        if let Ok(own) = AllowedDomains::new([&own, &url]) {
            let _ = own.admit(Some(&origin), None);
        }
        let _ = domains(&["example.com"]).admit(Some(&url), Some(&origin));
        let _ = AllowedIps::new([&own, &url]);
    }
}
