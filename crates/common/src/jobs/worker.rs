//! Runs jobs until the service stops, through outages of the database.

use std::time::Duration;

use graphile_worker::WorkerOptions as Library;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Handlers, JobsError, SCHEMA, handlers::Shared};

/// How a worker behaves. The defaults suit all three services.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Jobs at the same time; below the pool's size, since each uses connections.
    pub concurrency: usize,
    /// How often waiting jobs are looked for beside notifications; also the pace of jobs of one queue.
    pub poll_interval: Duration,
    /// How often this worker says that it lives.
    pub heartbeat: Duration,
    /// How often it looks for workers that no longer do.
    pub sweep: Duration,
    /// Silence after which a worker counts as dead and its jobs are run by others.
    pub dead_after: Duration,
    /// How long jobs may go on once the service stops; what is not done by then runs again elsewhere.
    pub grace: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 2,
            poll_interval: Duration::from_millis(250),
            heartbeat: Duration::from_secs(2),
            sweep: Duration::from_secs(3),
            dead_after: Duration::from_secs(10),
            grace: Duration::from_secs(15),
        }
    }
}

impl WorkerOptions {
    /// With jobs taken up elsewhere after so long a silence, and the signs of life that fit.
    #[must_use]
    pub fn dead_after(silence: Duration) -> Self {
        Self { heartbeat: silence / 5, sweep: silence / 3, dead_after: silence, ..Self::default() }
    }
}

/// Before a job that was interrupted is taken up again.
const RESUME_DELAY: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A worker that ran this long was well: the next outage starts with a short pause again.
const HEALTHY: Duration = Duration::from_secs(60);

/// Works until `shutdown` is cancelled. A lost database is waited for, with growing pauses.
pub async fn run_worker(pool: PgPool, handlers: Handlers, options: WorkerOptions, shutdown: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    while !shutdown.is_cancelled() {
        let started = Instant::now();
        match run_once(&pool, &handlers, &options, &shutdown).await {
            Ok(()) if shutdown.is_cancelled() => return,
            Ok(()) => tracing::warn!("the job worker ended by itself and is started again"),
            Err(error) => tracing::error!(%error, pause = ?pause, "the job worker stopped and is started again"),
        }
        if started.elapsed() > HEALTHY {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = shutdown.cancelled() => return,
        }
    }
}

async fn run_once(
    pool: &PgPool,
    handlers: &Handlers,
    options: &WorkerOptions,
    shutdown: &CancellationToken,
) -> Result<(), JobsError> {
    let WorkerOptions { concurrency, poll_interval, heartbeat, sweep, dead_after, grace } = options;
    let stop = shutdown.clone();
    let worker = Library::default()
        .pg_pool(pool.clone())
        .schema(graphile_worker::Schema::new(SCHEMA))
        .concurrency((*concurrency).max(1))
        .poll_interval(*poll_interval)
        .heartbeat_interval(*heartbeat)
        .sweep_interval(*sweep)
        .sweep_threshold(*dead_after)
        .recovery_delay(RESUME_DELAY)
        .listen_os_shutdown_signals(false)
        .shutdown_signal(async move { stop.cancelled().await })
        .shutdown_grace_period(*grace)
        .shutdown_interrupted_job_retry_delay(RESUME_DELAY)
        .add_extension(Shared { handlers: handlers.clone(), stop: shutdown.clone() })
        .define_jobs(handlers.definitions())
        .init()
        .await
        .map_err(|error| JobsError::Queue(error.to_string()))?;
    worker.run().await.map_err(|error| JobsError::Queue(error.to_string()))
}
