//! How many server errors Google has counted against a project at a property within the hour, as far as this process
//! caused them: ten of them lock the project out (ga4.md 3.4).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One fewer than lock a project out.
const MOST: usize = 9;
/// For so long an error is counted.
const HOUR: Duration = Duration::from_secs(3600);

/// The server errors of one process, by project and property.
#[derive(Default)]
pub(crate) struct ServerErrors(Mutex<HashMap<String, VecDeque<Instant>>>);

impl ServerErrors {
    /// One more, now.
    pub(crate) fn note(&self, of: &str, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry(of.to_owned()).or_default();
        times.push_back(now);
        // Older ones than can matter are not kept.
        while times.len() > MOST {
            times.pop_front();
        }
    }

    /// Whether one more could be the one that locks the project out.
    pub(crate) fn are_used_up(&self, of: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = all.get_mut(of) else { return false };
        times.retain(|at| now.saturating_duration_since(*at) < HOUR);
        if times.is_empty() {
            all.remove(of);
            return false;
        }
        times.len() >= MOST
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::ServerErrors;

    #[test]
    fn nine_within_an_hour_are_the_most_and_each_is_forgotten_an_hour_later() {
        let errors = ServerErrors::default();
        let began = Instant::now();
        let at = |minutes: u64| began + Duration::from_secs(60 * minutes);
        for minute in 0..9 {
            assert!(!errors.are_used_up("project/1", at(minute)), "{minute}");
            errors.note("project/1", at(minute));
        }
        assert!(errors.are_used_up("project/1", at(9)));
        assert!(!errors.are_used_up("project/2", at(9)), "another property has an allowance of its own");
        assert!(errors.are_used_up("project/1", at(59)));
        assert!(!errors.are_used_up("project/1", at(60)), "the first one is an hour old");
        errors.note("project/1", at(60));
        assert!(errors.are_used_up("project/1", at(60)));
        assert!(!errors.are_used_up("project/1", at(120)));
    }
}
