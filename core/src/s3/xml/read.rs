//! A document as a small tree.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

/// One element: its children, or its text if it has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The name without its namespace prefix.
    pub name: String,
    /// The text as it stands, references resolved, spaces kept. Empty if there are children.
    pub text: String,
    /// The children in order.
    pub children: Vec<Element>,
}

/// Why a document was refused. To a client it is MalformedXML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadXml {
    /// Not UTF-8, or says it is something else.
    #[error("the document is not UTF-8")]
    Encoding,
    /// Not well-formed.
    #[error("the document is not well-formed")]
    Malformed,
    /// A DOCTYPE, a processing instruction or an entity beyond XML's own five.
    #[error("the document has a DOCTYPE, an entity or a processing instruction")]
    Forbidden,
    /// Deeper, longer or with more attributes than any document of S3.
    #[error("the document is too deep or has too many elements or attributes")]
    TooLarge,
    /// Well-formed, but not this document.
    #[error("the document does not follow the schema")]
    Schema,
}

const DEPTH: usize = 16;
const ATTRIBUTES: usize = 8;

impl Element {
    /// Reads a request's document: at most 8000 elements, enough for 1000 keys with all their conditions.
    pub fn of_request(bytes: &[u8]) -> Result<Self, BadXml> {
        Self::read(bytes, 8_000)
    }

    /// Reads a list of up to 10,000 parts, each with its checksums.
    pub(super) fn of_parts(bytes: &[u8]) -> Result<Self, BadXml> {
        Self::read(bytes, 60_000)
    }

    /// Reads an answer of the upstream: at most 100,000 elements, enough for a page of 10,000 buckets.
    pub fn of_answer(bytes: &[u8]) -> Result<Self, BadXml> {
        Self::read(bytes, 100_000)
    }

    /// The text of the first child of a name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        let child = self.children.iter().find(|child| child.name == name)?;
        Some(&child.text)
    }

    /// The text of the first child of a name, unless it is empty.
    pub fn member(&self, name: &str) -> Option<String> {
        let text = self.child_text(name).filter(|text| !text.is_empty())?;
        Some(text.to_owned())
    }

    /// The children of a name.
    pub fn children_named(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of an element that has no children, without the white space around it.
    ///
    /// # Errors
    /// If it has children.
    pub fn leaf(&self) -> Result<&str, BadXml> {
        match self.children.is_empty() {
            true => Ok(self.text.trim()),
            false => Err(BadXml::Schema),
        }
    }

    /// The children of these names.
    ///
    /// # Errors
    /// If one comes twice, or there is another child, or text beside them.
    pub fn members<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&Self>; N], BadXml> {
        let known = |child: &Self| names.contains(&child.name.as_str());
        let once = |name: &&str| self.children_named(name).count() < 2;
        let clear = self.text.trim().is_empty();
        if !clear || !self.children.iter().all(known) || !names.iter().all(once) {
            return Err(BadXml::Schema);
        }
        Ok(names.map(|name| self.children_named(name).next()))
    }

    fn read(bytes: &[u8], elements: usize) -> Result<Self, BadXml> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadXml::Encoding)?;
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        reader.config_mut().expand_empty_elements = true;
        let mut tree = Tree::new(elements);
        let mut first = true;
        loop {
            match reader.read_event().map_err(|_| BadXml::Malformed)? {
                Event::Decl(declaration) if first => check_declaration(&declaration)?,
                Event::Start(start) => tree.open(&start)?,
                Event::End(_) => tree.close()?,
                Event::Text(text) => tree.text(&text.xml10_content())?,
                Event::CData(text) => tree.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    tree.text(resolve(&reference)?.encode_utf8(&mut [0; 4]))?
                }
                Event::Comment(_) => (),
                Event::DocType(_) | Event::PI(_) | Event::Decl(_) => return Err(BadXml::Forbidden),
                // Never seen: empty elements are expanded to a start and an end.
                Event::Empty(_) => return Err(BadXml::Malformed),
                Event::Eof => return tree.finish(),
            }
            first = false;
        }
    }
}

/// The tree while it grows.
struct Tree {
    /// The open elements, outermost first.
    open: Vec<Element>,
    root: Option<Element>,
    /// How many elements may still come.
    left: usize,
}

impl Tree {
    fn new(elements: usize) -> Self {
        Self {
            open: Vec::new(),
            root: None,
            left: elements,
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), BadXml> {
        if self.root.is_some() {
            return Err(BadXml::Malformed);
        }
        self.left = self.left.checked_sub(1).ok_or(BadXml::TooLarge)?;
        if self.open.len() >= DEPTH {
            return Err(BadXml::TooLarge);
        }
        // The count stops at the limit: looking for duplicates among all of them is quadratic.
        for (count, attribute) in start.attributes().enumerate() {
            attribute.map_err(|_| BadXml::Malformed)?;
            if count >= ATTRIBUTES {
                return Err(BadXml::TooLarge);
            }
        }
        let name: &str = start.local_name().into_inner();
        self.open.push(Element {
            name: name.to_owned(),
            ..Element::default()
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), BadXml> {
        let mut element = self.open.pop().ok_or(BadXml::Malformed)?;
        if !element.children.is_empty() {
            if !element.text.trim().is_empty() {
                return Err(BadXml::Schema);
            }
            element.text = String::new();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), BadXml> {
        if !text.chars().all(is_char) {
            return Err(BadXml::Malformed);
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => (),
            None => return Err(BadXml::Malformed),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, BadXml> {
        if !self.open.is_empty() {
            return Err(BadXml::Malformed);
        }
        self.root.ok_or(BadXml::Malformed)
    }
}

pub(super) fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), BadXml> {
    // Version 1.1 ends lines differently; two readings of one key are one too many.
    if declaration.version().map_err(|_| BadXml::Malformed)? != "1.0" {
        return Err(BadXml::Malformed);
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(BadXml::Encoding),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, BadXml> {
    if let Some(c) = reference
        .resolve_char_ref()
        .map_err(|_| BadXml::Malformed)?
    {
        return Ok(c);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(BadXml::Forbidden),
    }
}

/// Whether XML 1.0 can carry a character. <https://www.w3.org/TR/xml/#charsets>
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
