//! API keys as owners look after them.

use common::auth::Scope;
use serde_json::{Value, json};

use crate::company::{Company, list, text};

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked_for_good() {
    let company = Company::new().await;
    let keys = company.at("/api-keys");
    let body = json!({"name": " Shop ", "scopes": ["read", "ingest", "read"], "expires_in_days": 30});
    let answer = company.owner.post(&keys, &body).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.expect(201);
    let key = text(&made["key"]);
    assert_eq!((&made["name"], &made["scopes"]), (&json!("Shop"), &json!(["ingest", "read"])));
    assert_eq!(made["created_by"], "owner@company.test");
    let verified = company.service.state.api_keys.verify(&company.service.state.pool, &key).await.unwrap();
    assert_eq!((verified.tenant, verified.scopes), (company.tenant, vec![Scope::Ingest, Scope::Read]));

    let forever = company.owner.post(&keys, &json!({"name": "Forever", "scopes": ["send"]})).await.expect(201);
    assert_eq!(forever["expires_at"], Value::Null);
    let page = company.manager.get(&keys).await;
    assert!(!page.text().contains(&key) && !page.text().contains("key_hash"));
    let page = page.expect(200);
    assert_eq!((&page["total"], &list(&page)[0]["name"]), (&json!(2), &json!("Forever")));
    assert!(list(&page)[1]["last_used_at"].is_string());

    let one = format!("{keys}/{}", text(&made["api_key_id"]));
    assert_eq!(company.owner.delete(&one).await.status, 204);
    let revoked = list(&company.owner.get(&keys).await.expect(200))[1]["revoked_at"].clone();
    assert_eq!(company.owner.delete(&one).await.status, 204, "again");
    assert_eq!(list(&company.owner.get(&keys).await.expect(200))[1]["revoked_at"], revoked);
    assert!(company.service.state.api_keys.verify(&company.service.state.pool, &key).await.is_err());
    company.owner.delete(&format!("{keys}/00000000-0000-7000-8000-000000000001")).await.problem(404);
    assert_eq!(company.actions().await, ["api_key.created", "api_key.created", "api_key.revoked"]);
    let log = company.owner.get(&company.at("/audit")).await;
    assert!(!log.text().contains(&key), "no secret in the log");
}

#[tokio::test]
async fn what_a_key_must_be_is_said_at_once() {
    let company = Company::new().await;
    let keys = company.at("/api-keys");
    let bad = json!({"name": " ", "scopes": [], "expires_in_days": 0});
    assert_eq!(company.owner.post(&keys, &bad).await.invalid_fields(), ["expires_in_days", "name", "scopes"]);
    let bad = json!({"name": "a", "scopes": ["admin"], "expires_in_days": 4000});
    assert_eq!(company.owner.post(&keys, &bad).await.invalid_fields(), ["expires_in_days", "scopes[0]"]);
    company.manager.post(&keys, &json!({"name": "a", "scopes": ["read"]})).await.problem(403);
}
