//! nginx as the upstream, which keeps objects as files in memory, and as the plain proxy to compare with.

use crate::process::{Process, Scratch, free_address, text};
use anyhow::Result;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The upstream: a file server that takes PUT.
#[derive(Debug)]
pub(crate) struct Upstream {
    _process: Process,
    address: SocketAddr,
    folder: PathBuf,
}

/// A proxy that checks nothing.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Process,
    address: SocketAddr,
    flavour: Flavour,
}

/// How the proxy is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// As it comes: 4 or 8 KiB buffers, request bodies spooled before they are sent.
    Default,
    /// 64 KiB buffers, request bodies still spooled.
    Buffers,
    /// 64 KiB buffers, and request bodies sent on as they come.
    Streaming,
}

impl Flavour {
    /// Every configuration.
    pub(crate) const ALL: [Self; 3] = [Self::Default, Self::Buffers, Self::Streaming];

    /// Its name in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "nginx",
            Self::Buffers => "nginx 64k",
            Self::Streaming => "nginx 64k streaming",
        }
    }

    /// Its directives beyond `proxy_pass`.
    pub(crate) fn directives(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Buffers => {
                "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; \
                 client_body_buffer_size 64k;"
            }
            Self::Streaming => {
                "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; \
                 client_body_buffer_size 64k; proxy_request_buffering off;"
            }
        }
    }
}

impl Upstream {
    /// Starts it on a core with an empty folder `bench`, which is also its bucket.
    pub(crate) fn start(scratch: &Scratch, core: usize) -> Result<Self> {
        let home = scratch.folder("upstream")?;
        let folder = scratch.folder("upstream/data/bench")?;
        let address = free_address()?;
        scratch.folder("upstream/data/retained")?;
        // As a store that keeps versions: each write has one of its own.
        let server = format!(
            "root {}/data; dav_methods PUT DELETE; create_full_put_path on; sendfile on; tcp_nopush on;
             location = /retained {{
                 if ($args ~ versioning) {{
                     return 200 '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
                 }}
                 if ($args ~ lifecycle) {{ return 404; }}
                 return 200;
             }}
             location /retained/ {{ dav_methods PUT DELETE; add_header x-amz-version-id $request_id; }}",
            home.display()
        );
        let process = start(&home, address, "", &server, core)?;
        Ok(Self {
            _process: process,
            address,
            folder,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of the bucket's objects.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Nginx {
    /// Starts a proxy before the upstream.
    pub(crate) fn start(
        scratch: &Scratch,
        flavour: Flavour,
        upstream: &Upstream,
        core: usize,
    ) -> Result<Self> {
        let home = scratch.folder(&flavour.name().replace(' ', "-"))?;
        let address = free_address()?;
        let pool = format!(
            "upstream origin {{ server {}; keepalive 64; keepalive_requests 100000000; }}",
            upstream.address
        );
        let location = format!(
            "location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
             proxy_set_header Host $host; {} }}",
            flavour.directives()
        );
        let process = start(&home, address, &pool, &location, core)?;
        Ok(Self {
            process,
            address,
            flavour,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is configured.
    pub(crate) fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The master's process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

fn start(
    home: &Path,
    address: SocketAddr,
    http: &str,
    server: &str,
    core: usize,
) -> Result<Process> {
    let home_text = text(home)?;
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {home_text}/{kind};\n"))
        .collect();
    // `user root` so that a worker of a master run by root reaches the folder; others ignore it with a warning.
    let configuration = format!(
        "user root; daemon off; worker_processes 1; pid {home_text}/pid; error_log {home_text}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off; client_max_body_size 0; keepalive_requests 100000000; keepalive_timeout 300;\n\
         {temporary}{http}\nserver {{ listen {address}; {server} }}\n}}\n"
    );
    let file = home.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    Process::start(
        core,
        &["nginx", "-p", home_text, "-c", text(&file)?],
        address,
    )
}
