//! The address that clients use. It is part of the identity of everything, and never changes.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use sealwax_net::http::Url;

use super::instance::Instance;
use super::places::{HostNames, Service};
use crate::Failure;

/// The address of a new instance: as it was given, or this machine's own.
pub fn of(given: Option<&str>, listen: SocketAddr) -> Result<String, Failure> {
    let Some(given) = given else {
        if !listen.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "--listen {listen} is for others, so --url must say how they call it: it is part of the log's origin and of \
                 the issuer, for ever"
            )));
        }
        return Ok(format!("http://localhost:{}", listen.port()));
    };
    parse("--url", given)
}

/// An address that clients can use for a service. `what` was given is said where it is none.
pub fn parse(what: &str, given: &str) -> Result<String, Failure> {
    let bad = |why: &str| Err(Failure::usage(format!("{what} {given:?}: {why}")));
    let Some((scheme, rest)) = given.split_once("://") else {
        return bad("begin it with https:// (or http://, on this machine)");
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let host = host(given.strip_suffix('/').unwrap_or(given)).unwrap_or_default();
    if rest.contains('/') {
        // sigstore-python joins the CA's URL with an absolute path.
        return bad("deployed clients drop a path, so the instance needs a host name of its own");
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    // As clients read it: a port that is none, or numbers that they take for another address, would be there for ever.
    let read = Url::parse(given).ok();
    let is_read_so = read.is_some_and(|url| url.host_str() == Some(host));
    if host.is_empty() || !rest.bytes().all(plain) || rest.ends_with(':') || !is_read_so {
        return bad("a host name in small letters was expected, perhaps with a port");
    }
    match scheme {
        "https" => Ok(format!("https://{rest}")),
        "http" if matches!(host, "localhost" | "127.0.0.1" | "[::1]") => Ok(format!("http://{rest}")),
        _ => bad("over plain http anybody on the way reads tokens: https, or localhost"),
    }
}

/// Refuses a host name of a service's own that is that of everything else: requests are told apart by it.
pub fn check_hosts(url: &str, hosts: &HostNames) -> Result<(), Failure> {
    for (service, own) in hosts {
        if host(own) == host(url) {
            return Err(Failure::usage(format!(
                "hosts.{} = {own}: {url} has the same host name, and only that tells whose a request is; leave it out, and the \
                 service is below the url",
                service.name()
            )));
        }
    }
    Ok(())
}

/// Refuses another address than the one the instance was made with, and says what it would change.
pub fn check(
    instance: &Instance,
    given: Option<&str>,
    hosts: &HostNames,
    only: &BTreeSet<Service>,
) -> Result<(), Failure> {
    for (service, given) in hosts {
        let place = instance.place(*service);
        if *given != place {
            return Err(Failure::usage(format!(
                "hosts.{} = {given}: this instance has it at {place}, for ever: clients have that from its trusted root, its \
                 signing config or its tokens, and logs have it in what they sign. A new instance in a new directory can have it",
                service.name()
            )));
        }
    }
    if !only.is_empty() && *only != instance.services {
        let names = |services: &BTreeSet<Service>| {
            services.iter().map(|service| service.name()).collect::<Vec<_>>().join(",")
        };
        return Err(Failure::usage(format!(
            "--only {}: this instance is {}, for ever: a part more would have keys that nobody was told of, a part less would \
             leave clients that trust it without. A new instance in a new directory can be that",
            names(only),
            names(&instance.services)
        )));
    }
    let Some(given) = given else { return Ok(()) };
    let given = given.strip_suffix('/').unwrap_or(given);
    if given == instance.url {
        return Ok(());
    }
    let (url, issuer) = (&instance.url, instance.issuer());
    Err(Failure::usage(format!(
        "--url {given}: this instance is {url}, for ever. Another address would change the origin of its logs (what they signed \
         would no longer verify), the issuer of its tokens ({issuer}), and every URL in its trusted root, signing config \
         and TUF repository. A new instance in a new directory can have it"
    )))
}

/// The host name, without the port: what clients take for the origin of a signature log.
pub fn host(url: &str) -> Option<&str> {
    let authority = authority(url)?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    (!host.is_empty()).then_some(host)
}

/// Host name and port.
pub fn authority(url: &str) -> Option<&str> {
    url.split_once("://").map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Status;
    use jiff::Timestamp;

    #[test]
    fn addresses_of_instances() {
        let here: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        let of_here = |url| of(url, here).map_err(|failure| failure.status);
        assert_eq!(of_here(None).unwrap(), "http://localhost:4000");
        assert_eq!(of_here(Some("https://sigstore.acme.example/")).unwrap(), "https://sigstore.acme.example");
        assert_eq!(of_here(Some("http://127.0.0.1:8080")).unwrap(), "http://127.0.0.1:8080");
        assert_eq!(of_here(Some("http://[::1]")).unwrap(), "http://[::1]");
        for bad in [
            "",
            "sigstore.acme.example",
            "http://sigstore.acme.example",
            "https://a.example/sub",
            "https://A.example",
            "https://",
            "ftp://localhost",
            "https://a b",
            "https://user@a.example",
            "https://a.example:",
            "https://a.example:65536",
            "https://:443",
            "https://:::",
            "https://10.1",
        ] {
            assert_eq!(of_here(Some(bad)), Err(Status::Usage), "{bad}");
        }
        assert_eq!(of(None, "0.0.0.0:80".parse().unwrap()).unwrap_err().status, Status::Usage);
    }

    #[test]
    fn a_host_name_of_its_own_is_no_others() {
        let own = |url: &str| HostNames::from([(Service::Ca, url.to_owned())]);
        check_hosts("https://a.example", &own("https://ca.a.example")).unwrap();
        for same in ["https://a.example", "https://a.example:8443"] {
            let refused = check_hosts("https://a.example", &own(same)).unwrap_err();
            assert!(refused.message.starts_with("hosts.ca = https://a.example"), "{}", refused.message);
        }
    }

    #[test]
    fn the_address_stays() {
        let here = "127.0.0.1:4000".parse().unwrap();
        let own = HostNames::from([(Service::Tsa, "https://tsa.example".to_owned())]);
        let instance = Instance::new(
            "https://a.example:444".to_owned(),
            own,
            BTreeSet::new(),
            here,
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        let none = HostNames::new();
        check(&instance, None, &none, &instance.services).unwrap();
        check(&instance, Some("https://a.example:444/"), &instance.hosts, &BTreeSet::new()).unwrap();
        let refused = check(&instance, Some("https://b.example"), &none, &BTreeSet::new()).unwrap_err();
        assert!(refused.message.contains("https://a.example:444/oidc"), "{}", refused.message);
        // Neither another host name nor the first one of its own.
        for service in [Service::Tsa, Service::Ca] {
            let moved = HostNames::from([(service, "https://b.example".to_owned())]);
            let refused = check(&instance, None, &moved, &BTreeSet::new()).unwrap_err();
            assert!(refused.message.contains(&instance.place(service)), "{}", refused.message);
        }
        let fewer = BTreeSet::from([Service::Ca, Service::Ct]);
        let refused = check(&instance, None, &none, &fewer).unwrap_err();
        assert!(
            refused.message.starts_with("--only ca,ct: this instance is ca,ct,log,"),
            "{}",
            refused.message
        );
        assert_eq!(host(&instance.url), Some("a.example"));
        assert_eq!(authority(&instance.url), Some("a.example:444"));
        assert_eq!(host("http://[::1]"), Some("[::1]"));
    }
}
