//! What an API key may be used for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One permission of an API key. A key has no role: what its scopes do not name, it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Posting events.
    Ingest,
    /// Reading figures and lists.
    Read,
    /// Sending reports.
    Send,
}

impl Scope {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Send => "send",
        }
    }
}

/// A scope's name that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not one of ingest, read, send")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        [Self::Ingest, Self::Read, Self::Send]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}
