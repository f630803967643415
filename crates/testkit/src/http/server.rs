//! Serves a router on port 0 until the value is dropped.

use std::net::Ipv4Addr;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Client;

/// A running service.
#[derive(Debug)]
pub struct TestServer {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    _stop: DropGuard,
}

impl TestServer {
    /// Starts it as the binaries do; it answers when this returns.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(router: Router) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port has a number");
        let stop = CancellationToken::new();
        tokio::spawn(common::http::serve(listener, router, stop.clone()));
        Self { url: format!("http://{address}"), _stop: stop.drop_guard() }
    }

    /// A client of it, as nobody.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }
}
