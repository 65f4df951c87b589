//! A disk under the database that fails when it is told to, and that knows what a loss of power would leave of it.

use super::super::format::{Connect, builder};
use super::*;
use ::redb::backends::FileBackend;
use ::redb::{BackendError, DatabaseError, StorageBackend};
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No file can grow.
    Full,
    /// Nothing can be written.
    Broken,
    /// What was written cannot be synced.
    Unsynced,
    /// Nothing can be read or written.
    Gone,
}

#[derive(Debug)]
enum Event {
    Write {
        offset: u64,
        data: Vec<u8>,
    },
    Length(u64),
    Sync,
    /// So many changes were acknowledged.
    Acknowledged(usize),
}

/// A disk with one file.
#[derive(Debug, Default)]
pub(super) struct Disk {
    fault: Mutex<Option<Fault>>,
    /// The file as it was opened first.
    before: Mutex<Option<Vec<u8>>>,
    events: Mutex<Vec<Event>>,
}

impl Disk {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Opens databases on this disk.
    pub(super) fn connect(self: &Arc<Self>) -> Connect {
        let disk = Arc::clone(self);
        Arc::new(move |path| {
            if disk.has(&[Fault::Gone]) {
                return Err(DatabaseError::Storage(failure().into()));
            }
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            let mut before = disk.before.lock().unwrap();
            before.get_or_insert_with(|| std::fs::read(path).unwrap());
            drop(before);
            builder().create_with_backend(Shim {
                file: FileBackend::new(file)?,
                disk: Arc::clone(&disk),
            })
        })
    }

    pub(super) fn open(self: &Arc<Self>, path: &Path) -> RedbStore {
        RedbStore::serve(StateFile::open(path, self.connect()).unwrap()).unwrap()
    }

    pub(super) fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(super) fn acknowledged(&self, count: usize) {
        self.add(Event::Acknowledged(count));
    }

    /// How many moments there are at which the power can be lost.
    pub(super) fn moments(&self) -> usize {
        self.events.lock().unwrap().len()
    }

    /// What is found after the power was lost at this moment, and how many changes were acknowledged before. All that was
    /// synced is there; of what was written since, whatever chance leaves, sector by sector.
    pub(super) fn after_power_loss(&self, moment: usize, chance: &mut Chance) -> (Vec<u8>, usize) {
        let events = self.events.lock().unwrap();
        let (events, _) = events.split_at(moment);
        let synced = events
            .iter()
            .rposition(|event| matches!(event, Event::Sync));
        let mut image = self.before.lock().unwrap().clone().unwrap();
        let mut acknowledged = 0;
        for (number, event) in events.iter().enumerate() {
            let is_synced = synced.is_some_and(|synced| number < synced);
            match event {
                Event::Write { offset, data } => {
                    let begin = usize::try_from(*offset).unwrap();
                    let lot = chance.below(3);
                    for (sector, part) in data.chunks(512).enumerate() {
                        let stays = match lot {
                            0 => false,
                            1 => true,
                            _ => chance.below(2) == 0,
                        };
                        if is_synced || stays {
                            overwrite(&mut image, begin + 512 * sector, part);
                        }
                    }
                }
                Event::Length(length) => {
                    if is_synced || chance.below(2) == 0 {
                        image.resize(usize::try_from(*length).unwrap(), 0);
                    }
                }
                Event::Sync => {}
                Event::Acknowledged(count) => acknowledged = *count,
            }
        }
        (image, acknowledged)
    }

    fn add(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn has(&self, faults: &[Fault]) -> bool {
        let fault = *self.fault.lock().unwrap();
        fault.is_some_and(|fault| faults.contains(&fault))
    }
}

fn overwrite(image: &mut Vec<u8>, begin: usize, part: &[u8]) {
    let end = begin + part.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[begin..end].copy_from_slice(part);
}

fn failure() -> io::Error {
    io::Error::other("a test's disk failed")
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "a test's disk is full")
}

/// Numbers that are the same in every run.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        // Knuth's generator for 64 bits; its upper half is good enough here.
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[derive(Debug)]
struct Shim {
    file: FileBackend,
    disk: Arc<Disk>,
}

impl StorageBackend for Shim {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.disk.has(&[Fault::Gone]) {
            return Err(failure());
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.disk.has(&[Fault::Broken, Fault::Gone]) {
            return Err(failure());
        }
        if self.disk.has(&[Fault::Full]) && len > self.file.len()? {
            return Err(full());
        }
        self.disk.add(Event::Length(len));
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self
            .disk
            .has(&[Fault::Unsynced, Fault::Broken, Fault::Gone])
        {
            return Err(failure());
        }
        self.file.sync_data()?;
        self.disk.add(Event::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.disk.has(&[Fault::Broken, Fault::Gone]) {
            return Err(failure());
        }
        // New pages have no room although the file has its length: as where it has holes.
        if self.disk.has(&[Fault::Full]) && offset >= 4096 {
            return Err(full());
        }
        let data_written = data.to_vec();
        self.file.write(offset, data)?;
        self.disk.add(Event::Write {
            offset,
            data: data_written,
        });
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
