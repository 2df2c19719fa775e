//! exploration
mod common;
use sealwax_pki::*;
#[test]
fn explore() {
    let Some(shared) = common::shared() else { return };
    let memo = SignatureMemo::default();
    for case in common::cases(&shared) {
        println!("== {}", case.name);
        if let Some(der) = case.certificate_der() {
            let cert = match Certificate::from_der(&der) {
                Ok(c) => c,
                Err(e) => {
                    println!("  cert: {e}");
                    continue;
                }
            };
            let leaf = match EndEntity::code_signing(&cert) {
                Ok(l) => l,
                Err(e) => {
                    println!("  leaf: {e}");
                    continue;
                }
            };
            println!(
                "  {:?} {:?}",
                leaf.name().map(|n| n.to_string()),
                cert.fulcio().map(|f| f.issuer().map(str::to_owned))
            );
            for root in &case.roots {
                for a in &root.certificate_authorities {
                    match a.paths(&leaf, Search { memo: &memo, further_intermediates: &[] }) {
                        Ok(p) => {
                            println!(
                                "  paths {} at {:?}",
                                p.len(),
                                case.integrated_time().map(|t| p[0].check_at(t).map_err(|e| e.to_string()))
                            );
                            for sct in cert.embedded_scts().unwrap() {
                                println!(
                                    "  sct {:?} {:?} idx {:?}",
                                    sct.timestamp(),
                                    root.ctlog(&sct).map(|k| sct.verify(&cert, p[0].issuer(), k)),
                                    sct.leaf_index()
                                );
                            }
                        }
                        Err(e) => println!("  no path: {e} ({:?})", a.likelihood(&cert)),
                    }
                }
            }
        }
        for token in case.tokens() {
            match TimestampToken::from_response_der(&token) {
                Ok(t) => {
                    println!(
                        "  token {} {} {:?} certs {}",
                        t.gen_time(),
                        t.imprint(),
                        t.accuracy(),
                        t.certificates().count()
                    );
                    for root in &case.roots {
                        for a in &root.timestamp_authorities {
                            match t.verify(a, &case.signature().unwrap(), &memo) {
                                Ok(v) => println!("    ok {}", v.time()),
                                Err(e) => println!("    {e}"),
                            }
                        }
                    }
                }
                Err(e) => println!("  token: {e}"),
            }
        }
    }
}
