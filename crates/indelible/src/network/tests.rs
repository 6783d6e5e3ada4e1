use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_network_is_refused_with_what_to_write() {
    for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "10.0.0.0/", "::ffff:10.0.0.0/8", "host"] {
        let error = text.parse::<Network>().unwrap_err().to_string();
        assert!(error.contains("10.0.0.0/8 or"), "{error}");
    }
}

pub(crate) fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        any::<[u8; 3]>().prop_map(|[a, b, c]| [10, a, b, c].into()),
    ]
}

#[test]
fn a_network_is_written_as_it_was_read() {
    for text in ["203.0.113.9", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "::/0"] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
    }
    assert_eq!("203.0.113.9/32".parse::<Network>().unwrap().to_string(), "203.0.113.9");
}

proptest! {
    #[test]
    fn a_network_holds_what_shares_its_first_bits(address in address(), other in address(), prefix in 0..=128_u8) {
        let prefix = prefix.min(bits(address.to_canonical()));
        let network = Network { address: address.to_canonical(), prefix };
        prop_assert!(network.contains(address));
        let text = |ip: IpAddr| match ip.to_canonical() {
            IpAddr::V4(ip) => format!("{:032b}", ip.to_bits()),
            IpAddr::V6(ip) => format!("{:0128b}", ip.to_bits()),
        };
        let same = text(other).len() == text(address).len()
            && text(other).get(..prefix.into()) == text(address).get(..prefix.into());
        prop_assert_eq!(network.contains(other), same);
    }
}
