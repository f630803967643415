//! The one client of a process: connections, addresses and tokens that all sources share.

use std::sync::Arc;

use reqwest::{Client, redirect::Policy};
use secrecy::SecretString;

use crate::analytics::{AnalyticsData, ServerErrors};
use crate::bigquery::BigQuery;
use crate::token::{Scope, Tokens};
use crate::{Endpoints, GoogleError, Pace, ServiceAccountKey, Timeouts};

/// Google, for everybody in this process. Cheap to clone.
#[derive(Clone)]
pub struct Google {
    shared: Arc<Shared>,
}

struct Shared {
    http: Client,
    endpoints: Endpoints,
    pace: Pace,
    tokens: Tokens,
    server_errors: ServerErrors,
}

impl Google {
    /// A client that asks these addresses and retries at this pace.
    ///
    /// # Errors
    /// [`GoogleError::Unavailable`] when TLS cannot be set up.
    pub fn new(endpoints: Endpoints, pace: Pace) -> Result<Self, GoogleError> {
        Self::with_timeouts(endpoints, pace, Timeouts::default())
    }

    /// As [`Google::new`], giving requests up earlier or later.
    ///
    /// # Errors
    /// [`GoogleError::Unavailable`] when TLS cannot be set up.
    pub fn with_timeouts(endpoints: Endpoints, pace: Pace, timeouts: Timeouts) -> Result<Self, GoogleError> {
        let http = Client::builder()
            .user_agent(concat!("google-analytics-intelligence/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry a token to an address nobody configured.
            .redirect(Policy::none())
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.silence)
            .timeout(timeouts.whole)
            .build()
            .map_err(|error| GoogleError::Unavailable(format!("There is no HTTP client: {}.", error.without_url())))?;
        Ok(Self {
            shared: Arc::new(Shared {
                http,
                endpoints,
                pace,
                tokens: Tokens::default(),
                server_errors: ServerErrors::default(),
            }),
        })
    }

    /// BigQuery as this account, its queries paid for by `billing_project`; `location` is where the dataset lives, which
    /// Google has to be told outside of the multi-regions US and EU.
    #[must_use]
    pub fn bigquery(&self, key: Arc<ServiceAccountKey>, billing_project: &str, location: Option<&str>) -> BigQuery {
        BigQuery::new(self.clone(), key, billing_project, location)
    }

    /// The Data API of one property (its number) as this account.
    #[must_use]
    pub fn analytics(&self, key: Arc<ServiceAccountKey>, property_id: &str) -> AnalyticsData {
        AnalyticsData::new(self.clone(), key, property_id)
    }

    pub(crate) fn http(&self) -> &Client {
        &self.shared.http
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.shared.endpoints
    }

    pub(crate) fn pace(&self) -> Pace {
        self.shared.pace
    }

    pub(crate) fn server_errors(&self) -> &ServerErrors {
        &self.shared.server_errors
    }

    pub(crate) async fn token(&self, key: &ServiceAccountKey, scope: Scope) -> Result<SecretString, GoogleError> {
        let Shared { http, endpoints, pace, tokens, .. } = &*self.shared;
        tokens.get(http, &endpoints.token, *pace, key, scope).await
    }

    pub(crate) async fn forget_token(&self, key: &ServiceAccountKey, scope: Scope, refused: &SecretString) {
        self.shared.tokens.forget(key, scope, refused).await;
    }
}

impl std::fmt::Debug for Google {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Google").field("endpoints", &self.shared.endpoints).finish_non_exhaustive()
    }
}
