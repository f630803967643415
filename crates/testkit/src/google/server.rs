//! The stub's state and its routes: who may ask, which fault is due, and what was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::stream;
use serde_json::Value;

use super::analytics::{self, Property};
use super::bigquery::{self, Jobs, Tables};
use super::literals::{self, Answer, Refused};
use super::token::{self, Issued};
use super::{Call, Endpoint, Fault, accounts};

/// Everything the stub knows.
#[derive(Default)]
pub struct FakeGoogle {
    pub(super) state: Mutex<Known>,
}

#[derive(Default)]
pub(super) struct Known {
    pub(super) calls: Vec<Call>,
    pub(super) faults: HashMap<Endpoint, VecDeque<Fault>>,
    pub(super) tokens: Issued,
    pub(super) tables: Tables,
    pub(super) jobs: Jobs,
    pub(super) properties: HashMap<String, Arc<Property>>,
    pub(super) pace: HashMap<Endpoint, Duration>,
}

type Google = State<Arc<FakeGoogle>>;

impl FakeGoogle {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key file of the account that most tests use.
    #[must_use]
    pub fn key(&self) -> String {
        accounts::key_file(accounts::ROBOT)
    }

    /// The key file of another account the stub knows.
    #[must_use]
    pub fn key_of(&self, account: &str) -> String {
        accounts::key_file(account)
    }

    /// What happens to the next calls of this endpoint, one after the other; behind what was ordered before.
    pub fn next(&self, endpoint: Endpoint, faults: impl IntoIterator<Item = Fault>) {
        self.known().faults.entry(endpoint).or_default().extend(faults);
    }

    /// Takes back what was ordered of all endpoints and has not happened yet.
    pub fn no_more_faults(&self) {
        self.known().faults.clear();
    }

    /// How much later every answer of this endpoint comes from here on.
    pub fn slow(&self, endpoint: Endpoint, pause: Duration) {
        self.known().pace.insert(endpoint, pause);
    }

    /// How often this was asked.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.known().calls.iter().filter(|call| call.endpoint == endpoint).count()
    }

    /// What was asked here, oldest first.
    #[must_use]
    pub fn calls(&self, endpoint: Endpoint) -> Vec<Call> {
        self.known().calls.iter().filter(|call| call.endpoint == endpoint).cloned().collect()
    }

    /// All that was asked, oldest first.
    #[must_use]
    pub fn all_calls(&self) -> Vec<Call> {
        self.known().calls.clone()
    }

    /// Forgets what was asked.
    pub fn forget_calls(&self) {
        self.known().calls.clear();
    }
}

pub(super) fn router(google: Arc<FakeGoogle>) -> Router {
    let project = "/bigquery/v2/projects/{project}";
    Router::new()
        .route("/token", post(grant))
        .route(&format!("{project}/datasets/{{dataset}}/tables"), get(tables))
        .route(&format!("{project}/datasets/{{dataset}}/tables/{{table}}"), get(table))
        .route(&format!("{project}/queries"), post(query))
        .route(&format!("{project}/queries/{{job}}"), get(results))
        .route(&format!("{project}/jobs/{{job}}/cancel"), post(cancel))
        .route("/v1beta/properties/{call}", post(report_or_compatibility))
        .route("/v1beta/properties/{property}/metadata", get(metadata))
        // A wrong path and a wrong verb are pages, never JSON.
        .fallback(|| async { Refused::page(404) })
        .method_not_allowed_fallback(|| async { Refused::page(404) })
        .with_state(google)
}

/// A request taken apart.
pub(super) struct Asked {
    endpoint: Endpoint,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

async fn grant(State(google): Google, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let asked = Asked { endpoint: Endpoint::Token, uri, headers, body };
    let form = asked.body.clone();
    answer(&google, asked, |google, call, fault| {
        token::grant(google, call, &form, matches!(fault, Some(Fault::OnlyIdToken)))
    })
    .await
}

async fn tables(
    State(google): Google,
    Path((project, dataset)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { endpoint: Endpoint::Tables, uri, headers, body: Bytes::new() };
    answer(&google, asked, |google, call, _| bigquery::list(&google.known().tables, &project, &dataset, call)).await
}

async fn table(
    State(google): Google,
    Path((project, dataset, table)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { endpoint: Endpoint::Table, uri, headers, body: Bytes::new() };
    answer(&google, asked, |google, _, _| bigquery::describe(&google.known().tables, &project, &dataset, &table)).await
}

async fn query(
    State(google): Google,
    Path(project): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked { endpoint: Endpoint::Query, uri, headers, body };
    answer(&google, asked, |google, call, _| {
        let Known { tables, jobs, .. } = &mut *google.known();
        bigquery::query(tables, jobs, &project, call)
    })
    .await
}

async fn results(
    State(google): Google,
    Path((_, job)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { endpoint: Endpoint::Results, uri, headers, body: Bytes::new() };
    answer(&google, asked, |google, call, _| bigquery::results(&mut google.known().jobs, &job, call)).await
}

async fn cancel(
    State(google): Google,
    Path((_, job)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked { endpoint: Endpoint::Cancel, uri, headers, body };
    answer(&google, asked, |google, call, _| bigquery::cancel(&mut google.known().jobs, &job, call)).await
}

async fn metadata(State(google): Google, Path(property): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = Asked { endpoint: Endpoint::Metadata, uri, headers, body: Bytes::new() };
    answer(&google, asked, |google, _, _| {
        let property = analytics::property(google, &property)?;
        analytics::metadata(&property)
    })
    .await
}

async fn report_or_compatibility(
    State(google): Google,
    Path(call): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (property, method) = call.split_once(':').unwrap_or((&call, ""));
    let endpoint = match method {
        "runReport" => Endpoint::Report,
        "checkCompatibility" => Endpoint::Compatibility,
        _ => return Refused::page(404).into_response(),
    };
    let asked = Asked { endpoint, uri, headers, body };
    answer(&google, asked, |google, call, _| {
        let property = analytics::property(google, property)?;
        if endpoint == Endpoint::Report {
            analytics::report(&property, &call.body)
        } else {
            analytics::compatibility(&property, &call.body)
        }
    })
    .await
}

/// Notes the call, lets the fault that is due have its way, checks the token and answers.
async fn answer(
    google: &FakeGoogle,
    asked: Asked,
    work: impl FnOnce(&FakeGoogle, &Call, Option<&Fault>) -> Answer,
) -> Response {
    let call = asked.call();
    let (fault, pause) = {
        let mut known = google.known();
        known.calls.push(call.clone());
        let pause = known.pace.get(&call.endpoint).copied();
        (known.faults.get_mut(&call.endpoint).and_then(VecDeque::pop_front), pause)
    };
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    if let Some(refusal) = fault.as_ref().and_then(Fault::refusal) {
        return refusal.into_response();
    }
    let mut change = None;
    let mut cut = false;
    let fault = match fault {
        Some(Fault::Do(act)) => {
            act(google);
            None
        }
        Some(Fault::Change(by)) => {
            change = Some(by);
            None
        }
        Some(Fault::Slow(pause)) => {
            tokio::time::sleep(pause).await;
            None
        }
        Some(Fault::Redirect(to)) => return redirect(&to),
        Some(Fault::Unauthorized) => {
            google.known().tokens.revoke(call.token.as_deref());
            None
        }
        Some(Fault::Cut) => {
            cut = true;
            None
        }
        other => other,
    };
    if let Err(refusal) = token::check(google, &call) {
        return refusal.into_response();
    }
    match work(google, &call, fault.as_ref()) {
        Err(refusal) => refusal.into_response(),
        Ok(mut body) => {
            if let Some(change) = change {
                change(&mut body);
            }
            let text = body.to_string();
            if cut { cut_off(&text) } else { whole(text) }
        }
    }
}

impl Asked {
    fn call(&self) -> Call {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Call {
            endpoint: self.endpoint,
            path: self.uri.path().to_owned(),
            query: token::pairs(self.uri.query().unwrap_or_default().as_bytes()),
            body: serde_json::from_slice(&self.body).unwrap_or(Value::Null),
            token: text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned)),
            user_agent: text(header::USER_AGENT),
        }
    }
}

fn whole(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}

/// Half of the body, under a length that promises the whole.
fn cut_off(text: &str) -> Response {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let parts = [Ok(half), Err(std::io::Error::other("cut"))];
    let mut response = Response::new(Body::from_stream(stream::iter(parts)));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    response
}

fn redirect(to: &str) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to.to_owned())]).into_response()
}

/// The refusal of a request without a token.
pub(super) fn no_token() -> Refused {
    Refused::analytics_because(401, "UNAUTHENTICATED", literals::NO_TOKEN, "CREDENTIALS_MISSING")
}
