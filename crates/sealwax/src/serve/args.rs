//! The command line of `sealwax serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::places::Service;
use crate::log::args::LogFormat;

pub const EXAMPLES: &str = "\
Examples:
  A whole Sigstore on this machine, in a new directory:
    sealwax serve --dir ./sigstore

  For others, behind a proxy that has the certificate. The address is part of the identity: choose it well, once:
    sealwax serve --dir /var/lib/sealwax --listen 127.0.0.1:8080 --url https://sigstore.acme.example

  Who may have certificates besides the accounts of the instance, as a configuration of Fulcio:
    sealwax serve --dir ./sigstore --issuers fulcio-config.yaml

  What can be configured, to be changed and kept as DIR/serve.toml:
    sealwax serve --dir ./sigstore --print-config

  For a script: any free port, and a file that says which, once everything answers:
    sealwax serve --dir DIR --listen 127.0.0.1:0 --ready-file ready.json

The keys in DIR are sealed; what opens them is DIR.secret, beside the directory, unless --secret, SEALWAX_SECRET or a systemd
credential of the name sealwax-secret says otherwise. Keep a copy of it where the backups of DIR are not.";

#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The directory of the instance; made at the first start
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// The configuration, as TOML; flags come before it [default: DIR/serve.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the whole configuration that would be used, with what each key means, and end
    #[arg(long)]
    pub print_config: bool,
    /// Where to listen: an address and a port; port 0 picks one, once [default: as at the first start, then 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The address that clients use. It is part of the identity of everything: fixed at the first start
    /// [default: http://localhost:PORT]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Serve only these parts of ca, ct, log, tsa, idp, tuf and page; fixed at the first start [default: all]
    #[arg(long, value_name = "PART,…", value_delimiter = ',')]
    pub only: Vec<Service>,
    /// A file to write {"url": …, "issuer": …, "machine_issuer": …} into, once everything answers; removed at an orderly stop
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// The file with the secret that opens the keys [default: DIR.secret, made at the first start]
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// Further issuers of identity tokens, as a configuration of Fulcio in YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub issuers: Option<PathBuf>,
    /// The certificate for TLS, in PEM, with its chain; without it the port speaks plain HTTP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Where Prometheus finds /metrics: an address that strangers do not reach [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// How lines on standard error look [default: human]
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
}
