//! The id that ties an answer, its log lines and a user's report together.

use axum::http::{HeaderMap, HeaderName, Request};
use tower_http::request_id::{MakeRequestId, RequestId as HeaderId};
use uuid::Uuid;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// A request's id, in the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Makes an id where the client sent none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fresh;

impl MakeRequestId for Fresh {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<HeaderId> {
        Uuid::now_v7().to_string().parse().ok().map(HeaderId::new)
    }
}

/// Forgets a client's id that is too long or could forge log lines; then a fresh one is made.
pub(super) fn drop_insane(headers: &mut HeaderMap) {
    let sane = |text: &str| {
        (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    if headers.get(HEADER).is_some_and(|value| !value.to_str().is_ok_and(sane)) {
        headers.remove(HEADER);
    }
}
