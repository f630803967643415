//! The provider's addresses, its client and the key of its own tokens.

use std::net::{IpAddr, Ipv4Addr};

use chrono::{Duration, Utc};
use common::config::{Environment, Settings};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::login::Endpoints;

/// The one client it knows: a public one, as PKCE allows.
pub(super) const CLIENT_ID: &str = "ga-intelligence-dev";
/// Not the audience of our own access tokens, so that neither kind passes for the other.
const TOKEN_AUDIENCE: &str = "ga-dev-provider";
const TOKEN_LIFETIME: Duration = Duration::minutes(5);

/// The development provider of this process.
pub(crate) struct DevProvider {
    issuer: String,
    /// Where this process reaches itself; the public address may be a container's host.
    inner_url: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    pub(super) redirect_uris: Vec<String>,
}

/// What its tokens say.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DevClaims {
    iss: String,
    aud: String,
    exp: i64,
    /// The e-mail address.
    pub(super) sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl DevProvider {
    /// With a key that lives as long as the process.
    pub(crate) fn new(settings: &Settings) -> Self {
        let host = match settings.service_host {
            host if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            host => host,
        };
        let mut redirect_uris = vec![settings.oauth.redirect_uri.clone()];
        if settings.environment == Environment::Dev {
            redirect_uris.push(format!("{}/auth/callback", settings.base_url));
        }
        let key = rand::random::<[u8; 32]>();
        Self {
            issuer: format!("{}/dev/oauth", settings.base_url),
            inner_url: format!("http://{}/dev/oauth", std::net::SocketAddr::new(host, settings.auth_port)),
            signing: EncodingKey::from_secret(&key),
            verifying: DecodingKey::from_secret(&key),
            redirect_uris,
        }
    }

    /// How the sign-in reaches it: the browser by the public address, the service directly.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let Self { issuer, inner_url, .. } = self;
        Endpoints {
            client_id: CLIENT_ID.to_owned(),
            client_secret: None,
            auth_url: format!("{issuer}/authorize"),
            token_url: format!("{inner_url}/token"),
            userinfo_url: format!("{inner_url}/userinfo"),
            emails_url: None,
        }
    }

    pub(super) fn access_token(&self, email: &str) -> anyhow::Result<String> {
        self.sign(TOKEN_AUDIENCE, email, None)
    }

    pub(super) fn id_token(&self, email: &str, nonce: Option<String>) -> anyhow::Result<String> {
        self.sign(CLIENT_ID, email, nonce)
    }

    /// The e-mail address of a valid access token.
    pub(super) fn verify(&self, token: &str) -> Option<String> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[TOKEN_AUDIENCE]);
        rules.set_issuer(&[&self.issuer]);
        jsonwebtoken::decode::<DevClaims>(token, &self.verifying, &rules).ok().map(|data| data.claims.sub)
    }

    pub(super) const fn token_seconds() -> i64 {
        TOKEN_LIFETIME.num_seconds()
    }

    fn sign(&self, audience: &str, email: &str, nonce: Option<String>) -> anyhow::Result<String> {
        let claims = DevClaims {
            iss: self.issuer.clone(),
            aud: audience.to_owned(),
            exp: (Utc::now() + TOKEN_LIFETIME).timestamp(),
            sub: email.to_owned(),
            nonce,
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?)
    }
}
