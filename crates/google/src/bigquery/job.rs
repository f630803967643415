//! The job that runs a query at Google: where it is, and ending it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::query::POLL_MS;
use super::{BigQuery, Failure};
use crate::token::Scope;

/// A job's name. Its location has to be said whenever it is asked for: without, a good job is a 404 (ga4.md 1.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobReference {
    project_id: String,
    job_id: String,
    location: Option<String>,
}

impl BigQuery {
    /// What a query has come to: its next page, or that it still runs.
    pub(super) async fn results(&self, job: &JobReference, token: Option<&str>) -> Result<Vec<u8>, Failure> {
        let mut url = self.url(&[&job.project_id, "queries", &job.job_id])?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("timeoutMs", &POLL_MS.to_string()).append_pair("formatOptions.useInt64Timestamp", "true");
            if let Some(location) = job.location.as_ref().or(self.location.as_ref()) {
                pairs.append_pair("location", location);
            }
            if let Some(token) = token {
                pairs.append_pair("pageToken", token);
            }
        }
        self.read(url, "a query").await
    }

    /// Ends a job. It may have ended already, or go on for a moment.
    pub(super) async fn cancel(&self, job: &JobReference) {
        let what = "cancelling a query";
        let ended = async {
            let mut url = self.url(&[&job.project_id, "jobs", &job.job_id, "cancel"])?;
            if let Some(location) = job.location.as_ref().or(self.location.as_ref()) {
                url.query_pairs_mut().append_pair("location", location);
            }
            self.send(Scope::CancelJob, Method::POST, url, Some(&json!({})), what).await
        };
        if let Err(failure) = ended.await {
            tracing::warn!(error = %failure.error, "a query goes on at Google that nobody waits for");
        }
    }
}
