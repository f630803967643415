//! The few HTML pages of a service: plain, without anything from elsewhere.

use std::fmt;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::ApiError;

/// The templates, read once.
pub struct HtmlPages(Environment<'static>);

impl HtmlPages {
    /// Templates with their names, which end in `.html`. Each extends `page.html`, which is there already, and fills its block
    /// `content`, perhaps `title` and `style` as well.
    ///
    /// # Errors
    /// A template is not well-formed.
    pub fn new(templates: &[(&'static str, &'static str)]) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Values are escaped in all of them, since their names end in .html.
        environment.add_template("page.html", include_str!("../../templates/page.html"))?;
        for (name, template) in templates {
            environment.add_template(name, template)?;
        }
        Ok(Self(environment))
    }

    /// The page with its values, `title` among them. `form_action` is the policy for where its forms may lead.
    #[must_use]
    pub fn render(&self, name: &str, status: StatusCode, form_action: &str, values: Value) -> Response {
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
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
        );
        let mut response = (status, Html(page)).into_response();
        let headers = response.headers_mut();
        // Pages are about one person, and some show tokens and codes: nobody keeps a copy.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match HeaderValue::from_str(&policy) {
            Ok(policy) => drop(headers.insert(header::CONTENT_SECURITY_POLICY, policy)),
            Err(error) => return ApiError::Internal(anyhow::Error::new(error)).into_response(),
        }
        response
    }
}

impl fmt::Debug for HtmlPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HtmlPages").finish_non_exhaustive()
    }
}
