//! HTTP as all three services speak it: problems, extractors, pages of lists, health, documentation, layers, serving.
//!
//! A service hands its documented routes to [`app`] and gets back a router that behaves as api.md says every request does.

mod app;
mod complete;
mod docs;
mod document_text;
mod error;
mod extract;
mod given;
mod health;
mod html_pages;
mod page;
mod problem;
mod request_id;
mod serve;
#[cfg(test)]
mod tests;

pub use app::{ServiceMeta, app, document};
pub use document_text::document_text;
pub use error::{ApiError, FieldError};
pub use extract::{Json, JsonBytes, Path, Query};
pub use given::{Given, MASK, given, given_secret};
pub use html_pages::HtmlPages;
pub use page::{MAX_LIMIT, Page, PageQuery};
pub use problem::{PROBLEM_JSON, Problem};
pub use request_id::RequestId;
pub use serve::serve;
