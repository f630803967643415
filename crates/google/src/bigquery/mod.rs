//! BigQuery's REST API v2, as far as reading needs it: what tables there are and what they hold, and queries.

mod decode;
mod job;
mod page;
mod query;
mod rows;
mod schema;
mod table;
mod value;

use std::sync::Arc;

use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use page::Page;
pub use query::{Parameter, Query};
pub use rows::Rows;
pub use schema::{Field, FieldKind};
pub use table::TableInfo;

use crate::call::{Api, Call, Failure, Refusal, explain};
use crate::token::Scope;
use crate::{Google, GoogleError, ServiceAccountKey};

/// BigQuery as one account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BigQuery {
    google: Google,
    key: Arc<ServiceAccountKey>,
    project: String,
    location: Option<String>,
    grant: String,
}

impl BigQuery {
    pub(crate) fn new(google: Google, key: Arc<ServiceAccountKey>, project: &str, location: Option<&str>) -> Self {
        let grant = format!(
            "Grant {} the roles BigQuery Data Viewer on the dataset and BigQuery Job User on the project `{project}`.",
            key.client_email()
        );
        Self { google, key, project: project.to_owned(), location: location.map(str::to_owned), grant }
    }

    /// `bigquery/v2/projects/<segments…>` of the pinned address.
    fn url(&self, segments: &[&str]) -> Result<Url, GoogleError> {
        let mut url = self.google.endpoints().bigquery.clone();
        // A segment that is a path of its own would ask for something else than it says.
        if let Some(odd) = segments.iter().find(|name| name.is_empty() || matches!(**name, "." | "..")) {
            return Err(GoogleError::Invalid(format!("`{odd}` is no name of a project, dataset, table or job.")));
        }
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(["bigquery", "v2", "projects"]).extend(segments),
            Err(()) => return Err(GoogleError::Invalid(String::from("BigQuery's address cannot have a path."))),
        };
        Ok(url)
    }

    async fn send(
        &self,
        scope: Scope,
        method: Method,
        url: Url,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Vec<u8>, Failure> {
        let call = Call { api: Api::BigQuery, scope, method, url, body, what, grant: &self.grant, errors_of: None };
        self.google.call(&self.key, &call).await
    }

    async fn read(&self, url: Url, what: &str) -> Result<Vec<u8>, Failure> {
        self.send(Scope::Cloud, Method::GET, url, None, what).await
    }

    /// A refusal that came as a success.
    fn failed(&self, what: &str, refusal: Refusal) -> Failure {
        Failure { error: explain(Api::BigQuery, what, &self.grant, &refusal), refusal: Some(refusal) }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, GoogleError> {
    serde_json::from_slice(body).map_err(|error| broken(what, &error.to_string()))
}

fn broken(what: &str, why: &str) -> GoogleError {
    GoogleError::Broken(format!("Google's answer to {what} cannot be used: {why}."))
}
