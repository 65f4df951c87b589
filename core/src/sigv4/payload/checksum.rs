//! The checksums S3 knows.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use std::fmt;
use xxhash_rust::xxh3::Xxh3;
use xxhash_rust::xxh64::Xxh64;

/// A checksum algorithm.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// CRC-32 of ISO-HDLC (zlib).
    Crc32,
    /// CRC-32 of iSCSI.
    Crc32c,
    /// CRC-64 of NVMe.
    Crc64Nvme,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
    /// MD5, as checksum; `Content-MD5` is a header of its own.
    Md5,
    /// XXH64, seed 0.
    XxHash64,
    /// XXH3 with 64 bits, seed 0.
    XxHash3,
    /// XXH3 with 128 bits, seed 0.
    XxHash128,
}

/// What the tables say of one algorithm.
struct Row {
    algorithm: Algorithm,
    name: &'static str,
    header: &'static str,
    length: usize,
}

const fn row(algorithm: Algorithm, name: &'static str, header: &'static str, length: usize) -> Row {
    Row {
        algorithm,
        name,
        header,
        length,
    }
}

static ROWS: [Row; 10] = [
    row(Algorithm::Crc32, "CRC32", "x-amz-checksum-crc32", 4),
    row(Algorithm::Crc32c, "CRC32C", "x-amz-checksum-crc32c", 4),
    row(
        Algorithm::Crc64Nvme,
        "CRC64NVME",
        "x-amz-checksum-crc64nvme",
        8,
    ),
    row(Algorithm::Sha1, "SHA1", "x-amz-checksum-sha1", 20),
    row(Algorithm::Sha256, "SHA256", "x-amz-checksum-sha256", 32),
    row(Algorithm::Sha512, "SHA512", "x-amz-checksum-sha512", 64),
    row(Algorithm::Md5, "MD5", "x-amz-checksum-md5", 16),
    row(
        Algorithm::XxHash64,
        "XXHASH64",
        "x-amz-checksum-xxhash64",
        8,
    ),
    row(Algorithm::XxHash3, "XXHASH3", "x-amz-checksum-xxhash3", 8),
    row(
        Algorithm::XxHash128,
        "XXHASH128",
        "x-amz-checksum-xxhash128",
        16,
    ),
];

impl Algorithm {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.algorithm)
    }

    /// By the name in `x-amz-sdk-checksum-algorithm`, in any letter case.
    pub fn named(name: &str) -> Option<Self> {
        Some(
            ROWS.iter()
                .find(|row| row.name.eq_ignore_ascii_case(name))?
                .algorithm,
        )
    }

    /// By its header, in any letter case.
    pub fn of_header(name: &str) -> Option<Self> {
        Some(
            ROWS.iter()
                .find(|row| row.header.eq_ignore_ascii_case(name))?
                .algorithm,
        )
    }

    /// Its name in documents and in `x-amz-sdk-checksum-algorithm`.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The header that carries its value.
    pub fn header(self) -> &'static str {
        self.row().map_or("", |row| row.header)
    }

    /// Bytes of its value, before base64.
    pub fn length(self) -> usize {
        self.row().map_or(0, |row| row.length)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.algorithm == self)
    }
}

/// A checksum that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    // INVARIANT: as long as the algorithm's values are.
    value: Box<[u8]>,
}

impl Checksum {
    /// Reads the base64 value of a header or trailer; `None` if it is no value of this algorithm.
    pub fn parse(algorithm: Algorithm, base64: &str) -> Option<Self> {
        let value = BASE64_STANDARD.decode(base64).ok()?;
        (value.len() == algorithm.length()).then(|| Self {
            algorithm,
            value: value.into(),
        })
    }

    /// Of which algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// As a header or trailer has it, in base64.
    pub fn text(&self) -> String {
        BASE64_STANDARD.encode(&self.value)
    }

    /// The bytes that base64 stood for.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// A running checksum.
pub struct Hasher(State);

enum State {
    Crc(Box<crc_fast::Digest>, Width),
    Sha(digest::Context),
    Md5(Md5),
    XxHash64(Xxh64),
    XxHash3(Box<Xxh3>, Width),
}

#[derive(Clone, Copy)]
enum Width {
    Bits32,
    Bits64,
    Bits128,
}

impl Hasher {
    /// Of no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        let crc = |kind, width| State::Crc(Box::new(crc_fast::Digest::new(kind)), width);
        let sha = |kind| State::Sha(digest::Context::new(kind));
        Self(match algorithm {
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc, Width::Bits32),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi, Width::Bits32),
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme, Width::Bits64),
            Algorithm::Sha1 => sha(&SHA1_FOR_LEGACY_USE_ONLY),
            Algorithm::Sha256 => sha(&SHA256),
            Algorithm::Sha512 => sha(&SHA512),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::XxHash64 => State::XxHash64(Xxh64::new(0)),
            Algorithm::XxHash3 => State::XxHash3(Box::default(), Width::Bits64),
            Algorithm::XxHash128 => State::XxHash3(Box::default(), Width::Bits128),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc(crc, _) => crc.update(bytes),
            State::Sha(sha) => sha.update(bytes),
            State::Md5(md5) => md5.update(bytes),
            State::XxHash64(hash) => hash.update(bytes),
            State::XxHash3(hash, _) => hash.update(bytes),
        }
    }

    /// The value; numbers in network byte order.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Crc(crc, width) => low_bytes(u128::from(crc.finalize()), width),
            State::Sha(sha) => sha.finish().as_ref().to_vec(),
            State::Md5(md5) => md5.finalize().to_vec(),
            State::XxHash64(hash) => low_bytes(u128::from(hash.digest()), Width::Bits64),
            State::XxHash3(hash, Width::Bits128) => low_bytes(hash.digest128(), Width::Bits128),
            State::XxHash3(hash, width) => low_bytes(u128::from(hash.digest()), width),
        }
    }
}

fn low_bytes(number: u128, width: Width) -> Vec<u8> {
    let unused = match width {
        Width::Bits32 => 12,
        Width::Bits64 => 8,
        Width::Bits128 => 0,
    };
    number.to_be_bytes().into_iter().skip(unused).collect()
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
mod tests;
