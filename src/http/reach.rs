//! Which addresses a name may lead to. A name that somebody else controls must not lead into the house.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

/// Looks names up, and leaves out the addresses that may not be reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    /// Whether names may lead into private networks.
    pub(super) private_network: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = *self;
        Box::pin(async move {
            let found = resolver.look_up(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address leads to this machine.
pub fn is_here(url: &Url) -> bool {
    is_this_machine(url.host_str().unwrap_or_default().trim_matches(['[', ']']))
}

/// Whoever writes this name or an address of this machine means this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Resolver {
    /// The addresses of a host that may be reached; never none.
    pub(super) async fn look_up(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let is_here = is_this_machine(host);
        let found = tokio::net::lookup_host((host, port)).await?;
        let allowed: Vec<SocketAddr> =
            found.filter(|at| if is_here { at.ip().is_loopback() } else { self.allows(at.ip()) }).collect();
        if allowed.is_empty() {
            let what = "the name leads to no address that may be reached; for one of your own network say \
                        private_network = true";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        Ok(allowed)
    }

    /// Whether an address may be reached. Link-local ones never: metadata services of clouds live there.
    pub(super) fn allows(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.allows_v4(address),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(inner) => self.allows_v4(inner),
                None => self.allows_v6(address),
            },
        }
    }

    fn allows_v4(self, address: Ipv4Addr) -> bool {
        let [a, b, ..] = address.octets();
        let is_shared = a == 100 && (64..128).contains(&b);
        let is_nowhere = a == 0 || a >= 224;
        let is_private = address.is_private() || address.is_loopback() || is_shared;
        !address.is_link_local() && !is_nowhere && (self.private_network || !is_private)
    }

    fn allows_v6(self, address: Ipv6Addr) -> bool {
        let first = address.segments()[0];
        let is_link_local = first & 0xffc0 == 0xfe80;
        let is_private = first & 0xfe00 == 0xfc00 || address.is_loopback();
        let is_nowhere = address.is_unspecified() || address.is_multicast();
        // The metadata service of one cloud has this address of a private range.
        let is_metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
        !is_link_local && !is_nowhere && !is_metadata && (self.private_network || !is_private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_out_of_reach_and_private_networks_are_unless_named() {
        let allows = |address: &str, private_network| Resolver { private_network }.allows(address.parse().unwrap());
        for never in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "::ffff:169.254.1.1"]
        {
            assert!(!allows(never, false) && !allows(never, true), "{never}");
        }
        for inside in ["10.1.2.3", "192.168.0.1", "172.16.0.1", "127.0.0.1", "::1", "fd12::1", "100.64.0.1"] {
            assert!(!allows(inside, false) && allows(inside, true), "{inside}");
        }
        assert!(allows("93.184.216.34", false) && allows("2606:2800:220:1::1", false));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_to_this_machine() {
        let resolver = Resolver { private_network: false };
        assert!(resolver.look_up("localhost", 80).await.unwrap().iter().all(|at| at.ip().is_loopback()));
        assert!(resolver.look_up("10.0.0.1", 80).await.is_err());
    }
}
