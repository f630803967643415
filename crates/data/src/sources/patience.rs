//! What a job does about a fault of Google's: give up, or wait and go on.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use google::{GoogleError, QuotaKind};

use super::SourceError;

/// How long, and how often, a job waits for a service that does not answer.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Before the second attempt; each later pause is twice as long.
    pub first: Duration,
    pub longest: Duration,
    /// Before the next attempt where Google counts its own errors against the project.
    pub after_server_errors: Duration,
    /// After this many attempts at the job it fails.
    pub attempts: i32,
    /// Which attempt this is, from 1.
    pub attempt: i32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
            longest: Duration::from_secs(900),
            // Three tries an attempt, ten errors an hour (ga4.md 3.4).
            after_server_errors: Duration::from_secs(1200),
            attempts: 12,
            attempt: 1,
        }
    }
}

impl Patience {
    /// What becomes of the job after this fault.
    pub fn judge(&self, error: GoogleError) -> SourceError {
        let text = error.to_string();
        match error {
            GoogleError::Denied(_) | GoogleError::NotFound(_) | GoogleError::Invalid(_) => SourceError::Refused(text),
            GoogleError::Quota { kind, .. } => match kind {
                // Not for this project today; the next scheduled run comes by itself.
                QuotaKind::BigQuery => SourceError::Refused(text),
                QuotaKind::Concurrent => wait(TimeDelta::seconds(30), text, false),
                QuotaKind::Hour | QuotaKind::Thresholded => wait(TimeDelta::minutes(30), text, false),
                QuotaKind::Day => wait(TimeDelta::hours(2), text, false),
            },
            GoogleError::Unavailable(_) | GoogleError::Broken(_) | GoogleError::TooLarge(_) => self.again(text),
        }
    }

    /// Another attempt after a pause, as long as there are any.
    pub fn again(&self, reason: String) -> SourceError {
        self.again_not_before(Duration::ZERO, reason)
    }

    /// The same, after a pause of at least so long.
    pub fn again_not_before(&self, least: Duration, reason: String) -> SourceError {
        if self.attempt >= self.attempts {
            return SourceError::Refused(format!("{reason} (tried {} times)", self.attempt));
        }
        let doublings = u32::try_from(self.attempt.saturating_sub(1)).unwrap_or_default().min(16);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest).max(least);
        wait(TimeDelta::from_std(pause).unwrap_or(TimeDelta::minutes(15)), reason, true)
    }
}

fn wait(pause: TimeDelta, reason: String, fault: bool) -> SourceError {
    SourceError::Wait { until: Utc::now() + pause, reason, fault }
}
