//! A process's start and end: the TLS provider, the port, the signal to stop.

use std::{io, net::IpAddr};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// Must run first in every `main`: two TLS providers in one binary panic at the first connection otherwise.
pub fn install_tls_provider() {
    // An error means that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A token that is cancelled on SIGTERM or SIGINT. A second signal ends the process at once.
///
/// # Errors
/// The signals could not be listened for.
pub fn shutdown_signal() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let stop = token.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; answers under way are finished first");
        stop.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[expect(clippy::disallowed_methods, reason = "whoever asks twice does not want to wait for the drain")]
        std::process::exit(130);
    });
    Ok(token)
}

/// The address a service should listen on cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("port {port} ({variable}) is taken: stop what listens there, or set {variable} to a free port")]
    Taken { port: u16, variable: &'static str },
    #[error("cannot listen on {host}:{port} ({variable}): {source}")]
    Other { host: IpAddr, port: u16, variable: &'static str, source: io::Error },
}

/// Listens on `host:port`; `variable` is where the port was configured.
///
/// # Errors
/// The port is taken or not allowed, in one line that names the variable.
pub async fn bind(host: IpAddr, port: u16, variable: &'static str) -> Result<TcpListener, BindError> {
    TcpListener::bind((host, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { port, variable },
        _ => BindError::Other { host, port, variable, source },
    })
}

/// Says why a program ends, as one line (or one line a fault, for the configuration) on standard error.
pub fn report(error: &anyhow::Error) {
    use std::io::Write;

    // Nowhere is left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "error: {}", crate::report::one_line(error));
}
