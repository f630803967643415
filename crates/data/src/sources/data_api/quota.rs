//! A property's allowances: when the next request would be refused, and how long a refused one is put off.

use chrono::{DateTime, Days, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use google::{GoogleError, PropertyQuota, QuotaKind, QuotaStatus};

use crate::sources::{Patience, SourceError};

/// Allowances are counted in California.
const QUOTA_ZONE: Tz = chrono_tz::America::Los_Angeles;
/// How long a day's allowance is waited for at most before Google is asked again: the midnight it returns at is told
/// without its time zone.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(2);

/// Server errors that one request may end in before it is given up.
const ERRORS_OF_A_REQUEST: i64 = 3;

/// Why nothing can be asked for before then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub until: DateTime<Utc>,
    pub reason: String,
}

impl From<Pause> for SourceError {
    fn from(Pause { until, reason }: Pause) -> Self {
        Self::Wait { until, reason, fault: false }
    }
}

/// Whether a next request like the last one would be refused, and until when.
pub fn exhausted(quota: PropertyQuota, now: DateTime<Utc>) -> Option<Pause> {
    let PropertyQuota {
        tokens_per_day,
        tokens_per_hour,
        tokens_per_project_per_hour,
        potentially_thresholded_requests_per_hour: thresholded,
        server_errors_per_project_per_hour: server_errors,
        // One request at a time is made here.
        concurrent_requests: _,
    } = quota;
    let used_up = |status: Option<QuotaStatus>| status.is_some_and(|s| s.remaining < s.consumed.max(1));
    // Not every request is counted here.
    let counted = |status: Option<QuotaStatus>| status.filter(|s| s.consumed > 0);
    let (until, what) = if used_up(tokens_per_day) {
        (quota_midnight(now), "tokens of the day are used up; they return at midnight in California")
    } else if used_up(tokens_per_hour) {
        (next_hour(now), "tokens of the hour are used up; they return within the hour")
    } else if used_up(tokens_per_project_per_hour) {
        (next_hour(now), "tokens of the hour for one Google Cloud project are used up; they return within the hour")
    } else if used_up(counted(thresholded)) {
        (next_hour(now), "requests of the hour that may be thresholded are used up; they return within the hour")
    } else if server_errors.is_some_and(|s| s.remaining <= ERRORS_OF_A_REQUEST) {
        (next_hour(now), "server errors of the hour are nearly used up, after which Google locks the project out")
    } else {
        return None;
    };
    Some(Pause { until, reason: format!("the property's {what}") })
}

/// What becomes of the job after this fault.
pub fn judge(error: GoogleError, patience: &Patience, now: DateTime<Utc>) -> SourceError {
    match error {
        GoogleError::Quota { kind: QuotaKind::Day, message } => {
            let until = quota_midnight(now).min(now + LONGEST_WAIT);
            Pause { until, reason: message }.into()
        }
        // Ten server errors within an hour, and Google answers the project no more.
        GoogleError::Unavailable(message) => patience.again_not_before(patience.after_server_errors, message),
        other => patience.judge(other),
    }
}

/// A minute after the hour.
fn next_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    now.with_minute(0).and_then(|t| t.with_second(0)).unwrap_or(now) + TimeDelta::minutes(61)
}

/// A minute after the next midnight where allowances are counted.
fn quota_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = now.with_timezone(&QUOTA_ZONE).date_naive() + Days::new(1);
    let midnight = tomorrow.and_hms_opt(0, 1, 0).and_then(|t| t.and_local_timezone(QUOTA_ZONE).earliest());
    midnight.map_or(now + TimeDelta::hours(24), |t| t.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeZone, Utc};
    use google::{GoogleError, PropertyQuota, QuotaKind, QuotaStatus};

    use super::{exhausted, judge, quota_midnight};
    use crate::sources::{Patience, SourceError};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn left(consumed: i64, remaining: i64) -> Option<QuotaStatus> {
        Some(QuotaStatus { consumed, remaining })
    }

    #[test]
    fn a_day_of_quota_ends_at_midnight_in_california() {
        // 23:30 on 10 March 2026 there, daylight saving time since the 8th.
        let now = Utc.with_ymd_and_hms(2026, 3, 11, 6, 30, 0).unwrap();
        assert_eq!(quota_midnight(now), Utc.with_ymd_and_hms(2026, 3, 11, 7, 1, 0).unwrap());
        let winter = Utc.with_ymd_and_hms(2026, 1, 11, 9, 0, 0).unwrap();
        assert_eq!(quota_midnight(winter), Utc.with_ymd_and_hms(2026, 1, 12, 8, 1, 0).unwrap());
    }

    #[test]
    fn an_allowance_that_does_not_reach_for_one_more_request_is_used_up() {
        let now = at("2026-01-11T09:20:00Z");
        let hour = at("2026-01-11T10:01:00Z");
        let until = |quota: PropertyQuota| exhausted(quota, now).map(|pause| pause.until);
        let none = PropertyQuota::default();
        assert_eq!(until(none), None);
        assert_eq!(until(PropertyQuota { tokens_per_hour: left(4, 4), ..none }), None);
        assert_eq!(until(PropertyQuota { tokens_per_hour: left(4, 3), ..none }), Some(hour));
        assert_eq!(until(PropertyQuota { tokens_per_project_per_hour: left(0, 0), ..none }), Some(hour));
        let day = PropertyQuota { tokens_per_day: left(9, 8), tokens_per_hour: left(9, 8), ..none };
        assert_eq!(until(day), Some(at("2026-01-12T08:01:00Z")), "the day ends after the hour");
        // 120 an hour, of requests that are thresholded: one that is not takes none.
        assert_eq!(until(PropertyQuota { potentially_thresholded_requests_per_hour: left(1, 0), ..none }), Some(hour));
        assert_eq!(until(PropertyQuota { potentially_thresholded_requests_per_hour: left(0, 0), ..none }), None);
        assert_eq!(until(PropertyQuota { server_errors_per_project_per_hour: left(0, 3), ..none }), Some(hour));
        assert_eq!(until(PropertyQuota { server_errors_per_project_per_hour: left(0, 4), ..none }), None);
        assert_eq!(until(PropertyQuota { concurrent_requests: left(0, 0), ..none }), None);
    }

    #[test]
    fn each_refusal_has_its_wait() {
        let patience = Patience::default();
        let wait = |error: GoogleError, now: &str| match judge(error, &patience, at(now)) {
            SourceError::Wait { until, fault, .. } => (until, fault),
            other => panic!("{other}"),
        };
        let quota = |kind| GoogleError::Quota { kind, message: "used up".into() };
        assert_eq!(wait(quota(QuotaKind::Day), "2026-01-11T01:00:00Z"), (at("2026-01-11T03:00:00Z"), false));
        assert_eq!(wait(quota(QuotaKind::Day), "2026-01-11T07:00:00Z"), (at("2026-01-11T08:01:00Z"), false));
        let now = Utc::now();
        for (error, seconds, is_fault) in [
            (quota(QuotaKind::Concurrent), 30, false),
            (quota(QuotaKind::Hour), 1800, false),
            (quota(QuotaKind::Thresholded), 1800, false),
            // Three tries each time: nine an hour.
            (GoogleError::Unavailable("HTTP 500".into()), 1200, true),
            (GoogleError::Broken("no rows".into()), 30, true),
        ] {
            let told = error.to_string();
            let (until, fault) = wait(error, &now.to_rfc3339());
            let waits = (until - now).num_seconds();
            assert!((seconds..seconds + 10).contains(&waits) && fault == is_fault, "{told}: {waits} s");
        }
    }
}
