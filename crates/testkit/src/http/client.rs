//! Requests with a token and a tenant.

use common::ids::TenantId;
use reqwest::{Method, RequestBuilder, redirect};
use serde_json::Value;

use super::Answer;
use crate::tokens::Person;

/// Calls one service; follows no redirects, keeps no cookies.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    tenant: Option<String>,
}

impl Client {
    /// A client of the service at this address, as nobody.
    ///
    /// # Panics
    /// When no client can be made at all.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build();
        Self { http: http.expect("an HTTP client"), url: url.to_owned(), token: None, tenant: None }
    }

    /// The same as this person in this tenant.
    #[must_use]
    pub fn of(&self, person: &Person, tenant: TenantId) -> Self {
        self.token(&person.token).tenant(&tenant.to_string())
    }

    /// The same with this token, good or bad.
    #[must_use]
    pub fn token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same with this `X-Tenant-Id`, good or bad.
    #[must_use]
    pub fn tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    /// A request to dress up further; `path` begins with `/` and may have a query.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Tenant-Id", tenant);
        }
        request
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// GET with query parameters, which are encoded.
    pub async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        Answer::of(self.request(Method::GET, path).query(query)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }
}
