//! What was asked of the stub.

use serde_json::Value;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /token`
    Token,
    /// BigQuery's tables.get
    Table,
    /// BigQuery's tables.list
    Tables,
    /// BigQuery's jobs.query
    Query,
    /// BigQuery's jobs.getQueryResults
    Results,
    /// BigQuery's jobs.cancel
    Cancel,
    /// the Data API's metadata
    Metadata,
    /// the Data API's checkCompatibility
    Compatibility,
    /// the Data API's runReport
    Report,
}

/// One call, as it came.
#[derive(Clone, Debug)]
pub struct Call {
    /// what was asked
    pub endpoint: Endpoint,
    /// the path, without what is behind `?`
    pub path: String,
    /// what is behind `?`, decoded
    pub query: Vec<(String, String)>,
    /// the body: JSON, or null where there was none or it was none
    pub body: Value,
    /// the bearer token; of the token endpoint: the scope asked for
    pub token: Option<String>,
    /// `User-Agent`
    pub user_agent: Option<String>,
}

impl Call {
    /// A value of what is behind `?`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
