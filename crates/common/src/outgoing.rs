//! Where the service may connect to when a tenant names the server: not into the operator's own networks.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// The longest a name may take to resolve.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no address to connect to. The texts are for the person who named the server, so none tells what the
/// operator's name servers answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    #[error("the server {0} is not known: its name leads to no address")]
    Unknown(String),
    #[error("the name of the server {0} could not be looked up in time")]
    TimedOut(String),
    #[error(
        "the server {0} has an address in a private network, on this machine or of no single machine, and the operator \
         does not allow to connect there (ALLOW_PRIVATE_ADDRESSES)"
    )]
    Refused(String),
}

/// The one address to connect to, looked up once: connecting to the name again could lead elsewhere.
///
/// A name with several addresses is refused when any of them is. With `allow_private` only what no server can have is
/// refused: link-local addresses (cloud machines find their credentials there), multicast and the unspecified address.
///
/// # Errors
/// See [`OutgoingError`].
pub async fn resolve_public(host: &str, port: u16, allow_private: bool) -> Result<SocketAddr, OutgoingError> {
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| OutgoingError::TimedOut(host.to_owned()))?
        .map_err(|_| OutgoingError::Unknown(host.to_owned()))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip().to_canonical()).collect();
    let first = *found.first().ok_or_else(|| OutgoingError::Unknown(host.to_owned()))?;
    let allowed = |ip: &IpAddr| is_public(*ip) || (allow_private && is_reachable(*ip));
    if found.iter().all(allowed) {
        Ok(SocketAddr::new(first, port))
    } else {
        Err(OutgoingError::Refused(host.to_owned()))
    }
}

/// Whether the address belongs to one machine on the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// The special-purpose registry of IANA.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        // carrier-grade NAT; some clouds keep their metadata there
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        // relays of 6to4
        || (a == 192 && b == 88 && c == 99)
        // benchmarks
        || (a == 198 && (b == 18 || b == 19))
        // multicast, reserved, broadcast
        || a >= 224)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // NAT64: the packet goes to the embedded address
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4, likewise
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks, identifiers
        [0x2001, second, ..] if second < 0x200 => false,
        // documentation
        [0x2001, 0xdb8, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // what is handed out to networks; loopback, link-local, unique local, multicast and the rest are outside of it
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Whether a server, wherever it is, can have the address.
fn is_reachable(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local()),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(text: &str) -> Vec<IpAddr> {
        text.split_whitespace().map(|ip| ip.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for ip in
            ips("8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 223.255.255.255
            2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1")
        {
            assert!(is_public(ip), "{ip}");
        }
    }

    #[test]
    fn addresses_of_no_single_public_machine_are_not() {
        for ip in
            ips("0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.8.8.8
            169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
            198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
            :: ::1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::127.0.0.1 ::8.8.8.8 64:ff9b::7f00:1
            64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 100::1 2001::1 2001:10::1 2001:db8::1 2002:7f00:1::
            2002:a00:1::1 2002:c0a8:101::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 ff02::1")
        {
            assert!(!is_public(ip), "{ip}");
        }
    }

    #[test]
    fn an_operator_can_open_private_networks_but_not_the_machines_own_surroundings() {
        for ip in ips("127.0.0.1 10.0.0.1 192.168.1.1 ::1 fd00::1 100.64.0.1") {
            assert!(is_reachable(ip), "{ip}");
        }
        for ip in ips("0.0.0.0 169.254.169.254 224.0.0.1 255.255.255.255 :: ff02::1 fe80::1 ::ffff:169.254.169.254") {
            assert!(!is_reachable(ip), "{ip}");
        }
    }

    #[tokio::test]
    async fn a_name_leads_to_an_address_that_was_checked_or_to_a_refusal() {
        for host in
            ["127.0.0.1", "localhost", "::1", "0.0.0.0", "169.254.169.254", "::ffff:10.0.0.1", "127.1", "2130706433"]
        {
            let refused = resolve_public(host, 22, false).await;
            assert!(matches!(refused, Err(OutgoingError::Refused(_))), "{host}: {refused:?}");
        }
        assert_eq!(resolve_public("127.0.0.1", 22, true).await, Ok("127.0.0.1:22".parse().unwrap()));
        assert_eq!(resolve_public("::ffff:10.0.0.1", 22, true).await, Ok("10.0.0.1:22".parse().unwrap()));
        assert_eq!(resolve_public("8.8.8.8", 22, false).await, Ok("8.8.8.8:22".parse().unwrap()));
        let metadata = resolve_public("169.254.169.254", 80, true).await;
        assert!(matches!(metadata, Err(OutgoingError::Refused(_))), "{metadata:?}");
        let unknown = resolve_public("no such host.invalid", 22, true).await;
        assert!(matches!(unknown, Err(OutgoingError::Unknown(_))), "{unknown:?}");
    }
}
