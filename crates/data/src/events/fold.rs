//! The folder: moves posted events on from `posted_events` to the event tables, visits and roll-ups, in batches that grow
//! under load. What is posted waits in a table, so a death of this process, or of the one that took it, loses nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use common::db::TenantTx;
use common::ids::TenantId;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::types::Json;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

/// Events moved in one transaction.
const BATCH: i32 = 10_000;
/// Between two rounds of one tenant: what is posted meanwhile goes in one batch.
const PAUSE: Duration = Duration::from_millis(150);
/// How often the posts of other processes, and what failed, are looked for.
const SCAN: Duration = Duration::from_secs(2);
/// Rounds at the same time. A tenant whose day is being loaded may wait in its round, and must not stop all others.
const AT_ONCE: usize = 4;

/// How long a round waits while a load makes the tenant's visits, before it lets others have its turn.
const LONGEST_WAIT: &str = "set local lock_timeout = '5s'";

/// Tenants whose posted events wait, as far as this process knows.
#[derive(Debug, Clone, Default)]
pub struct Waiting(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    tenants: Mutex<HashSet<TenantId>>,
    added: Notify,
}

impl Waiting {
    /// Notes that events of the tenant were committed.
    pub fn add(&self, tenant: TenantId) {
        self.tenants().insert(tenant);
        self.0.added.notify_one();
    }

    /// Takes the tenants out that `wanted` wants.
    fn take(&self, mut wanted: impl FnMut(TenantId) -> bool) -> Vec<TenantId> {
        self.tenants().extract_if(|tenant| wanted(*tenant)).collect()
    }

    fn tenants(&self) -> std::sync::MutexGuard<'_, HashSet<TenantId>> {
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds until `shutdown`; a batch under way is finished.
pub async fn keep_folding(pool: PgPool, waiting: Waiting, shutdown: CancellationToken) {
    let folder = Arc::new(Folder { pool, waiting, rounds: Semaphore::new(AT_ONCE), shutdown });
    let mut in_hand: HashSet<TenantId> = HashSet::new();
    let mut tasks = JoinSet::new();
    let mut scan = interval(SCAN);
    scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // At the start, whatever waits, however long.
    let mut lately = false;
    loop {
        tokio::select! {
            () = folder.shutdown.cancelled() => break,
            () = folder.waiting.0.added.notified() => {}
            Some(done) = tasks.join_next(), if !tasks.is_empty() => {
                match done {
                    Ok(tenant) => { in_hand.remove(&tenant); }
                    // Which tenant it was is not known; all are taken up again, and a round of nothing does no harm.
                    Err(error) => {
                        tracing::error!(%error, "a task that folds posted events died");
                        in_hand.clear();
                    }
                }
            }
            _ = scan.tick() => match folder.due(lately).await {
                Ok(due) => {
                    lately = true;
                    due.into_iter().for_each(|tenant| folder.waiting.add(tenant));
                }
                Err(error) => tracing::warn!(%error, "posted events could not be looked for"),
            },
        }
        for tenant in folder.waiting.take(|tenant| !in_hand.contains(&tenant)) {
            in_hand.insert(tenant);
            let folder = Arc::clone(&folder);
            tasks.spawn(async move {
                folder.fold_tenant(tenant).await;
                tenant
            });
        }
    }
    while tasks.join_next().await.is_some() {}
}

struct Folder {
    pool: PgPool,
    waiting: Waiting,
    rounds: Semaphore,
    shutdown: CancellationToken,
}

/// What fold_posted_events answers.
#[derive(Debug, Default, Deserialize)]
struct Folded {
    folded: u64,
    left: bool,
    /// A load of the day is under way.
    busy: bool,
}

impl Folder {
    /// Tenants with posts of the last two hours: their notes are renewed hourly. Or all that ever posted.
    async fn due(&self, lately: bool) -> Result<Vec<TenantId>, sqlx::Error> {
        sqlx::query_scalar!(
            r#"select tenant_id as "id: TenantId" from due_work
               where kind = 'posted' and (not $1 or due_at > now() - interval '2 hours')"#,
            lately,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Rounds until nothing waits. A failure is logged; the next scan takes the tenant, or the day, up again.
    async fn fold_tenant(&self, tenant: TenantId) {
        let mut refused = HashSet::new();
        loop {
            let round = self.round(tenant, &mut refused).await;
            match round {
                Ok(Folded { folded: 0, left: false, .. }) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%tenant, error = format!("{error:#}"), "posted events could not be folded");
                    return;
                }
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// One batch of each day that has something waiting, newest day first. A day that PostgreSQL refuses is noted in
    /// `refused`, and keeps no other day from being folded.
    async fn round(&self, tenant: TenantId, refused: &mut HashSet<NaiveDate>) -> anyhow::Result<Folded> {
        let _turn = self.rounds.acquire().await?;
        let mut sum = Folded::default();
        for day in self.days(tenant).await? {
            if refused.contains(&day) {
                continue;
            }
            if self.shutdown.is_cancelled() {
                break;
            }
            match self.fold(tenant, day).await {
                Ok(folded) => {
                    sum.folded += folded.folded;
                    sum.left |= folded.left || folded.busy;
                }
                Err(sqlx::Error::Database(error)) => {
                    tracing::warn!(%tenant, %day, %error, "posted events of a day could not be folded");
                    refused.insert(day);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sum)
    }

    async fn days(&self, tenant: TenantId) -> Result<Vec<NaiveDate>, sqlx::Error> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        // From one day to the next by the key: a backlog is not read to find its days.
        sqlx::query_scalar!(
            r#"with recursive days as (
                   (select p.event_date as day from posted_events p where p.tenant_id = $1 order by p.event_date limit 1)
                   union all
                   select (
                       select p.event_date from posted_events p
                       where p.tenant_id = $1 and p.event_date > d.day order by p.event_date limit 1)
                   from days d where d.day is not null)
               select day as "day!" from days where day is not null order by day desc"#,
            tenant.0,
        )
        .fetch_all(tx.conn())
        .await
    }

    async fn fold(&self, tenant: TenantId, day: NaiveDate) -> Result<Folded, sqlx::Error> {
        // In a transaction of its own: its lock is not held while events move.
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query!("select ensure_event_partitions($1)", day).execute(tx.conn()).await?;
        tx.commit().await?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query(LONGEST_WAIT).execute(tx.conn()).await?;
        let folded = sqlx::query_scalar!(
            r#"select fold_posted_events($1, $2, $3) as "folded!: Json<Folded>""#,
            tenant.0,
            day,
            BATCH,
        )
        .fetch_one(tx.conn())
        .await;
        match folded {
            Ok(Json(folded)) => {
                tx.commit().await?;
                Ok(folded)
            }
            // lock_not_available: a load is making the tenant's visits.
            Err(error) if error.as_database_error().is_some_and(|db| db.code().as_deref() == Some("55P03")) => {
                Ok(Folded { folded: 0, left: true, busy: true })
            }
            Err(error) => Err(error),
        }
    }
}
