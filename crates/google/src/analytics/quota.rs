//! What is left of a property's allowances, as each report says.

use serde::Deserialize;

use super::wire;

/// The allowances of a property; each may be missing from an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PropertyQuota {
    /// tokens until midnight in California
    pub tokens_per_day: Option<QuotaStatus>,
    /// tokens until the hour is over
    pub tokens_per_hour: Option<QuotaStatus>,
    /// tokens until the hour is over, of the project that the service account lives in
    pub tokens_per_project_per_hour: Option<QuotaStatus>,
    /// requests at once
    pub concurrent_requests: Option<QuotaStatus>,
    /// answers 500 and 503 until the project is locked out
    pub server_errors_per_project_per_hour: Option<QuotaStatus>,
    /// requests whose answer may be thresholded
    pub potentially_thresholded_requests_per_hour: Option<QuotaStatus>,
}

/// One allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct QuotaStatus {
    /// what this request took of it
    #[serde(default, deserialize_with = "wire::int")]
    pub consumed: i64,
    /// what is left
    #[serde(default, deserialize_with = "wire::int")]
    pub remaining: i64,
}
