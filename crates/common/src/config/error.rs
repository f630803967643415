//! What is wrong with the configuration: all of it, by variable, never a value that could be a secret.

use std::fmt;

/// One variable and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    pub variable: String,
    pub message: String,
}

/// Every fault found in one reading of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(pub Vec<ConfigFault>);

impl ConfigErrors {
    pub(super) fn push(&mut self, variable: &str, message: impl Into<String>) {
        self.0.push(ConfigFault { variable: variable.to_owned(), message: message.into() });
    }

    /// Whether a fault of this variable is among them.
    #[must_use]
    pub fn names(&self, variable: &str) -> bool {
        self.0.iter().any(|fault| fault.variable == variable)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(faults) = self;
        write!(f, "the configuration has {} fault{}:", faults.len(), if faults.len() == 1 { "" } else { "s" })?;
        for ConfigFault { variable, message } in faults {
            write!(f, "\n  {variable}: {message}")?;
        }
        write!(f, "\n(.env.example explains every variable)")
    }
}

impl std::error::Error for ConfigErrors {}
