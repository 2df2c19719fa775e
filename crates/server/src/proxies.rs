//! Where a request comes from when proxies stand in front: what they say, and only they.

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use std::{net::IpAddr, str::FromStr};

/// Proxies that a request can have come through. A client that writes the header field itself gains nothing by more.
const MAX_HOPS: usize = 16;

/// The proxies in front of us, and how they say whom they speak for. Nobody else is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Where they are.
    pub networks: Vec<Network>,
    /// Where they write it.
    pub field: ForwardedField,
}

/// The one header field that the proxies write. A proxy passes on the other as the client sent it, so only one is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedField {
    /// `X-Forwarded-For`: addresses with commas between them; each proxy adds the one it was asked from.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address, and no network such as 192.0.2.0/24")]
pub struct NetworkError(String);

impl Proxies {
    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.has(address))
    }

    /// The address of the client whose request came from `peer`: of what the proxies say, the last that is none of them.
    /// What somebody wrote before it is ignored, and behind something that is no address nothing is believed.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if !self.has(nearest) {
            return nearest;
        }
        let name = match self.field {
            ForwardedField::XForwardedFor => "x-forwarded-for",
            ForwardedField::Forwarded => "forwarded",
        };
        // As bytes: one line can hold what a client wrote, which may be no text, and what the proxy put behind it.
        let fields = headers.get_all(name).iter().rev().map(HeaderValue::as_bytes);
        for hop in fields.flat_map(|field| field.rsplit(|byte| *byte == b',')).take(MAX_HOPS) {
            let hop = str::from_utf8(hop).ok();
            let node = match self.field {
                ForwardedField::XForwardedFor => hop.map(str::trim),
                ForwardedField::Forwarded => hop.and_then(node),
            };
            let Some(address) = node.and_then(address) else { return nearest };
            nearest = address;
            if !self.has(address) {
                return address;
            }
        }
        nearest
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let shift = |width: u32| width - u32::from(self.bits);
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(its)) => {
                (ours.to_bits() ^ its.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(its)) => {
                (ours.to_bits() ^ its.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let bad = || NetworkError(text.to_owned());
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), str::parse).map_err(|_| bad())?;
        if bits > width { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The `for` of an element (RFC 7239, 4).
fn node(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// An address, perhaps with a port, as both fields have it.
fn address(node: &str) -> Option<IpAddr> {
    let bare = match node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => address,
        Some((address, port)) if port.starts_with(':') => address,
        Some(_) => return None,
        // An IPv4 address with a port has one colon, an IPv6 address more.
        None => {
            node.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(node, |(address, _)| address)
        }
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(field: ForwardedField) -> Proxies {
        let networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"];
        Proxies { networks: networks.map(|network| network.parse().unwrap()).to_vec(), field }
    }

    fn client(proxies: &Proxies, peer: &str, fields: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().filter_map(|field| field.split_once(": ")) {
            let name: hyper::header::HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        let proxies = proxies(ForwardedField::XForwardedFor);
        let of = |peer, fields: &[&str]| client(&proxies, peer, fields);
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: 203.0.113.5"]), "203.0.113.5");
        assert_eq!(of("::ffff:10.1.2.3", &["x-forwarded-for: 203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(of("192.0.2.7", &["x-forwarded-for: 198.51.100.1, 203.0.113.5, 10.9.9.9"]), "203.0.113.5");
        assert_eq!(
            of("192.0.2.7", &["x-forwarded-for: 1.1.1.1", "x-forwarded-for: 203.0.113.5"]),
            "203.0.113.5"
        );
        assert_eq!(of("2001:db8:1::9", &["x-forwarded-for: 2001:db8:2::1"]), "2001:db8:2::1");
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: [2001:db8:2::1]:80"]), "2001:db8:2::1");
        // All of them are proxies: the first one is where it came from.
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: 10.0.0.1, 10.0.0.2"]), "10.0.0.1");
    }

    #[test]
    fn nobody_else_is_believed() {
        let proxies = proxies(ForwardedField::XForwardedFor);
        let of = |peer, fields: &[&str]| client(&proxies, peer, fields);
        assert_eq!(of("192.0.2.8", &["x-forwarded-for: 203.0.113.5"]), "192.0.2.8");
        assert_eq!(of("10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(of("10.1.2.3", &["forwarded: for=203.0.113.5"]), "10.1.2.3");
        for bad in
            ["", "unknown", "203.0.113.5.6", "a, ", "203.0.113.5 , ?", "[2001:db8::1", "[2001:db8::1]x"]
        {
            assert_eq!(of("10.1.2.3", &[&format!("x-forwarded-for: {bad}")]), "10.1.2.3", "{bad}");
        }
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: ?, 10.0.0.2"]), "10.0.0.2");
        // What is no ASCII hides neither what the proxy has added nor what it has not.
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: \u{e9}, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(of("10.1.2.3", &["x-forwarded-for: 1.1.1.1", "x-forwarded-for: \u{e9}"]), "10.1.2.3");
        let long = format!("x-forwarded-for: 203.0.113.5{}", ", 10.0.0.1".repeat(MAX_HOPS));
        assert_eq!(of("10.1.2.3", &[&long]), "10.0.0.1");
        assert_eq!(client(&Proxies::default(), "10.1.2.3", &["x-forwarded-for: 203.0.113.5"]), "10.1.2.3");
    }

    #[test]
    fn the_standard_field() {
        let proxies = proxies(ForwardedField::Forwarded);
        let of = |field: &str| client(&proxies, "10.1.2.3", &[&format!("forwarded: {field}")]);
        assert_eq!(of("for=203.0.113.5"), "203.0.113.5");
        assert_eq!(of("for=198.51.100.1, proto=https; For=\"203.0.113.5:80\";by=10.1.2.3"), "203.0.113.5");
        assert_eq!(of("for=\"[2001:db8:2::1]:4711\", for=10.0.0.9"), "2001:db8:2::1");
        assert_eq!(of("for=203.0.113.5, for=_hidden"), "10.1.2.3");
        assert_eq!(of("proto=https"), "10.1.2.3");
    }

    #[test]
    fn networks() {
        let has =
            |network: &str, address: &str| network.parse::<Network>().unwrap().has(address.parse().unwrap());
        assert!(has("0.0.0.0/0", "203.0.113.5") && !has("0.0.0.0/0", "::1"));
        assert!(has("::/0", "2001:db8::1"));
        assert!(has("192.0.2.128/25", "192.0.2.255") && !has("192.0.2.128/25", "192.0.2.127"));
        assert!(has("::1", "::1") && !has("::1", "::2"));
        for bad in ["", "/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost", "10.0.0/8"] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError(bad.to_owned())));
        }
        assert_eq!("10.0.0.0/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
    }
}
