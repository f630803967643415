//! Trading a signed assertion for an access token.

use std::time::Duration;

use chrono::Utc;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Scope, assertion};
use crate::call::{ERROR_BODY, bounded_body, clip, describe};
use crate::{GoogleError, ServiceAccountKey};

/// A token as the endpoint gave it.
pub(super) struct Granted {
    pub(super) token: SecretString,
    pub(super) lifetime: Duration,
}

/// Why there is no token.
pub(super) enum Refused {
    /// it makes sense to ask again
    ForNow(GoogleError),
    /// it does not
    ForGood(GoogleError),
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
    id_token: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
    error_description: Option<String>,
}

/// What Google grants unless it says otherwise.
const USUAL_LIFETIME: u64 = 3599;

/// Asks for a token, once.
pub(super) async fn exchange(
    http: &Client,
    endpoint: &Url,
    key: &ServiceAccountKey,
    scope: Scope,
) -> Result<Granted, Refused> {
    let assertion = assertion::sign(key, scope, Utc::now().timestamp()).map_err(Refused::ForGood)?;
    let form =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.expose_secret())];
    let response = http.post(endpoint.clone()).form(&form).send().await.map_err(|e| away(&describe(&e)))?;
    let status = response.status();
    let body = bounded_body(response, ERROR_BODY).await.map_err(|trouble| away(&trouble))?;
    if !status.is_success() {
        return Err(refused(key, scope, status, &body));
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
        return Err(away("its answer is no JSON with a token"));
    };
    match answer {
        Answer { access_token: Some(token), expires_in, .. } if !token.expose_secret().is_empty() => {
            Ok(Granted { token, lifetime: Duration::from_secs(expires_in.unwrap_or(USUAL_LIFETIME)) })
        }
        Answer { id_token: Some(_), .. } => Err(Refused::ForGood(GoogleError::Denied(format!(
            "Google did not recognise the scope {}: it answered with an id_token and no access_token.",
            scope.url()
        )))),
        Answer { .. } => Err(away("its answer holds no token")),
    }
}

fn away(what: &str) -> Refused {
    Refused::ForNow(GoogleError::Unavailable(format!("Google's token endpoint did not give a token: {what}.")))
}

fn refused(key: &ServiceAccountKey, scope: Scope, status: StatusCode, body: &[u8]) -> Refused {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT {
        return away(&format!("HTTP {}", status.as_u16()));
    }
    let account = key.client_email();
    let Ok(ErrorAnswer { error, error_description }) = serde_json::from_slice(body) else {
        return Refused::ForGood(GoogleError::Denied(format!(
            "Google's token endpoint refused the key of {account} with HTTP {} and no reason.",
            status.as_u16()
        )));
    };
    let said = clip(error_description.as_deref().unwrap_or(&error));
    let advice = match (error.as_str(), said.as_str()) {
        ("invalid_grant", text) if text.contains("Signature") => {
            "The key was deleted, or the file was changed: create a new key of the account."
        }
        ("invalid_grant", text) if text.contains("account not found") => "The service account was deleted or disabled.",
        ("invalid_grant", text) if text.contains("short-lived") => "Set the clock of this server right.",
        ("invalid_scope", _) => scope.url(),
        _ => "Check the service account in Google Cloud.",
    };
    Refused::ForGood(GoogleError::Denied(format!(
        "Google's token endpoint refused the key of {account}: {error}: {said} {advice}"
    )))
}
