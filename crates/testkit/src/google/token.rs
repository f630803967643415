//! The token endpoint, and what its tokens open.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::literals::{self, Answer, Refused};
use super::server::{FakeGoogle, no_token};
use super::{Call, Endpoint, accounts};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

const SCOPES: [&str; 6] = [
    "https://www.googleapis.com/auth/analytics.readonly",
    "https://www.googleapis.com/auth/analytics",
    "https://www.googleapis.com/auth/bigquery",
    "https://www.googleapis.com/auth/bigquery.readonly",
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
];

/// The tokens that were given out and what each is for.
#[derive(Default)]
pub(super) struct Issued {
    good: HashMap<String, String>,
    number: u64,
    lifetime: Option<u64>,
}

impl Issued {
    pub(super) fn revoke(&mut self, token: Option<&str>) {
        if let Some(token) = token {
            self.good.remove(token);
        }
    }
}

impl FakeGoogle {
    /// How long the next tokens are said to live, in seconds; 3599 unless set.
    pub fn token_lifetime(&self, seconds: u64) {
        self.known().tokens.lifetime = Some(seconds);
    }

    /// Makes all tokens that were given out worth nothing.
    pub fn revoke_tokens(&self) {
        self.known().tokens.good.clear();
    }
}

/// Trades an assertion for a token, checking it in the order Google does.
pub(super) fn grant(google: &FakeGoogle, call: &Call, form: &[u8], only_id_token: bool) -> Answer {
    let form: HashMap<String, String> = pairs(form).into_iter().collect();
    let kind = form.get("grant_type").map_or("", String::as_str);
    if kind != GRANT {
        return Err(Refused::token("unsupported_grant_type", &format!("Invalid grant_type: {kind}")));
    }
    let assertion = form.get("assertion").map_or("", String::as_str);
    let claims = verify(assertion)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if !accounts::is_known(text("iss")) {
        return Err(Refused::token("invalid_grant", "Invalid grant: account not found"));
    }
    let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    let Some(iat) = iat else {
        return Err(Refused::token("invalid_grant", "Invalid JWT: iat (issued at) is not set."));
    };
    let Some(exp) = exp else {
        return Err(Refused::token("invalid_grant", "Invalid JWT: exp (expiration time) is not set."));
    };
    let now = chrono::Utc::now().timestamp();
    if iat > now || exp <= now || exp - iat > 3600 {
        return Err(Refused::token("invalid_grant", literals::SHORT_LIVED));
    }
    let scope = text("scope").to_owned();
    if scope.is_empty() {
        return Err(Refused::token("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    if text("aud") != AUDIENCE {
        return Err(Refused::token("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let mut known = google.known();
    if let Some(noted) = known.calls.iter_mut().rev().find(|noted| noted.endpoint == call.endpoint) {
        // What a test wants to see of it; the assertion itself says nothing more.
        noted.token = Some(scope.clone());
        noted.body = claims.clone();
    }
    if only_id_token || scope.split(' ').any(|scope| !SCOPES.contains(&scope)) {
        return Ok(json!({ "id_token": "eyJhbGciOiJSUzI1NiJ9.e30.c3R1Yg" }));
    }
    let tokens = &mut known.tokens;
    tokens.number += 1;
    let token = format!("ya29.stub.{}", tokens.number);
    tokens.good.insert(token.clone(), scope);
    let lifetime = tokens.lifetime.unwrap_or(3599);
    Ok(json!({ "access_token": token, "expires_in": lifetime, "token_type": "Bearer" }))
}

fn verify(assertion: &str) -> Result<Value, Refused> {
    let shape = || Refused::token("invalid_request", "Bad Request");
    let signature = || Refused::token("invalid_grant", "Invalid JWT Signature.");
    if assertion.split('.').count() != 3 {
        return Err(shape());
    }
    let mut rules = Validation::new(Algorithm::RS256);
    // The endpoint has its own order and words for the claims.
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let key = DecodingKey::from_rsa_pem(accounts::PUBLIC.as_bytes()).expect("the stub's own key is one");
    let token = jsonwebtoken::decode::<Value>(assertion, &key, &rules).map_err(|_| signature())?;
    // Google looks the key up by its id.
    if token.header.kid.is_none() || token.header.typ.as_deref() != Some("JWT") {
        return Err(signature());
    }
    Ok(token.claims)
}

/// Whether the token of a call opens what it asks for.
pub(super) fn check(google: &FakeGoogle, call: &Call) -> Result<(), Refused> {
    let accepted: &[&str] = match call.endpoint {
        Endpoint::Token => return Ok(()),
        Endpoint::Table | Endpoint::Tables => {
            &["bigquery", "bigquery.readonly", "cloud-platform", "cloud-platform.read-only"]
        }
        Endpoint::Query | Endpoint::Results => &["bigquery", "cloud-platform", "cloud-platform.read-only"],
        Endpoint::Cancel => &["bigquery", "cloud-platform"],
        Endpoint::Metadata | Endpoint::Compatibility | Endpoint::Report => &["analytics", "analytics.readonly"],
    };
    let Some(token) = &call.token else { return Err(no_token()) };
    let known = google.known();
    let Some(scope) = known.tokens.good.get(token) else {
        return Err(match call.endpoint {
            Endpoint::Metadata | Endpoint::Compatibility | Endpoint::Report => {
                Refused::analytics(401, "UNAUTHENTICATED", literals::BAD_TOKEN)
            }
            _ => Refused::bigquery(401, "authError", "UNAUTHENTICATED", literals::BAD_TOKEN),
        });
    };
    let held = scope.split(' ').filter_map(|scope| scope.strip_prefix("https://www.googleapis.com/auth/"));
    if held.into_iter().any(|scope| accepted.contains(&scope)) {
        Ok(())
    } else {
        Err(Refused::analytics_because(
            403,
            "PERMISSION_DENIED",
            literals::FEW_SCOPES,
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ))
    }
}

/// The pairs of a form or of what is behind `?`.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}
