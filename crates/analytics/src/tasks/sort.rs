//! What lists sort by: a line's scalar fields.

use uuid::Uuid;

use crate::params::is_day;

/// A field's name and what its values are.
pub(crate) type SortField = (&'static str, Kind);

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Decimal,
    Day,
    Flag,
    Id,
}

impl Kind {
    /// Whether a text, as a cursor carries it, is a value of this kind.
    pub(super) fn admits(self, text: &str) -> bool {
        match self {
            Self::Text => !text.contains('\0'),
            Self::Whole => text.parse::<i64>().is_ok(),
            Self::Decimal => {
                text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
                    && text.parse::<f64>().is_ok()
            }
            Self::Day => is_day(text),
            Self::Flag => matches!(text, "true" | "false"),
            Self::Id => text.parse::<Uuid>().is_ok(),
        }
    }
}

/// The order of a list: by activity, or by a field and then by activity, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) field: Option<SortField>,
    pub(crate) descending: bool,
}

impl Sort {
    pub(super) fn field_name(self) -> Option<&'static str> {
        self.field.map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_the_database_would_not_read_are_not_admitted() {
        for (kind, good, bad) in [
            (Kind::Text, vec!["", "a"], vec!["\0"]),
            (Kind::Whole, vec!["0", "-7"], vec!["", "1.5", "99999999999999999999"]),
            (Kind::Decimal, vec!["0", "-12.50"], vec!["", "NaN", "1e400", "inf", "1.2.3", "--1"]),
            (Kind::Day, vec!["2024-02-29"], vec!["2023-02-29", "today"]),
            (Kind::Flag, vec!["true", "false"], vec!["", "t"]),
            (Kind::Id, vec!["00000000-0000-0000-0000-000000000000"], vec!["", "1"]),
        ] {
            for text in good {
                assert!(kind.admits(text), "{kind:?} {text}");
            }
            for text in bad {
                assert!(!kind.admits(text), "{kind:?} {text}");
            }
        }
    }
}
