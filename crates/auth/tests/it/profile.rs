//! The own profile, and that the own tenants hear of its changes.

use serde_json::{Value, json};

use crate::company::{Company, list};

#[tokio::test]
async fn a_person_changes_what_is_theirs() {
    let company = Company::new().await;
    let me = company.viewer.get("/auth/me").await.expect(200);
    assert_eq!((&me["name"], &me["language"]), (&json!("Pat Person"), &Value::Null));
    let body = json!({"name": " Vera V. ", "first_name": "Vera", "language": "de-AT", "time_zone": "Europe/Vienna"});
    let changed = company.viewer.patch("/auth/me", &body).await.expect(200);
    let expected = json!(["Vera V.", "Vera", "de-AT", "Europe/Vienna"]);
    assert_eq!(json!([changed["name"], changed["first_name"], changed["language"], changed["time_zone"]]), expected);
    assert_eq!(changed["tenants"], me["tenants"]);
    assert_eq!(changed["session"], me["session"]);
    // What is left out stays, what is null goes.
    let changed = company.viewer.patch("/auth/me", &json!({"time_zone": null})).await.expect(200);
    assert_eq!((&changed["time_zone"], &changed["language"]), (&Value::Null, &json!("de-AT")));
    company.viewer.patch("/auth/me", &json!({})).await.expect(200);
    let log = company.owner.get(&company.at("/audit")).await.expect(200);
    assert_eq!(list(&log).len(), 2);
    assert_eq!(list(&log)[0]["details"], json!({"time_zone": {"from": "Europe/Vienna", "to": null}}));
    assert_eq!(list(&log)[0]["actor"], "viewer@company.test");
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let company = Company::new().await;
    let bad = json!({"name": "", "first_name": " ", "language": "de_AT", "time_zone": "Mars"});
    let fields = company.viewer.patch("/auth/me", &bad).await.invalid_fields();
    assert_eq!(fields, ["first_name", "language", "name", "time_zone"]);
    // An address is the provider's to confirm.
    assert_eq!(company.viewer.patch("/auth/me", &json!({"email": "a@b.test"})).await.invalid_fields(), ["email"]);
}
