//! Google as a tenant's sources see it, on port 0: the token endpoint, BigQuery v2 and the Data API v1beta, with the
//! shapes, limits and literal error texts of the real ones (ga4.md), faults on order, and a count of every call.
//!
//! A test programs it before and between calls: [`Stub::put_table`], [`Stub::put_property`], [`Stub::next`].

mod accounts;
mod analytics;
mod bigquery;
mod calls;
mod fault;
mod literals;
mod server;
mod token;

use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use accounts::stranger_key;
pub use analytics::{MadeRow, Property, ReportAsk, Reported, WIRE_DIMENSIONS, WIRE_METRICS};
pub use bigquery::{Column, Table, export_schema};
pub use calls::{Call, Endpoint};
pub use fault::Fault;
pub use server::FakeGoogle;

/// A running stub. Dropping it ends it.
pub struct Stub {
    /// `http://127.0.0.1:<port>`: what BigQuery's and the Data API's paths are put behind
    pub url: String,
    google: Arc<FakeGoogle>,
    _stop: DropGuard,
}

impl Stub {
    /// Starts it; it answers when this returns.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port has a number");
        let google = Arc::new(FakeGoogle::default());
        let stop = CancellationToken::new();
        let (router, stopped) = (server::router(Arc::clone(&google)), stop.clone());
        tokio::spawn(async move {
            let serving = axum::serve(listener, router);
            tokio::select! {
                _ = serving => {}
                () = stopped.cancelled() => {}
            }
        });
        Self { url: format!("http://{address}"), google, _stop: stop.drop_guard() }
    }

    /// Where tokens are asked for.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/token", self.url)
    }
}

impl Deref for Stub {
    type Target = FakeGoogle;

    fn deref(&self) -> &FakeGoogle {
        &self.google
    }
}

#[cfg(test)]
mod tests;
