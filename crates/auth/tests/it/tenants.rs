//! A person's tenants: theirs, all of theirs, and nobody else's, without a tenant header.

use common::ids::DEMO_TENANT;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::Service;

const OWNER: &str = "olivia.owner@example.com";

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|tenant| tenant["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_sees_their_own_with_their_role() {
    let service = Service::new().await;
    let browser = service.browser();
    let second = service.tenant("Second", OWNER).await;
    service.tenant("Foreign", "ben@foreign.test").await;
    let olivia = browser.sign_in(OWNER).await;
    let page = browser.get_as(&olivia, "/auth/tenants").await.json();
    assert_eq!(names(&page), ["Demo Shop", "Second"]);
    assert_eq!(
        page["data"][1],
        json!({"tenant_id": second, "name": "Second", "role": "owner", "branches": null,
            "time_zone": "Europe/Berlin", "currency": "EUR", "week_start": 7})
    );
    assert_eq!((&page["total"], &page["has_more"]), (&json!(2), &json!(false)));
    let ben = browser.sign_in("ben@foreign.test").await;
    assert_eq!(names(&browser.get_as(&ben, "/auth/tenants").await.json()), ["Foreign"]);
    let vera = browser.sign_in("vera.viewer@example.com").await;
    let page = browser.get_as(&vera, "/auth/tenants").await.json();
    assert_eq!(
        (page["data"][0]["role"].as_str(), &page["data"][0]["tenant_id"]),
        (Some("viewer"), &json!(DEMO_TENANT))
    );
}

#[tokio::test]
async fn all_pages_give_every_tenant_once() {
    let service = Service::new().await;
    let browser = service.browser();
    for number in 1..5 {
        service.tenant(&format!("Shop {number}"), OWNER).await;
    }
    let token = browser.sign_in(OWNER).await;
    let expected = ["Demo Shop", "Shop 1", "Shop 2", "Shop 3", "Shop 4"];
    let mut by_page = Vec::new();
    for number in 1..=4 {
        let page = browser.get_as(&token, &format!("/auth/tenants?page={number}&limit=2")).await.json();
        assert_eq!(page["total"], 5);
        assert_eq!(page["has_more"], json!(number < 3));
        by_page.extend(names(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(by_page, expected);
    let (mut by_cursor, mut address) = (Vec::new(), String::from("/auth/tenants?limit=2"));
    loop {
        let page = browser.get_as(&token, &address).await.json();
        by_cursor.extend(names(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        address = format!("/auth/tenants?limit=2&cursor={cursor}");
    }
    assert_eq!(by_cursor, expected);
    let past = browser.get_as(&token, "/auth/tenants?page=9").await.json();
    assert_eq!((&past["data"], &past["total"]), (&json!([]), &json!(5)));
    assert_eq!(browser.get_as(&token, "/auth/tenants?limit=0&page=x&cursor=-3").await.fields(), ["limit", "page"]);
    assert_eq!(browser.get_as(&token, "/auth/tenants?cursor=-3").await.fields(), ["cursor"]);
}

#[tokio::test]
async fn a_closed_tenant_is_no_longer_there() {
    let service = Service::new().await;
    let browser = service.browser();
    let second = service.tenant("Second", OWNER).await;
    let token = browser.sign_in(OWNER).await;
    let mut tx = common::db::TenantTx::begin(&service.state.pool, second).await.unwrap();
    sqlx::query("update tenants set is_active = false where tenant_id = $1")
        .bind(second)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&browser.get_as(&token, "/auth/tenants").await.json()), ["Demo Shop"]);
    assert_eq!(browser.get_as(&token, "/auth/me").await.status, StatusCode::OK);
}
