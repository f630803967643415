//! What can go wrong with Google, by what a caller can do about it.

/// The texts are whole sentences for the people who set the source up; none holds a token, a key or an assertion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoogleError {
    /// refused for good: what was refused, what Google said, what to grant
    #[error("{0}")]
    Denied(String),
    /// there is no such thing
    #[error("{0}")]
    NotFound(String),
    /// the request itself is wrong
    #[error("{0}")]
    Invalid(String),
    /// an allowance is used up; it comes back with time
    #[error("{message}")]
    Quota {
        /// which allowance
        kind: QuotaKind,
        /// what Google said
        message: String,
    },
    /// no answer in spite of all retries; it may pass
    #[error("{0}")]
    Unavailable(String),
    /// an answer that contradicts itself or its schema
    #[error("{0}")]
    Broken(String),
    /// an answer longer than is read: less has to be asked for
    #[error("{0}")]
    TooLarge(String),
}

/// Which allowance is used up, and so how long to wait (ga4.md 3.4, 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaKind {
    /// too many requests of the property at once: half a minute
    Concurrent,
    /// the property's or the project's tokens of this hour, or its server errors: until the hour is over
    Hour,
    /// the property's tokens of this day: until midnight in California
    Day,
    /// requests this hour whose answer may be thresholded
    Thresholded,
    /// one of BigQuery's: its message says which
    BigQuery,
}
