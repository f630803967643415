//! Who belongs to a tenant: added, changed and removed by owners, and never without an owner.

use common::auth::Role;
use serde_json::{Value, json};
use testkit::{http::Client, oracle::LocationRow};

use crate::company::{Company, list, text};

fn branch(code: &str) -> LocationRow {
    LocationRow {
        location_id: code.to_owned(),
        location_name: code.to_owned(),
        city: None,
        state: None,
        is_active: true,
    }
}

#[tokio::test]
async fn an_owner_adds_changes_and_removes() {
    let company = Company::new().await;
    let (members, owner) = (company.at("/members"), &company.owner);
    let body = json!({"email": " New.Person@Company.test ", "name": "New Person", "role": "manager", "branches": ["D02", "D01", "D02"]});
    let added = owner.post(&members, &body).await.expect(201);
    assert_eq!((&added["email"], &added["name"]), (&json!("new.person@company.test"), &json!("New Person")));
    assert_eq!(added["branches"], json!(["D01", "D02"]));
    owner.post(&members, &body).await.problem(409);

    let one = format!("{members}/{}", text(&added["account_id"]));
    let changed = owner.patch(&one, &json!({"branches": null})).await.expect(200);
    assert_eq!((&changed["role"], &changed["branches"]), (&json!("manager"), &Value::Null));
    owner.patch(&one, &json!({"branches": ["D09"]})).await.expect(200);
    // Another role has no limit to branches.
    let changed = owner.patch(&one, &json!({"role": "viewer"})).await.expect(200);
    assert_eq!((&changed["role"], &changed["branches"]), (&json!("viewer"), &Value::Null));
    assert_eq!(owner.patch(&one, &json!({"branches": ["D01"]})).await.invalid_fields(), ["branches"]);
    assert_eq!(owner.patch(&one, &json!({"role": "service"})).await.invalid_fields(), ["role"]);
    assert_eq!(owner.patch(&one, &json!({"rôle": "owner"})).await.invalid_fields(), ["rôle"]);

    let page = owner.get(&members).await.expect(200);
    let emails: Vec<_> = list(&page).iter().map(|member| text(&member["email"])).collect();
    let expected = ["owner@company.test", "manager@company.test", "viewer@company.test", "new.person@company.test"];
    assert_eq!(emails, expected);
    assert_eq!(owner.walk_pages(&members, 3, |answer| &answer["data"]).await.len(), 4);
    assert_eq!(owner.walk_cursor(&members, 3, |answer| &answer["data"]).await.len(), 4);

    assert_eq!(owner.delete(&one).await.status, 204);
    owner.delete(&one).await.problem(404);
    owner.patch(&one, &json!({"role": "owner"})).await.problem(404);
    assert_eq!(
        company.actions().await,
        ["member.added", "member.changed", "member.changed", "member.changed", "member.removed"]
    );
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_stays_out_of_their_domain() {
    let company = Company::new().await;
    let (account, client) = company.member("gone@company.test", Role::Viewer).await;
    company.run("insert into tenant_domains (tenant_id, domain, role) select tenant_id, 'company.test', 'viewer' from tenants").await;
    client.get(&company.at("")).await.expect(200);
    assert_eq!(company.owner.delete(&company.at(&format!("/members/{account}"))).await.status, 204);
    // The tests' service has no channel, so the very next request sees it.
    client.get(&company.at("")).await.problem(404);
    let actor = common::auth::Actor { account_id: Some(account), name: String::from("gone@company.test"), ip: None };
    let join = async || {
        let pool = &company.service.state.pool;
        auth_service::invitations::join_by_domain(pool, "gone@company.test", account, &actor).await.unwrap()
    };
    assert_eq!(join().await, []);
    let body = json!({"email": "gone@company.test", "role": "viewer"});
    company.owner.post(&company.at("/members"), &body).await.expect(201);
    client.get(&company.at("")).await.expect(200);
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once_and_unknown_branches_are_refused() {
    let company = Company::new().await;
    let members = company.at("/members");
    let bad = json!({"email": "nobody", "name": "", "role": "king", "rank": 1});
    assert_eq!(company.owner.post(&members, &bad).await.invalid_fields(), ["email", "name", "rank", "role"]);
    let person = |branches: Value| json!({"email": "a@b.test", "role": "manager", "branches": branches});
    assert_eq!(company.owner.post(&members, &person(json!([]))).await.invalid_fields(), ["branches"]);
    testkit::tenants::add_people(&company.service.state.pool, company.tenant, &[], &[branch("D01")]).await;
    let unknown = person(json!(["D01", "D1", ""]));
    assert_eq!(company.owner.post(&members, &unknown).await.invalid_fields(), ["branches[1]", "branches[2]"]);
    company.owner.post(&members, &person(json!(["D01"]))).await.expect(201);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let company = Company::new().await;
    let own = company.at(&format!("/members/{}", company.owner_account));
    company.owner.delete(&own).await.problem(409);
    company.owner.patch(&own, &json!({"role": "manager"})).await.problem(409);
    // An owner who cannot sign in is none.
    let (second, second_client) = company.member("second@company.test", Role::Owner).await;
    company.run("update accounts set is_active = false where email = 'second@company.test'").await;
    company.owner.delete(&own).await.problem(409);
    company.run("update accounts set is_active = true where email = 'second@company.test'").await;
    company.owner.patch(&own, &json!({"role": "viewer"})).await.expect(200);
    second_client.delete(&company.at(&format!("/members/{second}"))).await.problem(409);
    company.owner.delete(&own).await.problem(403);
}

#[tokio::test]
async fn two_owners_cannot_remove_each_other_at_once() {
    for _ in 0..5 {
        let company = Company::new().await;
        let (second, second_client) = company.member("second@company.test", Role::Owner).await;
        let remove =
            async |by: &Client, whom: common::ids::AccountId| by.delete(&company.at(&format!("/members/{whom}"))).await;
        let demote = async |by: &Client, whom: common::ids::AccountId| {
            by.patch(&company.at(&format!("/members/{whom}")), &json!({"role": "viewer"})).await
        };
        let (one, other) = tokio::join!(remove(&company.owner, second), demote(&second_client, company.owner_account));
        let mut done = [one.status, other.status].into_iter().filter(|status| *status < 300);
        assert!(done.next().is_some() && done.next().is_none(), "{} {}", one.text(), other.text());
        let mut tx = common::db::TenantTx::begin(&company.service.state.pool, company.tenant).await.unwrap();
        let owners: i64 = sqlx::query_scalar("select count(*) from memberships where role = 'owner'")
            .fetch_one(tx.conn())
            .await
            .unwrap();
        assert_eq!(owners, 1);
    }
}
