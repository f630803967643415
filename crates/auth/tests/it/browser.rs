//! A browser as far as a sign-in needs one: it keeps cookies by path, sends forms, and follows nothing by itself.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use reqwest::{Method, RequestBuilder, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {} {}", self.status, self.text)).to_str().unwrap()
    }

    /// The wrong fields of a 422.
    pub fn fields(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", self.text);
        self.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// What the provider sends a person back with.
#[derive(Debug, Clone)]
pub struct Returned {
    pub code: String,
    pub state: String,
    /// The whole address, with both.
    pub address: String,
}

pub struct Browser {
    url: String,
    client: reqwest::Client,
    /// Value and path by name.
    cookies: Mutex<BTreeMap<String, (String, String)>>,
}

impl Browser {
    pub fn new(url: &str) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { url: url.to_owned(), client, cookies: Mutex::default() }
    }

    pub async fn send(
        &self,
        method: Method,
        address: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let address = if address.starts_with("http") { address.to_owned() } else { format!("{}{address}", self.url) };
        let mut request = self.client.request(method, &address);
        let path = reqwest::Url::parse(&address).unwrap().path().to_owned();
        let cookies = self.cookies_for(&path);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let response = with(request).send().await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        Answer { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
    }

    pub async fn get(&self, address: &str) -> Answer {
        self.send(Method::GET, address, |request| request).await
    }

    /// As a frontend calls: with a token.
    pub async fn get_as(&self, token: &str, address: &str) -> Answer {
        self.send(Method::GET, address, |request| request.bearer_auth(token)).await
    }

    /// As a person types an address.
    pub async fn visit(&self, address: &str) -> Answer {
        self.send(Method::GET, address, |request| request.header(header::ACCEPT, "text/html,application/xhtml+xml"))
            .await
    }

    pub async fn post(&self, address: &str, body: &Value) -> Answer {
        self.send(Method::POST, address, |request| request.json(body)).await
    }

    /// `/auth/login` and the provider's page, up to the address the provider leads back to.
    pub async fn sign_in_at_provider(&self, email: &str) -> Returned {
        let begun = self.get("/auth/login").await;
        assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
        self.choose(begun.json()["login_url"].as_str().unwrap(), email).await
    }

    /// Sends the form of the provider's page as this person.
    pub async fn choose(&self, login_url: &str, email: &str) -> Returned {
        let page = self.visit(login_url).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let mut fields = hidden_fields(&page.text);
        fields.push((String::from("email"), email.to_owned()));
        let sent = self.send(Method::POST, "/dev/oauth/authorize", |request| request.form(&fields)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let address = sent.header("location").to_owned();
        let url = reqwest::Url::parse(&address).unwrap();
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        Returned { code: query["code"].clone(), state: query["state"].clone(), address }
    }

    /// The frontend's part: code and state to the callback.
    pub async fn call_back(&self, returned: &Returned) -> Answer {
        self.post("/auth/callback", &json!({"code": returned.code, "state": returned.state})).await
    }

    /// All of it; what the callback answers.
    pub async fn sign_in_whole(&self, email: &str) -> Value {
        let returned = self.sign_in_at_provider(email).await;
        let answer = self.call_back(&returned).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// The refresh token's turn.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh", &json!({ "refresh_token": token })).await
    }

    /// All of it; the access token.
    pub async fn sign_in(&self, email: &str) -> String {
        let returned = self.sign_in_at_provider(email).await;
        let answer = self.call_back(&returned).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|(value, _)| value.clone())
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let path = attributes.split(';').find_map(|attribute| attribute.trim().strip_prefix("Path=")).unwrap_or("/");
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.insert(name.to_owned(), (value.to_owned(), path.to_owned()));
    }

    fn cookies_for(&self, path: &str) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let sent: Vec<_> = cookies
            .iter()
            .filter(|(_, (_, scope))| path.starts_with(scope))
            .map(|(name, (value, _))| format!("{name}={value}"))
            .collect();
        sent.join("; ")
    }
}

/// Names and values of the first form's hidden fields.
pub fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let form = page.split("<form").nth(1).unwrap().split("</form>").next().unwrap();
    form.split("<input type=\"hidden\" ")
        .skip(1)
        .map(|field| {
            let part = |name: &str| field.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
            (part("name").to_owned(), unescape(part("value")))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
