//! What a provider tells of the person an access token is about.

use common::http::ApiError;
use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    faults::{away, provider_away},
    identity::Identity,
};

/// The answer of the user-info endpoint.
pub(super) async fn ask(http: &Client, url: &str, access_token: &str) -> Result<Identity, ApiError> {
    get(http, url, access_token).await
}

/// An address of a list such as GitHub's.
#[derive(Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

/// The same person with the address that the list calls primary and verified; without one, with none that is confirmed.
pub(super) async fn confirmed(
    http: &Client,
    url: &str,
    access_token: &str,
    told: Identity,
) -> Result<Identity, ApiError> {
    let addresses: Vec<Address> = get(http, url, access_token).await?;
    let primary = addresses.into_iter().find(|address| address.primary);
    Ok(match primary {
        Some(Address { email, verified, .. }) => {
            Identity { email: Some(email), email_verified: Some(verified), ..told }
        }
        None => Identity { email_verified: Some(false), ..told },
    })
}

async fn get<T: DeserializeOwned>(http: &Client, url: &str, access_token: &str) -> Result<T, ApiError> {
    let response =
        http.get(url).header("accept", "application/json").bearer_auth(access_token).send().await.map_err(away)?;
    if !response.status().is_success() {
        tracing::warn!(status = response.status().as_u16(), "the provider refused its own token");
        return Err(provider_away());
    }
    response.json().await.map_err(away)
}
