//! Query parameters, read one by one so that every fault is found and told at once, also those that two parameters or
//! the list that is asked for make together. What nobody reads is ignored.

mod days;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, ops::RangeInclusive};

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use common::http::{ApiError, FieldError};

pub(crate) use days::{Days, is_day};

/// The longest text a parameter may carry, in characters.
const LONGEST: usize = 500;
/// A cursor carries the value its list is sorted by, which may be a page's address.
const LONGEST_CURSOR: usize = 16_000;

/// The parameters of a request and what has been found wrong with them so far.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldError>,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
        // `start_date=` from an emptied form field is a parameter not given.
        Ok(Self { pairs: pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect(), faults: Vec::new() })
    }
}

impl Params {
    /// Notes a fault; reading goes on.
    pub(crate) fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(FieldError::new(field, message));
    }

    /// # Errors
    /// 422 with every fault noted.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.faults)) }
    }

    /// Every value of a parameter that may be given several times.
    pub(crate) fn texts(&mut self, field: &str) -> Vec<String> {
        self.values(field, LONGEST)
    }

    fn values(&mut self, field: &str, longest: usize) -> Vec<String> {
        let values: Vec<String> =
            self.pairs.iter().filter(|(name, _)| name == field).map(|(_, value)| value.clone()).collect();
        for value in &values {
            if value.chars().count() > longest {
                self.refuse(field, format!("is longer than {longest} characters"));
            } else if value.contains('\0') {
                self.refuse(field, "must not contain the character NUL");
            }
        }
        values
    }

    pub(crate) fn text(&mut self, field: &str) -> Option<String> {
        let values = self.texts(field);
        self.only(field, values)
    }

    /// The parameter `cursor`.
    pub(crate) fn cursor(&mut self) -> Option<String> {
        let values = self.values("cursor", LONGEST_CURSOR);
        self.only("cursor", values)
    }

    fn only(&mut self, field: &str, mut values: Vec<String>) -> Option<String> {
        if values.len() > 1 {
            self.refuse(field, "is given more than once");
        }
        values.pop()
    }

    /// A text that must be there; empty, with a fault noted, where it is not.
    pub(crate) fn needed(&mut self, field: &str) -> String {
        self.text(field).unwrap_or_else(|| {
            self.refuse(field, "is missing");
            String::new()
        })
    }

    /// A whole number of a range.
    pub(crate) fn whole(&mut self, field: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let text = self.text(field)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.refuse(field, format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(&mut self, field: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(field)?;
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.refuse(field, format!("must be one of {}", words.join(", ")));
        }
        chosen
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, field: &str) -> Option<bool> {
        self.choice(field, &[("true", true), ("false", false), ("1", true), ("0", false)])
    }
}
