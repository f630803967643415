//! What an id token is held to (OpenID Connect Core 3.1.3.7).

use std::str::FromStr;

use chrono::{Duration, Utc};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg},
};
use serde::Deserialize;

use super::{discovery::Document, faults::not_ours, identity::Identity};
use common::http::ApiError;

/// How far the provider's clock may be ahead of ours.
const AHEAD: Duration = Duration::seconds(60);

/// Why an id token does not hold; for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It may have been made since the provider's keys were read.
    #[error("it names a key that the provider does not have")]
    UnknownKey,
    #[error("{0}")]
    Claims(ClaimsVerificationError),
    #[error("it is not in the form of one")]
    Form,
    #[error("it was made for somebody else, or for several and does not say for whom")]
    AuthorizedParty,
    #[error("it came with another access token")]
    AccessToken,
}

/// Verifies signature, issuer, audience and authorized party, times, nonce, and the access token's hash where it names one.
/// Only algorithms with a key pair: neither `none`, nor one whose secret others might take a public key for.
pub(super) fn verify(
    document: &Document,
    client_id: &ClientId,
    id_token: &str,
    nonce: &str,
    access_token: &AccessToken,
) -> Result<Identity, Fault> {
    let verifier =
        CoreIdTokenVerifier::new_public_client(client_id.clone(), document.issuer().clone(), document.keys().clone())
            .set_allowed_algs([
                Alg::RsaSsaPkcs1V15Sha256,
                Alg::RsaSsaPkcs1V15Sha384,
                Alg::RsaSsaPkcs1V15Sha512,
                Alg::RsaSsaPssSha256,
                Alg::RsaSsaPssSha384,
                Alg::RsaSsaPssSha512,
                Alg::EcdsaP256Sha256,
                Alg::EcdsaP384Sha384,
                Alg::EdDsa,
            ])
            // Others may be named beside us: `azp` is looked at below.
            .set_other_audience_verifier_fn(|_| true)
            .set_issue_time_verifier_fn(|at| {
                if at <= Utc::now() + AHEAD { Ok(()) } else { Err(String::from("it is from the future")) }
            });
    let id_token = CoreIdToken::from_str(id_token).map_err(|_| Fault::Form)?;
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Fault::UnknownKey,
        other => Fault::Claims(other),
    })?;
    // The crate leaves this to its callers.
    let asked_by_us = match claims.authorized_party() {
        Some(party) => party == client_id,
        None => claims.audiences().len() == 1,
    };
    if !asked_by_us {
        return Err(Fault::AuthorizedParty);
    }
    if let Some(expected) = claims.access_token_hash() {
        let key = id_token.signing_key(&verifier).map_err(|_| Fault::AccessToken)?;
        let alg = id_token.signing_alg().map_err(|_| Fault::AccessToken)?;
        let actual = AccessTokenHash::from_token(access_token, alg, key).map_err(|_| Fault::AccessToken)?;
        if actual != *expected {
            return Err(Fault::AccessToken);
        }
    }
    let text = |claim: Option<&str>| claim.map(str::to_owned);
    Ok(Identity {
        subject: Some(claims.subject().to_string()),
        email: claims.email().map(|email| email.to_string()),
        email_verified: claims.email_verified(),
        name: text(claims.name().and_then(|name| name.get(None)).map(|name| name.as_str())),
        given_name: text(claims.given_name().and_then(|name| name.get(None)).map(|name| name.as_str())),
        locale: text(claims.locale().map(|locale| locale.as_ref())),
    })
}

#[derive(Deserialize)]
struct PlainClaims {
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

/// At a plain provider, whose keys nobody told us: the id token came straight from the token endpoint over a connection we
/// opened, so OpenID Connect lets that stand for its signature; what ties it to this sign-in is checked.
///
/// # Errors
/// 401 where it is not about this sign-in.
pub(super) fn check_unsigned(id_token: &str, nonce: &str, client_id: &ClientId) -> Result<(), ApiError> {
    let claims: PlainClaims =
        jsonwebtoken::dangerous::insecure_decode_claims(id_token).map_err(|_| not_ours("its claims cannot be read"))?;
    let for_us = match &claims.aud {
        Audience::One(audience) => audience == client_id.as_str(),
        Audience::Several(audiences) => audiences.iter().any(|audience| audience == client_id.as_str()),
    };
    if for_us && claims.nonce.as_deref() == Some(nonce) && claims.exp > Utc::now().timestamp() {
        Ok(())
    } else {
        Err(not_ours("it is of another sign-in, for somebody else, or old"))
    }
}
