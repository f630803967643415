//! What a failed try means: a stale token, a pause, or the end (ga4.md 1.4, 3.5).

use reqwest::StatusCode;

use super::{Call, Failure, Refusal, Trouble};
use crate::{GoogleError, QuotaKind};

/// Whose rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    BigQuery,
    AnalyticsData,
}

/// Ten server errors in an hour lock a project out of a property (ga4.md 3.4), so a request may cause three.
pub(super) const SERVER_ERRORS: u32 = 3;

/// The request is not made: its error could be the tenth of the hour.
pub(super) fn too_many_errors(call: &Call<'_>) -> GoogleError {
    let message = format!(
        "Google was not asked for {}: it has answered with too many errors of its own within the hour, and one more could \
         lock the project out of the property.",
        call.what
    );
    GoogleError::Quota { kind: QuotaKind::Hour, message }
}

pub(super) enum Verdict {
    /// the token is not taken
    Stale(Failure),
    /// another try may go through
    Again(Failure),
    /// another try may go through, but each failure is counted against the project
    AgainButFew(Failure),
    Final(Failure),
}

/// What Google's own client takes for passing.
const PASSING: [&str; 4] = ["rateLimitExceeded", "backendError", "internalError", "badGateway"];

pub(super) fn judge(call: &Call<'_>, trouble: Trouble) -> Verdict {
    let what = call.what;
    match trouble {
        Trouble::Cut(how) => {
            let error = GoogleError::Unavailable(format!("Google did not answer {what}: {how}."));
            Verdict::Again(Failure { error, refusal: None })
        }
        Trouble::TooLarge(how) => {
            let error = GoogleError::TooLarge(format!("Google's answer to {what} cannot be used: {how}."));
            Verdict::Final(Failure { error, refusal: None })
        }
        Trouble::Refused(refusal) => {
            let passing = passing(call.api, &refusal);
            let error = explain(call.api, what, call.grant, &refusal);
            let stale = refusal.status == StatusCode::UNAUTHORIZED;
            let failure = Failure { error, refusal: Some(refusal) };
            match (stale, passing, call.api) {
                (true, ..) => Verdict::Stale(failure),
                (_, false, _) => Verdict::Final(failure),
                (_, true, Api::BigQuery) => Verdict::Again(failure),
                (_, true, Api::AnalyticsData) => Verdict::AgainButFew(failure),
            }
        }
    }
}

fn passing(api: Api, refusal: &Refusal) -> bool {
    let by_status = matches!(refusal.status.as_u16(), 408 | 500 | 502 | 503 | 504);
    match api {
        Api::BigQuery => {
            by_status
                || refusal.status == StatusCode::TOO_MANY_REQUESTS
                || refusal.reason.as_deref().is_some_and(|reason| PASSING.contains(&reason))
        }
        // Its 429 says how long to wait, which is longer than a request can: the caller's to do.
        Api::AnalyticsData => by_status,
    }
}

/// The refusal as an error for people.
pub(crate) fn explain(api: Api, what: &str, grant: &str, refusal: &Refusal) -> GoogleError {
    let message = &refusal.message;
    let reason = refusal.reason.as_deref().unwrap_or_default();
    match (refusal.status.as_u16(), reason) {
        // Whatever the status: the reason is what Google's own client goes by.
        (_, "backendError" | "internalError" | "badGateway" | "jobBackendError" | "jobInternalError") => {
            GoogleError::Unavailable(format!("Google did not answer {what}: {message}"))
        }
        (429, _) | (_, "rateLimitExceeded" | "quotaExceeded" | "jobRateLimitExceeded") => GoogleError::Quota {
            kind: match api {
                Api::BigQuery => QuotaKind::BigQuery,
                Api::AnalyticsData => allowance(refusal),
            },
            message: format!("Google put off {what}: {message}"),
        },
        (403, "responseTooLarge") => GoogleError::Invalid(format!("Google did not accept {what}: {message}")),
        (403, "SERVICE_DISABLED" | "accessNotConfigured") => GoogleError::Denied(format!(
            "Google refused {what}: {message} Enable the API in the project of the service account."
        )),
        (401 | 403, _) => GoogleError::Denied(format!("Google refused {what}: {message} {grant}")),
        (404, _) => GoogleError::NotFound(format!("Google found nothing for {what}: {message}")),
        (408 | 500..=599, _) => GoogleError::Unavailable(format!("Google did not answer {what}: {message}")),
        (300..=399, _) => GoogleError::Unavailable(format!(
            "Google did not answer {what}: it was sent elsewhere (HTTP {}), which is not followed.",
            refusal.status.as_u16()
        )),
        _ => GoogleError::Invalid(format!("Google did not accept {what}: {message}")),
    }
}

/// Which allowance of the Data API a 429 is about.
fn allowance(refusal: &Refusal) -> QuotaKind {
    let message = refusal.message.to_ascii_lowercase();
    if message.contains("concurrent") || !refusal.json {
        QuotaKind::Concurrent
    } else if message.contains("thresholded") {
        QuotaKind::Thresholded
    } else if message.contains("per day") {
        QuotaKind::Day
    } else {
        // What is not known by its text is taken for the longer of the short ones.
        QuotaKind::Hour
    }
}
