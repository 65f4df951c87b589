//! What is asked of each path.

use anyhow::Result;
use std::path::Path;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// One kind of load.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Bytes of the object.
    pub(crate) size: usize,
    pub(crate) connections: usize,
}

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    /// PUT with UNSIGNED-PAYLOAD.
    PutUnsigned,
    /// PUT with the body's SHA-256, which the gateway verifies.
    PutHashed,
    /// The same into a bucket with a default retention: what will be is durable before the upstream has the last byte, and
    /// what became of it before the answer.
    PutRetained,
    /// PUT in chunks of 64 KiB, each signed, which the gateway verifies.
    PutSignedChunks,
    /// PUT in chunks of 64 KiB with a checksum behind them, which the gateway verifies.
    PutTrailer,
}

impl Kind {
    /// The method.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::PutUnsigned
            | Self::PutHashed
            | Self::PutRetained
            | Self::PutSignedChunks
            | Self::PutTrailer => "PUT",
        }
    }
}

/// Every workload, in the order of the tables.
pub(crate) const WORKLOADS: &[Workload] = &[
    row("GET 4 KiB, 1 connection", Kind::Get, 4 * KIB, 1),
    row("GET 4 KiB, 32 connections", Kind::Get, 4 * KIB, 32),
    row("GET 1 MiB, 8 connections", Kind::Get, MIB, 8),
    row("GET 64 MiB, 2 connections", Kind::Get, 64 * MIB, 2),
    row(
        "PUT 4 KiB unsigned, 16 connections",
        Kind::PutUnsigned,
        4 * KIB,
        16,
    ),
    row(
        "PUT 4 KiB hashed, 16 connections",
        Kind::PutHashed,
        4 * KIB,
        16,
    ),
    row(
        "PUT 4 KiB hashed, 64 connections",
        Kind::PutHashed,
        4 * KIB,
        64,
    ),
    row(
        "PUT 4 KiB under a default retention, 64 connections",
        Kind::PutRetained,
        4 * KIB,
        64,
    ),
    row(
        "PUT 1 MiB unsigned, 4 connections",
        Kind::PutUnsigned,
        MIB,
        4,
    ),
    row("PUT 1 MiB hashed, 4 connections", Kind::PutHashed, MIB, 4),
    row(
        "PUT 64 MiB unsigned, 1 connection",
        Kind::PutUnsigned,
        64 * MIB,
        1,
    ),
    row(
        "PUT 64 MiB hashed, 1 connection",
        Kind::PutHashed,
        64 * MIB,
        1,
    ),
    row(
        "PUT 64 MiB in signed chunks, 1 connection",
        Kind::PutSignedChunks,
        64 * MIB,
        1,
    ),
    row(
        "PUT 64 MiB with a trailing checksum, 1 connection",
        Kind::PutTrailer,
        64 * MIB,
        1,
    ),
];

const fn row(name: &'static str, kind: Kind, size: usize, connections: usize) -> Workload {
    Workload {
        name,
        kind,
        size,
        connections,
    }
}

impl Workload {
    /// Large bodies are measured by the GiB, small ones by the request.
    pub(crate) fn is_bulk(&self) -> bool {
        self.size >= 64 * MIB
    }

    /// What is sent, before it is framed.
    pub(crate) fn body(&self) -> Vec<u8> {
        bytes(if self.kind == Kind::Get { 0 } else { self.size })
    }

    /// Bytes of an answer's body.
    pub(crate) fn expected(&self) -> usize {
        if self.kind == Kind::Get { self.size } else { 0 }
    }

    /// The target of a connection's requests.
    pub(crate) fn target(&self, connection: usize) -> String {
        match self.kind {
            Kind::Get => format!("/bench/{}", object_name(self.size)),
            Kind::PutRetained => format!("/retained/put-{}-{connection}", self.size),
            Kind::PutUnsigned | Kind::PutHashed | Kind::PutSignedChunks | Kind::PutTrailer => {
                format!("/bench/put-{}-{connection}", self.size)
            }
        }
    }
}

/// The bytes of an object or a body.
pub(crate) fn bytes(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i ^ (i >> 8)).to_le_bytes())
        .map(|[low, ..]| low)
        .collect()
}

/// Puts the objects to read where the upstream serves them.
pub(crate) fn store_objects(folder: &Path) -> Result<()> {
    for workload in WORKLOADS
        .iter()
        .filter(|workload| workload.kind == Kind::Get)
    {
        std::fs::write(
            folder.join(object_name(workload.size)),
            bytes(workload.size),
        )?;
    }
    Ok(())
}

fn object_name(size: usize) -> String {
    format!("get-{size}")
}
