//! What an OpenID provider says of itself (OpenID Connect Discovery): read at the first sign-in, kept, read anew in time.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::bail;
use common::http::ApiError;
use oauth2::{AuthType, AuthUrl, TokenUrl};
use openidconnect::{
    DiscoveryError, IssuerUrl,
    core::{CoreClientAuthMethod, CoreJsonWebKeySet, CoreProviderMetadata},
};
use tokio::sync::Mutex;

use super::{Place, faults::provider_away};
use crate::login::http::{Http, HttpError};

/// What was read holds so long.
const HOLDS: Duration = Duration::from_secs(3600);
/// And so long where the provider does not answer when it is asked again.
const HOLDS_WITHOUT_ANSWER: Duration = Duration::from_secs(24 * 3600);
/// After a try that failed nobody else waits for another one.
const PAUSE: Duration = Duration::from_secs(1);
/// Keys are not read more often than that, whatever tokens name.
const KEYS_HOLD: Duration = Duration::from_secs(5);

/// One issuer.
pub(super) struct Discovery {
    issuer: IssuerUrl,
    known: RwLock<Option<Arc<Document>>>,
    /// When the last try failed; held by who is asking.
    asking: Mutex<Option<Instant>>,
}

/// What the issuer said at a time.
pub(super) struct Document {
    metadata: CoreProviderMetadata,
    place: Place,
    read_at: Instant,
}

impl Discovery {
    /// Asks nobody yet.
    pub(super) fn new(issuer: String) -> anyhow::Result<Self> {
        Ok(Self { issuer: IssuerUrl::new(issuer)?, known: RwLock::default(), asking: Mutex::default() })
    }

    /// What the issuer says.
    ///
    /// # Errors
    /// 503 where it has to be asked and does not answer as it should.
    pub(super) async fn document(&self, http: &reqwest::Client) -> Result<Arc<Document>, ApiError> {
        if let Some(known) = self.known_for(HOLDS) {
            return Ok(known);
        }
        let mut failed = self.asking.lock().await;
        if let Some(known) = self.known_for(HOLDS) {
            return Ok(known);
        }
        let answer = match *failed {
            Some(at) if at.elapsed() < PAUSE => Err(provider_away()),
            _ => self.ask(http, &mut failed).await,
        };
        answer.or_else(|error| self.known_for(HOLDS_WITHOUT_ANSWER).ok_or(error))
    }

    /// The document after `than`, for a token that names a key which is not in it; none where `than` is new itself.
    ///
    /// # Errors
    /// 503 where the issuer does not answer as it should.
    pub(super) async fn newer(
        &self,
        than: &Arc<Document>,
        http: &reqwest::Client,
    ) -> Result<Option<Arc<Document>>, ApiError> {
        let mut failed = self.asking.lock().await;
        if let Some(known) = self.known_for(HOLDS).filter(|known| !Arc::ptr_eq(known, than)) {
            return Ok(Some(known));
        }
        if than.read_at.elapsed() < KEYS_HOLD {
            return Ok(None);
        }
        self.ask(http, &mut failed).await.map(Some)
    }

    fn known_for(&self, long: Duration) -> Option<Arc<Document>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|document| document.read_at.elapsed() < long).map(Arc::clone)
    }

    async fn ask(&self, http: &reqwest::Client, failed: &mut Option<Instant>) -> Result<Arc<Document>, ApiError> {
        let read_at = Instant::now();
        let answer = CoreProviderMetadata::discover_async(self.issuer.clone(), &Http(http)).await;
        let document = answer.map_err(in_words).and_then(|metadata| Document::of(metadata, read_at));
        match document {
            Ok(document) => {
                let document = Arc::new(document);
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&document));
                *failed = None;
                Ok(document)
            }
            Err(error) => {
                tracing::warn!(
                    issuer = self.issuer.as_str(),
                    error = format!("{error:#}"),
                    "the provider's configuration cannot be read"
                );
                *failed = Some(Instant::now());
                Err(provider_away())
            }
        }
    }
}

fn in_words(error: DiscoveryError<HttpError>) -> anyhow::Error {
    match error {
        DiscoveryError::Request(error) => anyhow::Error::new(error),
        other => anyhow::Error::new(other),
    }
}

impl Document {
    fn of(metadata: CoreProviderMetadata, read_at: Instant) -> anyhow::Result<Self> {
        let Some(token_url) = metadata.token_endpoint() else { bail!("it names no token endpoint") };
        let userinfo_url = metadata.userinfo_endpoint().map(|url| url.as_str().to_owned());
        let addresses = [
            Some(metadata.authorization_endpoint().as_str()),
            Some(token_url.as_str()),
            userinfo_url.as_deref(),
            Some(metadata.jwks_uri().as_str()),
        ];
        let over_tls = metadata.issuer().as_str().starts_with("https://");
        if let Some(plain) = addresses.into_iter().flatten().find(|url| over_tls && !url.starts_with("https://")) {
            bail!("it names {plain}, which is not https as the issuer is");
        }
        let offers = |method: CoreClientAuthMethod| {
            // Absent means client_secret_basic alone.
            metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| methods.contains(&method))
        };
        let only_post =
            offers(CoreClientAuthMethod::ClientSecretPost) && !offers(CoreClientAuthMethod::ClientSecretBasic);
        let place = Place {
            auth_url: AuthUrl::from_url(metadata.authorization_endpoint().url().clone()),
            token_url: TokenUrl::from_url(token_url.url().clone()),
            auth_type: if only_post { AuthType::RequestBody } else { AuthType::BasicAuth },
            userinfo_url,
            emails_url: None,
            document: None,
        };
        Ok(Self { metadata, place, read_at })
    }

    pub(super) fn place(self: Arc<Self>) -> Place {
        Place { document: Some(Arc::clone(&self)), ..self.place.clone() }
    }

    pub(super) fn issuer(&self) -> &IssuerUrl {
        self.metadata.issuer()
    }

    pub(super) fn keys(&self) -> &CoreJsonWebKeySet {
        self.metadata.jwks()
    }
}
