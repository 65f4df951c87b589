//! The files of a demo directory: what stands in each, in one place.

use super::keys::KeyPair;
use anyhow::Context as _;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The account of owner and analyst, which owns the buckets.
pub(super) const OWNER_ACCOUNT: &str = "111122223333";
/// The account of the partner, which owns nothing here.
pub(super) const PARTNER_ACCOUNT: &str = "444455556666";

const PRIVATE_POLICY: &str = include_str!("../../../policies/buckets/demo-private/policy.json");
const PUBLIC_POLICY: &str = include_str!("../../../policies/buckets/demo-public/policy.json");
const ANALYST_POLICY: &str = include_str!("../../../policies/identities/analyst.json");

/// The paths of a demo directory.
#[derive(Debug, Clone)]
pub(super) struct Layout(pub(super) PathBuf);

impl Layout {
    /// The system takes no long path for a socket.
    pub(super) fn has_admin(&self) -> bool {
        self.0.as_os_str().len() < 90
    }

    pub(super) fn config(&self) -> PathBuf {
        self.0.join("portcullis.yaml")
    }

    pub(super) fn endpoint(&self) -> PathBuf {
        self.0.join("endpoint")
    }

    pub(super) fn credentials(&self) -> PathBuf {
        self.0.join("credentials")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Where the store listens and the key it wants, for the next start.
    pub(super) fn store(&self) -> PathBuf {
        self.0.join("secrets/store.json")
    }

    pub(super) fn json_log(&self) -> PathBuf {
        self.0.join("logs/access.json")
    }

    pub(super) fn private_policy(&self) -> PathBuf {
        self.0.join("policies/buckets/demo-private/policy.json")
    }
}

/// The keys of a demo.
#[derive(Debug)]
pub(super) struct Keys {
    /// The gateway's, for the store.
    pub(super) store: KeyPair,
    pub(super) owner: KeyPair,
    pub(super) analyst: KeyPair,
    pub(super) partner: KeyPair,
}

/// Writes everything but `endpoint` into a directory that has none of it yet. The configuration comes last: where it
/// stands, all of it does.
pub(super) fn create(
    layout: &Layout,
    keys: &Keys,
    port: u16,
    store_port: u16,
) -> anyhow::Result<()> {
    let dir = &layout.0;
    for folder in [
        "data",
        "logs",
        "secrets",
        "policies/buckets/demo-private",
        "policies/buckets/demo-public",
        "policies/identities",
    ] {
        create_dir(&dir.join(folder))?;
    }
    write_new(&layout.private_policy(), Access::Everyone, PRIVATE_POLICY)?;
    let public = dir.join("policies/buckets/demo-public/policy.json");
    write_new(&public, Access::Everyone, PUBLIC_POLICY)?;
    let analyst = dir.join("policies/identities/analyst.json");
    write_new(&analyst, Access::Everyone, ANALYST_POLICY)?;
    write_new(
        &dir.join("secrets/upstream"),
        Access::Owner,
        &keys.store.secret,
    )?;
    write_new(&layout.credentials(), Access::Owner, &credentials(keys))?;
    write_new(
        &dir.join("identities.yaml"),
        Access::Owner,
        &identities(keys),
    )?;
    write_new(
        &layout.config(),
        Access::Everyone,
        &config(layout, keys, port, store_port),
    )
}

fn config(layout: &Layout, keys: &Keys, port: u16, store_port: u16) -> String {
    let id = &keys.store.id;
    let admin = match layout.has_admin() {
        true => "admin: unix:admin.sock\n",
        false => "",
    };
    format!(
        r#"# The gateway of this demo. `portcullis serve --config` takes this file too; the store runs in `portcullis demo`.
listeners:
  s3: {{ bind: "127.0.0.1:{port}" }}
identities: identities.yaml
policies: policies
lint: {{ allow: {{ policies/buckets/demo-public/policy.json: {{ public: a sample of a bucket that everyone reads }} }} }}
upstreams:
  store:
    profile: demo
    endpoint: "http://127.0.0.1:{store_port}"
    owner_account: "{OWNER_ACCOUNT}"
    buckets: ["*"]
    credentials: {{ access_key_id: "{id}", secret_access_key: "file:secrets/upstream" }}
state: {{ redb: state.redb }}
{admin}logs:
  access: {{ format: s3, to: logs/access.log }}
  json: {{ format: json, to: logs/access.json }}
shutdown: {{ delay: 0s }}
"#
    )
}

fn identities(keys: &Keys) -> String {
    let Keys {
        owner,
        analyst,
        partner,
        ..
    } = keys;
    let anything = r#"{ Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:*", Resource: "*" }] }"#;
    format!(
        r#"accounts:
  "{OWNER_ACCOUNT}":
    name: demo
    users:
      owner:
        access_keys: [{{ id: "{}", secret: "{}" }}]
        policies: [anything]
      # What the bucket policies grant comes on top of this.
      analyst:
        path: /data/
        access_keys: [{{ id: "{}", secret: "{}" }}]
        policies: ["file:policies/identities/analyst.json"]
    policies:
      anything: {anything}
  # Another account: its users need the permission of both their account and the bucket's policy.
  "{PARTNER_ACCOUNT}":
    name: partner
    users:
      partner:
        access_keys: [{{ id: "{}", secret: "{}" }}]
        policies: [anything]
    policies:
      anything: {anything}
"#,
        owner.id, owner.secret, analyst.id, analyst.secret, partner.id, partner.secret
    )
}

fn credentials(keys: &Keys) -> String {
    let profile = |name: &str, key: &KeyPair| {
        format!(
            "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            key.id, key.secret
        )
    };
    [
        profile("owner", &keys.owner),
        profile("analyst", &keys.analyst),
        profile("partner", &keys.partner),
    ]
    .join("\n")
}

/// Who may read a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Owner,
    Everyone,
}

impl Access {
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everyone => 0o644,
        }
    }
}

/// Makes a folder for its owner alone, and those above it.
pub(super) fn create_dir(path: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.with_context(|| format!("cannot make the folder `{}`", path.display()))
}

/// Writes a file that must not be there yet: a demo never overwrites what it did not make.
pub(super) fn write_new(path: &Path, access: Access, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    let file = options
        .write(true)
        .create_new(true)
        .mode(access.mode())
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// Writes a file, in place of what was there.
pub(super) fn replace(path: &Path, access: Access, text: &str) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace `{}`", path.display()));
        }
        Ok(()) | Err(_) => (),
    }
    write_new(path, access, text)
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
