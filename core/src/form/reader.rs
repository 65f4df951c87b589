//! The fields of a form as they come, up to the beginning of its file.
//! <https://www.rfc-editor.org/rfc/rfc7578>

use bytes::{Bytes, BytesMut};

/// The most bytes before the file, part headers included.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>
const MOST_BEFORE_FILE: usize = 20 * 1024;
/// The longest boundary, by RFC 2046.
const LONGEST_BOUNDARY: usize = 70;
const END_OF_HEADERS: &[u8] = b"\r\n\r\n";

/// Why a form is refused. Which S3 error that becomes is written at each variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// No `multipart/form-data` with a boundary. 412 PreconditionFailed "Bucket POST must be of the enclosure-type
    /// multipart/form-data".
    #[error("the body is no multipart/form-data with a boundary")]
    NotMultipart,
    /// 400 MalformedPOSTRequest.
    #[error("the form is not well-formed: {0}")]
    Malformed(&'static str),
    /// 400 MaxPostPreDataLengthExceededError.
    #[error("the fields before the file have more than {MOST_BEFORE_FILE} bytes")]
    TooLarge,
    /// 400 InvalidArgument "POST requires exactly one file upload per request."
    #[error("the form has no file")]
    NoFile,
    /// 400 InvalidArgument (our wording): which of the two is meant is not known.
    #[error("field `{0}` comes twice")]
    Repeated(String),
    /// 400 InvalidArgument (our wording).
    #[error("field `{0}` is no text in UTF-8")]
    NotText(String),
    /// 400 MalformedPOSTRequest (our wording). AWS leaves such fields unread; where the file ends would not be known
    /// before it is stored.
    #[error("the file is not the last field of the form")]
    NotLast,
    /// 400 MalformedPOSTRequest (our wording).
    #[error(
        "the form does not end with its boundary, two hyphens and a line break behind the file"
    )]
    Unclosed,
}

/// What stands between the parts of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// CR LF, two hyphens and the boundary.
    delimiter: Box<[u8]>,
}

impl Boundary {
    /// Reads a `Content-Type`.
    ///
    /// # Errors
    /// [`FormError::NotMultipart`].
    pub fn parse(content_type: &str) -> Result<Self, FormError> {
        let mut parameters = parameters(content_type);
        let kind = parameters.next().map(|(name, _)| name).unwrap_or_default();
        let boundary = parameters
            .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
            .map(|(_, value)| value)
            .filter(|value| (1..=LONGEST_BOUNDARY).contains(&value.len()))
            .filter(|value| value.bytes().all(|byte| matches!(byte, b' '..=b'~')))
            .filter(|_| kind.eq_ignore_ascii_case("multipart/form-data"))
            .ok_or(FormError::NotMultipart)?;
        Ok(Self {
            delimiter: format!("\r\n--{boundary}").into_bytes().into(),
        })
    }

    pub(super) fn delimiter(&self) -> &[u8] {
        &self.delimiter
    }

    /// What follows the last byte of the file if the file is the last part, as browsers and libraries end a form.
    pub fn end(&self) -> Vec<u8> {
        [&self.delimiter, &b"--\r\n"[..]].concat()
    }
}

/// The fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Names in lower case with their values, in the order in which they came; `${filename}` is replaced.
    fields: Vec<(String, String)>,
    /// The file's name as the client gave it.
    file_name: Option<String>,
}

impl Form {
    /// The value of a field; `name` in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every field but the file.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `${filename}` stands for the last part of the file's name; what is signed stays as it is.
    fn fill_in_file_name(&mut self) {
        let Some(name) = self.file_name.as_deref() else {
            return;
        };
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let texts = self.fields.iter_mut().filter(|(name, _)| name != "policy");
        for (_, value) in texts {
            *value = value.replace("${filename}", base);
        }
    }
}

/// What reading has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Give more.
    More,
    /// The file begins with these bytes.
    File {
        /// All fields before it.
        form: Form,
        /// Bytes of the body before the file.
        before: u64,
        /// The first bytes of the file, and perhaps what follows it.
        rest: Bytes,
    },
}

/// Reads a form piece by piece. Keeps no more than what may stand before a file.
#[derive(Debug)]
pub struct FormReader {
    boundary: Boundary,
    /// What was not understood yet.
    pending: BytesMut,
    /// Bytes that were.
    done: usize,
    expects: Expects,
    form: Form,
}

#[derive(Debug)]
enum Expects {
    /// The first boundary, which has no line break before it.
    First,
    /// What says whether another part follows.
    Next,
    /// The headers of a part, searched for their end up to here.
    Headers(usize),
    /// The value of this field, likewise.
    Value(String, usize),
}

impl FormReader {
    /// For a body of which nothing came yet.
    pub fn new(boundary: Boundary) -> Self {
        Self {
            boundary,
            pending: BytesMut::new(),
            done: 0,
            expects: Expects::First,
            form: Form::default(),
        }
    }

    /// Takes the next piece of the body. After [`Progress::File`] it must not be fed again.
    ///
    /// # Errors
    /// What is wrong with the form.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Progress, FormError> {
        self.pending.extend_from_slice(piece);
        loop {
            let step = self.step()?;
            let unread = match step {
                Step::Again | Step::File => 0,
                Step::More => self.pending.len(),
            };
            if self.done + unread > MOST_BEFORE_FILE {
                return Err(FormError::TooLarge);
            }
            match step {
                Step::Again => (),
                Step::File => return Ok(self.file()),
                Step::More => return Ok(Progress::More),
            }
        }
    }

    /// The body has ended before a file began.
    pub fn unfinished(&self) -> FormError {
        match self.expects {
            Expects::First if self.pending.is_empty() => FormError::NoFile,
            Expects::First | Expects::Next | Expects::Headers(_) | Expects::Value(..) => {
                FormError::Malformed("it ends within a part")
            }
        }
    }

    fn step(&mut self) -> Result<Step, FormError> {
        match std::mem::replace(&mut self.expects, Expects::Next) {
            Expects::First => Ok(self.first()?),
            Expects::Next => self.next_part(),
            Expects::Headers(from) => self.headers(from),
            Expects::Value(name, from) => self.value(name, from),
        }
    }

    fn first(&mut self) -> Result<Step, FormError> {
        let delimiter = &self.boundary.delimiter;
        let line = delimiter.strip_prefix(b"\r\n").unwrap_or_default();
        let length = line.len();
        if self.pending.len() < length {
            self.expects = Expects::First;
            return Ok(Step::More);
        }
        if !self.pending.starts_with(line) {
            return Err(FormError::Malformed("it does not begin with its boundary"));
        }
        self.take(length);
        Ok(Step::Again)
    }

    fn next_part(&mut self) -> Result<Step, FormError> {
        match self.pending.get(..2) {
            None => {
                self.expects = Expects::Next;
                Ok(Step::More)
            }
            Some(b"\r\n") => {
                self.take(2);
                self.expects = Expects::Headers(0);
                Ok(Step::Again)
            }
            Some(b"--") => Err(FormError::NoFile),
            Some(_) => Err(FormError::Malformed(
                "a boundary is followed by something else",
            )),
        }
    }

    fn headers(&mut self, from: usize) -> Result<Step, FormError> {
        let end = match self.search(from, END_OF_HEADERS) {
            Ok(end) => end,
            Err(seen) => {
                self.expects = Expects::Headers(seen);
                return Ok(Step::More);
            }
        };
        let lines = self.take(end + END_OF_HEADERS.len());
        let disposition = disposition(&lines)?;
        if disposition.name.eq_ignore_ascii_case("file") {
            self.form.file_name = disposition.file_name;
            return Ok(Step::File);
        }
        self.expects = Expects::Value(disposition.name.to_ascii_lowercase(), 0);
        Ok(Step::Again)
    }

    fn value(&mut self, name: String, from: usize) -> Result<Step, FormError> {
        let end = match self.search(from, &self.boundary.delimiter) {
            Ok(end) => end,
            Err(seen) => {
                self.expects = Expects::Value(name, seen);
                return Ok(Step::More);
            }
        };
        let value = self.take(end);
        self.take(self.boundary.delimiter.len());
        let Ok(value) = String::from_utf8(value.into()) else {
            return Err(FormError::NotText(name));
        };
        if self.form.get(&name).is_some() {
            return Err(FormError::Repeated(name));
        }
        self.form.fields.push((name, value));
        Ok(Step::Again)
    }

    /// Where `wanted` begins, or up to where it does not.
    fn search(&self, from: usize, wanted: &[u8]) -> Result<usize, usize> {
        let unseen = self.pending.get(from..).unwrap_or_default();
        let mut windows = unseen.windows(wanted.len());
        let found = windows.position(|window| window == wanted);
        // It may have begun in the last bytes.
        let seen = (self.pending.len() + 1).saturating_sub(wanted.len());
        found.map(|at| from + at).ok_or(seen.max(from))
    }

    fn file(&mut self) -> Progress {
        let mut form = std::mem::take(&mut self.form);
        form.fill_in_file_name();
        Progress::File {
            form,
            before: self.done as u64,
            rest: self.pending.split().freeze(),
        }
    }

    fn take(&mut self, length: usize) -> BytesMut {
        self.done += length;
        self.pending.split_to(length.min(self.pending.len()))
    }
}

enum Step {
    Again,
    More,
    File,
}

struct Disposition {
    name: String,
    file_name: Option<String>,
}

/// The headers of a part: `Content-Disposition: form-data; name="key"`, and others that mean nothing here.
fn disposition(lines: &[u8]) -> Result<Disposition, FormError> {
    let malformed = || FormError::Malformed("a part has no Content-Disposition with a name");
    let lines = str::from_utf8(lines).map_err(|_| FormError::Malformed("a header is no text"))?;
    let mut values = lines.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    });
    let (value, None) = (values.next().ok_or_else(malformed)?, values.next()) else {
        return Err(FormError::Malformed("a part has two Content-Dispositions"));
    };
    let mut parameters = parameters(value);
    let kind = parameters.next().map(|(kind, _)| kind).unwrap_or_default();
    let (mut name, mut file_name) = (None, None);
    for (parameter, value) in parameters {
        match parameter.to_ascii_lowercase().as_str() {
            "name" => name = Some(value),
            "filename" => file_name = Some(value),
            _ => (),
        }
    }
    let name = name.filter(|name| !name.is_empty() && kind.eq_ignore_ascii_case("form-data"));
    Ok(Disposition {
        name: name.ok_or_else(malformed)?,
        file_name,
    })
}

/// `value; name=value; name="value"`: the first with an empty value. Within quotes `\"` is a quote; any other backslash
/// is itself, as in the paths that browsers send.
fn parameters(header: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let end = rest.find([';', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            return Some((name.trim().to_owned(), String::new()));
        };
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (value, after) = value.split_at_checked(end)?;
                (value.trim().to_owned(), after)
            }
        };
        rest = after;
        Some((name.trim().to_owned(), value))
    })
}

fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match c {
            '"' => return (value, rest),
            '\\' if rest.starts_with('"') => {
                chars.next();
                value.push('"');
            }
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests;
