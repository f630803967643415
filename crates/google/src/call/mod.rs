//! One request to an API: the token put on, the answer read whole, what failed tried again as far as that makes sense.

mod body;
mod refusal;
mod verdict;

use std::time::Instant;

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub(crate) use body::{ERROR_BODY, bounded_body, describe};
pub(crate) use refusal::{Entry, Refusal, clip};
pub(crate) use verdict::{Api, explain};
use verdict::{Verdict, judge};

use crate::client::Google;
use crate::token::Scope;
use crate::{GoogleError, ServiceAccountKey};

/// The largest answer taken: a page of BigQuery is 10 MB.
const PAGE_BODY: usize = 64 << 20;

/// What is asked.
pub(crate) struct Call<'c> {
    pub(crate) api: Api,
    pub(crate) scope: Scope,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<&'c Value>,
    /// what is being done, as in "Google refused reading the table …"
    pub(crate) what: &'c str,
    /// the sentence that says what to grant when it is refused
    pub(crate) grant: &'c str,
    /// under what server errors are counted, where Google has an allowance of them
    pub(crate) errors_of: Option<&'c str>,
}

/// What went wrong, and what Google calls it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: GoogleError,
    pub(crate) refusal: Option<Refusal>,
}

impl Failure {
    pub(crate) fn reason(&self) -> Option<&str> {
        self.refusal.as_ref()?.reason.as_deref()
    }
}

impl From<Failure> for GoogleError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl From<GoogleError> for Failure {
    fn from(error: GoogleError) -> Self {
        Self { error, refusal: None }
    }
}

/// Why one try failed.
pub(crate) enum Trouble {
    /// an answer other than a success
    Refused(Refusal),
    /// no answer, or not the whole of it
    Cut(String),
    /// an answer that will not be better the next time
    TooLarge(String),
}

impl Google {
    /// The whole body of a success.
    pub(crate) async fn call(&self, key: &ServiceAccountKey, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let mut pauses = self.pace().pauses();
        let mut refreshed = false;
        let mut server_errors = 0;
        loop {
            if call.errors_of.is_some_and(|of| self.server_errors().are_used_up(of, Instant::now())) {
                return Err(verdict::too_many_errors(call).into());
            }
            let token = self.token(key, call.scope).await?;
            let trouble = match self.once(call, &token).await {
                Ok(body) => return Ok(body),
                Err(trouble) => trouble,
            };
            let failure = match judge(call, trouble) {
                Verdict::Stale(failure) => {
                    if refreshed {
                        return Err(failure);
                    }
                    refreshed = true;
                    self.forget_token(key, call.scope, &token).await;
                    continue;
                }
                Verdict::Final(failure) => return Err(failure),
                Verdict::Again(failure) => failure,
                Verdict::AgainButFew(failure) => {
                    server_errors += 1;
                    if let Some(of) = call.errors_of {
                        self.server_errors().note(of, Instant::now());
                    }
                    if server_errors >= verdict::SERVER_ERRORS {
                        return Err(failure);
                    }
                    failure
                }
            };
            let Some(pause) = pauses.next() else { return Err(failure) };
            tracing::debug!(error = %failure.error, ?pause, "trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&self, call: &Call<'_>, token: &SecretString) -> Result<Vec<u8>, Trouble> {
        let mut request = self.http().request(call.method.clone(), call.url.clone()).bearer_auth(token.expose_secret());
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| Trouble::Cut(describe(&error)))?;
        let status = response.status();
        if !status.is_success() {
            // What was cut off of an error is still an error.
            let body = bounded_body(response, ERROR_BODY).await.unwrap_or_default();
            return Err(Trouble::Refused(Refusal::read(status, &body)));
        }
        if response.content_length().is_some_and(|length| length > PAGE_BODY as u64) {
            return Err(too_large());
        }
        let body = bounded_body(response, PAGE_BODY + 1).await.map_err(Trouble::Cut)?;
        if body.len() > PAGE_BODY {
            return Err(too_large());
        }
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Trouble::Cut(String::from("the answer is a page and no JSON")));
        }
        Ok(body)
    }
}

fn too_large() -> Trouble {
    Trouble::TooLarge(format!("the answer is larger than {} MiB", PAGE_BODY >> 20))
}
