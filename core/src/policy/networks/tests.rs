use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Of few addresses, so that ranges meet, contain each other and touch.
fn address() -> impl Strategy<Value = IpAddr> {
    let four = (0_u8..4, 0_u8..4).prop_map(|(a, b)| Ipv4Addr::new(10, 0, a, b * 64 + a));
    prop_oneof![
        four.clone().prop_map(IpAddr::V4),
        four.prop_map(|address| IpAddr::V6(address.to_ipv6_mapped())),
        (0_u16..4, 0_u16..4)
            .prop_map(|(a, b)| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, a, 0, 0, 0, 0, b))),
    ]
}

fn network() -> impl Strategy<Value = IpNet> {
    let length = prop::sample::select(vec![0_u8, 22, 24, 26, 30, 32, 48, 64, 120, 126, 128]);
    (address(), length).prop_map(|(address, length)| {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        IpNet::new(address, length.min(longest)).unwrap()
    })
}

proptest! {
    #[test]
    fn holds_what_one_of_them_holds(
        networks in prop::collection::vec(network(), 0..12), address in address()
    ) {
        let one_holds = networks
            .iter()
            .any(|network| canonical(*network).contains(&address.to_canonical()));
        let all: Networks = networks.iter().copied().collect();
        prop_assert_eq!(all.hold(address), one_holds, "{:?}", networks);
    }
}

#[test]
fn the_ends_of_a_range_belong_to_it() {
    let networks: Networks = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"]
        .map(|text| text.parse::<IpNet>().unwrap())
        .into_iter()
        .collect();
    for (address, held) in [
        ("9.255.255.255", false),
        ("10.0.0.0", true),
        ("10.255.255.255", true),
        ("11.0.0.0", false),
        ("192.0.2.6", false),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2001:db8::", true),
        ("::ffff:10.0.0.1", true),
        ("::", false),
    ] {
        assert_eq!(networks.hold(address.parse().unwrap()), held, "{address}");
    }
}
