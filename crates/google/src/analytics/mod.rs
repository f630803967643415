//! GA4's Data API v1beta: what fields a property has, which go together, and reports over one day.

mod compatibility;
mod metadata;
mod page;
mod quota;
mod report;
mod server_errors;
mod wire;

use std::sync::Arc;

use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use compatibility::Compatibility;
pub use metadata::{Metadata, MetadataField};
pub use page::{Report, ReportRow};
pub use quota::{PropertyQuota, QuotaStatus};
pub use report::{ReportMetadata, ReportRequest};
pub(crate) use server_errors::ServerErrors;

use crate::call::{Api, Call, Failure};
use crate::token::Scope;
use crate::{Google, GoogleError, ServiceAccountKey};

/// One property's reports as one account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AnalyticsData {
    google: Google,
    key: Arc<ServiceAccountKey>,
    property: String,
    grant: String,
    /// whose server errors are counted: the project's at the property
    errors_of: String,
}

impl AnalyticsData {
    pub(crate) fn new(google: Google, key: Arc<ServiceAccountKey>, property: &str) -> Self {
        let grant = format!(
            "Give {} the role Viewer on the property {property} (Admin, Property access management).",
            key.client_email()
        );
        let project = key.project_id().unwrap_or(key.client_email());
        let errors_of = format!("{project}/{property}");
        Self { google, key, property: property.to_owned(), grant, errors_of }
    }

    async fn post<T: DeserializeOwned>(&self, method: &str, body: &Value, what: &str) -> Result<T, Failure> {
        let answer = self.answer(method, body, what).await?;
        serde_json::from_slice(&answer).map_err(|error| broken(what, &error.to_string()).into())
    }

    /// The answer's bytes.
    async fn answer(&self, method: &str, body: &Value, what: &str) -> Result<Vec<u8>, Failure> {
        let url = self.url(&[&format!("{}:{method}", self.property)])?;
        self.send(Method::POST, url, Some(body), what).await
    }

    async fn get<T: DeserializeOwned>(&self, resource: &str, what: &str) -> Result<T, Failure> {
        let url = self.url(&[&self.property, resource])?;
        let answer = self.send(Method::GET, url, None, what).await?;
        serde_json::from_slice(&answer).map_err(|error| broken(what, &error.to_string()).into())
    }

    /// `v1beta/properties/<segments…>` of the pinned address.
    fn url(&self, segments: &[&str]) -> Result<Url, GoogleError> {
        if self.property.is_empty() || !self.property.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GoogleError::Invalid(format!(
                "`{}` is no property: a property's number is meant, digits only (not the G-… measurement id).",
                self.property
            )));
        }
        let mut url = self.google.endpoints().analytics_data.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(["v1beta", "properties"]).extend(segments),
            Err(()) => return Err(GoogleError::Invalid(String::from("The Data API's address cannot have a path."))),
        };
        Ok(url)
    }

    async fn send(&self, method: Method, url: Url, body: Option<&Value>, what: &str) -> Result<Vec<u8>, Failure> {
        let call = Call {
            api: Api::AnalyticsData,
            scope: Scope::Analytics,
            method,
            url,
            body,
            what,
            grant: &self.grant,
            errors_of: Some(&self.errors_of),
        };
        self.google.call(&self.key, &call).await
    }
}

fn broken(what: &str, why: &str) -> GoogleError {
    GoogleError::Broken(format!("Google's answer to {what} cannot be used: {why}."))
}
