//! What proxies, and clients that pretend to be some, say of where a request comes from.

use std::net::IpAddr;

use sealwax_server::header::{HeaderName, HeaderValue};
use sealwax_server::{ForwardedField, HeaderMap, Proxies};

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3));

/// Lines of both fields, the last one first to be believed.
pub(crate) fn forwarded(input: &[u8]) {
    for field in [ForwardedField::XForwardedFor, ForwardedField::Forwarded] {
        let mut headers = HeaderMap::new();
        for line in input.split(|byte| *byte == b'\n') {
            let Ok(value) = HeaderValue::from_bytes(line) else { continue };
            for name in ["x-forwarded-for", "forwarded"] {
                headers.append(HeaderName::from_static(name), value.clone());
            }
        }
        let nobody = Proxies { networks: Vec::new(), field };
        assert_eq!(nobody.client(PEER, &headers), PEER, "who is no proxy is believed");
        let trusted = Proxies { networks: vec!["10.0.0.0/8".parse().unwrap()], field };
        let client = trusted.client(PEER, &headers);
        assert_eq!(client, client.to_canonical(), "one client has two addresses");
    }
}

pub(crate) fn forwarded_seeds() -> Vec<Vec<u8>> {
    let lines = [
        "203.0.113.5, 10.0.0.1",
        "[2001:db8::1]:4711\n203.0.113.5:80",
        "for=198.51.100.1;proto=https, For=\"[2001:db8::1]:4711\";by=10.1.2.3",
        "for=_hidden, for=unknown",
    ];
    lines.map(|lines| lines.as_bytes().to_vec()).to_vec()
}
