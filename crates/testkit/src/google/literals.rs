//! Google's refusals, word for word where their words are known (ga4.md 1.4, 3.5, 3.6).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal, as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) html: bool,
    pub(super) authenticate: bool,
}

/// What an endpoint answers.
pub(super) type Answer = Result<Value, Refused>;

pub(super) const BAD_TOKEN: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
     login cookie or other valid authentication credential. See \
     https://developers.google.com/identity/sign-in/web/devconsole-project.";
pub(super) const NO_TOKEN: &str = "Request is missing required authentication credential. Expected OAuth 2 access token, \
     login cookie or other valid authentication credential. See \
     https://developers.google.com/identity/sign-in/web/devconsole-project.";
pub(super) const FEW_SCOPES: &str = "Request had insufficient authentication scopes.";
pub(super) const SHORT_LIVED: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
     timeframe. Check your iat and exp values in the JWT claim.";
pub(super) const PROPERTY_DENIED: &str = "User does not have sufficient permissions for this property. To learn more about \
     Property ID, see https://developers.google.com/analytics/devguides/reporting/data/v1/property-id.";
pub(super) const PROJECT_HOUR: &str =
    "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour.";
pub(super) const PROPERTY_HOUR: &str =
    "Exhausted property tokens for a property per hour. These quota tokens will return in under an hour.";
pub(super) const DAY: &str =
    "Exhausted property tokens for a property per day. These quota tokens will return in less than 24 hours.";
pub(super) const CONCURRENT: &str = "Exhausted concurrent requests quota. Please send fewer requests concurrently.";
pub(super) const THRESHOLDED: &str =
    "Exhausted potentially thresholded requests quota. This quota will refresh in under an hour.";

impl Refused {
    /// In BigQuery's envelope.
    pub(super) fn bigquery(code: u16, reason: &str, status: &str, message: &str) -> Self {
        let entry = json!({ "message": message, "domain": "global", "reason": reason });
        Self::json(code, &json!({ "error": { "code": code, "message": message, "errors": [entry], "status": status } }))
    }

    /// In the Data API's envelope.
    pub(super) fn analytics(code: u16, status: &str, message: &str) -> Self {
        Self::json(code, &json!({ "error": { "code": code, "message": message, "status": status } }))
    }

    /// In the Data API's envelope, with the reason that some refusals carry.
    pub(super) fn analytics_because(code: u16, status: &str, message: &str, reason: &str) -> Self {
        let detail = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
            "metadata": { "service": "analyticsdata.googleapis.com" },
        });
        Self::json(
            code,
            &json!({ "error": { "code": code, "message": message, "status": status, "details": [detail] } }),
        )
    }

    /// As the token endpoint says it.
    pub(super) fn token(error: &str, description: &str) -> Self {
        Self::json(400, &json!({ "error": error, "error_description": description }))
    }

    /// A page from whatever stands before Google's services.
    pub(super) fn page(status: u16) -> Self {
        let title = if status == 404 { "Error 404 (Not Found)!!1".to_owned() } else { format!("Error {status}") };
        let body = format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>{title}</title>\n  <p><b>{status}.</b> \
             <ins>That's an error.</ins>\n"
        );
        Self { status, body, html: true, authenticate: false }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string(), html: false, authenticate: status == 401 }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if self.html { "text/html; charset=UTF-8" } else { "application/json; charset=UTF-8" };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.authenticate {
            let value = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        response
    }
}
