//! Logs: readable on the terminal, JSON lines in files that rotate by day (UTC) and of which a number is kept.

use std::{
    fs,
    io::{self, IsTerminal},
    path::Path,
};

use tracing::Level;
use tracing_appender::{
    non_blocking::{NonBlocking, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::filter_fn,
    fmt,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::Settings;

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the log folder {0} (LOG_DIR) cannot be written: {1}")]
    Folder(String, String),
    #[error(transparent)]
    Installed(#[from] TryInitError),
}

/// Must live as long as the process: dropping it writes out what is still buffered.
#[derive(Debug)]
#[must_use]
pub struct TelemetryGuard {
    _files: Vec<WorkerGuard>,
}

/// Starts logging for `service`: the terminal, `<LOG_DIR>/<service>.log` and, errors only, `<service>-error.log`.
///
/// Both names are links to the current day's file.
///
/// # Errors
/// The folder cannot be written, or logging was started before.
pub fn init(service: &str, settings: &Settings) -> Result<TelemetryGuard, TelemetryError> {
    let filter = || EnvFilter::builder().parse_lossy(directives(&settings.log_level));
    let (all, all_guard) = file(settings, service, service)?;
    // The prefix differs at its start: old files are found by prefix, and one must not be that of the other.
    let (errors, errors_guard) = file(settings, &format!("errors-{service}"), &format!("{service}-error"))?;
    tracing_subscriber::registry()
        .with(
            fmt::layer()
                .with_target(false)
                .with_ansi(io::stderr().is_terminal())
                .with_writer(io::stderr)
                .with_filter(filter()),
        )
        .with(json(all).with_filter(filter()))
        // Spans pass too: they carry the request's id.
        .with(json(errors).with_filter(filter_fn(|meta| meta.is_span() || *meta.level() == Level::ERROR)))
        .try_init()?;
    Ok(TelemetryGuard { _files: vec![all_guard, errors_guard] })
}

/// The configured level, with libraries that tell every statement kept quiet unless they are named.
fn directives(level: &str) -> String {
    let mut directives = level.to_owned();
    for library in ["sqlx", "hyper", "h2", "tower", "graphile_worker"] {
        if !level.contains(library) && !level.contains("trace") && level != "off" {
            directives = format!("{library}=warn,{directives}");
        }
    }
    directives
}

fn json<S>(writer: NonBlocking) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(writer)
}

fn file(settings: &Settings, prefix: &str, name: &str) -> Result<(NonBlocking, WorkerGuard), TelemetryError> {
    let dir = settings.logs.dir.as_path();
    let configured = dir.display().to_string();
    let refused = |error: String| TelemetryError::Folder(configured.clone(), error);
    fs::create_dir_all(dir).map_err(|error| refused(error.to_string()))?;
    // A link's target is read from the link's own folder, so it must not be relative to ours.
    let dir = &dir.canonicalize().map_err(|error| refused(error.to_string()))?;
    forget_stale_link(&dir.join(format!("{name}.log")));
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(prefix)
        .filename_suffix("log")
        .latest_symlink(format!("{name}.log"))
        .max_log_files(settings.logs.keep_days)
        .build(dir)
        .map_err(|error| refused(error.to_string()))?;
    Ok(tracing_appender::non_blocking(appender))
}

/// A plain file of that name, from another program, would keep the link from being made.
fn forget_stale_link(path: &Path) {
    if path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_symlink()) && !path.exists() {
        let _ = fs::remove_file(path);
    }
}
