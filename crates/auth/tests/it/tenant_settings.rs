//! Tenants made, changed, closed and opened again.

use auth_service::cli::{ActivateTenant, activate_tenant};
use common::auth::Role;
use serde_json::{Value, json};
use testkit::oracle::TenantSettings;

use crate::company::{Company, list, text};

#[tokio::test]
async fn an_owner_makes_another_tenant_and_owns_it() {
    let company = Company::new().await;
    let body = json!({"name": " Second ", "time_zone": "Asia/Tokyo", "currency": "JPY", "week_start": 7});
    for not_an_owner in [&company.manager, &company.viewer] {
        not_an_owner.post("/auth/tenants", &body).await.problem(403);
    }
    let made = company.owner.post("/auth/tenants", &body).await.expect(201);
    let path = format!("/auth/tenants/{}", text(&made["tenant_id"]));
    assert_eq!(company.owner.get(&path).await.expect(200), made);
    let expected = json!(["Second", "owner", "Asia/Tokyo", "JPY", 7]);
    assert_eq!(json!([made["name"], made["role"], made["time_zone"], made["currency"], made["week_start"]]), expected);
    company.manager.get(&path).await.problem(404);
    assert_eq!(company.owner.get("/auth/tenants").await.expect(200)["total"], 2);
    let log = company.owner.get(&format!("{path}/audit")).await.expect(200);
    assert_eq!(
        (&list(&log)[0]["action"], &list(&log)[0]["actor"]),
        (&json!("tenant.created"), &json!("owner@company.test"))
    );
    let usual = company.owner.post("/auth/tenants", &json!({"name": "Third"})).await.expect(201);
    assert_eq!(
        (&usual["time_zone"], &usual["currency"], &usual["week_start"]),
        (&json!("UTC"), &json!("USD"), &json!(1))
    );
    let bad = json!({"name": "", "time_zone": "Mars", "currency": "eur", "week_start": 0});
    let fields = company.owner.post("/auth/tenants", &bad).await.invalid_fields();
    assert_eq!(fields, ["currency", "name", "time_zone", "week_start"]);
    let fields = company.owner.post("/auth/tenants", &json!({"name": "a", "curency": "EUR"})).await.invalid_fields();
    assert_eq!(fields, ["curency"]);
}

#[tokio::test]
async fn an_owner_changes_the_settings() {
    let company = Company::new().await;
    let path = company.at("");
    let before = company.owner.get(&path).await.expect(200);
    let after = company.owner.patch(&path, &json!({"name": " New ", "week_start": 3})).await.expect(200);
    assert_eq!((&after["name"], &after["week_start"]), (&json!("New"), &json!(3)));
    assert_eq!(after["time_zone"], before["time_zone"]);
    let after = company.owner.patch(&path, &json!({"time_zone": "Europe/Berlin", "currency": "EUR"})).await.expect(200);
    assert_eq!(
        (&after["time_zone"], &after["currency"], &after["name"]),
        (&json!("Europe/Berlin"), &json!("EUR"), &json!("New"))
    );
    assert_eq!(company.viewer.get(&path).await.expect(200)["role"], "viewer");
    company.owner.patch(&path, &json!({"name": "New"})).await.expect(200);
    assert_eq!(company.actions().await, ["tenant.changed", "tenant.changed"], "what changes nothing is not noted");
    let bad = json!({"name": "\n", "time_zone": "", "currency": "E", "week_start": 8});
    let fields = company.owner.patch(&path, &bad).await.invalid_fields();
    assert_eq!(fields, ["currency", "name", "time_zone", "week_start"]);
    assert_eq!(company.owner.patch(&path, &json!({"tenant_id": "x"})).await.invalid_fields(), ["tenant_id"]);
}

#[tokio::test]
async fn clocks_and_money_stay_once_there_are_events() {
    let company = Company::new().await;
    let stored = company.owner.get(&company.at("")).await.expect(200);
    company
        .run(
            "insert into day_events (tenant_id, day, table_name, events)
             select tenant_id, date '2026-01-02', 'page_view', 1 from tenants",
        )
        .await;
    for (field, other) in [("time_zone", "Asia/Tokyo"), ("currency", "JPY")] {
        company.owner.patch(&company.at(""), &json!({field: other, "name": "Changed"})).await.problem(409);
        // The same again is no change.
        company.owner.patch(&company.at(""), &json!({field: stored[field]})).await.expect(200);
    }
    assert_eq!(company.owner.get(&company.at("")).await.expect(200), stored, "all or nothing");
    company.owner.patch(&company.at(""), &json!({"week_start": 7})).await.expect(200);
}

#[tokio::test]
async fn a_closed_tenant_is_gone_for_all_until_the_operator_opens_it() {
    let company = Company::new().await;
    company.owner.patch(&company.at(""), &json!({"is_active": false})).await.expect(200);
    for client in [&company.owner, &company.viewer] {
        client.get(&company.at("")).await.problem(404);
        assert_eq!(client.get("/auth/tenants").await.expect(200)["total"], 0);
    }
    // Nor does a closed one let its owner make others.
    company.owner.post("/auth/tenants", &json!({"name": "Second"})).await.problem(403);
    let activate = async || {
        let mut out = Vec::new();
        let command = ActivateTenant { tenant: company.tenant };
        activate_tenant(&company.service.state, command, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(activate().await, format!("activated the tenant {}\n", company.tenant));
    assert_eq!(activate().await, format!("the tenant {} is active\n", company.tenant));
    company.viewer.get(&company.at("")).await.expect(200);
    assert_eq!(company.actions().await, ["tenant.deactivated", "tenant.activated"]);
}

#[tokio::test]
async fn the_address_names_the_tenant_whatever_the_header_says() {
    let company = Company::new().await;
    let pool = &company.service.state.pool;
    let foreign = testkit::tenants::create(pool, &TenantSettings::default()).await;
    let mine = company.tenant.to_string();
    for path in ["", "/members", "/invitations", "/domains", "/api-keys", "/audit", "/audit/export"] {
        let path = format!("/auth/tenants/{foreign}{path}");
        let refused = company.owner.tenant(&mine).get(&path).await;
        // A header that names another tenant is wrong, but says nothing of whether that tenant is there.
        assert!([400, 404].contains(&refused.status), "{path}: {}", refused.text());
        company.owner.get(&path).await.problem(404);
        company.owner.tenant(&foreign.to_string()).get(&path).await.problem(404);
    }
    let both = testkit::tenants::create(pool, &TenantSettings::default()).await;
    testkit::tokens::join(pool, company.owner_account, both, Role::Owner, None).await;
    company.owner.tenant(&both.to_string()).get(&company.at("")).await.problem(400);
    company.owner.tenant(&mine).get(&company.at("")).await.expect(200);
    company.owner.tenant("odd").get(&company.at("")).await.problem(400);
    company.owner.get("/auth/tenants/odd").await.problem(404);
    let _: Value = company.owner.get(&company.at("")).await.expect(200);
}
