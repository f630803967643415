//! Reading an answer's body, but not for ever; and saying what happened to a connection.

use std::error::Error;

use reqwest::Response;

/// How much of an error is read: its details can be long, and a proxy's page longer.
pub(crate) const ERROR_BODY: usize = 64 << 10;

/// The first `limit` bytes of a body; the rest is not waited for.
///
/// # Errors
/// What happened to the connection, when it ended before the body did.
pub(crate) async fn bounded_body(mut response: Response, limit: usize) -> Result<Vec<u8>, String> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = Vec::with_capacity(announced.min(limit));
    while body.len() < limit {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]),
            Ok(None) => break,
            Err(error) => return Err(describe(&error)),
        }
    }
    Ok(body)
}

/// What happened, without an address: that may hold what is nobody's business.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        return String::from("no answer in time");
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection was cut"
    };
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    if std::ptr::addr_eq(root, error) { what.to_owned() } else { format!("{what} ({root})") }
}
