//! The last touch on every answer: problems learn their request, bare error statuses become problems, times are told.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::auth::ShownQuota;

use super::{
    app::shown,
    problem::Problem,
    request_id::{self, RequestId},
};

pub(super) const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");

/// Runs before the id is read or made: an id that is not sane counts as none.
pub(super) async fn accept_request_id(mut request: Request, next: Next) -> Response {
    request_id::drop_insane(request.headers_mut());
    next.run(request).await
}

/// Outermost: tells how long all of it took, preflights included.
pub(super) async fn time(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut response = next.run(request).await;
    let seconds = format!("{:.6}", started.elapsed().as_secs_f64());
    if let Ok(seconds) = HeaderValue::from_str(&seconds) {
        response.headers_mut().insert(PROCESS_TIME, seconds);
    }
    response
}

/// Completes the answer of everything inside.
pub(super) async fn complete(mut request: Request, next: Next) -> Response {
    let path = shown(request.uri().path()).to_owned();
    let id = request.headers().get(request_id::HEADER).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let quota = ShownQuota::default();
    request.extensions_mut().insert(quota.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>().or_else(|| implied(&response)) {
        response = tell(Problem { instance: path, request_id: id, ..problem }, response);
    }
    quota.write(response.headers_mut());
    response
}

/// An error without words of its own: the router's 404 and 405, and what layers answer.
fn implied(response: &Response) -> Option<Problem> {
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    ((status.is_client_error() || status.is_server_error()) && plain).then(|| Problem::of_status(status))
}

/// The problem as the answer, with the headers the former answer had (`Allow`, `WWW-Authenticate`, cookies).
fn tell(problem: Problem, former: Response) -> Response {
    let (parts, _) = former.into_parts();
    let mut response = problem.into_response();
    let mut headers: HeaderMap = parts.headers;
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    response.headers_mut().extend(headers);
    response
}
