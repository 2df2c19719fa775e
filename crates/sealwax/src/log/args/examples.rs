//! What `--help` says below the options.

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  A signature log, as Rekor v2; the origin is its host name, which clients take for its name:
    sealwax log new /var/lib/log --origin log.acme.example

  A certificate log; the origin is its URL without the scheme:
    sealwax log new /var/lib/ct --kind certificate --origin ct.acme.example/2026h1 --roots roots.pem

  Its key in a hardware security module; the file with the PIN is for the server's eyes only:
    sealwax log new /var/lib/log --origin log.acme.example --key 'pkcs11:token=log;object=2026?module-path=/usr/lib/vendor/pkcs11.so&pin-source=file:/run/secrets/pin'

Keep key.pem somewhere else as well, and nowhere that others can read: without it the log is over, and whoever
has it can fork the log. A key in a token is named by a PKCS#11 URI (RFC 7512), which log.json keeps, without a PIN;
SEALWAX_PKCS11_MODULE names the module where the URI does not.";

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  On this machine, behind a proxy that has the certificate:
    sealwax log serve /var/lib/log --listen 127.0.0.1:3000 --metrics-listen 127.0.0.1:9100

  A certificate log, with TLS; its roots are read again on SIGHUP, the certificate also when it changes:
    sealwax log serve /var/lib/ct --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem

  For a script: any free port, and a file that says which, once it answers:
    sealwax log serve DIR --listen 127.0.0.1:0 --ready-file ready.json

SIGTERM and SIGINT stop it when what was accepted is answered; a second one stops it at once, which loses nothing
that was answered. /healthz says whether the process answers, /readyz whether the log takes entries, and if not, why.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  A directory, also while it is served:
    sealwax log check /var/lib/log

  Anybody's log with tiles (C2SP tlog-tiles, static-ct-api), over the network:
    sealwax log check https://log.acme.example --key 'log.acme.example+1f2e3d4c+AQ…'";

pub(super) const CHECK_CODES: &str = "\
Exit codes:
  0  nothing is wrong
  1  something is wrong; the first problem is the first in the log
  2  the command line is wrong
  3  cannot tell: there is no log, or it cannot be reached";

pub(super) const FOLLOW_EXAMPLES: &str = "\
Examples:
  Everything, and then what comes:
    sealwax log follow /var/lib/log --from 0

  What comes from now on, over the network:
    sealwax log follow https://log.acme.example --key log.vkey";

pub(super) const BACKUP_EXAMPLES: &str = "\
Example:
  sealwax log backup /var/lib/log /mnt/backup/log && sealwax log check /mnt/backup/log

The private key stays behind unless --with-key is given: keep it somewhere else, once.";

pub(super) const RESTORE_EXAMPLES: &str = "\
Examples:
  To be read, with everything that the backup has:
    sealwax log restore /mnt/backup/log /var/lib/log

  To go on with it: what the backup lacks comes from a mirror, and the anchor says that nothing is missing:
    sealwax log restore /mnt/backup/log /var/lib/log --complete-from https://mirror.example --anchor /mnt/anchor

A log that went on from an old state would sign a second history, which witnesses and monitors report as the worst that a log
can do. So without a newest checkpoint from outside it is only read; `sealwax log rotate` begins a new shard.";

pub(super) const IMPORT_EXAMPLES: &str = "\
Example:
  sealwax log import /srv/rekor-tiles /var/lib/log --origin log.acme.example --key key.pem

Stop the old server first, and for good: two that sign are a fork.";

pub(super) const ROTATE_EXAMPLES: &str = "\
Example:
  sealwax log rotate /var/lib/log-2026 /var/lib/log-2027 --origin log2027.acme.example

The new shard has a host name of its own, hence another origin: witnesses remember the size of each origin, and would
refuse one that begins again. The old shard stays readable where it is; serve both. Tell clients about the new one
(a trusted root and signing config that name both) before you rotate: when the old one is frozen, it takes nothing.
If the old one has a second key, so gets the new one.";

pub(super) const FREEZE_EXAMPLE: &str = "Example:\n  sealwax log freeze /var/lib/log";

pub(super) const DONE_CODES: &str = "\
Exit codes:
  0  it is done
  2  the command line is wrong
  3  it could not be done";

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  it stopped because it was told to
  2  the command line is wrong
  3  the log cannot be opened or served";
