//! A body cut into the chunks that it is signed in anew: cells of a fixed size.
//!
//! The SHA-256 of a cell goes into its signature. Where a chunk of the client's is just one cell, the hash that its own
//! signature was verified with serves again; any other cell is hashed here.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// Bytes of a cell but for the last. AWS takes no chunk below 8 KiB but the last, and many clients cut at this size.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
pub(super) const CELL: u64 = 64 << 10;

/// The SHA-256 of a cell, known from the client's signature over the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellHash {
    /// Bytes of the body before the cell.
    pub(super) start: u64,
    pub(super) hash: [u8; 32],
}

/// Whether a chunk is just one cell of a body of `length` bytes.
pub(super) fn is_cell(start: u64, size: u64, length: u64) -> bool {
    size > 0 && start.is_multiple_of(CELL) && size == length.saturating_sub(start).min(CELL)
}

/// One chunk to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its bytes; at least one.
    pub data: Bytes,
    /// Their SHA-256.
    pub hash: [u8; 32],
}

/// Cuts one body. Keeps one cell of it at most, and gives that out when the next byte comes: by then its hash is known,
/// and the byte that is withheld of a body keeps back all of the last cell.
#[derive(Debug)]
pub struct Cells {
    /// Bytes of the body that are still to come.
    left: u64,
    /// Bytes of the body before the cell at hand.
    start: u64,
    cell: BytesMut,
    hashes: VecDeque<CellHash>,
}

impl Cells {
    /// For a body of so many bytes, of which nothing came yet.
    pub fn new(length: u64) -> Self {
        Self {
            left: length,
            start: 0,
            cell: BytesMut::new(),
            hashes: VecDeque::new(),
        }
    }

    /// The cells that are complete with the next bytes. Bytes beyond the announced length are left out.
    pub fn cut(&mut self, mut data: Bytes, hashes: Vec<CellHash>) -> Vec<Cell> {
        self.hashes.extend(hashes);
        let mut cells = Vec::new();
        while !data.is_empty() && self.left > 0 {
            let held = self.cell.len() as u64;
            if held == CELL {
                cells.push(self.seal());
                continue;
            }
            let room = (CELL - held).min(self.left);
            let taken = data.split_to(usize::try_from(room).map_or(0, |room| room.min(data.len())));
            if held == 0 {
                self.cell.reserve(usize::try_from(room).unwrap_or_default());
            }
            self.cell.extend_from_slice(&taken);
            self.left -= taken.len() as u64;
        }
        cells
    }

    /// The last cell, once the body is complete.
    pub fn last(mut self) -> Option<Cell> {
        (self.left == 0 && !self.cell.is_empty()).then(|| self.seal())
    }

    fn seal(&mut self) -> Cell {
        let data = self.cell.split().freeze();
        while self
            .hashes
            .front()
            .is_some_and(|known| known.start < self.start)
        {
            self.hashes.pop_front();
        }
        let known = self
            .hashes
            .front()
            .filter(|known| known.start == self.start);
        let hash = known.map_or_else(|| sha256(&data), |known| known.hash);
        self.start += data.len() as u64;
        Cell { data, hash }
    }
}

fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, data).as_ref());
    hash
}

#[cfg(test)]
mod tests;
