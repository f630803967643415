//! How long a request may take, and how long a refused one is tried again.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Pauses between tries: each twice as long as the one before, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// the first pause, before jitter
    pub first: Duration,
    /// the longest pause, before jitter
    pub longest: Duration,
    /// no try begins later than this after the first one began
    pub total: Duration,
}

impl Default for Pace {
    /// As Google's own BigQuery client does it: from one second to a minute, ten minutes in all.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(60), total: Duration::from_secs(600) }
    }
}

/// When a request is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// to connect
    pub connect: Duration,
    /// without a byte of the answer
    pub silence: Duration,
    /// until the last byte of the answer
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        // A poll of a query holds the line for POLL, which is well below the silence allowed.
        Self { connect: Duration::from_secs(10), silence: Duration::from_secs(60), whole: Duration::from_secs(300) }
    }
}

/// The pauses of one request.
pub(crate) struct Pauses {
    backoff: ExponentialBackoff,
    until: Instant,
}

impl Pace {
    pub(crate) fn pauses(&self) -> Pauses {
        let backoff = ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .without_max_times()
            .with_jitter()
            .build();
        Pauses { backoff, until: Instant::now() + self.total }
    }
}

impl Pauses {
    /// How long to wait before the next try; `None` when there is no time for one.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        let pause = self.backoff.next()?;
        (Instant::now() + pause <= self.until).then_some(pause)
    }
}
