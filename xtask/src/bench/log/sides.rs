//! Who is measured, and how each is installed and started: on loopback, on the disk, with its durability as it comes.

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::process::{cargo, executable};
use crate::running::{Kind, Recipe, rekor_tiles, sealwax, tesseract};

/// The programs.
pub(super) struct Sides {
    sealwax: Option<PathBuf>,
    rekor_tiles: PathBuf,
    tesseract: Option<PathBuf>,
    /// Where logs are made.
    directory: PathBuf,
}

/// One of them, as it is set for a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Sealwax(Kind),
    RekorTiles(Rekor),
    Tesseract(Tesseract),
}

/// Settings of rekor-tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Rekor {
    Defaults,
    /// Those of its own compose file that bear on speed.
    Compose,
    /// The quickest answer that it can give.
    Quick,
    /// The most entries that it can take.
    Wide,
}

/// Settings of TesseraCT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Tesseract {
    Defaults,
    /// The quickest answer that waits for the checkpoint, as ours does.
    Quick,
    /// An answer that does not wait for the checkpoint.
    Unpublished,
    /// The most entries that it can take.
    Wide,
}

impl Side {
    /// What the tables call it.
    pub(super) fn name(self) -> String {
        match self {
            Side::Sealwax(_) => "sealwax".to_owned(),
            Side::RekorTiles(setting) => format!("rekor-tiles, {}", setting.name()),
            Side::Tesseract(setting) => format!("TesseraCT, {}", setting.name()),
        }
    }
}

impl Rekor {
    fn name(self) -> &'static str {
        match self {
            Rekor::Defaults => "defaults",
            Rekor::Compose => "compose file",
            Rekor::Quick => "quickest",
            Rekor::Wide => "widest",
        }
    }

    pub(in crate::bench) fn flags(self) -> &'static [&'static str] {
        match self {
            Rekor::Defaults => &[],
            Rekor::Compose => &["--checkpoint-interval=2s", "--persistent-antispam=true"],
            Rekor::Quick => &["--checkpoint-interval=100ms", "--batch-max-age=10ms"],
            Rekor::Wide => &[
                "--checkpoint-interval=1s",
                "--batch-max-age=100ms",
                "--batch-max-size=1024",
                "--pushback-max-outstanding=16384",
            ],
        }
    }
}

impl Tesseract {
    pub(in crate::bench) fn name(self) -> &'static str {
        match self {
            Tesseract::Defaults => "defaults",
            Tesseract::Quick => "quickest",
            Tesseract::Unpublished => "quickest without publication",
            Tesseract::Wide => "widest, without publication",
        }
    }

    pub(in crate::bench) fn flags(self) -> &'static [&'static str] {
        match self {
            Tesseract::Defaults => &[],
            Tesseract::Quick => {
                &["--checkpoint_interval=100ms", "--batch_max_age=5ms", "--awaiter_poll_interval=1ms"]
            }
            Tesseract::Unpublished => &[
                "--checkpoint_interval=100ms",
                "--batch_max_age=5ms",
                "--awaiter_poll_interval=1ms",
                "--enable_publication_awaiter=false",
            ],
            Tesseract::Wide => &[
                "--checkpoint_interval=1s",
                "--batch_max_age=50ms",
                "--batch_max_size=1024",
                "--pushback_max_outstanding=16384",
                "--enable_publication_awaiter=false",
            ],
        }
    }
}

impl Sides {
    /// Builds ours, installs rekor-tiles, and takes TesseraCT where it is.
    pub(super) fn gather(directory: &Path, tesseract: Option<PathBuf>, ours: bool) -> Result<Self, Failure> {
        let sealwax = if ours {
            let mut command = cargo();
            command.args(["build", "-q", "--release", "-p", "sealwax"]);
            Some(executable(command, "sealwax")?)
        } else {
            None
        };
        let rekor_tiles = rekor_tiles::install(directory)?;
        Ok(Self { sealwax, rekor_tiles, tesseract, directory: directory.to_owned() })
    }

    /// Whether there is such a program.
    pub(super) fn has(&self, side: Side) -> bool {
        match side {
            Side::Sealwax(_) => self.sealwax.is_some(),
            Side::RekorTiles(_) => true,
            Side::Tesseract(_) => self.tesseract.is_some(),
        }
    }

    /// A new, empty log, and how to start its server. `requests` are those that it will get: a certificate log accepts
    /// their root.
    pub(super) fn recipe(&self, side: Side, requests: &Path) -> Result<Recipe, Failure> {
        match side {
            Side::Sealwax(kind) => {
                let program = self.sealwax.as_ref().ok_or("sealwax was not built")?;
                sealwax::recipe(program, &self.directory, kind, &requests.with_extension("roots.pem"))
            }
            Side::RekorTiles(setting) => {
                let mut recipe = rekor_tiles::recipe(&self.rekor_tiles, &self.directory, setting.flags())?;
                recipe.name = side.name();
                Ok(recipe)
            }
            Side::Tesseract(setting) => self.tesseract_recipe(setting, requests),
        }
    }

    /// `sealwax log check` over a directory of ours, or of another signature log.
    pub(super) fn check(&self, directory: &Path, key: &str) -> Result<(), Failure> {
        self.sealwax.as_ref().map_or(Ok(()), |program| sealwax::check(program, directory, key))
    }

    fn tesseract_recipe(&self, setting: Tesseract, requests: &Path) -> Result<Recipe, Failure> {
        let program = self.tesseract.as_ref().ok_or("TesseraCT needs --peer tesseract=PATH")?;
        let roots = requests.with_extension("roots.pem");
        let mut recipe = tesseract::recipe(program, &self.directory, &roots, setting.flags())?;
        recipe.name = Side::Tesseract(setting).name();
        Ok(recipe)
    }
}
