//! An answer, read to its end.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Status, headers and body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// the status code
    pub status: u16,
    /// the headers
    pub headers: HeaderMap,
    /// the whole body
    pub body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When the service does not answer.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("a broken answer: {error:?}")).to_vec();
        Self { status, headers, body }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.text()))
    }

    /// The JSON of an answer that must have this status.
    ///
    /// # Panics
    /// When it has another one, or is no JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The problem of an answer that must be one with this status: RFC 9457, with all it has to have and no internals.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for key in ["type", "title", "detail", "instance", "request_id"] {
            assert!(problem[key].is_string(), "no {key} in {problem}");
        }
        problem
    }

    /// The fields that a 422 complains of, sorted.
    ///
    /// # Panics
    /// When it is no 422 with errors.
    #[track_caller]
    pub fn invalid_fields(&self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"));
        let mut fields: Vec<String> =
            errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect();
        fields.sort();
        fields
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
