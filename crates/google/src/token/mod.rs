//! Access tokens: one per (key, scope), refreshed early, asked for once however many wait.

mod assertion;
mod cache;
mod exchange;

pub(crate) use cache::Tokens;

/// What a token may be used for. Read-only where Google's method takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// the Data API
    Analytics,
    /// tables and queries: `bigquery.readonly` is not accepted by jobs.query (ga4.md 0.7)
    Cloud,
    /// jobs.cancel, which accepts no read-only scope
    CancelJob,
}

impl Scope {
    fn url(self) -> &'static str {
        match self {
            Self::Analytics => "https://www.googleapis.com/auth/analytics.readonly",
            Self::Cloud => "https://www.googleapis.com/auth/cloud-platform.read-only",
            Self::CancelJob => "https://www.googleapis.com/auth/bigquery",
        }
    }
}
