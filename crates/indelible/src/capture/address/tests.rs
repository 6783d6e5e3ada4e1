use proptest::prelude::*;

use super::*;
use crate::network::tests::address;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

fn client(proxies: &Proxies, peer: &str, lines: &[(&'static str, &str)]) -> String {
    proxies.client(Some(peer.parse().unwrap()), &headers(lines)).unwrap().to_string()
}

fn trusting() -> Proxies {
    Proxies::trusting(["10.0.0.0/8", "fd00::/8", "192.0.2.7"]).unwrap()
}

#[test]
fn no_header_of_an_untrusted_peer_is_believed() {
    let all = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1"), ("x-real-ip", "1.1.1.1")];
    for header in [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded, ForwardingHeader::XRealIp] {
        assert_eq!(client(&Proxies::default().header(header), "203.0.113.9", &all), "203.0.113.9");
        assert_eq!(client(&trusting().header(header), "203.0.113.9", &all), "203.0.113.9");
        assert_eq!(client(&trusting().header(header), "10.0.0.1", &all), "1.1.1.1");
    }
}

#[test]
fn without_a_peer_nothing_is_known() {
    assert_eq!(trusting().client(None, &headers(&[("x-forwarded-for", "1.1.1.1")])), None);
}

#[test]
fn hops_are_walked_from_the_right_up_to_the_first_untrusted() {
    for (line, expected) in [
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1, 192.0.2.7", "203.0.113.9"),
        ("6.6.6.6,203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("", "10.0.0.1"),
        ("6.6.6.6, unknown", "10.0.0.1"),
        ("6.6.6.6, , 10.1.1.1", "10.1.1.1"),
        ("6.6.6.6, 203.0.113.256", "10.0.0.1"),
    ] {
        assert_eq!(client(&trusting(), "10.0.0.1", &[("x-forwarded-for", line)]), expected, "{line}");
    }
}

#[test]
fn the_lines_of_a_header_are_one_list() {
    let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9, 10.1.1.1")];
    assert_eq!(client(&trusting(), "10.0.0.1", &lines), "203.0.113.9");
}

#[test]
fn forwarded_reads_as_rfc_7239_writes_it() {
    let proxies = trusting().header(ForwardingHeader::Forwarded);
    for (line, expected) in [
        ("for=203.0.113.9;proto=http;by=10.0.0.2", "203.0.113.9"),
        (r#"for=6.6.6.6, FOR="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
        (r#"for=6.6.6.6, for=203.0.113.9;host="a,b;for=1.1.1.1""#, "203.0.113.9"),
        (r#"for="203.0.113.9\"", for=10.1.1.1"#, "10.1.1.1"),
        ("for=6.6.6.6, proto=https", "10.0.0.1"),
        ("for=6.6.6.6, for=_hidden, for=10.1.1.1", "10.1.1.1"),
        ("for=6.6.6.6;for=7.7.7.7", "10.0.0.1"),
        (r#"for="6.6.6.6, for=203.0.113.9, for=10.1.1.1"#, "203.0.113.9"),
    ] {
        assert_eq!(client(&proxies, "10.0.0.1", &[("forwarded", line)]), expected, "{line}");
    }
}

#[test]
fn the_real_ip_is_one_address() {
    let proxies = trusting().header(ForwardingHeader::XRealIp);
    assert_eq!(client(&proxies, "10.0.0.1", &[("x-real-ip", "203.0.113.9")]), "203.0.113.9");
    assert_eq!(client(&proxies, "10.0.0.1", &[("x-real-ip", "6.6.6.6, 203.0.113.9")]), "10.0.0.1");
}

#[test]
fn a_mapped_address_is_the_v4_address_for_peers_and_networks_too() {
    assert_eq!(client(&trusting(), "::ffff:10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
    let mapped: Network = "::ffff:10.0.0.0/104".parse().unwrap();
    assert_eq!(mapped.to_string(), "10.0.0.0/8");
}

#[test]
fn of_a_v6_address_only_the_network_is_kept_where_that_was_asked_for() {
    let proxies = trusting().mask_v6();
    assert_eq!(client(&proxies, "2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
    assert_eq!(client(&proxies, "203.0.113.9", &[]), "203.0.113.9");
}

proptest! {
    #[test]
    fn what_a_client_writes_never_changes_who_it_is(
        made_up in "[ -~]{0,60}",
        real in address().prop_filter("a client", |real| !trusting().trusts(*real)),
        inner in prop::collection::vec(any::<[u8; 3]>(), 0..4),
    ) {
        let proxies = trusting();
        // Each proxy adds whom it was called by; the client's own writing stands at the left of that.
        let proxies_hops: String = inner.iter().map(|[a, b, c]| format!(", 10.{a}.{b}.{c}")).collect();
        let x_forwarded_for = format!("{made_up}, {real}{proxies_hops}");
        prop_assert_eq!(client(&proxies, "10.0.0.1", &[("x-forwarded-for", &x_forwarded_for)]), real.to_canonical().to_string());
        let node = if real.is_ipv4() { real.to_string() } else { format!("\"[{real}]\"") };
        let forwarded = format!("{made_up}, for={node}{}", proxies_hops.replace(", ", ", for="));
        let proxies = proxies.header(ForwardingHeader::Forwarded);
        prop_assert_eq!(client(&proxies, "10.0.0.1", &[("forwarded", &forwarded)]), real.to_canonical().to_string());
    }

    #[test]
    fn no_header_makes_the_walk_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let Ok(value) = http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        for header in [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded, ForwardingHeader::XRealIp] {
            let headers = HeaderMap::from_iter([(header.name(), value.clone())]);
            prop_assert!(trusting().header(header).client(Some([10, 0, 0, 1].into()), &headers).is_some());
        }
    }
}
