//! Who did something, for the audit log and for the rows that name their maker.

use axum::{extract::ConnectInfo, http::HeaderMap, http::request::Parts};
use std::net::{IpAddr, SocketAddr};

use crate::ids::AccountId;

/// A person, or a machine with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person; none when a machine calls.
    pub account_id: Option<AccountId>,
    /// An e-mail address, or `API key <prefix>`.
    pub name: String,
    /// Where the request came from.
    pub ip: Option<IpAddr>,
}

impl Actor {
    /// Whoever runs the commands on the server.
    #[must_use]
    pub fn operator() -> Self {
        Self { account_id: None, name: String::from("operator"), ip: None }
    }
}

/// The address of whoever calls. Anybody can write a forwarding header, so only what the operator's own proxies added is
/// believed: `proxies` of them stand before this service (TRUSTED_PROXIES), each of which adds the address it was called
/// from at the end of `X-Forwarded-For`.
#[must_use]
pub fn client_address(parts: &Parts, proxies: usize) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if proxies == 0 { peer } else { forwarded(&parts.headers, proxies).or(peer) }
}

fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    addresses.iter().rev().nth(proxies - 1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn seen(proxies: usize, forwarded: &[&str]) -> Option<String> {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap_or_default().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711))));
        client_address(&parts, proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_trusted_proxies_added_is_believed() {
        let peer = Some(String::from("10.0.0.1"));
        assert_eq!(seen(0, &["1.2.3.4"]), peer);
        assert_eq!(seen(1, &["1.2.3.4, 5.6.7.8"]).as_deref(), Some("5.6.7.8"));
        assert_eq!(seen(2, &["1.2.3.4", "5.6.7.8"]).as_deref(), Some("1.2.3.4"));
        assert_eq!(seen(1, &["2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        // Fewer than there should be, or no address: nobody but the peer is known.
        assert_eq!(seen(2, &["5.6.7.8"]), peer);
        assert_eq!(seen(1, &["unknown"]), peer);
        assert_eq!(seen(1, &[]), peer);
    }
}
