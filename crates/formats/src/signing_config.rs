//! Signing configs, versions 0.1 and 0.2: which services a signer asks.

mod next;

pub use next::{ServiceChange, ServiceChangeError, ServiceKind};

use crate::field::{self, EnumValue, FieldCause, Message, Result as FieldResult};
use crate::trust::put_text;
use crate::{DocumentError, TimeRange, trust};
use sealwax_json::{Object, Value};

/// Services of one kind.
pub const MAX_SERVICES: usize = trust::MAX_INSTANCES;

/// Which services a signer asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningConfig {
    /// The version that the document says it has.
    pub version: SigningConfigVersion,
    /// Certificate authorities; base URLs.
    pub ca_urls: Vec<Service>,
    /// OpenID providers; base URLs.
    pub oidc_urls: Vec<Service>,
    /// Signature logs; base URLs.
    pub rekor_tlog_urls: Vec<Service>,
    /// How many logs. Absent in 0.1.
    pub rekor_tlog_config: Option<ServiceConfiguration>,
    /// Timestamp authorities; full URLs.
    pub tsa_urls: Vec<Service>,
    /// How many timestamp authorities. Absent in 0.1.
    pub tsa_config: Option<ServiceConfiguration>,
}

impl SigningConfig {
    /// Nobody is asked for anything.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            version: SigningConfigVersion::V02,
            ca_urls: Vec::new(),
            oidc_urls: Vec::new(),
            rekor_tlog_urls: Vec::new(),
            rekor_tlog_config: None,
            tsa_urls: Vec::new(),
            tsa_config: None,
        }
    }
}

/// The version of a signing config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SigningConfigVersion {
    /// `application/vnd.dev.sigstore.signingconfig.v0.1+json`: URLs only, all of API version 1.
    V01,
    /// `application/vnd.dev.sigstore.signingconfig.v0.2+json`
    V02,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Where it is.
    pub url: String,
    /// The major version of its API; 0 is not released yet.
    pub major_api_version: u32,
    /// When it may be asked.
    pub valid_for: Option<TimeRange>,
    /// Who runs it.
    pub operator: String,
}

/// How many services are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfiguration {
    /// Which rule.
    pub selector: Selector,
    /// How many, for [`Selector::Exact`].
    pub count: u32,
}

/// `ServiceSelector`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// None given, or `SERVICE_SELECTOR_UNDEFINED`.
    Undefined,
    /// All that fit.
    All,
    /// One that fits.
    Any,
    /// So many that fit.
    Exact,
    /// Another name or number.
    Unknown(String),
}

const SELECTORS: [(Selector, &str, i32); 4] = [
    (Selector::Undefined, "SERVICE_SELECTOR_UNDEFINED", 0),
    (Selector::All, "ALL", 1),
    (Selector::Any, "ANY", 2),
    (Selector::Exact, "EXACT", 3),
];

impl SigningConfig {
    /// Reads a signing config.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn parse(input: &[u8]) -> Result<SigningConfig, DocumentError> {
        SigningConfig::from_json(&sealwax_json::parse(input, &trust::LIMITS)?)
    }

    /// Reads a signing config that stands inside another document.
    ///
    /// # Errors
    /// [`DocumentError::MediaType`] and [`DocumentError::Field`].
    pub fn from_json(value: &Value<'_>) -> Result<SigningConfig, DocumentError> {
        let message = Message::of(value)?;
        let media_type = message.string("mediaType")?;
        let version = SigningConfigVersion::from_media_type(media_type)
            .ok_or_else(|| DocumentError::MediaType { found: field::cut(media_type) })?;
        Ok(match version {
            SigningConfigVersion::V01 => read_v01(message)?,
            SigningConfigVersion::V02 => read_v02(message)?,
        })
    }

    /// The signing config as indented JSON.
    pub fn write(&self) -> String {
        sealwax_json::pretty(&self.to_json())
    }

    /// The signing config as JSON.
    pub fn to_json(&self) -> Value<'static> {
        let object = Object::new().with("mediaType", self.version.media_type());
        Value::Object(match self.version {
            SigningConfigVersion::V01 => self.write_v01(object),
            SigningConfigVersion::V02 => self.write_v02(object),
        })
    }

    fn write_v01(&self, mut object: Object<'static>) -> Object<'static> {
        for (name, services) in [("caUrl", &self.ca_urls), ("oidcUrl", &self.oidc_urls)] {
            if let Some(service) = services.first() {
                put_text(&mut object, name, &service.url);
            }
        }
        for (name, services) in [("tlogUrls", &self.rekor_tlog_urls), ("tsaUrls", &self.tsa_urls)] {
            if !services.is_empty() {
                let urls = services.iter().map(|s| Value::from(s.url.clone())).collect::<Value<'_>>();
                object.insert(name, urls);
            }
        }
        object
    }

    fn write_v02(&self, mut object: Object<'static>) -> Object<'static> {
        for (name, services) in [
            ("caUrls", &self.ca_urls),
            ("oidcUrls", &self.oidc_urls),
            ("rekorTlogUrls", &self.rekor_tlog_urls),
            ("tsaUrls", &self.tsa_urls),
        ] {
            if !services.is_empty() {
                let list = services.iter().map(|s| Value::Object(s.write())).collect::<Value<'_>>();
                object.insert(name, list);
            }
        }
        for (name, config) in [("rekorTlogConfig", &self.rekor_tlog_config), ("tsaConfig", &self.tsa_config)]
        {
            if let Some(config) = config {
                object.insert(name, config.write());
            }
        }
        object
    }
}

impl SigningConfigVersion {
    /// The version of a media type.
    pub fn from_media_type(media_type: &str) -> Option<SigningConfigVersion> {
        [SigningConfigVersion::V01, SigningConfigVersion::V02]
            .into_iter()
            .find(|version| version.media_type() == media_type)
    }

    /// The media type to write.
    pub fn media_type(self) -> &'static str {
        match self {
            SigningConfigVersion::V01 => "application/vnd.dev.sigstore.signingconfig.v0.1+json",
            SigningConfigVersion::V02 => "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        }
    }
}

impl Selector {
    /// The name in protobuf, or what stands in its place.
    pub fn name(&self) -> &str {
        match self {
            Selector::Unknown(text) => text,
            known => SELECTORS.iter().find(|(s, ..)| s == known).map_or("", |(_, name, _)| name),
        }
    }

    fn read(message: Message<'_, '_>) -> FieldResult<Selector> {
        let Some(value) = message.enumeration("selector")? else { return Ok(Selector::Undefined) };
        let known = SELECTORS.into_iter().find(|(_, name, number)| match value {
            EnumValue::Name(found) => found == *name,
            EnumValue::Number(found) => found == *number,
        });
        Ok(known.map_or_else(|| Selector::Unknown(value.to_text()), |(selector, ..)| selector))
    }
}

impl Service {
    fn read(message: Message<'_, '_>) -> FieldResult<Service> {
        Ok(Service {
            url: message.required_string("url")?.to_owned(),
            major_api_version: uint32(message, "majorApiVersion")?,
            valid_for: message.message("validFor", TimeRange::read)?,
            operator: message.string("operator")?.to_owned(),
        })
    }

    fn write(&self) -> Object<'static> {
        let mut object = Object::new().with("url", self.url.clone());
        if self.major_api_version != 0 {
            object.insert("majorApiVersion", self.major_api_version);
        }
        if let Some(range) = &self.valid_for {
            object.insert("validFor", range.write());
        }
        put_text(&mut object, "operator", &self.operator);
        object
    }

    fn from_url(url: &str) -> Service {
        Service { url: url.to_owned(), major_api_version: 1, ..Service::default() }
    }
}

impl ServiceConfiguration {
    fn read(message: Message<'_, '_>) -> FieldResult<ServiceConfiguration> {
        Ok(ServiceConfiguration { selector: Selector::read(message)?, count: uint32(message, "count")? })
    }

    fn write(&self) -> Object<'static> {
        let mut object = Object::new();
        match &self.selector {
            Selector::Undefined => {}
            Selector::Unknown(text) => drop(object.insert("selector", EnumValue::write(text))),
            known => drop(object.insert("selector", known.name().to_owned())),
        }
        if self.count != 0 {
            object.insert("count", self.count);
        }
        object
    }
}

fn read_v01(message: Message<'_, '_>) -> FieldResult<SigningConfig> {
    let one = |name| Ok(Some(message.string(name)?).filter(|url| !url.is_empty()).into_iter().collect());
    let services = |urls: Vec<&str>| urls.into_iter().map(Service::from_url).collect();
    Ok(SigningConfig {
        version: SigningConfigVersion::V01,
        ca_urls: services(one("caUrl")?),
        oidc_urls: services(one("oidcUrl")?),
        rekor_tlog_urls: services(message.strings("tlogUrls", MAX_SERVICES)?),
        rekor_tlog_config: None,
        tsa_urls: services(message.strings("tsaUrls", MAX_SERVICES)?),
        tsa_config: None,
    })
}

fn read_v02(message: Message<'_, '_>) -> FieldResult<SigningConfig> {
    let services = |name| message.messages(name, MAX_SERVICES, Service::read);
    Ok(SigningConfig {
        version: SigningConfigVersion::V02,
        ca_urls: services("caUrls")?,
        oidc_urls: services("oidcUrls")?,
        rekor_tlog_urls: services("rekorTlogUrls")?,
        rekor_tlog_config: message.message("rekorTlogConfig", ServiceConfiguration::read)?,
        tsa_urls: services("tsaUrls")?,
        tsa_config: message.message("tsaConfig", ServiceConfiguration::read)?,
    })
}

fn uint32(message: Message<'_, '_>, name: &str) -> FieldResult<u32> {
    let most = i64::from(u32::MAX);
    let range = FieldCause::Integer { least: 0, most };
    u32::try_from(message.integer(name, 0, most)?).map_err(|_| range.at(name))
}

#[cfg(test)]
mod tests;
