//! A session as bytes: its fields in a fixed order, each text with its length before it. A field added takes a new
//! version of the token's format.

use super::{MAX_TOKEN, TooLarge};
use crate::identity::{AccessKeyId, SecretKey};
use crate::sts::session::{Holder, Limits, Session, Terms, Vouched};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

const ROLE: u8 = 1;
const USER: u8 = 2;

/// The bytes of a session.
///
/// # Errors
/// A text or a list is longer than 65,535.
pub(super) fn write(session: &Session) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
    // Room for the longest: a buffer that grows leaves copies of the secret behind.
    let mut out = Sink(Zeroizing::new(Vec::with_capacity(MAX_TOKEN)));
    out.text(&session.access_key.0)?;
    out.text(session.secret.expose())?;
    let terms = &session.terms;
    match &terms.holder {
        Holder::Role { arn, id, session } => {
            out.0.push(ROLE);
            out.texts([arn, id, session].map(|text| &**text))?;
        }
        Holder::User { arn, id } => {
            out.0.push(USER);
            out.texts([arn, id].map(|text| &**text))?;
        }
    }
    out.time(terms.issued);
    out.time(terms.expires);
    out.optional(terms.limits.document.as_deref())?;
    out.list(terms.limits.managed.iter().map(|arn| &**arn))?;
    out.count(terms.tags.len())?;
    for (key, value) in &terms.tags {
        out.texts([&**key, &**value])?;
    }
    out.list(terms.transitive.iter().map(|key| &**key))?;
    out.optional(terms.source_identity.as_deref())?;
    out.optional(terms.vouched.as_ref().map(|it| &*it.provider))?;
    if let Some(vouched) = &terms.vouched {
        out.count(vouched.claims.len())?;
        for (name, values) in &vouched.claims {
            out.text(name)?;
            out.list(values.iter().map(|value| &**value))?;
        }
    }
    Ok(out.0)
}

/// The session that was written; none if these are not its bytes, to the last.
pub(super) fn read(bytes: &[u8]) -> Option<Session> {
    let mut from = Source(bytes);
    let session = Session {
        access_key: AccessKeyId(from.text()?),
        secret: SecretKey::new(from.text()?.into()),
        terms: from.terms()?,
    };
    from.0.is_empty().then_some(session)
}

struct Sink(Zeroizing<Vec<u8>>);

impl Sink {
    fn count(&mut self, count: usize) -> Result<(), TooLarge> {
        let count = u16::try_from(count).map_err(|_| TooLarge)?;
        self.0.extend(count.to_be_bytes());
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), TooLarge> {
        self.count(text.len())?;
        self.0.extend(text.bytes());
        Ok(())
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Result<(), TooLarge> {
        texts.into_iter().try_for_each(|text| self.text(text))
    }

    fn list<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) -> Result<(), TooLarge> {
        self.count(texts.len())?;
        self.texts(texts)
    }

    fn optional(&mut self, text: Option<&str>) -> Result<(), TooLarge> {
        self.list(text.into_iter())
    }

    fn time(&mut self, time: Timestamp) {
        self.0.extend(time.as_second().to_be_bytes());
    }
}

struct Source<'t>(&'t [u8]);

impl Source<'_> {
    fn terms(&mut self) -> Option<Terms> {
        Some(Terms {
            holder: match self.byte()? {
                ROLE => Holder::Role {
                    arn: self.text()?,
                    id: self.text()?,
                    session: self.text()?,
                },
                USER => Holder::User {
                    arn: self.text()?,
                    id: self.text()?,
                },
                _ => return None,
            },
            issued: self.time()?,
            expires: self.time()?,
            limits: Limits {
                document: self.optional()?,
                managed: self.list()?,
            },
            tags: self.tags()?,
            transitive: BTreeSet::from_iter(self.list()?),
            source_identity: self.optional()?,
            vouched: self.vouched()?,
        })
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn byte(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    fn count(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_be_bytes)
    }

    fn text(&mut self) -> Option<Box<str>> {
        let length = usize::from(self.count()?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(Box::from)
    }

    fn list(&mut self) -> Option<Vec<Box<str>>> {
        (0..self.count()?).map(|_| self.text()).collect()
    }

    fn optional(&mut self) -> Option<Option<Box<str>>> {
        let mut texts = self.list()?;
        (texts.len() <= 1).then(|| texts.pop())
    }

    fn time(&mut self) -> Option<Timestamp> {
        let seconds = self.chunk().map(i64::from_be_bytes)?;
        Timestamp::from_second(seconds).ok()
    }

    fn tags(&mut self) -> Option<BTreeMap<Box<str>, Box<str>>> {
        let count = self.count()?;
        (0..count)
            .map(|_| Some((self.text()?, self.text()?)))
            .collect()
    }

    fn vouched(&mut self) -> Option<Option<Vouched>> {
        let Some(provider) = self.optional()? else {
            return Some(None);
        };
        let count = self.count()?;
        let claims = (0..count).map(|_| Some((self.text()?, self.list()?)));
        let claims = claims.collect::<Option<_>>()?;
        Some(Some(Vouched { provider, claims }))
    }
}
