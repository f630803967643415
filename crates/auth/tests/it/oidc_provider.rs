//! npm's certified oidc-provider as a child process: its own pages are walked as a person with a browser does it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Returned, hidden_fields},
    support::Service,
};

const CLIENT_SECRET: &str = "our-secret-of-many-characters-000";

/// However the test ends, it ends too.
pub struct OidcProvider {
    child: Child,
    pub issuer: String,
    client: reqwest::Client,
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        // Already gone when it has crashed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl OidcProvider {
    pub fn start() -> Self {
        Self::with("client_secret_basic", 0)
    }

    /// With one way for clients to show their secret; at a given port, or any (0).
    pub fn with(auth_method: &str, port: u16) -> Self {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let folder =
            std::env::var_os("OIDC_PROVIDER").map_or_else(|| here.join("../../.local/oidc_provider"), PathBuf::from);
        let mut child = Command::new("node")
            .arg(here.join("tests/oidc_provider/server.mjs"))
            .arg(folder)
            .env("AUTH_METHOD", auth_method)
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http")).expect("the provider ended");
        // It would end at the first line that nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, issuer, client: reqwest::Client::new() }
    }

    /// Settings of a service that signs people in here.
    pub fn settings(&self) -> [(&str, &str); 3] {
        [("OAUTH_CLIENT_ID", "our-client"), ("OAUTH_CLIENT_SECRET", CLIENT_SECRET), ("OAUTH_ISSUER", &self.issuer)]
    }

    /// A service that signs people in here, and nothing else is said of it.
    pub async fn service(&self) -> Service {
        Service::with(&self.settings()).await
    }

    /// Changes how it behaves: see `tests/oidc_provider/server.mjs`.
    pub async fn behave(&self, change: Value) {
        let request = self.client.post(format!("{}/control", self.issuer)).body(change.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// How often something was asked for: discovery, jwks, token, userinfo.
    pub async fn asked(&self, what: &str) -> u64 {
        let told = self.client.get(format!("{}/control", self.issuer)).send().await.unwrap();
        let told: Value = serde_json::from_str(&told.text().await.unwrap()).unwrap();
        told[what].as_u64().unwrap()
    }
}

/// Signs in and consents on the provider's pages as this person, up to the address the provider leads back to.
pub async fn walk(login_url: &str, email: &str) -> Returned {
    let browser = Browser::new("");
    let mut answer = browser.visit(login_url).await;
    for _ in 0..12 {
        if answer.status.is_redirection() {
            let to = answer.header("location").to_owned();
            if to.starts_with("http://localhost:3000/") {
                let url = reqwest::Url::parse(&to).unwrap();
                let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
                let part = |name: &str| query.get(name).unwrap_or_else(|| panic!("no {name}: {to}")).clone();
                return Returned { code: part("code"), state: part("state"), address: to };
            }
            answer = browser.visit(&absolute(login_url, &to)).await;
        } else {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            let action = answer.text.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let mut fields = hidden_fields(&answer.text);
            if answer.text.contains("name=\"login\"") {
                fields.push((String::from("login"), email.to_owned()));
                fields.push((String::from("password"), String::from("whatever")));
            }
            let action = absolute(login_url, &action);
            answer = browser.send(Method::POST, &action, |request| request.form(&fields)).await;
        }
    }
    panic!("the provider leads nowhere: {} {}", answer.status, answer.text);
}

fn absolute(base: &str, address: &str) -> String {
    reqwest::Url::parse(base).unwrap().join(address).unwrap().into()
}

/// All of a sign-in but its last step.
pub async fn sign_in_up_to_callback(browser: &Browser, login: &str, email: &str) -> Returned {
    let begun = browser.get(login).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    walk(begun.json()["login_url"].as_str().unwrap(), email).await
}

/// A whole sign-in in a new browser; the callback's answer.
pub async fn sign_in(service: &Service, email: &str) -> crate::browser::Answer {
    let browser = service.browser();
    let returned = sign_in_up_to_callback(&browser, "/auth/login", email).await;
    browser.post("/auth/callback", &json!({"code": returned.code, "state": returned.state})).await
}
