//! Processes on a chosen core, ended by their ids, and the folder their files are in.

use anyhow::{Context, Result, bail};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A running server; ended when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program on one core and waits until it accepts connections.
    pub(crate) fn start(core: usize, command: &[&str], address: SocketAddr) -> Result<Self> {
        let child = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("taskset, from util-linux")?;
        let mut process = Self { child };
        process.wait_until_it_accepts(command, address)?;
        Ok(process)
    }

    /// Its process id. taskset becomes the program it starts.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_accepts(&mut self, command: &[&str], address: SocketAddr) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("`{}` ended: {status}", command.join(" "));
            }
            if began.elapsed() > Duration::from_secs(20) {
                bail!("`{}` does not accept connections", command.join(" "));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM, since nginx's master must end its worker; SIGKILL when that does not help.
        let asked = Command::new("kill").arg(self.id().to_string()).status();
        let began = Instant::now();
        while asked.is_ok() && began.elapsed() < Duration::from_secs(10) {
            match self.child.try_wait() {
                Ok(None) => sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder in memory, removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder; `/dev/shm` is a tmpfs on Linux.
    pub(crate) fn new() -> Result<Self> {
        let folder = PathBuf::from(format!("/dev/shm/portcullis-bench-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.0.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Keeps this process, and the threads it will start, on one core.
pub(crate) fn pin_self(core: usize) -> Result<()> {
    let status = Command::new("taskset")
        .args(["-cp", &core.to_string(), &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset, from util-linux")?;
    if !status.success() {
        bail!("taskset cannot keep this process on core {core}");
    }
    Ok(())
}

/// A loopback address that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A path as text.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
