//! The values of a pattern's variables.

use super::Variable;
use crate::context::{Context, Lookup};
use std::borrow::Cow;

/// The values of a glob's variables for one request.
pub(super) enum Bound<'a> {
    Values(Values<'a>),
    NoValue,
    Unknown,
}

/// One value for each variable. Four have room here, so that a usual pattern costs no allocation.
#[derive(Default)]
pub(super) struct Values<'a> {
    few: [Cow<'a, str>; 4],
    more: Vec<Cow<'a, str>>,
}

impl<'a> Bound<'a> {
    /// Looks up each variable once, before matching begins, so that a value is never read twice.
    pub(super) fn of<C: Context>(variables: &'a [Variable], context: &'a C) -> Self {
        let mut values = Values::default();
        for (index, variable) in variables.iter().enumerate() {
            let value = match context.lookup(&variable.key) {
                Lookup::One(value) => value.into_text(),
                // Variables are for keys with one value.
                Lookup::Absent | Lookup::Many(_) => match &variable.default {
                    Some(default) => Cow::Borrowed(&**default),
                    None => return Self::NoValue,
                },
                Lookup::Unknown => return Self::Unknown,
            };
            values.put(index, value);
        }
        Self::Values(values)
    }
}

impl<'a> Values<'a> {
    fn put(&mut self, index: usize, value: Cow<'a, str>) {
        match self.few.get_mut(index) {
            Some(place) => *place = value,
            None => self.more.push(value),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let many = || self.more.get(index.checked_sub(self.few.len())?);
        self.few.get(index).or_else(many).map(|value| &**value)
    }

    pub(super) fn lower(mut self) -> Self {
        for value in self.few.iter_mut().chain(&mut self.more) {
            *value = value.to_lowercase().into();
        }
        self
    }
}
