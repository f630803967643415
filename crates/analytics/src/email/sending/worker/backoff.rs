//! When a mail that was refused for now is tried again, and when it is given up.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// Who reads a daily report two days late has the next ones already.
pub(super) const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(48);

/// The pause after the `attempts`th try (from 1): what the server asked for, else one that doubles from a minute to twelve
/// hours. `chance` (0 to 1) spreads mails that were refused together over the fifth of it that follows.
pub(super) fn pause(attempts: i32, wanted: Option<Duration>, chance: f64) -> Duration {
    let doublings = u32::try_from(attempts.max(1) - 1).unwrap_or(0).min(16);
    let pause = wanted.unwrap_or_else(|| FIRST * 2u32.pow(doublings)).clamp(Duration::from_secs(1), LONGEST);
    (pause + pause.mul_f64(0.2 * chance.clamp(0.0, 1.0))).min(LONGEST)
}

/// Whether a mail that was queued then is tried once more at `next`.
pub(super) fn is_worth_it(queued_at: DateTime<Utc>, next: DateTime<Utc>) -> bool {
    next - queued_at <= GIVE_UP_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(attempts: i32, chance: f64) -> f64 {
        pause(attempts, None, chance).as_secs_f64() / 60.0
    }

    #[test]
    fn pauses_double_from_a_minute_to_twelve_hours() {
        let pauses: Vec<f64> = [1, 2, 3, 4, 10, 11, 12, 40].map(|n| minutes(n, 0.0)).to_vec();
        assert_eq!(pauses, [1.0, 2.0, 4.0, 8.0, 512.0, 720.0, 720.0, 720.0]);
        assert_eq!((minutes(1, 1.0), minutes(12, 1.0)), (1.2, 720.0));
    }

    #[test]
    fn what_the_server_asked_for_holds() {
        assert_eq!(pause(5, Some(Duration::from_secs(300)), 0.0), Duration::from_secs(300));
        assert_eq!(pause(1, Some(Duration::from_secs(10 * 24 * 3600)), 0.5), LONGEST);
    }

    #[test]
    fn two_days_are_the_end() {
        let queued: DateTime<Utc> = "2026-01-05T06:00:00Z".parse().unwrap();
        assert!(is_worth_it(queued, queued + TimeDelta::hours(48)));
        assert!(!is_worth_it(queued, queued + TimeDelta::hours(49)));
    }
}
