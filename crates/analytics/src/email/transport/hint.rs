//! How long a server asks to wait, as it writes it into its replies.

use std::time::Duration;

/// A server that says less is asked again no sooner than this, and one that says more no later.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_hours(12);

/// Words after which a number is one to wait for, not one of what was counted.
const ASKING: [&str; 8] = ["try", "again", "greylist", "graylist", "wait", "back", "delay", "defer"];

/// The time that a reply asks to wait (`try again in 300 seconds`, `Greylisted for 00:05:00`), within bounds; none where it
/// names none.
pub(super) fn wanted(reply: &str) -> Option<Duration> {
    let lower = reply.to_lowercase();
    let mut words = lower
        .split(|c: char| c.is_whitespace() || matches!(c, '=' | '(' | ')' | ',' | ';' | '[' | ']'))
        .map(|word| word.trim_end_matches(['.', ':', '!']))
        .filter(|word| !word.is_empty())
        .peekable();
    let mut is_asked = false;
    while let Some(word) = words.next() {
        is_asked |= ASKING.iter().any(|asking| word.contains(asking));
        if !is_asked {
            continue;
        }
        let seconds = clock(word).or_else(|| glued(word)).or_else(|| {
            let many = count(word)?;
            many.checked_mul(unit(words.peek()?)?)
        });
        if let Some(seconds) = seconds {
            return Some(Duration::from_secs(seconds).clamp(SHORTEST, LONGEST));
        }
    }
    None
}

/// `300`, and what people write for one.
fn count(word: &str) -> Option<u64> {
    match word {
        "a" | "an" | "one" => Some(1),
        number => number.parse().ok(),
    }
}

/// Seconds of a unit by its name.
fn unit(word: &str) -> Option<u64> {
    match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3600),
        _ => None,
    }
}

/// `300s`, `5min`.
fn glued(word: &str) -> Option<u64> {
    let end = word.find(|c: char| !c.is_ascii_digit())?;
    let (many, name) = word.split_at(end);
    many.parse::<u64>().ok()?.checked_mul(unit(name)?)
}

/// `00:05:00`: hours, minutes and seconds.
fn clock(word: &str) -> Option<u64> {
    let parts: Vec<u64> = word.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match *parts.as_slice() {
        [hours, minutes @ 0..60, seconds @ 0..60] => hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds),
        _ => None,
    }
}
