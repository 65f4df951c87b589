//! What an upstream's answer says of us: whose a bucket is, what it is called, where an object is.
//!
//! An upstream names its own accounts and its own address. A client gets the gateway's instead; every other byte of the
//! document passes as it came, what we do not know included.

use super::BadXml;
use super::read::check_declaration;
use crate::s3::operations::OperationId::{self, *};
use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use std::fmt::Write as _;
use std::ops::Range;

/// The operations whose answers name an owner, a bucket or a location, and pass through [`correct`].
const CORRECTED: &[OperationId] = &[
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
    ListMultipartUploads,
    ListParts,
    CreateMultipartUpload,
    CompleteMultipartUpload,
];

/// Whether a success of this operation passes through [`correct`].
pub fn is_corrected(operation: OperationId) -> bool {
    CORRECTED.contains(&operation)
}

/// What is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth<'a> {
    /// The bucket, by the client's name for it.
    pub bucket: &'a str,
    /// The canonical id of the account that owns it.
    pub owner: &'a str,
    /// The URL of the request's target, from [`location`].
    pub location: &'a str,
}

/// The URL under which a client asked for its target: the scheme of the listener, the Host header, and the path of the
/// request target as it came.
pub fn location(scheme: &str, host: &str, raw_target: &[u8]) -> String {
    let mut url = format!("{scheme}://{host}");
    for byte in raw_target.iter().take_while(|byte| **byte != b'?') {
        match byte.is_ascii_graphic() {
            true => url.push(char::from(*byte)),
            // Writing to a text cannot fail.
            false => drop(write!(url, "%{byte:02X}")),
        }
    }
    url
}

/// Puts the truth into the document of a success. `Owner` and `Initiator` are replaced wherever they stand and whatever
/// the root is called, so that no store's own form of a listing shows an account of the upstream.
///
/// # Errors
/// [`BadXml`] if it is no document: nothing is known of what it says.
pub fn correct(document: &[u8], truth: &Truth<'_>) -> Result<Bytes, BadXml> {
    let text = std::str::from_utf8(document).map_err(|_| BadXml::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    let mut copy = Copy::new(text);
    let mut depth = Depth::default();
    loop {
        let from = position(&reader);
        match reader.read_event().map_err(|_| BadXml::Malformed)? {
            Event::Start(start) => {
                let element = truth.correction(&start, depth);
                depth.enter()?;
                if let Some(element) = element {
                    let end = reader.read_to_end(start.name());
                    end.map_err(|_| BadXml::Malformed)?;
                    copy.replace(from..position(&reader), &element)?;
                    depth.leave();
                }
            }
            Event::Empty(empty) => {
                if let Some(element) = truth.correction(&empty, depth) {
                    copy.replace(from..position(&reader), &element)?;
                }
                depth.enter()?;
                depth.leave();
            }
            Event::End(_) => depth.leave(),
            Event::Text(text) if text.trim().is_empty() => (),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => depth.inside()?,
            Event::Comment(_) | Event::PI(_) => (),
            Event::Decl(declaration) if from == 0 => check_declaration(&declaration)?,
            // It could give a reference another meaning.
            Event::DocType(_) | Event::Decl(_) => return Err(BadXml::Forbidden),
            Event::Eof => return depth.ended().and_then(|()| copy.finish()),
        }
    }
}

impl Truth<'_> {
    /// What stands in place of an element; `None` if it is none of ours. Empty: nothing.
    fn correction(&self, start: &BytesStart<'_>, depth: Depth) -> Option<String> {
        let name: &str = start.local_name().into_inner();
        let text = match (name, depth) {
            // DisplayName goes, as AWS no longer sends it.
            ("Owner" | "Initiator", _) => {
                let prefix = start.name().prefix();
                let colon = prefix.map(|prefix| format!("{}:", prefix.into_inner()));
                let colon = colon.unwrap_or_default();
                format!("<{colon}ID>{}</{colon}ID>", escape(self.owner))
            }
            ("Bucket" | "Name", Depth::Below(1)) => escape(self.bucket).into_owned(),
            ("Location", Depth::Below(1)) => escape(self.location).into_owned(),
            // Ceph's name for an account of its own.
            ("Tenant", Depth::Below(1)) => return Some(String::new()),
            _ => return None,
        };
        Some(format!("<{}>{text}</{}>", &**start, start.name().0))
    }
}

/// How many elements are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Depth {
    /// Before the root.
    #[default]
    Before,
    /// So many elements are open, the root included.
    Below(usize),
    /// Behind the root.
    Behind,
}

impl Depth {
    fn enter(&mut self) -> Result<(), BadXml> {
        *self = match self {
            Self::Before => Self::Below(1),
            Self::Below(open) => Self::Below(*open + 1),
            Self::Behind => return Err(BadXml::Malformed),
        };
        Ok(())
    }

    /// The reader has checked that something is open.
    fn leave(&mut self) {
        *self = match self {
            Self::Below(open @ 2..) => Self::Below(*open - 1),
            Self::Before | Self::Below(_) | Self::Behind => Self::Behind,
        };
    }

    fn inside(self) -> Result<(), BadXml> {
        match self {
            Self::Below(_) => Ok(()),
            Self::Before | Self::Behind => Err(BadXml::Malformed),
        }
    }

    fn ended(self) -> Result<(), BadXml> {
        match self {
            Self::Behind => Ok(()),
            Self::Before | Self::Below(_) => Err(BadXml::Malformed),
        }
    }
}

/// The document while it is copied.
struct Copy<'a> {
    text: &'a str,
    /// How much of it has been copied or replaced.
    done: usize,
    copy: String,
}

impl<'a> Copy<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            done: 0,
            copy: String::with_capacity(text.len()),
        }
    }

    fn replace(&mut self, part: Range<usize>, with: &str) -> Result<(), BadXml> {
        self.through(part.start)?;
        self.copy.push_str(with);
        self.done = part.end;
        Ok(())
    }

    fn through(&mut self, end: usize) -> Result<(), BadXml> {
        let kept = self.text.get(self.done..end).ok_or(BadXml::Malformed)?;
        self.copy.push_str(kept);
        Ok(())
    }

    fn finish(mut self) -> Result<Bytes, BadXml> {
        self.through(self.text.len())?;
        Ok(self.copy.into())
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
