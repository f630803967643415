//! A provider that answers as the test wants, with an address of its own.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Form, Json, Router,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Fields of a token request, and its `Authorization`.
type Asked = (Vec<(String, String)>, Option<String>);

/// What it is asked and what it answers.
#[derive(Default)]
pub struct Stub {
    pub token_answer: Mutex<Option<(u16, Value)>>,
    pub userinfo_answer: Mutex<Option<(u16, Value)>>,
    pub emails_answer: Mutex<Option<(u16, Value)>>,
    /// The last token request.
    pub asked: Mutex<Option<Asked>>,
}

impl Stub {
    /// Starts it; its address.
    pub async fn start() -> (Arc<Self>, String) {
        let stub = Arc::new(Self::default());
        let router = Router::new()
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/emails", get(emails))
            .with_state(Arc::clone(&stub));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (stub, url)
    }

    pub fn set(slot: &Mutex<Option<(u16, Value)>>, status: u16, body: Value) {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((status, body));
    }
}

fn answer(slot: &Mutex<Option<(u16, Value)>>, usual: Value) -> (axum::http::StatusCode, Json<Value>) {
    let (status, body) = slot.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or((200, usual));
    (axum::http::StatusCode::from_u16(status).unwrap(), Json(body))
}

async fn token(
    State(stub): State<Arc<Stub>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> (axum::http::StatusCode, Json<Value>) {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    *stub.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((fields, authorization));
    answer(&stub.token_answer, json!({"access_token": "of the stub", "token_type": "bearer"}))
}

async fn userinfo(State(stub): State<Arc<Stub>>) -> (axum::http::StatusCode, Json<Value>) {
    answer(
        &stub.userinfo_answer,
        json!({"email": "Olivia.Owner@Example.com", "email_verified": true, "given_name": "Liv"}),
    )
}

async fn emails(State(stub): State<Arc<Stub>>) -> (axum::http::StatusCode, Json<Value>) {
    answer(&stub.emails_answer, json!([]))
}
