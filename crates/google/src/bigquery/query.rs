//! What a query asks, and posting it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rows::Rows;
use super::{BigQuery, broken, parse};
use crate::GoogleError;
use crate::call::Failure;
use crate::token::Scope;

/// A query in GoogleSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// its text, with `@name` for each parameter
    pub sql: String,
    /// its parameters by name
    pub parameters: Vec<(String, Parameter)>,
    /// the query fails when it would be billed for more bytes than this
    pub max_bytes_billed: Option<u64>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// a STRING
    Text(String),
    /// an `ARRAY<STRING>`
    Texts(Vec<String>),
    /// an INT64
    Int(i64),
}

/// How long Google may hold the line while a query runs, milliseconds: less than [`crate::Timeouts`] allow.
pub(super) const POLL_MS: u64 = 10_000;
/// How often a query that failed at Google's end is asked once more.
const RESTARTS: u32 = 3;
/// The failures of a job that Google's own client begins it again for.
const PASSING: [&str; 3] = ["jobBackendError", "jobInternalError", "jobRateLimitExceeded"];

const WHAT: &str = "a query";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DryAnswer {
    total_bytes_processed: String,
}

impl BigQuery {
    /// How many bytes the query would read. Nothing is read and nothing is billed.
    ///
    /// # Errors
    /// Any [`GoogleError`]: what is wrong with the query is wrong with this too.
    pub async fn dry_run(&self, query: &Query) -> Result<u64, GoogleError> {
        let mut body = self.request(query);
        body["dryRun"] = json!(true);
        let url = self.url(&[&self.project, "queries"])?;
        let what = "an estimate of a query";
        let answer = self.send(Scope::Cloud, Method::POST, url, Some(&body), what).await?;
        let answer: DryAnswer = parse(&answer, what)?;
        answer.total_bytes_processed.parse().map_err(|_| broken(what, "it holds no number of bytes"))
    }

    /// Posts a query. It may still run when this returns; [`Rows::next_page`] waits for it.
    ///
    /// # Errors
    /// Any [`GoogleError`].
    pub async fn query(&self, query: &Query) -> Result<Rows, GoogleError> {
        let mut rows = Rows::new(self.clone(), self.request(query), RESTARTS);
        rows.begin().await?;
        Ok(rows)
    }

    /// Posts the request under a new id: Google runs a query once however often it is posted under the same one.
    pub(super) async fn post(&self, request: &Value) -> Result<Vec<u8>, Failure> {
        let mut body = request.clone();
        body["requestId"] = json!(Uuid::new_v4().to_string());
        let url = self.url(&[&self.project, "queries"])?;
        self.send(Scope::Cloud, Method::POST, url, Some(&body), WHAT).await
    }

    fn request(&self, query: &Query) -> Value {
        let mut body = json!({
            "query": query.sql,
            // Google's default is its older dialect.
            "useLegacySql": false,
            "timeoutMs": POLL_MS,
            "parameterMode": "NAMED",
            "queryParameters": query.parameters.iter().map(|(name, value)| value.named(name)).collect::<Vec<_>>(),
            // Else they come as doubles of seconds, which lose microseconds.
            "formatOptions": { "useInt64Timestamp": true },
        });
        if let Some(location) = &self.location {
            body["location"] = json!(location);
        }
        if let Some(bytes) = query.max_bytes_billed {
            body["maximumBytesBilled"] = json!(bytes.to_string());
        }
        body
    }
}

impl Parameter {
    fn named(&self, name: &str) -> Value {
        match self {
            Self::Text(text) => {
                json!({ "name": name, "parameterType": { "type": "STRING" }, "parameterValue": { "value": text } })
            }
            Self::Int(int) => json!({
                "name": name,
                "parameterType": { "type": "INT64" },
                "parameterValue": { "value": int.to_string() },
            }),
            Self::Texts(texts) => json!({
                "name": name,
                "parameterType": { "type": "ARRAY", "arrayType": { "type": "STRING" } },
                "parameterValue": { "arrayValues": texts.iter().map(|text| json!({ "value": text })).collect::<Vec<_>>() },
            }),
        }
    }
}

/// Whether the query failed in a way that asking it once more may mend.
pub(super) fn may_pass(failure: &Failure) -> bool {
    failure.reason().is_some_and(|reason| PASSING.contains(&reason))
}
