//! Beginning a stream behind those before it.

use super::bodies::{FORMAT, NextKey, Stream, Unfinished};
use super::chain::Chain;
use super::disk::Disk;
use super::line::Lines;
use super::manifest::{Manifest, Opened};
use super::recover::{self, Left};
use super::shelf::{LOCK, MANIFEST, Shelf, Volume};
use super::writer::{Shared, Writer};
use super::{Audit, AuditError, Clock, Config, Witness};
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

impl Audit {
    pub(super) fn open_on(
        disk: Arc<dyn Disk>,
        config: Config,
        clock: Clock,
        witness: Witness,
    ) -> Result<Self, AuditError> {
        let lock = lock(&config.dir)?;
        let (mode, limit) = (config.mode, config.queue as u64);
        let writer = begin(disk, config, clock, witness)?;
        let shared = Arc::clone(&writer.shared);
        let (queue, requests) = mpsc::channel();
        let run = move || {
            writer.run(&requests);
            drop(lock);
        };
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread
            .spawn(run)
            .map_err(|error| AuditError::io(Path::new("audit"), error))?;
        Ok(Self {
            mode,
            limit,
            queue,
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }
}

fn lock(dir: &Path) -> Result<File, AuditError> {
    let failed = |error| AuditError::io(dir, error);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(dir.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Reads what is there, opens the next stream and makes it durable.
pub(super) fn begin(
    disk: Arc<dyn Disk>,
    config: Config,
    clock: Clock,
    witness: Witness,
) -> Result<Writer, AuditError> {
    let failed = |error| AuditError::io(&config.dir, error);
    let manifest = read_manifest(&config)?;
    let shelf = Shelf::look(&config.dir).map_err(failed)?;
    let left = recover::left(&config.dir, &shelf, &manifest)?;
    let interrupted = left.as_ref().map(|left| left.open.clone());
    tell(left.as_ref());
    let path = config.dir.join(MANIFEST);
    let (log, _) = disk.open(&path).map_err(failed)?;
    let mut chain = Chain::new(log, manifest.len, manifest.head);
    let stream =
        introduce(&config, &clock, &manifest, left, &mut chain, &witness).map_err(failed)?;
    let mut torn: Vec<_> = manifest
        .streams
        .into_iter()
        .filter_map(|stream| stream.body.previous)
        .collect();
    torn.extend(stream.body.previous.clone());
    let torn = torn.into_iter().filter_map(|end| end.torn).collect();
    let volume = Volume::first(stream.body.stream);
    let records = first_file(
        &disk,
        &config,
        &clock,
        &stream,
        &interrupted.unwrap_or_default(),
    );
    let shared = Arc::new(Shared::default());
    let mut writer = Writer {
        chain: records.map_err(failed)?,
        manifest: chain,
        torn,
        volume,
        disk,
        clock,
        witness,
        shared,
        begun: Instant::now(),
        is_full: false,
        open: BTreeSet::new(),
        backlog: VecDeque::new(),
        next_checkpoint: Instant::now(),
        packing: None,
        config,
    };
    let started = writer
        .checkpoint()
        .and_then(|()| writer.pack_earlier())
        .and_then(|()| writer.prune());
    started.map_err(|error| AuditError::io(&writer.config.dir, error))?;
    writer.shared.ready.store(true, Ordering::SeqCst);
    Ok(writer)
}

fn tell(left: Option<&Left>) {
    let Some(left) = left else { return };
    if left.is_damaged {
        tracing::error!(
            "the audit log was damaged behind record {}: verify it",
            left.end.seq
        );
    }
    if let Some(torn) = &left.end.torn {
        let (bytes, file) = (torn.bytes, &torn.file);
        tracing::warn!(
            bytes,
            file,
            "the audit log ends in a line that a crash cut short"
        );
    }
    if !left.open.is_empty() {
        let intents = left.open.len();
        tracing::warn!(
            intents,
            "requests were interrupted: their outcome is unknown"
        );
    }
}

fn read_manifest(config: &Config) -> Result<Manifest, AuditError> {
    let path = config.dir.join(MANIFEST);
    let content = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| AuditError::io(&path, error))?,
    };
    let (manifest, finding) = Manifest::read(&content, &[]);
    if let Some(finding) = finding {
        return Err(AuditError::Manifest {
            dir: config.dir.clone(),
            line: finding.line,
            detail: finding.detail,
        });
    }
    let key = config.key.public();
    if !manifest.keys.is_empty() && !manifest.keys.contains(key) {
        return Err(AuditError::Unknown(key.fingerprint()));
    }
    Ok(manifest)
}

/// Writes the manifest's line for this run, and one for the next key.
fn introduce(
    config: &Config,
    clock: &Clock,
    manifest: &Manifest,
    left: Option<Left>,
    chain: &mut Chain,
    witness: &Witness,
) -> io::Result<Opened> {
    let body = Stream {
        stream: manifest.streams.len() as u64 + 1,
        format: FORMAT,
        public: config.key.public().to_string(),
        previous: left.map(|left| left.end),
    };
    let time = clock();
    let mut lines = Lines::after(chain.head(), time);
    let text = serde_json::to_string(&body)?;
    let opening = lines.push_signed("stream", &text, &config.key);
    let (line, hash) = (lines.head.seq, lines.head.hash);
    chain.append(&lines)?;
    witness(&opening);
    let next = config.next_key.as_ref();
    let next = next.filter(|next| !manifest.keys.contains(next) && *next != config.key.public());
    if let Some(next) = next {
        let mut lines = Lines::after(chain.head(), time);
        let public = next.to_string();
        let text = serde_json::to_string(&NextKey { public })?;
        let introduction = lines.push_signed("key", &text, &config.key);
        chain.append(&lines)?;
        witness(&introduction);
    }
    Ok(Opened {
        body,
        key: config.key.public().clone(),
        line,
        hash,
        time: Some(time),
    })
}

/// The first file of the stream: what was interrupted before, and that its outcome is unknown.
fn first_file(
    disk: &Arc<dyn Disk>,
    config: &Config,
    clock: &Clock,
    stream: &Opened,
    interrupted: &BTreeSet<super::bodies::Intent>,
) -> io::Result<Chain> {
    let path = Volume::first(stream.body.stream).path(&config.dir);
    let mut chain = Chain::new(
        disk.create(&path)?,
        0,
        super::line::Head::after(stream.hash),
    );
    let mut lines = Lines::after(chain.head(), clock());
    let intents = interrupted.iter().copied().collect();
    lines.push("open", &serde_json::to_string(&Unfinished { intents })?);
    for super::bodies::Intent(number, seq) in interrupted {
        let body = format!(r#"{{"intent":[{number},{seq}],"outcome":"unknown"}}"#);
        lines.push("outcome", &body);
    }
    chain.append(&lines)?;
    Ok(chain)
}
