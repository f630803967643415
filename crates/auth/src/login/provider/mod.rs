//! The provider as the service uses it: where to send people, what a code is worth, who somebody is. Either one that speaks
//! OpenID Connect and tells its addresses itself, or plain OAuth 2.0 at configured addresses.

mod discovery;
mod faults;
mod id_token;
mod identity;
mod userinfo;

use std::{borrow::Cow, sync::Arc, time::Duration};

use anyhow::Context;
use common::{config::Settings, http::ApiError};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use self::discovery::{Discovery, Document};
pub(super) use self::identity::Identity;
use super::http::Http;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Some providers answer nobody who does not say who they are.
const USER_AGENT: &str = concat!("google-analytics-intelligence/", env!("CARGO_PKG_VERSION"));

/// Where a plain provider is and how we are known there.
pub(crate) struct Endpoints {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) auth_url: String,
    pub(crate) token_url: String,
    pub(crate) userinfo_url: String,
    pub(crate) emails_url: Option<String>,
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
    client_id: ClientId,
    client_secret: Option<SecretString>,
    scopes: Vec<String>,
    source: Source,
    http: reqwest::Client,
}

enum Source {
    /// At configured addresses.
    Plain(Place),
    /// Wherever the issuer's document says.
    Discovered(Discovery),
}

/// A provider's addresses.
#[derive(Clone)]
struct Place {
    auth_url: AuthUrl,
    token_url: TokenUrl,
    auth_type: AuthType,
    userinfo_url: Option<String>,
    emails_url: Option<String>,
    /// Where they come from; none at a plain provider.
    document: Option<Arc<Document>>,
}

impl Provider {
    /// The provider of the OAUTH_* settings.
    pub(crate) fn configured(client_id: &str, settings: &Settings) -> anyhow::Result<Self> {
        let oauth = &settings.oauth;
        let (client_id, client_secret) = (client_id.to_owned(), oauth.client_secret.clone());
        if let Some(issuer) = &oauth.issuer {
            let discovery = Discovery::new(issuer.clone()).context("OAUTH_ISSUER")?;
            return Self::of(client_id, client_secret, Source::Discovered(discovery), settings);
        }
        let endpoints = Endpoints {
            client_id,
            client_secret,
            auth_url: oauth.auth_url.clone(),
            token_url: oauth.token_url.clone(),
            userinfo_url: oauth.userinfo_url.clone(),
            emails_url: oauth.emails_url.clone(),
        };
        Self::plain(endpoints, settings)
    }

    pub(crate) fn plain(endpoints: Endpoints, settings: &Settings) -> anyhow::Result<Self> {
        let Endpoints { client_id, client_secret, auth_url, token_url, userinfo_url, emails_url } = endpoints;
        let place = Place {
            auth_url: AuthUrl::new(auth_url).context("OAUTH_AUTH_URL")?,
            token_url: TokenUrl::new(token_url).context("OAUTH_TOKEN_URL")?,
            auth_type: AuthType::BasicAuth,
            userinfo_url: Some(userinfo_url),
            emails_url,
            document: None,
        };
        Self::of(client_id, client_secret, Source::Plain(place), settings)
    }

    fn of(
        client_id: String,
        client_secret: Option<SecretString>,
        source: Source,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            // A redirect would carry the code or a token to an address nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .build()
            .context("the HTTP client")?;
        let scopes = settings.oauth.scopes.clone();
        Ok(Self { client_id: ClientId::new(client_id), client_secret, scopes, source, http })
    }

    /// Where the browser goes to sign in.
    ///
    /// # Errors
    /// 503 where the provider has to be asked and does not answer.
    pub(super) async fn login_url(
        &self,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        challenge: PkceCodeChallenge,
    ) -> Result<String, ApiError> {
        let place = self.place().await?;
        let state = CsrfToken::new(state.to_owned());
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(anyhow::Error::new)?;
        let (url, _) = self
            .client(&place)
            .authorize_url(|| state)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce)
            .set_redirect_uri(Cow::Owned(redirect))
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
        let place = self.place().await?;
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(anyhow::Error::new)?;
        let tokens = self
            .client(&place)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .set_redirect_uri(Cow::Owned(redirect))
            .request_async(&Http(&self.http))
            .await
            .map_err(faults::refused)?;
        let (access_token, id_token) = (tokens.access_token(), tokens.extra_fields().id_token.as_deref());
        let told = match &place.userinfo_url {
            Some(url) => Some(userinfo::ask(&self.http, url, access_token.secret()).await?),
            None => None,
        };
        if let Some(document) = place.document {
            let id_token = id_token.ok_or_else(|| faults::not_ours("there was none"))?;
            let verified = self.verified(document, id_token, nonce, access_token).await?;
            return match told {
                Some(told) => verified.with(told),
                None => Ok(verified),
            };
        }
        if let Some(id_token) = id_token {
            id_token::check_unsigned(id_token, nonce, &self.client_id)?;
        }
        let told = told.unwrap_or_default();
        match &place.emails_url {
            Some(url) => userinfo::confirmed(&self.http, url, access_token.secret(), told).await,
            None => Ok(told),
        }
    }

    /// What the id token says, with the provider's keys; read anew where it names one that is not known.
    async fn verified(
        &self,
        document: Arc<Document>,
        id_token: &str,
        nonce: &str,
        access_token: &oauth2::AccessToken,
    ) -> Result<Identity, ApiError> {
        let verdict = id_token::verify(&document, &self.client_id, id_token, nonce, access_token);
        let (Err(id_token::Fault::UnknownKey), Source::Discovered(discovery)) = (&verdict, &self.source) else {
            return verdict.map_err(|fault| faults::not_ours(&fault.to_string()));
        };
        match discovery.newer(&document, &self.http).await? {
            Some(newer) => id_token::verify(&newer, &self.client_id, id_token, nonce, access_token),
            None => verdict,
        }
        .map_err(|fault| faults::not_ours(&fault.to_string()))
    }

    async fn place(&self) -> Result<Place, ApiError> {
        match &self.source {
            Source::Plain(place) => Ok(place.clone()),
            Source::Discovered(discovery) => Ok(discovery.document(&self.http).await?.place()),
        }
    }

    fn client(&self, place: &Place) -> OAuthClient {
        let client = Client::new(self.client_id.clone())
            .set_auth_uri(place.auth_url.clone())
            .set_token_uri(place.token_url.clone())
            .set_auth_type(place.auth_type.clone());
        match &self.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            None => client,
        }
    }
}
