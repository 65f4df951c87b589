//! A store with a million locked objects: how long a gateway takes to be ready again, what it holds in memory, and what
//! the look at one lock takes.
//!
//! `cargo bench --bench locks`, or with another number of records behind `--`. It takes some minutes, most of them to fill
//! the store. Figures of ours are in `bench/RESULTS.md`.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use jiff::Timestamp;
use portcullis::state::{Ending, Intent, ObjectName, RedbStore, Store};
use portcullis_core::controls::lock::{
    LockConfiguration, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RECORDS: usize = 1_000_000;
const BUCKETS: usize = 10;
const LOOKS: usize = 200_000;

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let records = numbers.next().unwrap_or(RECORDS);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.redb");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let began = Instant::now();
    runtime.block_on(fill(&state, records));
    let size = std::fs::metadata(&state).unwrap().len() >> 20;
    let took = began.elapsed().as_secs();
    println!("{records} records, {size} MiB, written in {took} s");
    let config = configuration(folder.path());
    for how in ["first", "after a stop", "after a kill"] {
        let began = Instant::now();
        let gateway = Gateway::start(&config);
        let ready = began.elapsed();
        println!("ready {how}: {ready:.1?}, {}", gateway.memory());
        gateway.end(match how {
            "first" => "-TERM",
            _ => "-KILL",
        });
    }
    let began = Instant::now();
    let store = RedbStore::open(&state).unwrap();
    println!("opened by itself: {:.1?}", began.elapsed());
    for all in ["one of all", "one of a thousand"] {
        let among = if all == "one of all" { records } else { 1000 };
        let mut took = runtime.block_on(look(&store, records, among));
        took.sort_unstable();
        let at = |share: usize| took.get((took.len() - 1) * share / 1000).unwrap();
        let (half, most, worst) = (at(500), at(990), at(999));
        println!("the lock of {all}: p50 {half:.1?}, p99 {most:.1?}, p99.9 {worst:.1?}");
    }
}

fn object(number: usize) -> ObjectName {
    ObjectName {
        bucket: bucket(number % BUCKETS),
        incarnation: 1,
        key: format!("logs/2026/01/01/part-{number:012}.parquet").into(),
    }
}

fn bucket(number: usize) -> BucketName {
    BucketName::parse(&format!("bucket-{number}")).unwrap()
}

fn version(number: usize) -> String {
    format!("{number:032}")
}

fn record() -> ObjectRecord {
    let retention = Retention {
        mode: RetentionMode::Compliance,
        until: RetainUntil::parse("2036-01-01T00:00:00Z").unwrap(),
    };
    let lock = ObjectLock {
        retention: Some(retention),
        legal_hold: None,
    };
    ObjectRecord {
        lock: lock.into(),
        ..ObjectRecord::of(&"0a".repeat(32))
    }
}

async fn fill(state: &Path, records: usize) {
    let store = RedbStore::open(state).unwrap();
    let (owner, now) = (
        AccountId::parse("111122223333").unwrap(),
        Timestamp::UNIX_EPOCH,
    );
    for number in 0..BUCKETS {
        let settings = BucketSettings {
            object_lock: Some(LockConfiguration::default()),
            ..BucketSettings::of_new_bucket()
        };
        let bucket = bucket(number);
        let claim = store.claim(&bucket, owner, "lake", settings, now);
        store.commit(&claim.await.unwrap()).await.unwrap();
    }
    let numbers: Vec<usize> = (0..records).collect();
    for numbers in numbers.chunks(5000) {
        let write = |number: &usize| (object(*number), Intent::Write(record()));
        let intents = numbers.iter().map(write).collect();
        let open = store.begin(intents, now).await.unwrap();
        let endings = open.into_iter().zip(numbers).map(|(open, number)| {
            let version = version(*number).into();
            (open, Ending::Done { version })
        });
        store.settle(endings.collect()).await.unwrap();
    }
}

/// Looks that come from tasks of a runtime with two threads, as those of a gateway do, one after the other.
async fn look(store: &RedbStore, records: usize, among: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(LOOKS);
    let mut at = 1_usize;
    for _ in 0..LOOKS {
        at = at
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = (at >> 33) % among * (records / among);
        let (object, version) = (object(number), version(number));
        let began = Instant::now();
        let found = store.object(&object, Some(&version)).await.unwrap();
        took.push(began.elapsed());
        assert_eq!(found, [Some(record())]);
    }
    took
}

fn configuration(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("portcullis.yaml");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file
}

struct Gateway(Child);

impl Gateway {
    /// Starts one and waits until it says that it is ready.
    fn start(config: &Path) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let health = port.local_addr().unwrap();
        drop(port);
        let text = format!(
            "listeners: {{ app: {{ bind: \"127.0.0.1:0\", principal: \"arn:aws:iam::111122223333:role/app\" }} }}\n\
             upstreams:\n  lake: {{ profile: ceph, endpoint: \"http://127.0.0.1:9\", owner_account: \"111122223333\", \
             buckets: [\"*\"], credentials: {{ access_key_id: AKIA, secret_access_key: a-secret-that-signs-nothing }} }}\n\
             logs: {{ json: {{ to: access.json }} }}\nstate: {{ redb: state.redb }}\nhealth: \"{health}\"\n"
        );
        std::fs::write(config, text).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("serve")
            .arg("--config")
            .arg(config)
            .current_dir(config.parent().unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut gateway = Self(child);
        while !is_ready(health) {
            assert!(gateway.0.try_wait().unwrap().is_none(), "it ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        gateway
    }

    fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let size = line.and_then(|line| line.split_whitespace().next());
            size.unwrap().parse::<u64>().unwrap() >> 10
        };
        format!(
            "{} MiB held, {} MiB at most",
            line("VmRSS:"),
            line("VmHWM:")
        )
    }

    fn end(mut self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        self.0.wait().unwrap();
    }
}

fn is_ready(health: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(health) else {
        return false;
    };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
}
