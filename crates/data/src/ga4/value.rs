//! What counts as a value: GA4 fills gaps with texts that look like one.

/// The text, unless it says that there is none: empty (or only white space), `(not set)`, `(other)`,
/// `(data not available)`. Such a text never becomes an id, a term, a page, a user, a branch or an item.
pub fn real(text: &str) -> Option<&str> {
    match text.trim() {
        "" | "(not set)" | "(other)" | "(data not available)" => None,
        _ => Some(text),
    }
}

/// PostgreSQL stores no NUL character, neither in text nor in jsonb: it is left out.
pub fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

/// A cell's text, trimmed and storable, unless it says that there is none.
pub fn real_text(text: &str) -> Option<String> {
    real(text).map(|t| storable(t.trim()))
}

#[cfg(test)]
mod tests {
    use super::{real, storable};

    #[test]
    fn fillers_are_no_values() {
        for filler in ["", "  ", "(not set)", " (not set) ", "(other)", "(data not available)"] {
            assert_eq!(real(filler), None, "{filler:?}");
        }
        assert_eq!(real("<Other>"), Some("<Other>"));
        assert_eq!(real(" D01 "), Some(" D01 "));
    }

    #[test]
    fn nul_characters_are_left_out() {
        assert_eq!(storable("a\0b"), "ab");
    }
}
