//! The few HTML pages of the service: plain, without anything from elsewhere.

use std::fmt;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::http::ApiError;
use minijinja::{Environment, UndefinedBehavior, Value, context};

/// The templates, read once.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    /// # Errors
    /// A template is not well-formed; then the service does not start.
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // Values are escaped in all of them, since their names end in .html.
        templates.add_template("page.html", include_str!("../../../templates/page.html"))?;
        templates.add_template("unsubscribe.html", include_str!("../../../templates/unsubscribe.html"))?;
        templates.add_template("unsubscribed.html", include_str!("../../../templates/unsubscribed.html"))?;
        templates
            .add_template("unsubscribe_notice.html", include_str!("../../../templates/unsubscribe_notice.html"))?;
        Ok(Self(templates))
    }

    /// The page with its values.
    pub(super) fn render(&self, name: &str, status: StatusCode, values: Value) -> Response {
        let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
        let rendered = self
            .0
            .get_template(name)
            .and_then(|template| template.render(context! { nonce => nonce.as_str(), ..values }));
        let page = match rendered {
            Ok(page) => page,
            Err(error) => return ApiError::Internal(anyhow::Error::new(error)).into_response(),
        };
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        let mut response = (status, Html(page)).into_response();
        let headers = response.headers_mut();
        // Pages are about one person: nobody keeps a copy.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match HeaderValue::from_str(&policy) {
            Ok(policy) => drop(headers.insert(header::CONTENT_SECURITY_POLICY, policy)),
            Err(error) => return ApiError::Internal(anyhow::Error::new(error)).into_response(),
        }
        response
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
