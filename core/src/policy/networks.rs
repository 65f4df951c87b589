//! Address ranges of which one must hold an address: sorted and disjoint, so that hundreds cost one binary search.

use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;

/// A list of address ranges.
#[derive(Debug)]
pub(crate) struct Networks {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    /// As written, but for IPv4 in IPv6.
    all: Box<[IpNet]>,
}

impl Networks {
    /// Whether one of the ranges holds an address. IPv4 in IPv6 is IPv4, on both sides.
    pub(crate) fn hold(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.hold(address.to_bits()),
            IpAddr::V6(address) => self.v6.hold(address.to_bits()),
        }
    }

    /// Every range.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.all.iter()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let all: Box<[IpNet]> = networks.into_iter().map(canonical).collect();
        let v4 = all.iter().filter_map(|network| match network {
            IpNet::V4(net) => Some((net.network().to_bits(), net.broadcast().to_bits())),
            IpNet::V6(_) => None,
        });
        let v6 = all.iter().filter_map(|network| match network {
            IpNet::V4(_) => None,
            IpNet::V6(net) => Some((net.network().to_bits(), net.broadcast().to_bits())),
        });
        Self {
            v4: v4.collect(),
            v6: v6.collect(),
            all,
        }
    }
}

/// An IPv4 range written in IPv6 is that IPv4 range: callers' addresses are compared in their shortest form.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V4(_) => None,
        IpNet::V6(net) => net
            .network()
            .to_ipv4_mapped()
            .zip(net.prefix_len().checked_sub(96))
            .and_then(|(address, length)| Ipv4Net::new(address, length).ok()),
    };
    mapped.map_or(network, IpNet::V4)
}

/// First and last address of each range; sorted, none overlapping another.
#[derive(Debug)]
struct Ranges<A>(Box<[(A, A)]>);

impl<A: Ord> Ranges<A> {
    fn hold(&self, address: A) -> bool {
        let begun = self.0.partition_point(|(first, _)| *first <= address);
        let last_begun = begun.checked_sub(1).and_then(|at| self.0.get(at));
        last_begun.is_some_and(|(_, last)| address <= *last)
    }
}

impl<A: Ord + Copy> FromIterator<(A, A)> for Ranges<A> {
    fn from_iter<I: IntoIterator<Item = (A, A)>>(ranges: I) -> Self {
        let mut ranges: Vec<(A, A)> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut disjoint: Vec<(A, A)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match disjoint.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                Some(_) | None => disjoint.push((first, last)),
            }
        }
        Self(disjoint.into())
    }
}

#[cfg(test)]
mod tests;
