//! Which names Google's Measurement Protocol takes (ga4.md 4).

/// Events that only Google's own tags may send; `notification_…` beside them.
const RESERVED_EVENTS: &[&str] = &[
    "ad_activeview", "ad_click", "ad_exposure", "ad_impression", "ad_query", "adunit_exposure", "app_clear_data",
    "app_install", "app_update", "app_remove", "error", "first_open", "first_visit", "in_app_purchase", "os_update",
    "screen_view", "session_start", "user_engagement",
];
const RESERVED_PROPERTIES: &[&str] =
    &["first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id", "first_open_after_install"];
const RESERVED_PREFIXES: &[&str] = &["ga_", "google_", "firebase_"];
/// Of the reserved prefix, but senders put them there as often as `session_id`, because the export calls them so.
const TOLERATED_PARAMS: &[&str] = &["ga_session_id", "ga_session_number"];

/// What is wrong with an event's name; none when nothing is.
pub fn event_fault(name: &str, longest: u32) -> Option<String> {
    if RESERVED_EVENTS.contains(&name) || name.starts_with("notification_") {
        return Some(format!("`{name}` is reserved for Google's own tags"));
    }
    form_fault(name, longest)
}

/// What is wrong with a parameter's name.
pub fn param_fault(name: &str, longest: u32) -> Option<String> {
    if TOLERATED_PARAMS.contains(&name) { None } else { form_fault(name, longest) }
}

/// What is wrong with a user property's name.
pub fn property_fault(name: &str, longest: u32) -> Option<String> {
    if RESERVED_PROPERTIES.contains(&name) {
        return Some("has a name that is reserved for Google's own properties".into());
    }
    form_fault(name, longest)
}

fn form_fault(name: &str, longest: u32) -> Option<String> {
    if name.is_empty() {
        return Some("has an empty name".into());
    }
    if let Some(count) = longer_than(name, longest) {
        return Some(format!("has a name of {count} characters; {longest} are taken"));
    }
    if let Some(prefix) = RESERVED_PREFIXES.iter().find(|prefix| name.starts_with(**prefix)) {
        return Some(format!("has a name that begins with `{prefix}`, which is reserved"));
    }
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let goes_on = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (!begins || !goes_on).then(|| {
        "has a name that is not a letter followed by letters, digits and underscores (a-z, A-Z, 0-9, _)".into()
    })
}

/// How many characters the text has, where they are more than `most`.
pub fn longer_than(text: &str, most: u32) -> Option<usize> {
    // A character has a byte at least: most texts need no counting.
    let most = most as usize;
    if text.len() <= most {
        return None;
    }
    Some(text.chars().count()).filter(|count| *count > most)
}

#[cfg(test)]
mod tests {
    use super::{event_fault, longer_than, param_fault, property_fault};

    #[test]
    fn names_are_googles() {
        for good in ["page_view", "A", "a1_", "notification", &"a".repeat(40)] {
            assert_eq!(event_fault(good, 40), None, "{good}");
        }
        for bad in ["", "_a", "1a", "page view", "é", "a-b", "ga_x", "google_x", "firebase_x", &"a".repeat(41)] {
            assert!(event_fault(bad, 40).is_some(), "{bad}");
            assert!(param_fault(bad, 40).is_some(), "{bad}");
            assert!(property_fault(bad, 40).is_some(), "{bad}");
        }
    }

    #[test]
    fn reserved_names_are_refused_where_they_are_reserved() {
        for reserved in ["session_start", "error", "notification_open", "screen_view"] {
            assert!(event_fault(reserved, 40).is_some(), "{reserved}");
            assert!(param_fault(reserved, 40).is_none(), "{reserved}");
        }
        assert!(property_fault("user_id", 24).is_some());
        assert!(event_fault("user_id", 40).is_none());
        assert!(param_fault("ga_session_id", 40).is_none() && param_fault("ga_session_idx", 40).is_some());
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(longer_than("ééé", 3), None);
        assert_eq!(longer_than("éééé", 3), Some(4));
    }
}
