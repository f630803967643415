//! The OAuth provider as the service uses it: where to send people, what a code is worth, who somebody is.

use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use common::{config::Settings, http::ApiError};
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::http::{Http, HttpError};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a provider is and how we are known there.
pub(crate) struct Endpoints {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) auth_url: String,
    pub(crate) token_url: String,
    pub(crate) userinfo_url: String,
}

/// OpenID providers send an id token beside the access token.
#[derive(Debug, Default, Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

type OAuthClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// One provider.
pub(crate) struct Provider {
    client: OAuthClient,
    client_id: String,
    userinfo_url: String,
    scopes: Vec<String>,
    http: reqwest::Client,
}

/// Who signed in, as the provider says.
#[derive(Debug, Deserialize)]
pub(super) struct Identity {
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
    pub(super) name: Option<String>,
    pub(super) given_name: Option<String>,
    pub(super) locale: Option<String>,
}

#[derive(Deserialize)]
struct IdTokenClaims {
    nonce: Option<String>,
    aud: Audience,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Provider {
    /// The provider of the OAUTH_* settings.
    pub(crate) fn configured(client_id: &str, settings: &Settings) -> anyhow::Result<Self> {
        let oauth = &settings.oauth;
        let endpoints = Endpoints {
            client_id: client_id.to_owned(),
            client_secret: oauth.client_secret.clone(),
            auth_url: oauth.auth_url.clone(),
            token_url: oauth.token_url.clone(),
            userinfo_url: oauth.userinfo_url.clone(),
        };
        Self::new(endpoints, settings)
    }

    pub(crate) fn new(endpoints: Endpoints, settings: &Settings) -> anyhow::Result<Self> {
        let Endpoints { client_id, client_secret, auth_url, token_url, userinfo_url } = endpoints;
        let mut client = Client::new(ClientId::new(client_id.clone()))
            .set_auth_uri(AuthUrl::new(auth_url).context("OAUTH_AUTH_URL")?)
            .set_token_uri(TokenUrl::new(token_url).context("OAUTH_TOKEN_URL")?);
        if let Some(secret) = client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        let http = reqwest::Client::builder()
            // A redirect would carry the code or a token to an address nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .context("the HTTP client")?;
        Ok(Self { client, client_id, userinfo_url, scopes: settings.oauth.scopes.clone(), http })
    }

    /// Where the browser goes to sign in.
    pub(super) fn login_url(
        &self,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        challenge: PkceCodeChallenge,
    ) -> anyhow::Result<String> {
        let state = CsrfToken::new(state.to_owned());
        let redirect = RedirectUrl::new(redirect_uri.to_owned())?;
        let (url, _) = self
            .client
            .authorize_url(|| state)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce)
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .url();
        Ok(url.into())
    }

    /// The person a code stands for.
    ///
    /// # Errors
    /// 401 where the provider does not take the code or its answer is not about this sign-in; 503 where it is away.
    pub(super) async fn identify(
        &self,
        code: &str,
        verifier: String,
        redirect_uri: &str,
        nonce: &str,
    ) -> Result<Identity, ApiError> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(anyhow::Error::new)?;
        let tokens = self
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .request_async(&Http(&self.http))
            .await
            .map_err(refused)?;
        if let Some(id_token) = &tokens.extra_fields().id_token {
            self.check_id_token(id_token, nonce)?;
        }
        self.userinfo(tokens.access_token().secret()).await
    }

    /// The id token came straight from the token endpoint over a connection we opened, so OpenID Connect (core 3.1.3.7)
    /// lets that stand for its signature; what ties it to this sign-in is checked.
    fn check_id_token(&self, id_token: &str, nonce: &str) -> Result<(), ApiError> {
        let claims: IdTokenClaims =
            jsonwebtoken::dangerous::insecure_decode_claims(id_token).map_err(|_| not_ours())?;
        let for_us = match &claims.aud {
            Audience::One(audience) => *audience == self.client_id,
            Audience::Several(audiences) => audiences.contains(&self.client_id),
        };
        if for_us && claims.nonce.as_deref() == Some(nonce) && claims.exp > Utc::now().timestamp() {
            Ok(())
        } else {
            Err(not_ours())
        }
    }

    async fn userinfo(&self, access_token: &str) -> Result<Identity, ApiError> {
        let response = self.http.get(&self.userinfo_url).bearer_auth(access_token).send().await.map_err(away)?;
        if !response.status().is_success() {
            tracing::warn!(
                status = response.status().as_u16(),
                "the provider's user-info endpoint refused its own token"
            );
            return Err(provider_away());
        }
        response.json().await.map_err(away)
    }
}

fn refused(error: RequestTokenError<HttpError, BasicErrorResponse>) -> ApiError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            tracing::info!(error = %answer.error(), "the provider did not take a code");
            ApiError::Unauthorized(String::from(
                "The sign-in could not be completed: its code is wrong, used or old. Start again.",
            ))
        }
        RequestTokenError::Request(error) => {
            tracing::warn!(%error, "the provider could not be reached");
            provider_away()
        }
        // Texts of these may hold tokens.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            tracing::warn!("the provider's answer could not be understood");
            provider_away()
        }
    }
}

fn away(error: reqwest::Error) -> ApiError {
    tracing::warn!(error = %error.without_url(), "the provider could not be reached");
    provider_away()
}

fn provider_away() -> ApiError {
    ApiError::Unavailable(String::from("The sign-in provider does not answer as it should; try again in a moment."))
}

fn not_ours() -> ApiError {
    tracing::warn!("an id token was not about the sign-in it came with");
    ApiError::Unauthorized(String::from("The provider's answer does not belong to this sign-in. Start again."))
}
