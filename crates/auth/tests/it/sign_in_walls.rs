//! What must not sign anybody in.

use reqwest::StatusCode;
use serde_json::json;

use crate::{browser::Returned, support::Service};

const OWNER: &str = "olivia.owner@example.com";

#[tokio::test]
async fn a_state_works_once_within_ten_minutes() {
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider(OWNER).await;
    assert_eq!(browser.call_back(&returned).await.status, StatusCode::OK);
    let again = browser.call_back(&returned).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert_eq!(again.header("content-type"), "application/problem+json");
    assert!(again.headers.contains_key("www-authenticate"));

    let late = browser.sign_in_at_provider(OWNER).await;
    let moved = service
        .run("update login_states set expires_at = expires_at - interval '10 minutes' where used_at is null")
        .await;
    assert_eq!(moved, 1);
    assert_eq!(browser.call_back(&late).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.post("/auth/callback", &json!({"code": late.code})).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_failed_try_uses_the_state_up() {
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider(OWNER).await;
    let wrong = Returned { code: String::from("guessed"), ..returned.clone() };
    assert_eq!(browser.call_back(&wrong).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.call_back(&returned).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_browser_cannot_finish_a_sign_in_nor_spoil_it() {
    let service = Service::new().await;
    let (victim, attacker) = (service.browser(), service.browser());
    let returned = victim.sign_in_at_provider(OWNER).await;
    assert_eq!(attacker.call_back(&returned).await.status, StatusCode::UNAUTHORIZED, "without any cookie");
    attacker.get("/auth/login").await;
    assert!(attacker.cookie("ga_login").is_some() && attacker.cookie("ga_login") != victim.cookie("ga_login"));
    assert_eq!(attacker.call_back(&returned).await.status, StatusCode::UNAUTHORIZED, "with its own cookie");
    assert_eq!(victim.call_back(&returned).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_state_or_none_at_all_is_refused() {
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider(OWNER).await;
    let wrong = Returned { state: String::from("guessed"), ..returned.clone() };
    assert_eq!(browser.call_back(&wrong).await.status, StatusCode::UNAUTHORIZED);
    let stranger = service.browser();
    assert_eq!(stranger.post("/auth/callback", &json!({"code": returned.code})).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_of_another_sign_in_does_not_pass() {
    let service = Service::new().await;
    let browser = service.browser();
    let one = browser.sign_in_at_provider(OWNER).await;
    let other = browser.sign_in_at_provider(OWNER).await;
    // The verifier of the one does not fit the challenge the other's code was given for.
    let mixed = Returned { code: other.code.clone(), ..one };
    assert_eq!(browser.call_back(&mixed).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.call_back(&other).await.status, StatusCode::UNAUTHORIZED, "the code was used up by the try");
}

#[tokio::test]
async fn nobody_is_led_to_an_address_that_is_not_configured() {
    let service = Service::new().await;
    let browser = service.browser();
    let own = format!("{}/auth/callback", service.url);
    for evil in [
        "https://evil.test/",
        "http://localhost:3000/oauth/callback/../evil",
        "http://localhost:3000/oauth/callback?next=https://evil.test",
        "http://localhost:3000/",
        "javascript:alert(1)",
        &format!("{own}/"),
        &own.replace("127.0.0.1", "127.0.0.1.evil.test"),
    ] {
        let query = reqwest::Url::parse_with_params("http://x/auth/login", [("redirect_uri", evil)]).unwrap();
        let answer = browser.get(&format!("/auth/login?{}", query.query().unwrap())).await;
        assert_eq!(answer.fields(), ["redirect_uri"], "{evil}");
    }
    for good in ["http://localhost:3000/oauth/callback", own.as_str()] {
        let query = reqwest::Url::parse_with_params("http://x/auth/login", [("redirect_uri", good)]).unwrap();
        assert_eq!(
            browser.get(&format!("/auth/login?{}", query.query().unwrap())).await.status,
            StatusCode::OK,
            "{good}"
        );
    }
}

#[tokio::test]
async fn a_member_of_no_tenant_is_told_so_in_words() {
    let service = Service::new().await;
    let browser = service.browser();
    service.run("insert into accounts (account_id, email) values (gen_random_uuid(), 'lost@example.com')").await;
    for email in ["lost@example.com", "unknown@example.com"] {
        let returned = browser.sign_in_at_provider(email).await;
        let answer = browser.call_back(&returned).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(email) && detail.contains("does not belong to any company"), "{detail}");
    }
    let accounts: i64 =
        sqlx::query_scalar("select count(*) from accounts").fetch_one(&service.state.pool).await.unwrap();
    assert_eq!(accounts, 4, "no account is made by signing in");
    service.run("update accounts set is_active = false where email = 'olivia.owner@example.com'").await;
    let returned = browser.sign_in_at_provider(OWNER).await;
    assert_eq!(browser.call_back(&returned).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_stored_of_a_sign_in_finishes_nobodys() {
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider(OWNER).await;
    let secrets = [returned.code.clone(), returned.state.clone(), browser.cookie("ga_login").unwrap()];
    let stored: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(s)::text from login_states s union all select to_jsonb(c)::text from dev_codes c",
    )
    .fetch_all(&service.db.owner)
    .await
    .unwrap();
    assert_eq!(stored.len(), 2);
    assert!(!stored.iter().any(|row| secrets.iter().any(|secret| row.contains(secret.as_str()))));
}
