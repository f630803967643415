//! What auth-service ends is refused by a process of another service in under a second, though it asks no database.

use std::time::{Duration, Instant};

use axum::http::StatusCode as Status;
use common::{
    auth::{AppState, TenantContext},
    http::{self, ServiceMeta},
    ids::DEMO_TENANT,
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use utoipa_axum::router::OpenApiRouter;

use crate::{browser::Browser, support::Service};

const OWNER: &str = "olivia.owner@example.com";
const META: ServiceMeta = ServiceMeta { name: "other", title: "Other", description: "Of a test.", version: "0" };

/// A process that shares nothing with auth-service but the database and the settings.
struct Other {
    url: String,
    client: reqwest::Client,
    _stop: DropGuard,
}

async fn answer(_: TenantContext) -> Status {
    Status::OK
}

impl Other {
    async fn start(service: &Service) -> Self {
        let state = AppState::new(service.db.app.clone(), (*service.state.settings).clone());
        let stop = CancellationToken::new();
        tokio::spawn(state.clone().keep_fresh(stop.clone()));
        let started = Instant::now();
        while !state.access.is_hearing() {
            assert!(started.elapsed() < Duration::from_secs(10), "it never hears");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The address and the layers of analytics-service; who may is in the table of permissions.
        let api = OpenApiRouter::new().route("/analytics/locations", axum::routing::get(answer));
        let router = http::app(META, api, OpenApiRouter::new(), state);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/analytics/locations", listener.local_addr().unwrap());
        tokio::spawn(http::serve(listener, router, stop.clone()));
        Self { url, client: reqwest::Client::new(), _stop: stop.drop_guard() }
    }

    async fn status(&self, token: &str) -> StatusCode {
        let request = self.client.get(&self.url).bearer_auth(token).header("x-tenant-id", DEMO_TENANT.to_string());
        request.send().await.unwrap().status()
    }

    /// How long until the token is refused.
    async fn refused_after(&self, token: &str) -> Duration {
        let started = Instant::now();
        while self.status(token).await != StatusCode::UNAUTHORIZED {
            assert!(started.elapsed() < Duration::from_secs(20), "it is never refused");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        started.elapsed()
    }
}

async fn remembered(other: &Other, browser: &Browser) -> String {
    let token = browser.sign_in(OWNER).await;
    assert_eq!(other.status(&token).await, StatusCode::OK);
    token
}

#[tokio::test]
async fn every_end_of_a_session_is_heard_within_a_second() {
    let service = Service::new().await;
    let (other, browser) = (Other::start(&service).await, service.browser());
    let second = Duration::from_secs(1);

    let token = remembered(&other, &browser).await;
    let out = browser.post("/auth/logout", &json!({ "access_token": token })).await;
    assert_eq!(out.status, StatusCode::OK);
    assert!(other.refused_after(&token).await < second, "logout");

    let (token, here) = (remembered(&other, &browser).await, browser.sign_in(OWNER).await);
    browser.send(Method::DELETE, "/auth/sessions", |request| request.bearer_auth(&here)).await;
    assert!(other.refused_after(&token).await < second, "ended from elsewhere");

    let begun = browser.sign_in_whole(OWNER).await;
    let (token, refresh) = (begun["access_token"].as_str().unwrap(), begun["refresh_token"].as_str().unwrap());
    assert_eq!(other.status(token).await, StatusCode::OK);
    browser.refresh(refresh).await;
    browser.refresh(refresh).await;
    assert!(other.refused_after(token).await < second, "a refresh token came twice");
}

#[tokio::test]
async fn a_pair_that_is_withdrawn_is_refused_within_a_second_and_a_new_one_is_known() {
    use auth_service::cli::{KeysCommand, keys};

    let service = Service::with(&[("JWT_ALGORITHM", "EdDSA")]).await;
    let (other, browser) = (Other::start(&service).await, service.browser());
    let token = remembered(&other, &browser).await;
    keys(&service.state, KeysCommand::Rotate, &mut Vec::new()).await.unwrap();
    let newer = crate::pairs::sign_in_by_another(&browser, &token).await;
    assert_eq!(other.status(&newer).await, StatusCode::OK);
    assert_eq!(other.status(&token).await, StatusCode::OK);
    let header = jsonwebtoken::decode_header(&token).unwrap();
    keys(&service.state, KeysCommand::Retire { kid: header.kid.unwrap() }, &mut Vec::new()).await.unwrap();
    assert!(other.refused_after(&token).await < Duration::from_secs(1));
    assert_eq!(other.status(&newer).await, StatusCode::OK);
}
