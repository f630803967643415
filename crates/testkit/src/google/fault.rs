//! What can go wrong on order.

use std::time::Duration;

use serde_json::Value;

use super::literals::{self, Refused};
use super::server::FakeGoogle;

/// What happens to one call.
pub enum Fault {
    /// nothing: the call is answered, and the next fault is the next call's
    Pass,
    /// this is done first, then the call is answered
    Do(Box<dyn FnOnce(&FakeGoogle) + Send>),
    /// the answer is changed by this
    Change(Box<dyn FnOnce(&mut Value) + Send>),
    /// the answer comes this much later
    Slow(Duration),
    /// the connection is cut when half of the answer has gone out
    Cut,
    /// the answer is this: status, content type JSON or HTML by its first byte
    Raw(u16, String),
    /// a redirect to this address
    Redirect(String),
    /// an HTML page with this status
    Html(u16),
    /// 401, and the token is worth nothing from here on
    Unauthorized,
    /// 403 of a scope that does not suffice
    FewScopes,
    /// BigQuery, 403
    AccessDenied,
    /// BigQuery, 403: too many at once
    RateLimitExceeded,
    /// BigQuery, 403: an allowance is used up
    QuotaExceeded,
    /// BigQuery, 429 without a reason
    TooManyRequests,
    /// BigQuery, 503
    BackendError,
    /// BigQuery, 500
    InternalError,
    /// BigQuery, 400
    InvalidQuery,
    /// BigQuery, 404 of a table
    MissingTable,
    /// BigQuery: the job failed at Google's end
    JobBackendError,
    /// Data API, 403 of a property
    PropertyDenied,
    /// Data API, 403: switched off in the account's project
    ServiceDisabled,
    /// Data API, 429
    Concurrent,
    /// Data API, 429
    ProjectHour,
    /// Data API, 429
    PropertyHour,
    /// Data API, 429
    Day,
    /// Data API, 429
    Thresholded,
    /// Data API, 500 in JSON
    Internal,
    /// Data API, 503 in JSON
    Unavailable,
    /// token endpoint: a scope that it does not know
    OnlyIdToken,
}

impl Fault {
    /// The refusal this fault is, where it is one.
    pub(super) fn refusal(&self) -> Option<Refused> {
        let bigquery = Refused::bigquery;
        let data = Refused::analytics;
        let exhausted = |message| data(429, "RESOURCE_EXHAUSTED", message);
        Some(match self {
            Self::Pass | Self::Do(_) | Self::Change(_) | Self::Slow(_) | Self::Cut | Self::OnlyIdToken => return None,
            Self::Redirect(_) | Self::Unauthorized => return None,
            Self::Raw(status, body) => {
                Refused { status: *status, body: body.clone(), html: body.starts_with('<'), authenticate: false }
            }
            Self::Html(status) => Refused::page(*status),
            Self::FewScopes => Refused::analytics_because(
                403,
                "PERMISSION_DENIED",
                literals::FEW_SCOPES,
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            ),
            Self::AccessDenied => bigquery(
                403,
                "accessDenied",
                "PERMISSION_DENIED",
                "Access Denied: Table stub-project:analytics_1.events_20261101: User does not have permission to query table \
                 stub-project:analytics_1.events_20261101, or perhaps it does not exist.",
            ),
            Self::RateLimitExceeded => bigquery(
                403,
                "rateLimitExceeded",
                "RESOURCE_EXHAUSTED",
                "Exceeded rate limits: too many concurrent queries for this project_and_region.",
            ),
            Self::QuotaExceeded => bigquery(
                403,
                "quotaExceeded",
                "RESOURCE_EXHAUSTED",
                "Quota exceeded: Your project exceeded quota for free query bytes scanned.",
            ),
            Self::TooManyRequests => data(429, "RESOURCE_EXHAUSTED", "Too many requests."),
            Self::BackendError => bigquery(
                503,
                "backendError",
                "UNAVAILABLE",
                "Error encountered during execution. Retrying may solve the problem.",
            ),
            Self::InternalError => bigquery(500, "internalError", "INTERNAL", "An internal error occurred."),
            Self::InvalidQuery => {
                bigquery(400, "invalidQuery", "INVALID_ARGUMENT", "Unrecognized name: nonsense at [1:8]")
            }
            Self::MissingTable => bigquery(
                404,
                "notFound",
                "NOT_FOUND",
                "Not found: Table stub-project:analytics_1.events_20261101 was not found in location US",
            ),
            Self::JobBackendError => bigquery(
                400,
                "jobBackendError",
                "INVALID_ARGUMENT",
                "The job encountered an error during execution. Retrying the job may solve the problem.",
            ),
            Self::PropertyDenied => data(403, "PERMISSION_DENIED", literals::PROPERTY_DENIED),
            Self::ServiceDisabled => Refused::analytics_because(
                403,
                "PERMISSION_DENIED",
                "Google Analytics Data API has not been used in project 123456789 before or it is disabled.",
                "SERVICE_DISABLED",
            ),
            Self::Concurrent => exhausted(literals::CONCURRENT),
            Self::ProjectHour => exhausted(literals::PROJECT_HOUR),
            Self::PropertyHour => exhausted(literals::PROPERTY_HOUR),
            Self::Day => exhausted(literals::DAY),
            Self::Thresholded => exhausted(literals::THRESHOLDED),
            Self::Internal => data(500, "INTERNAL", "Internal error encountered."),
            Self::Unavailable => data(503, "UNAVAILABLE", "The service is currently unavailable."),
        })
    }
}
