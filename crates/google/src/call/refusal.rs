//! Reading what an API says when it says no: JSON from Google, or a page from whatever stands before it.

use reqwest::StatusCode;
use serde::Deserialize;

/// The longest message that is kept, in bytes.
const MESSAGE: usize = 2 << 10;

/// An answer other than a success.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// the word for it: `errors[].reason` of BigQuery, `details[].reason` of the Data API
    pub(crate) reason: Option<String>,
    pub(crate) message: String,
    /// whether Google's own software said so
    pub(crate) json: bool,
}

#[derive(Deserialize)]
struct Envelope {
    error: Body,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Entry>,
    #[serde(default)]
    details: Vec<Entry>,
}

/// An entry of `errors` or `details`.
#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
}

impl Refusal {
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(Envelope { error: Body { message, errors, details } }) => Self {
                status,
                reason: errors.into_iter().chain(details).find_map(|entry| entry.reason),
                message: if message.is_empty() { format!("HTTP {}", status.as_u16()) } else { clip(&message) },
                json: true,
            },
            // A proxy's page says nothing that Google meant for people.
            Err(_) => Self {
                status,
                reason: None,
                message: format!("HTTP {} and a page that is no JSON", status.as_u16()),
                json: false,
            },
        }
    }

    /// An error that came in a body of success, as if it had come with the status that belongs to its reason.
    pub(crate) fn of_entry(entry: Entry) -> Self {
        let Entry { reason, message } = entry;
        let status = match reason.as_deref() {
            Some("notFound") => StatusCode::NOT_FOUND,
            Some("accessDenied" | "quotaExceeded" | "rateLimitExceeded") => StatusCode::FORBIDDEN,
            Some("backendError" | "internalError" | "jobBackendError" | "jobInternalError") => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, message: clip(message.as_deref().unwrap_or("no message")), reason, json: true }
    }
}

/// A message cut to what can be shown, ending as a sentence does.
pub(crate) fn clip(message: &str) -> String {
    let message = message.trim();
    let mut end = message.len().min(MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let cut = &message[..end];
    if cut.len() < message.len() {
        format!("{cut}…")
    } else if cut.ends_with(['.', '!', '?']) {
        cut.to_owned()
    } else {
        format!("{cut}.")
    }
}
