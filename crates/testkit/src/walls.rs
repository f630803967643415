//! Every route against the first wall: found in the OpenAPI document, so that a new one is tried without being added here.

use common::auth::{AppState, Role};
use common::ids::TenantId;
use reqwest::Method;
use serde_json::Value;

use crate::http::{Answer, Client};
use crate::oracle::TenantSettings;
use crate::{tenants, tokens};

/// Calls every guarded operation of `document` as nobody, with a broken token, with a session that has ended, without a
/// tenant, as a member of another tenant and for a tenant that does not exist, and asserts the answers of api.md.
/// `open` are the paths that need no token, `about_the_caller` those that need no tenant. Answers how many were tried.
///
/// # Panics
/// When an operation answers otherwise, or one of the named paths is not in the document.
pub async fn assert_walled(
    url: &str,
    state: &AppState,
    document: &Value,
    open: &[&str],
    about_the_caller: &[&str],
) -> usize {
    let paths = document["paths"].as_object().expect("a document with paths");
    for named in open.iter().chain(about_the_caller) {
        assert!(paths.contains_key(*named), "{named} is no route any more");
    }
    let tenant = tenants::create(&state.pool, &TenantSettings::default()).await;
    let other = tenants::create(&state.pool, &TenantSettings::default()).await;
    let member = tokens::member(state, tenant, Role::Owner).await;
    let gone = tokens::member(state, tenant, Role::Owner).await;
    tokens::sign_out(&state.pool, gone.session).await;
    let nobody = Client::new(url);
    let mut tried = 0;
    for (path, item) in paths {
        if open.contains(&path.as_str()) || path.starts_with("/health") || path == "/" {
            continue;
        }
        let concrete = concrete(path);
        for method in
            item.as_object().expect("operations").keys().filter_map(|m| m.to_uppercase().parse::<Method>().ok())
        {
            let what = format!("{method} {path}");
            let call = |client: Client| {
                let request = client.request(method.clone(), &concrete);
                Answer::of(if method == Method::GET { request } else { request.json(&serde_json::json!({})) })
            };
            for client in [
                nobody.tenant(&tenant.to_string()),
                nobody.token("broken").tenant(&tenant.to_string()),
                nobody.of(&gone, tenant),
            ] {
                let answer = call(client).await;
                assert_eq!(answer.status, 401, "{what}: {}", answer.text());
                assert!(answer.header("www-authenticate").is_some(), "{what}");
                answer.problem(401);
            }
            tried += 1;
            if about_the_caller.contains(&path.as_str()) {
                continue;
            }
            let without = call(nobody.token(&member.token)).await;
            assert_eq!(without.status, 400, "{what} without a tenant: {}", without.text());
            let odd = call(nobody.token(&member.token).tenant("not-a-uuid")).await;
            assert_eq!(odd.status, 400, "{what} with an odd tenant: {}", odd.text());
            let foreign = call(nobody.of(&member, other)).await.problem(404);
            let missing = call(nobody.of(&member, TenantId::generate())).await.problem(404);
            assert_eq!(foreign["detail"], missing["detail"], "{what}: a foreign tenant and none must look the same");
        }
    }
    assert!(tried > 0, "no operation was tried");
    tried
}

/// A path with something in its parameters.
fn concrete(path: &str) -> String {
    let mut text = String::new();
    for part in path.split('/').skip(1) {
        text.push('/');
        text.push_str(if part.starts_with('{') { "00000000-0000-7000-8000-000000000001" } else { part });
    }
    text
}
