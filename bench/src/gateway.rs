//! Portcullis itself: one user with a policy of a few statements, a bucket policy, the S3 access log on.

use crate::nginx::Upstream;
use crate::process::{Process, Scratch, free_address, text};
use crate::sign::Key;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The binary under measurement.
pub(crate) const BINARY: &str = "target/dist/portcullis";
const ACCOUNT: &str = "111122223333";

/// A running gateway with one worker.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    address: SocketAddr,
    key: Key,
    /// Goes when the process has ended.
    _state: OnDisk,
}

/// A folder on a disk: what is durable in memory costs nothing.
#[derive(Debug)]
struct OnDisk(PathBuf);

impl Drop for OnDisk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Gateway {
    /// Writes its files and starts it before the upstream.
    pub(crate) fn start(scratch: &Scratch, upstream: &Upstream, core: usize) -> Result<Self> {
        let home = scratch.folder("portcullis")?;
        let policies = scratch.folder("portcullis/policies/buckets/bench")?;
        let (address, key) = (free_address()?, Key::random()?);
        let state = std::env::current_dir()?.join(format!("target/bench-{}", std::process::id()));
        std::fs::create_dir_all(&state)?;
        std::fs::write(policies.join("policy.json"), bucket_policy().to_string())?;
        let retained = scratch.folder("portcullis/policies/buckets/retained")?;
        std::fs::write(
            retained.join("object-lock.json"),
            default_retention().to_string(),
        )?;
        write_secret(&home.join("identities.yaml"), &identities(&key))?;
        let configuration = home.join("portcullis.yaml");
        write_secret(&configuration, &settings(&home, &state, address, upstream)?)?;
        let command = [BINARY, "serve", "--config", text(&configuration)?];
        let process = Process::start(core, &command, address)?;
        Ok(Self {
            process,
            address,
            key,
            _state: OnDisk(state),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The client's key.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

fn settings(home: &Path, state: &Path, address: SocketAddr, upstream: &Upstream) -> Result<Value> {
    let path = |name: &str| home.join(name);
    Ok(json!({
        "threads": 1,
        "listeners": { "s3": { "bind": address.to_string() } },
        "upstreams": { "origin": {
            "profile": "ceph",
            "endpoint": format!("http://{}", upstream.address()),
            "region": "us-east-1",
            "owner_account": ACCOUNT,
            "buckets": ["*"],
            "settings": { "object_lock": "gateway" },
            "credentials": {
                "access_key_id": Key::random()?.id,
                "secret_access_key": Key::random()?.secret,
            },
        } },
        "identities": path("identities.yaml"),
        "policies": path("policies"),
        "state": { "redb": state.join("state.redb") },
        "logs": {
            "s3": { "format": "s3", "to": path("access.log") },
        },
        "shutdown": { "delay": "0s", "drain": "1s" },
    }))
}

fn identities(key: &Key) -> Value {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*" },
        { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::bench/*", "arn:aws:s3:::retained/*"] },
        { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bench/private/*" },
    ] });
    let user =
        json!({ "access_keys": [{ "id": key.id, "secret": key.secret }], "policies": [policy] });
    json!({ "accounts": { ACCOUNT: { "name": "bench", "users": { "load": user } } } })
}

fn default_retention() -> Value {
    json!({ "ObjectLockEnabled": "Enabled", "Rule": {
        "DefaultRetention": { "Mode": "GOVERNANCE", "Days": 1 },
    } })
}

fn bucket_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        {
            "Sid": "NotFromElsewhere", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::bench", "arn:aws:s3:::bench/*"],
            "Condition": { "NotIpAddress": { "aws:SourceIp": ["127.0.0.0/8", "::1/128"] } },
        },
        {
            "Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*",
            "Resource": "arn:aws:s3:::bench/keep/*",
        },
    ] })
}

/// The gateway refuses secrets that others can read.
fn write_secret(path: &Path, content: &Value) -> Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(content.to_string().as_bytes())?;
    Ok(())
}
