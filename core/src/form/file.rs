//! The file of a form as it comes: so many bytes, then the closing boundary, and no other part behind it.

use super::{Boundary, FormError};
use bytes::Bytes;

/// Takes what follows the fields of a form and gives the bytes of its file. Keeps none of them.
///
/// How long the file is follows from the body's length if nothing but the closing boundary comes after it, as browsers
/// and libraries send it. A boundary within those bytes says that other parts follow: then the length was wrong, and with
/// it what was sent on.
#[derive(Debug)]
pub struct FileReader {
    delimiter: Box<[u8]>,
    /// So many bytes of the delimiter end what was read of the file.
    matched: usize,
    /// Bytes of the file that are still to come.
    left: u64,
    /// What must follow them, as far as it has not come.
    end: Bytes,
}

impl FileReader {
    /// For a file of `length` bytes, of which none came yet.
    pub fn new(boundary: &Boundary, length: u64) -> Self {
        Self {
            delimiter: boundary.delimiter().into(),
            matched: 0,
            left: length,
            end: boundary.end().into(),
        }
    }

    /// Takes the next piece of the body and gives what of it is the file's; perhaps nothing.
    ///
    /// # Errors
    /// [`FormError::NotLast`] or [`FormError::Unclosed`]: the file must then not be completed.
    pub fn feed(&mut self, mut piece: Bytes) -> Result<Bytes, FormError> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        let file = piece.split_to(length.min(piece.len()));
        self.left -= file.len() as u64;
        self.search(&file)?;
        let expected = self.end.split_to(piece.len().min(self.end.len()));
        if piece == expected {
            Ok(file)
        } else {
            Err(FormError::Unclosed)
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    /// [`FormError::Unclosed`].
    pub fn finish(&self) -> Result<(), FormError> {
        if self.left == 0 && self.end.is_empty() {
            Ok(())
        } else {
            Err(FormError::Unclosed)
        }
    }

    /// Whether the delimiter stands in the file. A carriage return is the delimiter's first byte and no other, so a
    /// mismatch throws back to the beginning and no byte is looked at twice.
    fn search(&mut self, mut file: &[u8]) -> Result<(), FormError> {
        loop {
            if self.matched == 0 {
                let Some(start) = file.iter().position(|byte| *byte == b'\r') else {
                    return Ok(());
                };
                file = file.get(start..).unwrap_or_default();
            }
            let Some((byte, rest)) = file.split_first() else {
                return Ok(());
            };
            self.matched = match self.delimiter.get(self.matched) {
                Some(wanted) if wanted == byte => self.matched + 1,
                Some(_) | None => usize::from(*byte == b'\r'),
            };
            if self.matched == self.delimiter.len() {
                return Err(FormError::NotLast);
            }
            file = rest;
        }
    }
}

#[cfg(test)]
mod tests;
