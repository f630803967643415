//! The few HTML pages of the service: plain, without anything from elsewhere.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use common::http::ApiError;
use minijinja::{Environment, Value, context};

use crate::secrets::random_text;

/// The templates, read once.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    /// # Errors
    /// A template is not well-formed; a test renders them all.
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        // Values are escaped in all of them, since their names end in .html.
        templates.add_template("page.html", include_str!("../templates/page.html"))?;
        templates.add_template("signed_in.html", include_str!("../templates/signed_in.html"))?;
        templates.add_template("failed.html", include_str!("../templates/failed.html"))?;
        templates.add_template("authorize.html", include_str!("../templates/authorize.html"))?;
        templates.add_template("invitation.html", include_str!("../templates/invitation.html"))?;
        templates.add_template("invitation_over.html", include_str!("../templates/invitation_over.html"))?;
        Ok(Self(templates))
    }

    /// The page with its values. `form_action` is the policy for where its forms may lead.
    pub(crate) fn render(&self, name: &str, status: StatusCode, form_action: &str, values: Value) -> Response {
        let nonce = random_text();
        let rendered = self
            .0
            .get_template(name)
            .and_then(|template| template.render(context! { nonce => nonce.as_str(), ..values }));
        let page = match rendered {
            Ok(page) => page,
            Err(error) => return ApiError::Internal(anyhow::Error::new(error)).into_response(),
        };
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
        );
        let mut response = (status, Html(page)).into_response();
        let headers = response.headers_mut();
        // Pages show tokens and codes: nobody keeps a copy.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match HeaderValue::from_str(&policy) {
            Ok(policy) => drop(headers.insert(header::CONTENT_SECURITY_POLICY, policy)),
            Err(error) => return ApiError::Internal(anyhow::Error::new(error)).into_response(),
        }
        response
    }
}
