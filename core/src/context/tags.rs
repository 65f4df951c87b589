//! Object tags, and the header that carries them.

/// One tag of an object or a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Case-sensitive for objects.
    pub key: Box<str>,
    /// Possibly empty.
    pub value: Box<str>,
}

/// Why a text is not a value of `x-amz-tagging`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tags are not a URL-encoded query")]
pub struct BadTagging;

/// Reads the value of `x-amz-tagging`: URL query encoding, `+` being a space.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#AmazonS3-PutObject-request-header-Tagging>
pub fn parse(header: &str) -> Result<Vec<Tag>, BadTagging> {
    header
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok(Tag {
                key: decode(key)?,
                value: decode(value)?,
            })
        })
        .collect()
}

fn decode(text: &str) -> Result<Box<str>, BadTagging> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex).ok_or(BadTagging)?;
                let low = bytes.next().and_then(hex).ok_or(BadTagging)?;
                high * 16 + low
            }
            _ => byte,
        });
    }
    String::from_utf8(decoded)
        .map(String::into_boxed_str)
        .map_err(|_| BadTagging)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
