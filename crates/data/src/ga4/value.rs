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

/// A text as it is stored, unless it says that there is none. What a NUL character hides counts as what is left without it.
pub fn real_storable(text: &str) -> Option<String> {
    let text = storable(text);
    real(&text).is_some().then_some(text)
}

/// A cell's text, trimmed and storable, unless it says that there is none.
pub fn real_text(text: &str) -> Option<String> {
    let text = storable(text);
    real(&text).map(|t| t.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{real, real_storable, real_text, storable};

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
        assert_eq!(real_storable(" a\0b "), Some(" ab ".into()));
        assert_eq!(real_text(" a\0b \0"), Some("ab".into()));
        for nothing in ["\0", " \0 ", "(not\0 set)"] {
            assert_eq!((real_storable(nothing), real_text(nothing)), (None, None), "{nothing:?}");
        }
    }
}
