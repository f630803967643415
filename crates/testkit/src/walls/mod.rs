//! Every operation of a service against everybody who might try it: generated from the OpenAPI document and the table of
//! permissions, so that a new route is tried without being added here, and one that nobody thought of fails.

mod attackers;
mod operation;
#[cfg(test)]
mod tests;
mod tokens;
mod tries;

use common::auth::{AppState, Needs};
use serde_json::Value;

use self::attackers::Attackers;
use crate::http::Client;

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// operations that are not open
    pub operations: usize,
    /// requests that were made
    pub requests: usize,
}

/// Holds every operation of `document`, served at `url`, to the table of permissions: with no token and every kind of bad
/// one, with ended sessions and dead keys, for no tenant, another one, none that exists and a closed one, with each role and
/// with keys of each scope. `prefix` is what the service's paths begin with (`/data/`).
///
/// # Panics
/// When an operation is missing in the table, or one of the table in the document, or one answers otherwise than api.md and
/// the table say.
pub async fn assert_walled(url: &str, state: &AppState, document: &Value, prefix: &str) -> Tried {
    let operations = operation::all(document);
    operation::assert_in_table(&operations, prefix);
    let attackers = Attackers::new(state).await;
    let nobody = Client::new(url);
    let mut tried = Tried::default();
    for operation in &operations {
        let requests = match operation.needs {
            Needs::Nothing => continue,
            Needs::Person => tries::of_person(operation, &attackers, &nobody).await,
            Needs::Member(role, scope) => tries::of_member(operation, (role, scope), &attackers, &nobody).await,
        };
        tried.operations += 1;
        tried.requests += requests;
    }
    assert!(tried.operations > 0, "no operation was tried");
    tried
}
