//! When an event happened, and whether that is near enough to now.

use std::borrow::Cow;

use super::super::body::{EventBody, Message, Scalar};
use super::super::faults::Faults;
use super::super::limits::EventLimits;

/// How far ahead of ours a sender's clock may be, in microseconds.
pub const CLOCK_SKEW: i64 = 60 * 1_000_000;
const HOUR: i64 = 3600 * 1_000_000;

/// When it happened: the event's own time, else the object's, else when it was received; all in microseconds since 1970.
pub fn time(
    message: &Message,
    event: &EventBody,
    at: &str,
    received: i64,
    limits: &EventLimits,
    faults: &mut Faults,
) -> i64 {
    let (field, given) = match &event.timestamp_micros {
        Scalar::Null => (Cow::Borrowed("timestamp_micros"), &message.timestamp_micros),
        own => (Cow::Owned(format!("{at}.timestamp_micros")), own),
    };
    match instant(given) {
        Ok(None) => received,
        Ok(Some(at)) => {
            let age = received.saturating_sub(at);
            if age < -CLOCK_SKEW {
                faults.add(field, format!("{at} lies in the future (microseconds since 1970 are expected)"));
            } else if age > i64::from(limits.max_age_hours) * HOUR {
                faults.add(
                    field,
                    format!(
                        "{at} lies {} hours back; {} are taken (microseconds since 1970 are expected)",
                        age / HOUR,
                        limits.max_age_hours
                    ),
                );
            }
            at
        }
        Err(fault) => {
            faults.add(field, fault);
            received
        }
    }
}

/// Microseconds since 1970, from a number or a text; none when nothing is given.
pub fn instant(value: &Scalar) -> Result<Option<i64>, &'static str> {
    const FAULT: &str = "is no whole number of microseconds since 1970";
    // Up to 2^53 a double is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Scalar::Null => Ok(None),
        Scalar::Int(at) if *at > 0 => Ok(Some(*at)),
        Scalar::Text(text) => text.trim().parse().ok().filter(|at| *at > 0).map(Some).ok_or(FAULT),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number within 2^53")]
        Scalar::Double(at) if at.fract() == 0.0 && (1.0..=EXACT).contains(at) => Ok(Some(*at as i64)),
        _ => Err(FAULT),
    }
}
