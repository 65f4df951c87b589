//! Writes documents.

use super::NAMESPACE;
use super::read::is_char;
use bytes::Bytes;
use quick_xml::escape::escape;
use std::borrow::Cow;

/// The namespace of `xsi:type`.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A document being written. Element names are ours and are not escaped; texts are.
#[derive(Debug)]
pub struct Writer(String);

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A document with its declaration.
    pub fn new() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// The outermost element, in S3's namespace.
    pub fn root(&mut self, name: &str) -> &mut Self {
        self.root_in(name, NAMESPACE)
    }

    /// The outermost element, in another service's namespace.
    pub fn root_in(&mut self, name: &str, namespace: &str) -> &mut Self {
        self.push(&["<", name, " xmlns=\"", namespace, "\">"])
    }

    /// The start of an element.
    pub fn open(&mut self, name: &str) -> &mut Self {
        self.push(&["<", name, ">"])
    }

    /// The start of an element whose kind its `xsi:type` says, as a grantee's does.
    pub fn open_typed(&mut self, name: &str, kind: &str) -> &mut Self {
        self.push(&[
            "<",
            name,
            " xmlns:xsi=\"",
            INSTANCE,
            "\" xsi:type=\"",
            kind,
            "\">",
        ])
    }

    /// The end of an element.
    pub fn close(&mut self, name: &str) -> &mut Self {
        self.push(&["</", name, ">"])
    }

    /// An element with a text. Characters XML 1.0 cannot carry become U+FFFD.
    pub fn leaf(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name).push(&[&escaped(text)]).close(name)
    }

    /// An element with a text, if there is one.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.leaf(name, text),
            None => self,
        }
    }

    /// The whole document.
    pub fn finish(self) -> Bytes {
        self.0.into()
    }

    fn push(&mut self, parts: &[&str]) -> &mut Self {
        self.0.extend(parts.iter().copied());
        self
    }
}

fn escaped(text: &str) -> Cow<'_, str> {
    let replace = |c| if is_char(c) { c } else { '\u{fffd}' };
    let legal: Cow<'_, str> = match text.chars().all(is_char) {
        true => text.into(),
        false => text.chars().map(replace).collect::<String>().into(),
    };
    let escaped = escape(legal);
    // A bare carriage return would be read back as a line feed.
    match escaped.contains('\r') {
        true => escaped.replace('\r', "&#13;").into(),
        false => escaped,
    }
}
