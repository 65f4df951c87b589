//! The files of a log: how they are called, and what they hold.

use super::disk::sync_directory;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The manifest's name.
pub(super) const MANIFEST: &str = "manifest.jsonl";
/// The lock's name.
pub(super) const LOCK: &str = "lock";

/// Which file: stream and number, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Volume {
    pub(super) stream: u64,
    pub(super) number: u64,
}

impl Volume {
    pub(super) fn first(stream: u64) -> Self {
        Self { stream, number: 1 }
    }

    pub(super) fn next(self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            ..self
        }
    }

    pub(super) fn name(self) -> String {
        format!("{:08}-{:06}.jsonl", self.stream, self.number)
    }

    pub(super) fn path(self, dir: &Path) -> PathBuf {
        dir.join(self.name())
    }

    fn packed(self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.gz", self.name()))
    }

    fn parse(name: &str) -> Option<Self> {
        let (stream, number) = name.split_once('-')?;
        let volume = Self {
            stream: stream.parse().ok()?,
            number: number.parse().ok()?,
        };
        (volume.name().strip_suffix(".jsonl") == Some(name)).then_some(volume)
    }
}

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// In their order.
    pub(super) volumes: BTreeMap<Volume, Forms>,
    /// Names that are none of ours.
    pub(super) strange: Vec<String>,
}

/// In which forms a file is there.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Forms {
    pub(super) plain: bool,
    pub(super) packed: bool,
}

impl Shelf {
    pub(super) fn look(dir: &Path) -> io::Result<Self> {
        let mut shelf = Self::default();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let stem = name.strip_suffix(".gz").unwrap_or(&name);
            let volume = stem.strip_suffix(".jsonl").and_then(Volume::parse);
            match volume {
                Some(volume) => {
                    let forms = shelf.volumes.entry(volume).or_default();
                    forms.packed |= stem != name;
                    forms.plain |= stem == name;
                }
                None if name == MANIFEST || name == LOCK || name.ends_with(".gz.new") => {}
                None => shelf.strange.push(name),
            }
        }
        shelf.strange.sort();
        Ok(shelf)
    }

    /// The last file of a stream.
    pub(super) fn last(&self, stream: u64) -> Option<Volume> {
        let volumes = self.volumes.keys().rev();
        volumes.copied().find(|volume| volume.stream == stream)
    }
}

/// What a file holds, unpacked. Both forms are there after a crash between two steps, and must be alike then.
pub(super) fn read(dir: &Path, volume: Volume, forms: Forms) -> io::Result<Vec<u8>> {
    let packed = || unpack(&fs::read(volume.packed(dir))?);
    if !forms.plain {
        return packed();
    }
    let plain = fs::read(volume.path(dir))?;
    if forms.packed && packed()? != plain {
        return Err(io::Error::other("its two forms differ"));
    }
    Ok(plain)
}

fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut decoder = GzDecoder::new(bytes);
    let mut content = Vec::new();
    decoder.read_to_end(&mut content)?;
    if !decoder.into_inner().is_empty() {
        return Err(io::Error::other("something follows the compressed content"));
    }
    Ok(content)
}

/// Puts the compressed form in the place of the plain one.
pub(super) fn pack(dir: &Path, volume: Volume) -> io::Result<()> {
    let (plain, packed) = (volume.path(dir), volume.packed(dir));
    let draft = dir.join(format!("{}.gz.new", volume.name()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    let mut encoder = GzEncoder::new(file, Compression::default());
    encoder.write_all(&fs::read(&plain)?)?;
    encoder.finish()?.sync_all()?;
    fs::rename(&draft, &packed)?;
    sync_directory(&packed)?;
    fs::remove_file(&plain)
}

/// Deletes a file in whichever form it is there.
pub(super) fn remove(dir: &Path, volume: Volume, forms: Forms) -> io::Result<()> {
    if forms.plain {
        fs::remove_file(volume.path(dir))?;
    }
    if forms.packed {
        fs::remove_file(volume.packed(dir))?;
    }
    Ok(())
}
