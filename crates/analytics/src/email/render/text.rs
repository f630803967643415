//! Texts from outside, made fit to be shown: on one line, without characters that act, and not endless.

use serde::Serialize;

/// What no text may bring along: in a rendered mail it is replaced by the recipient's own address.
const MARK: &str = "unsubscribe.invalid/5a1f8c0e";

/// A text that came from a tenant's data. Has no control characters, no line breaks, none that turn the direction of what
/// follows, and a bounded length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// At most `longest` characters of `raw`; what is cut ends with an ellipsis.
    pub(crate) fn new(raw: &str, longest: usize) -> Self {
        let mut clean = String::with_capacity(raw.len().min(longest * 4));
        let mut characters = 0;
        for word in raw.split(is_break) {
            let mut is_first = true;
            for character in word.chars().filter(|character| !acts(*character)) {
                if is_first && !clean.is_empty() {
                    clean.push(' ');
                    characters += 1;
                }
                is_first = false;
                clean.push(character);
                characters += 1;
            }
            // One more than fits tells that there is more.
            if characters > longest {
                break;
            }
        }
        while clean.contains(MARK) {
            clean = clean.replace(MARK, "");
        }
        if let Some((end, _)) = clean.char_indices().nth(longest) {
            let keep = clean.char_indices().nth(longest.saturating_sub(1)).map_or(end, |(keep, _)| keep);
            clean.truncate(keep);
            clean.truncate(clean.trim_end().len());
            clean.push('…');
        }
        Self(clean)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_break(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Formatting that is not seen and changes what is: direction marks and overrides, line separators' kin, byte order marks.
/// Joiners stay: scripts and emoji need them.
fn acts(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(raw: &str, longest: usize, expected: &str) {
        assert_eq!(Text::new(raw, longest).as_str(), expected);
    }

    #[test]
    fn a_text_stands_on_one_line_without_characters_that_act() {
        becomes("Acme\r\nBcc: all@example.com", 80, "Acme Bcc: all@example.com");
        becomes(" a\t\u{0}b\u{2028}c \u{7f}\u{9b}d ", 80, "a b c d");
        becomes("\u{202e}evil\u{202c} \u{2066}x\u{2069}", 80, "evil x");
        becomes("\u{feff}", 80, "");
        becomes("عميل 👩‍🔧", 80, "عميل 👩‍🔧");
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        becomes("ééééé", 5, "ééééé");
        becomes("éééééé", 5, "éééé…");
        becomes("one two three", 9, "one two…");
        assert_eq!(Text::new(&"x".repeat(1_000_000), 60).as_str().chars().count(), 60);
        assert_eq!(Text::new(&"x ".repeat(1_000_000), 60).as_str().chars().count(), 60);
    }

    #[test]
    fn a_text_cannot_stand_for_somebodys_unsubscribe_address() {
        let nested = "https://unsubscribe.invalid/unsubscribe.invalid/5a1f8c0e5a1f8c0e";
        assert!(!Text::new(nested, 200).as_str().contains(MARK));
        assert!(super::super::UNSUBSCRIBE.contains(MARK));
    }
}
