//! The running service: HTTP, the schedule and the ingestion worker, in one process until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::auth::AppState;
use common::config::Settings;
use common::jobs::{Handlers, WorkerOptions, run_worker};
use common::{db, http, lifecycle, telemetry};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::events::fold::{Waiting, keep_folding};
use crate::ingest::job::IngestTask;
use crate::ingest::sweep::keep_sweeping;
use crate::ingest::work::{Ingestion, work};
use crate::routes::{META, router};
use crate::source::scheduling::keep_scheduling;
use crate::state::DataState;

/// Serves until SIGTERM or Ctrl-C; answers under way are finished, the day in hand is given back.
///
/// # Errors
/// A taken port, an unreachable database, a schema of another version: one line each.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let _telemetry = telemetry::init(META.name, &settings)?;
    let shutdown = lifecycle::shutdown_signal()?;
    let pool = open(&settings, META.name).await?;
    let listener = lifecycle::bind(settings.service_host, settings.data_port, "DATA_SERVICE_PORT").await?;
    let ingestion = ingestion(&settings, &pool)?;
    let sweeper = tokio::spawn({
        let ingestion = ingestion.clone();
        async move { keep_sweeping(&ingestion).await }
    });
    let scheduling = tokio::spawn(keep_scheduling(pool.clone(), shutdown.clone()));
    let worker = tokio::spawn(worker(ingestion, settings.worker_dead_after, shutdown.clone()));
    let waiting = Waiting::default();
    let folder = tokio::spawn(keep_folding(pool.clone(), waiting.clone(), shutdown.clone()));
    let state = DataState { app: AppState::new(pool, settings), waiting };
    let access = tokio::spawn(state.app.clone().keep_fresh(shutdown.clone()));
    tracing::info!(address = %listener.local_addr()?, "data-service listens");
    http::serve(listener, router(state), shutdown).await?;
    sweeper.abort();
    access.await?;
    scheduling.await?;
    worker.await?;
    folder.await?;
    Ok(())
}

/// A pool of the services' role on a schema of this build's version.
///
/// # Errors
/// The database is away, or `db setup` has to run first.
pub async fn open(settings: &Settings, name: &str) -> anyhow::Result<PgPool> {
    let pool = db::connect_app(&settings.database, name)
        .await
        .with_context(|| format!("cannot reach PostgreSQL at {}:{}", settings.database.host, settings.database.port))?;
    db::schema::check(&pool).await?;
    Ok(pool)
}

/// What the worker of this process needs.
///
/// # Errors
/// DATA_ROOT cannot be made, or an address of Google's is none.
pub fn ingestion(settings: &Settings, pool: &PgPool) -> anyhow::Result<Ingestion> {
    std::fs::create_dir_all(&settings.data_root)
        .with_context(|| format!("cannot make the folder {} (DATA_ROOT)", settings.data_root.display()))?;
    Ingestion::new(settings, pool.clone())
}

/// Works ingestion jobs until `shutdown`.
pub async fn worker(ingestion: Ingestion, dead_after: Duration, shutdown: CancellationToken) {
    let pool = ingestion.pool.clone();
    let ingestion = Arc::new(ingestion);
    let handlers = Handlers::new().on(move |task: IngestTask, attempt| {
        let ingestion = Arc::clone(&ingestion);
        async move { work(&ingestion, task, &attempt).await }
    });
    run_worker(pool, handlers, WorkerOptions::dead_after(dead_after), shutdown).await;
}
