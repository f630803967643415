//! What a mapping may hold, for bodies and for lines of a file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ALL_BRANCHES;
use crate::email::address::{is_unprintable, name_rule};

const LONGEST_CODE: usize = 100;

/// How a report reaches its recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum DeliveryKind {
    /// A mail for this branch.
    #[default]
    Branch,
    /// With the person's other branches in one mail.
    Digest,
}

impl DeliveryKind {
    /// As it is stored and shown.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Digest => "digest",
        }
    }

    /// # Errors
    /// The word names none, in words for people.
    pub(super) fn named(word: &str) -> Result<Self, String> {
        [Self::Branch, Self::Digest]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| String::from("is neither branch nor digest"))
    }
}

/// The code without what surrounds it. It may be one of no branch yet.
///
/// # Errors
/// It is none, in words for people.
pub(super) fn branch_code(text: &str) -> Result<String, String> {
    let text = text.trim();
    if (1..=LONGEST_CODE).contains(&text.chars().count()) && !text.chars().any(is_unprintable) {
        Ok(text.to_owned())
    } else {
        Err(format!("must have 1 to {LONGEST_CODE} printable characters"))
    }
}

/// A person's or a branch's name; one of blanks is none.
///
/// # Errors
/// It cannot stand in a mail, in words for people.
pub(super) fn name(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    name_rule(text).map(|()| Some(text.to_owned()))
}

/// # Errors
/// They do not go together, in words for people.
pub(super) fn together(branch_code: &str, delivery: DeliveryKind) -> Result<(), String> {
    if branch_code == ALL_BRANCHES && delivery == DeliveryKind::Digest {
        return Err(String::from("cannot be digest for `*`: the roll-up over all branches is one mail already"));
    }
    Ok(())
}
