//! Which key lies in which file: the names, sizes and ETags of all objects, in memory and in a journal on disk.

use s3s::dto::{CreateMultipartUploadInput, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::Bound;
use std::path::Path;

/// One object, or one part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The name of the file that holds the bytes.
    pub(super) blob: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    /// The sizes of the parts it was uploaded in; empty if it was not.
    #[serde(default)]
    pub(super) parts: Vec<u64>,
}

/// A multipart upload under way. Not kept over a restart.
pub(super) struct Upload {
    pub(super) begun: CreateMultipartUploadInput,
    pub(super) initiated: Timestamp,
    pub(super) parts: BTreeMap<i32, Entry>,
}

/// All objects of the store.
pub(super) struct Catalogue {
    journal: File,
    buckets: BTreeMap<String, BTreeMap<String, Entry>>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// A line of the journal: the object is now this, or gone.
#[derive(Serialize, Deserialize)]
struct Line {
    bucket: String,
    key: String,
    entry: Option<Entry>,
}

impl Catalogue {
    /// Reads the journal at `path`, or begins it, and writes it anew without what is outdated.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut buckets = BTreeMap::new();
        match File::open(path) {
            Ok(journal) => replay(journal, &mut buckets)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (),
            Err(error) => return Err(error),
        }
        let fresh = path.with_extension("new");
        let mut catalogue = Self {
            journal: File::create(&fresh)?,
            buckets: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        for (bucket, objects) in buckets {
            for (key, entry) in objects {
                catalogue.set(&bucket, &key, Some(entry))?;
            }
        }
        std::fs::rename(fresh, path)?;
        Ok(catalogue)
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<&Entry> {
        self.buckets.get(bucket)?.get(key)
    }

    pub(super) fn is_empty(&self, bucket: &str) -> bool {
        self.buckets.get(bucket).is_none_or(BTreeMap::is_empty)
    }

    /// The objects from this key on, in the order of their keys' bytes.
    pub(super) fn from<'a>(
        &'a self,
        bucket: &str,
        start: Bound<&str>,
    ) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let objects = self.buckets.get(bucket);
        let range = objects.map(|objects| objects.range::<str, _>((start, Bound::Unbounded)));
        range
            .into_iter()
            .flatten()
            .map(|(key, entry)| (key.as_str(), entry))
    }

    /// Sets or removes an object and returns what it was before. Written down first.
    pub(super) fn set(
        &mut self,
        bucket: &str,
        key: &str,
        entry: Option<Entry>,
    ) -> io::Result<Option<Entry>> {
        let mut line = serde_json::to_vec(&Line {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            entry: entry.clone(),
        })?;
        line.push(b'\n');
        self.journal.write_all(&line)?;
        let objects = self.buckets.entry(bucket.to_owned()).or_default();
        Ok(match entry {
            Some(entry) => objects.insert(key.to_owned(), entry),
            None => objects.remove(key),
        })
    }
}

fn replay(
    journal: File,
    buckets: &mut BTreeMap<String, BTreeMap<String, Entry>>,
) -> io::Result<()> {
    for line in BufReader::new(journal).split(b'\n') {
        // The last line is torn if the process was killed while writing it; that object was never acknowledged.
        let Ok(line) = serde_json::from_slice::<Line>(&line?) else {
            continue;
        };
        let objects = buckets.entry(line.bucket).or_default();
        match line.entry {
            Some(entry) => objects.insert(line.key, entry),
            None => objects.remove(&line.key),
        };
    }
    Ok(())
}
