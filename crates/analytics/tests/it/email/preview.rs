//! `GET /analytics/email/preview`: what is answered to whom, in which form, and that it can do nothing.

use common::auth::Role;
use reqwest::Method;
use serde_json::json;
use testkit::http::Answer;

use super::page::{links, preview, preview_as, words};
use crate::support::Shop;

const DAY: &str = "2026-01-05";

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let location = |code: &str, name: &str| json!({ "location_id": code, "location_name": name, "is_active": true, "created_at": "now", "updated_at": "now" });
    shop.put("locations", &json!({}), &[location("D01", "Springfield"), location("D02", "Shelbyville")]).await;
    let mapping = json!({ "mapping_id": crate::support::id(1), "branch_code": "D09", "branch_name": "To be opened", "sales_rep_email": "rep@example.com" });
    let mapping = crate::support::over(
        &mapping,
        &json!({ "is_enabled": false, "delivery": "branch", "created_at": "now", "updated_at": "now" }),
    );
    shop.put("branch_email_mappings", &json!({}), &[mapping]).await;
    shop
}

#[tokio::test]
async fn the_mail_is_shown_as_html_or_text() {
    let shop = shop().await;
    let answer = preview_as(&shop.client, DAY, &["D01"], "text/html,application/xhtml+xml,*/*;q=0.8").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(answer.text().starts_with("<!DOCTYPE html>"), "{}", answer.text());
    // The subject, as a frontend decodes it.
    let subject = answer.header("x-subject").unwrap();
    assert_eq!(subject, "Test%20tenant%3A%20D01%20Springfield%2C%20Mon%205%20Jan%202026");
    let answer = preview_as(&shop.client, DAY, &["D01"], "text/plain").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    assert!(answer.text().starts_with("Test tenant\nD01 Springfield\nMonday, 5 January 2026\n"), "{}", answer.text());
    let answer = shop.client.get(&format!("/analytics/email/preview?branch_code=D01&report_date={DAY}")).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "who says nothing gets the page");
    preview_as(&shop.client, DAY, &["D01"], "application/json").await.problem(406);
}

#[tokio::test]
async fn the_page_can_load_and_run_nothing() {
    let shop = shop().await;
    let answer = preview_as(&shop.client, DAY, &["D01"], "*/*").await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'unsafe-inline'"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("img-src"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // A preview unsubscribes nobody.
    let unsubscribe: Vec<String> =
        links(&answer.text()).into_iter().filter(|link| link.contains("unsubscribe")).collect();
    let expected = format!("{}/analytics/email/unsubscribe/preview", shop.state.settings.analytics_public_url);
    assert_eq!(unsubscribe, [expected]);
}

#[tokio::test]
async fn a_branch_is_a_location_or_mapped_and_any_other_is_named() {
    let shop = shop().await;
    let (html, _) = preview(&shop.client, DAY, &["D09"]).await;
    assert!(words(&html).contains("D09 To be opened"), "a mapping's own name: {html}");
    let answer = preview_as(&shop.client, DAY, &["D01", "X1", "D02", "X2"], "*/*").await;
    let problem = answer.problem(422);
    assert_eq!(problem["errors"][0]["field"], "branch_code");
    assert!(problem["detail"].as_str().unwrap().ends_with("there is no branch X1, X2"), "{problem}");
    let neighbour = shop.neighbour().await.1;
    preview_as(&neighbour, DAY, &["D01"], "*/*").await.problem(422);
}

#[tokio::test]
async fn the_same_branch_twice_is_that_branch() {
    let shop = shop().await;
    let (once, _) = preview(&shop.client, DAY, &["D01"]).await;
    let (twice, _) = preview(&shop.client, DAY, &["D01", "D01"]).await;
    assert_eq!(once, twice);
}

#[tokio::test]
async fn every_fault_is_told() {
    let shop = shop().await;
    for (query, fields) in [
        ("", vec!["branch_code", "report_date"]),
        ("branch_code=D01", vec!["report_date"]),
        ("branch_code=D01&report_date=2026-02-30", vec!["report_date"]),
        ("branch_code=D01&report_date=2026-1-5", vec!["report_date"]),
        ("branch_code=D01&report_date=2026-01-05&report_date=2026-01-06", vec!["report_date"]),
        ("report_date=2026-01-05", vec!["branch_code"]),
        ("report_date=2026-01-05&branch_code=*&branch_code=D01", vec!["branch_code"]),
        ("report_date=2026-01-05&branch_code=%00", vec!["branch_code"]),
    ] {
        let answer = shop.client.get(&format!("/analytics/email/preview?{query}")).await;
        assert_eq!(answer.invalid_fields(), fields, "{query}");
    }
}

#[tokio::test]
async fn who_is_limited_to_branches_sees_no_other() {
    let shop = shop().await;
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    preview(&limited, DAY, &["D01"]).await;
    // As if it did not exist.
    let foreign = preview_as(&limited, DAY, &["D02"], "*/*").await.problem(422);
    let unknown = preview_as(&limited, DAY, &["X"], "*/*").await.problem(422);
    assert_eq!(foreign["detail"].as_str().unwrap().replace("D02", "X"), unknown["detail"].as_str().unwrap());
    preview_as(&limited, DAY, &["D01", "D02"], "*/*").await.problem(422);
    preview_as(&limited, DAY, &["*"], "*/*").await.problem(403);
    preview(&shop.member(Role::Viewer, None).await, DAY, &["*"]).await;
}

#[tokio::test]
async fn nobody_else_sees_anything() {
    let shop = shop().await;
    let url = format!("/analytics/email/preview?branch_code=D01&report_date={DAY}");
    let nobody = testkit::http::Client::new(shop.url()).tenant(&shop.tenant.to_string());
    Answer::of(nobody.request(Method::GET, &url)).await.problem(401);
}
