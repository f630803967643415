//! Why an address gets no mail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an address gets no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum SuppressionReason {
    /// The person wants none.
    Unsubscribed,
    /// There is no such mailbox.
    Bounced,
    /// The person called a mail unwanted.
    Complained,
    /// A manager put it on the list.
    Manual,
}

impl SuppressionReason {
    /// As it is stored and shown.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Manual => "manual",
        }
    }
}
