//! Serves until told to stop, then lets what is under way finish.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long answers under way may still take once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Answers requests on `listener` until `shutdown` is cancelled; then takes no new ones and drains for up to 20 seconds.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> anyhow::Result<()> {
    let stop = shutdown.clone();
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .into_future();
    tokio::pin!(server);
    tokio::select! {
        result = &mut server => return Ok(result?),
        () = shutdown.cancelled() => {}
    }
    match timeout(DRAIN, server).await {
        Ok(result) => Ok(result?),
        Err(_) => {
            tracing::warn!(seconds = DRAIN.as_secs(), "requests were still under way after the drain and are dropped");
            Ok(())
        }
    }
}
