//! The runs of this process: one of a tenant at a time, each of which goes on when the queue's worker is started again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use common::ids::TenantId;
use tokio::time::{Instant, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Mailer, run::deliver};

/// How long runs may go on once the service stops, with what is in hand and with outcomes that a database which is away could not
/// store so far. As long as answers under way may; the queue's worker waits for what it runs a little less, and in an outage not
/// at all.
const FAREWELL: Duration = Duration::from_secs(20);

type Turn = Arc<tokio::sync::Mutex<()>>;

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    tasks: TaskTracker,
    turns: Arc<Mutex<HashMap<TenantId, Turn>>>,
    /// Nothing is waited for any more.
    over: CancellationToken,
}

impl Runs {
    /// A run for the tenant, after the one that may still be under way.
    ///
    /// It is a task of its own. In an outage of the database the queue's worker ends after a while and drops what it runs: with
    /// it would go what a mail server has answered meanwhile, and mails that it took would be called unknown.
    ///
    /// # Errors
    /// As [`deliver`].
    pub(super) async fn run(&self, mailer: Mailer, tenant: TenantId, stop: CancellationToken) -> anyhow::Result<()> {
        let (turn, over) = (self.turn(tenant), self.over.clone());
        let task = self.tasks.spawn(async move {
            let _turn = turn.lock_owned().await;
            deliver(&mailer, tenant, &stop, over).await
        });
        task.await.context("the run of the mails broke off")?
    }

    /// Waits for the runs that are under way, for a while. The service was told to stop at `stopped`.
    pub(super) async fn end(&self, stopped: Instant) {
        self.tasks.close();
        if timeout_at(stopped + FAREWELL, self.tasks.wait()).await.is_err() {
            tracing::warn!(runs = self.tasks.len(), "mails are still being sent; the next process calls them unknown");
            self.over.cancel();
        }
    }

    fn turn(&self, tenant: TenantId) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Whose run nobody waits for or is in needs no turns.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(tenant).or_default())
    }
}
