use super::*;

fn read(text: &str) -> Result<SigningConfig, DocumentError> {
    let result = SigningConfig::parse(text.as_bytes());
    if let Ok(config) = &result {
        assert_eq!(SigningConfig::parse(config.write().as_bytes()).as_ref(), Ok(config));
    }
    result
}

#[test]
fn version_0_1_has_urls_only() {
    let config = read(
        r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json","caUrl":"https://ca","oidcUrl":"",
            "tlogUrls":["https://a","https://b"]}"#,
    )
    .unwrap();
    assert_eq!(config.version, SigningConfigVersion::V01);
    let service = |url: &str| Service { url: url.to_owned(), major_api_version: 1, ..Service::default() };
    assert_eq!(config.ca_urls, [service("https://ca")]);
    assert_eq!(config.oidc_urls, []);
    assert_eq!(config.rekor_tlog_urls, [service("https://a"), service("https://b")]);
    assert_eq!((config.rekor_tlog_config, config.tsa_config), (None, None));
}

#[test]
fn version_0_2() {
    let config = read(
        r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls":[{"url":"https://a","majorApiVersion":2,"validFor":{"start":"2025-01-01T00:00:00Z"},"operator":"o"}],
            "rekorTlogConfig":{"selector":"EXACT","count":2},"tsaConfig":{"selector":2},"tsa_urls":[]}"#,
    )
    .unwrap();
    let service = &config.rekor_tlog_urls[0];
    assert_eq!((service.major_api_version, service.operator.as_str()), (2, "o"));
    assert!(service.valid_for.unwrap().window().is_some());
    let exact = ServiceConfiguration { selector: Selector::Exact, count: 2 };
    assert_eq!(config.rekor_tlog_config, Some(exact));
    assert_eq!(config.tsa_config, Some(ServiceConfiguration { selector: Selector::Any, count: 0 }));
}

#[test]
fn selectors() {
    let selector = |text: &str| {
        let text = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","tsaConfig":{{"selector":{text}}}}}"#
        );
        read(&text).unwrap().tsa_config.unwrap().selector
    };
    assert_eq!(selector("null"), Selector::Undefined);
    assert_eq!(selector("0"), Selector::Undefined);
    assert_eq!(selector("\"ALL\""), Selector::All);
    assert_eq!(selector("\"SOME\""), Selector::Unknown("SOME".to_owned()));
    assert_eq!(selector("9"), Selector::Unknown("9".to_owned()));
}

#[test]
fn refused() {
    let media_type = "application/vnd.dev.sigstore.signingconfig.v0.3+json";
    let text = format!("{{\"mediaType\":{media_type:?}}}");
    assert_eq!(read(&text), Err(DocumentError::MediaType { found: media_type.to_owned() }));
    let v02 = r#""mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json""#;
    let Err(DocumentError::Field(error)) = read(&format!("{{{v02},\"caUrls\":[{{}}]}}")) else {
        panic!("read")
    };
    assert_eq!((error.path.as_str(), error.cause), ("caUrls[0].url", FieldCause::Missing));
    let text = format!("{{{v02},\"tsaUrls\":[{{\"url\":\"u\",\"majorApiVersion\":4294967296}}]}}");
    let Err(DocumentError::Field(error)) = read(&text) else { panic!("read") };
    assert_eq!(error.cause, FieldCause::Integer { least: 0, most: 4_294_967_295 });
}
