//! Where Google's services are.

use reqwest::Url;

/// Addresses of the three services; [`Endpoints::google`] unless the operator points a test set-up elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// the whole address tokens are asked for at
    pub token: Url,
    /// what `bigquery/v2/…` is put behind
    pub bigquery: Url,
    /// what `v1beta/properties/…` is put behind
    pub analytics_data: Url,
}

/// What a token request is addressed to: Google wants exactly this, wherever the request itself is sent (ga4.md 3.6).
pub(crate) const TOKEN_AUDIENCE: &str = "https://oauth2.googleapis.com/token";

impl Endpoints {
    /// Google's own.
    ///
    /// # Panics
    /// Never: the three texts are addresses, which a test holds.
    #[must_use]
    pub fn google() -> Self {
        Self {
            token: pinned(TOKEN_AUDIENCE),
            bigquery: pinned("https://bigquery.googleapis.com/"),
            analytics_data: pinned("https://analyticsdata.googleapis.com/"),
        }
    }
}

fn pinned(address: &'static str) -> Url {
    match Url::parse(address) {
        Ok(url) => url,
        Err(error) => unreachable!("{address} is an address: {error}"),
    }
}
