//! The operations of a document, and what the table of permissions demands for each.

use common::auth::{Needs, PERMISSIONS, needs};
use common::ids::TenantId;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::http::{Answer, Client};

/// What the first segment of a path names the tenant by.
const TENANT: &str = "{tenant_id}";
/// Something in the place of other parameters: the id of nothing.
const NOTHING: &str = "00000000-0000-7000-8000-000000000001";

/// One method at one path.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub method: Method,
    pub path: String,
    pub needs: Needs,
    /// takes a body that is JSON, or none
    takes_json: bool,
}

/// All of a document.
///
/// # Panics
/// When the table of permissions lacks one.
pub(super) fn all(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    let mut unknown = Vec::new();
    for (path, item) in document["paths"].as_object().expect("a document with paths") {
        for (name, operation) in item.as_object().expect("operations") {
            let Ok(method) = name.to_uppercase().parse::<Method>() else { continue };
            let Some(needs) = needs(&method, path) else {
                unknown.push(format!("{method} {path}"));
                continue;
            };
            let content = operation["requestBody"]["content"].as_object();
            let takes_json = content.is_none_or(|content| content.contains_key("application/json"));
            all.push(Operation { method, path: path.clone(), needs, takes_json });
        }
    }
    assert!(unknown.is_empty(), "missing in the table of permissions: {unknown:?}");
    all
}

/// Asserts that every permission for paths with this prefix has an operation.
///
/// # Panics
/// When one has none.
pub(super) fn assert_in_table(operations: &[Operation], prefix: &str) {
    let without: Vec<_> = PERMISSIONS
        .iter()
        .filter(|permission| permission.path.starts_with(prefix))
        .filter(|permission| {
            let is_this = |o: &&Operation| o.path == permission.path && o.method.as_str() == permission.method;
            operations.iter().find(is_this).is_none()
        })
        .map(|permission| format!("{} {}", permission.method, permission.path))
        .collect();
    assert!(without.is_empty(), "permissions for what is no operation of the document: {without:?}");
}

impl Operation {
    pub(super) fn names_tenant(&self) -> bool {
        self.path.split('/').any(|part| part == TENANT)
    }

    /// The path for this tenant, with the id of nothing in its other parameters.
    fn concrete(&self, tenant: &str) -> String {
        let parts = self.path.split('/').map(|part| match part {
            TENANT => tenant,
            part if part.starts_with('{') => NOTHING,
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The request for this tenant in its path, where the path names one, with a body that is no good to anybody.
    pub(super) fn request(&self, client: &Client, tenant: TenantId) -> RequestBuilder {
        let request = client.request(self.method.clone(), &self.concrete(&tenant.to_string()));
        match self.method {
            Method::GET => request,
            _ if self.takes_json => request.json(&json!({})),
            _ => request.body(""),
        }
    }

    /// Calls it.
    pub(super) async fn call(&self, client: &Client, tenant: TenantId) -> Answer {
        Answer::of(self.request(client, tenant)).await
    }
}
