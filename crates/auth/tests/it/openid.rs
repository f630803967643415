//! Signing in at a real OpenID provider: discovery, its pages, its keys as they change, and every way its answer may be wrong.

use chrono::Utc;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::oidc_provider::{OidcProvider, sign_in, sign_in_up_to_callback, walk};

const OWNER: &str = "olivia.owner@example.com";

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn a_person_signs_in_by_discovery_alone() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    assert_eq!(provider.asked("discovery").await, 0, "nobody is asked before somebody signs in");
    let browser = service.browser();
    let returned = sign_in_up_to_callback(&browser, "/auth/login", OWNER).await;
    let answer = browser.call_back(&returned).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["username"], OWNER);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(browser.get_as(&token, "/auth/me").await.json()["name"], "Olivia Owner");
    assert_eq!(browser.call_back(&returned).await.status, StatusCode::UNAUTHORIZED, "the state is used up");
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::OK);
    assert_eq!((provider.asked("discovery").await, provider.asked("jwks").await), (1, 1), "what it says is kept");
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn a_provider_that_takes_the_secret_in_the_body_only_gets_it_there() {
    let provider = OidcProvider::with("client_secret_post", 0);
    let service = provider.service().await;
    let answer = sign_in(&service, OWNER).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn a_key_that_is_not_known_is_looked_for_and_not_too_often() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::OK);
    provider.behave(json!({"rotate": true})).await;
    // The keys were read a moment ago: whoever sends unknown names does not make us ask each time.
    let refused = sign_in(&service, OWNER).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.text);
    assert_eq!(provider.asked("jwks").await, 1);
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let answer = sign_in(&service, OWNER).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(provider.asked("jwks").await, 2);
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::OK);
    assert_eq!(provider.asked("jwks").await, 2);
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn an_id_token_that_is_not_as_it_should_be_signs_nobody_in() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    let now = Utc::now().timestamp();
    for (why, forge, expected) in [
        ("as it was, made again", json!({}), StatusCode::OK),
        ("no signature", json!({"sign": "none"}), StatusCode::UNAUTHORIZED),
        ("the public key as a secret", json!({"sign": "public"}), StatusCode::UNAUTHORIZED),
        ("another key under the same name", json!({"sign": "foreign"}), StatusCode::UNAUTHORIZED),
        ("a key nobody has", json!({"kid": "nobody's"}), StatusCode::UNAUTHORIZED),
        ("another sign-in", json!({"claims": {"nonce": "another"}}), StatusCode::UNAUTHORIZED),
        ("no nonce", json!({"claims": {"nonce": null}}), StatusCode::UNAUTHORIZED),
        ("another client", json!({"claims": {"aud": "another"}}), StatusCode::UNAUTHORIZED),
        ("for several, none named", json!({"claims": {"aud": ["our-client", "another"]}}), StatusCode::UNAUTHORIZED),
        (
            "for several, the other one named",
            json!({"claims": {"aud": ["our-client", "another"], "azp": "another"}}),
            StatusCode::UNAUTHORIZED,
        ),
        ("for us, another one named", json!({"claims": {"azp": "another"}}), StatusCode::UNAUTHORIZED),
        (
            "for several, us named",
            json!({"claims": {"aud": ["our-client", "another"], "azp": "our-client"}}),
            StatusCode::OK,
        ),
        ("another issuer", json!({"claims": {"iss": "http://evil.test"}}), StatusCode::UNAUTHORIZED),
        ("old", json!({"claims": {"exp": now - 10}}), StatusCode::UNAUTHORIZED),
        ("no end", json!({"claims": {"exp": null}}), StatusCode::UNAUTHORIZED),
        ("from the future", json!({"claims": {"iat": now + 600}}), StatusCode::UNAUTHORIZED),
        ("another access token's", json!({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}), StatusCode::UNAUTHORIZED),
        ("no hash of the access token", json!({"claims": {"at_hash": null}}), StatusCode::OK),
        ("somebody else's", json!({"claims": {"sub": "vera.viewer@example.com"}}), StatusCode::UNAUTHORIZED),
    ] {
        provider.behave(json!({"forge": forge})).await;
        let answer = sign_in(&service, OWNER).await;
        assert_eq!(answer.status, expected, "{why}: {}", answer.text);
    }
    provider.behave(json!({"forge": null, "userinfo": {"sub": "vera.viewer@example.com"}})).await;
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::UNAUTHORIZED, "user-info of somebody else");
    provider.behave(json!({"userinfo": null})).await;
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::OK);
    // All of them are noted; nobody could be named.
    let noted: i64 =
        sqlx::query_scalar("select count(*) from sign_in_failures").fetch_one(&service.db.owner).await.unwrap();
    assert_eq!(noted, 17);
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn a_provider_that_is_away_is_said_to_be_and_comes_back() {
    let provider = OidcProvider::start();
    provider.behave(json!({"down": true})).await;
    // It starts all the same.
    let service = provider.service().await;
    let browser = service.browser();
    let away = browser.get("/auth/login").await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.text.contains("sign-in provider does not answer"), "{}", away.text);
    assert!(away.headers.contains_key("retry-after"));
    provider.behave(json!({"down": false})).await;
    let returned = loop {
        let begun = browser.get("/auth/login").await;
        if begun.status == StatusCode::OK {
            break walk(begun.json()["login_url"].as_str().unwrap(), OWNER).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    provider.behave(json!({"down": true})).await;
    let answer = browser.call_back(&returned).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    provider.behave(json!({"down": false})).await;
    assert_eq!(sign_in(&service, OWNER).await.status, StatusCode::OK);
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn what_says_to_be_another_issuer_is_not_asked() {
    let provider = OidcProvider::start();
    provider.behave(json!({"discovery": {"issuer": "http://evil.test"}})).await;
    let service = provider.service().await;
    assert_eq!(service.browser().get("/auth/login").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn an_address_that_is_not_confirmed_lets_nobody_in() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    let tenant = service.tenant("Acme", "unconfirmed.person@acme.test").await;
    let refused = sign_in(&service, "unconfirmed.person@acme.test").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(refused.text.contains("not confirmed"), "{}", refused.text);
    assert_eq!(service.audited(tenant, "sign_in.failed").await.len(), 1, "the person's tenant is told");
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn a_code_is_worth_nothing_in_another_browsers_sign_in() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    let (one, other) = (service.browser(), service.browser());
    let mine = sign_in_up_to_callback(&one, "/auth/login", OWNER).await;
    let theirs = sign_in_up_to_callback(&other, "/auth/login", "vera.viewer@example.com").await;
    let mixed: Value = json!({"code": theirs.code, "state": mine.state});
    // The verifier of the one does not fit the challenge of the other (PKCE).
    assert_eq!(one.post("/auth/callback", &mixed).await.status, StatusCode::UNAUTHORIZED);
}
