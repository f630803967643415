//! What the person who reads a job should know although it went well.

use serde::{Deserialize, Serialize};

/// A warning. The text is the same for every day that it is said of, so that it is said once; figures of one day are its
/// detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Warning {
    pub fn new(text: String) -> Self {
        Self { text, detail: None }
    }

    /// The same with its detail.
    #[must_use]
    pub fn detail(self, detail: String) -> Self {
        self.details(Some(detail))
    }

    /// The same with its detail, if there is one.
    #[must_use]
    pub fn details(self, detail: Option<String>) -> Self {
        Self { detail, ..self }
    }
}

impl From<String> for Warning {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
