//! Works off the mails that wait: one run of a tenant at a time, over several connections, each mail at most once.
//!
//! A mail's row is claimed before its content is sent and settled after the server's reply. What stays claimed by a run that is
//! no more has an unknown outcome, is said to be unknown, and is never sent again by itself.

mod backoff;
mod batch;
mod deliver;
mod finish;
mod ledger;
mod mail;
mod outbox;
mod recover;
mod run;
mod runs;

use std::{sync::Arc, time::Duration};

use common::{
    config::Settings,
    jobs::{Handlers, WorkerOptions, run_worker},
    secrets::Sealer,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) use finish::finish_jobs;
pub use outbox::wake_due;

use self::runs::Runs;
use super::job::DeliverTask;
use crate::email::{MailState, render::Renderer, transport::Servers};

/// Tenants whose mails are worked off at the same time: one whose server hangs holds up no other.
const TENANTS_AT_ONCE: usize = 8;

/// How often connections that nobody uses are ended.
const CLOSE_EVERY: Duration = Duration::from_secs(10);

/// What working mails off needs. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    pool: PgPool,
    settings: Arc<Settings>,
    sealer: Sealer,
    renderer: Arc<Renderer>,
    servers: Servers,
}

impl Mailer {
    #[must_use]
    pub fn new(state: &MailState) -> Self {
        let MailState { app, renderer, sealer, .. } = state;
        Self {
            pool: app.pool.clone(),
            settings: Arc::clone(&app.settings),
            sealer: sealer.clone(),
            renderer: Arc::clone(renderer),
            servers: Servers::new(&app.settings),
        }
    }

    /// Works off what waits, for all tenants, until `stop`.
    pub async fn keep_delivering(self, stop: CancellationToken) {
        let (mailer, runs) = (self.clone(), Runs::default());
        let handlers = Handlers::new().on({
            let runs = runs.clone();
            move |task: DeliverTask, attempt| {
                let (mailer, runs) = (mailer.clone(), runs.clone());
                async move { runs.run(mailer, task.tenant_id, attempt.stop).await }
            }
        });
        let options = WorkerOptions {
            concurrency: TENANTS_AT_ONCE,
            ..WorkerOptions::dead_after(self.settings.worker_dead_after)
        };
        let working = run_worker(self.pool.clone(), handlers, options, stop.clone());
        let waking = outbox::keep_waking(self.pool.clone(), stop.clone());
        let stopping = async {
            stop.cancelled().await;
            Instant::now()
        };
        let ((), (), (), stopped) = tokio::join!(working, waking, close_idle(&self.servers, &stop), stopping);
        runs.end(stopped).await;
        self.servers.close_all().await;
    }
}

async fn close_idle(servers: &Servers, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(CLOSE_EVERY) => servers.close_idle().await,
        }
    }
}
