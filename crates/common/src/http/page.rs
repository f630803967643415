//! Pages of lists: what a client may ask for and the envelope it gets.

use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most lines one page holds.
pub const MAX_LIMIT: u32 = 1000;
/// Keeps `offset` well inside what a database counts with.
const MAX_PAGE: u32 = 1_000_000;

/// Which page of a list. May be flattened into a service's own query type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The page, from 1.
    #[serde(default = "first", deserialize_with = "whole")]
    #[garde(range(min = 1, max = MAX_PAGE))]
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub page: u32,
    /// Lines a page.
    #[serde(default = "usual", deserialize_with = "whole")]
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[param(minimum = 1, maximum = 1000, default = 50)]
    pub limit: u32,
    /// `next_cursor` of the page before: the way to walk a long list.
    #[serde(default)]
    #[garde(length(max = 2000))]
    #[param(max_length = 2000)]
    pub cursor: Option<String>,
}

impl Default for PageQuery {
    fn default() -> Self {
        Self { page: first(), limit: usual(), cursor: None }
    }
}

impl PageQuery {
    /// Lines before this page.
    #[must_use]
    pub fn offset(&self) -> i64 {
        i64::from(self.page.saturating_sub(1)) * i64::from(self.limit)
    }
}

const fn first() -> u32 {
    1
}

const fn usual() -> u32 {
    50
}

/// What is no whole number becomes 0, which the range then refuses by name: so it is reported with all other fields,
/// also where the query is flattened into another type.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u32),
        Text(String),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::Number(number) => number,
        Given::Text(text) => text.parse().unwrap_or(0),
    })
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// All lines of the list, also past its end.
    pub total: i64,
    pub page: u32,
    pub limit: u32,
    pub has_more: bool,
    /// To be sent as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}
