//! A sign-in with nothing but a browser: the page at its end shows who came in and the lines for a shell.

use common::ids::DEMO_TENANT;
use reqwest::StatusCode;

use crate::support::Service;

#[tokio::test]
async fn a_browser_is_led_from_login_to_a_page_with_working_exports() {
    let service = Service::new().await;
    let browser = service.browser();
    let led = browser.visit("/auth/login").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER, "{}", led.text);
    let returned = browser.choose(led.header("location"), "olivia.owner@example.com").await;
    assert!(returned.address.starts_with(&format!("{}/auth/callback?", service.url)));
    let page = browser.visit(&returned.address).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("Welcome, Olivia") && page.text.contains("Demo Shop"));
    assert!(page.text.contains(&format!("export TENANT_ID={DEMO_TENANT}")), "{}", page.text);
    let token = page.text.split("export TOKEN=").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(browser.get_as(token, "/auth/me").await.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.text.contains("src=") && !page.text.contains("<script"), "nothing comes from elsewhere");

    let again = browser.visit(&returned.address).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text.contains("<h1>Not signed in</h1>"));
}

#[tokio::test]
async fn the_address_that_is_printed_leads_to_the_one_the_cookie_is_for() {
    let service = Service::new().await;
    let port = service.url.rsplit(':').next().unwrap();
    let led = service.browser().visit(&format!("http://localhost:{port}/auth/login")).await;
    assert_eq!((led.status, led.header("location")), (StatusCode::SEE_OTHER, &*format!("{}/auth/login", service.url)));
}

#[tokio::test]
async fn failures_are_pages_and_nothing_from_outside_becomes_markup() {
    let service = Service::new().await;
    let browser = service.browser();
    let denied = browser.visit("/auth/callback?error=<script>alert(1)</script>").await;
    assert_eq!(denied.status, StatusCode::BAD_REQUEST);
    assert!(denied.text.contains("&lt;script&gt;") && !denied.text.contains("<script>"), "{}", denied.text);
    assert_eq!(browser.visit("/auth/callback").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.visit("/auth/callback?code=x&state=y").await.status, StatusCode::UNAUTHORIZED);
    let returned = browser.sign_in_at_provider("\"><img src=x>@example.com").await;
    let refused = browser.visit(&format!("/auth/callback?code={}&state={}", returned.code, returned.state)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.text.contains("<img"), "{}", refused.text);
}
