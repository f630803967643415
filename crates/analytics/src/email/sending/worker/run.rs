//! One run over a tenant's waiting mails.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::{db::TenantTx, ids::TenantId};
use futures::{StreamExt, stream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Mailer, batch,
    deliver::{Lane, Way},
    finish,
    ledger::Ledger,
    recover::recover,
};
use crate::email::{
    config::outlet,
    outlet::{Outlet, OutletError},
    report::ReportBook,
    transport::Server,
};

/// Files that are written at the same time.
const FILES_AT_ONCE: usize = 4;
/// After this the next tenant has its turn, and this one's rest follows with the settings of then.
const TURN: Duration = Duration::from_secs(30);

/// Why nothing is sent in a pause that was not brought about in this run.
pub(super) const ASKED: &str = "The mail server asked for a pause.";

/// What all connections of a run share.
pub(super) struct Run<'a> {
    pub(super) mailer: &'a Mailer,
    pub(super) tenant: TenantId,
    pub(super) ledger: Ledger,
    pub(super) stop: &'a CancellationToken,
    /// By report day; made when the first mail of the day comes.
    books: Mutex<HashMap<NaiveDate, Arc<ReportBook>>>,
    began: Instant,
    /// Connections at the same time.
    lanes: usize,
    /// Mails one after the other for which no reply came.
    losses: AtomicUsize,
    /// Why the server can be used no more in this run, in words.
    pub(super) halt: std::sync::Mutex<Option<Halt>>,
}

/// Why a run sends no more.
#[derive(Debug, Clone)]
pub(super) enum Halt {
    /// Until then: the server wants less, or is away.
    Pause(DateTime<Utc>, String),
    /// Until a person changes something.
    Unusable(String),
}

impl Run<'_> {
    pub(super) async fn book(&self, date: NaiveDate) -> Arc<ReportBook> {
        let mut books = self.books.lock().await;
        if !books.contains_key(&date) {
            // Mails come by day; what was made for another one is needed no more.
            books.clear();
        }
        let Mailer { pool, renderer, settings, .. } = self.mailer;
        let book = books.entry(date).or_insert_with(|| {
            let frontend = settings.frontend_url.clone();
            Arc::new(ReportBook::new(pool.clone(), Arc::clone(renderer), self.tenant, date, frontend))
        });
        Arc::clone(book)
    }

    pub(super) fn halt(&self, halt: Halt) {
        if let Ok(mut halted) = self.halt.lock() {
            halted.get_or_insert(halt);
        }
    }

    /// Sends no more until the server's pause is over. Whether it has one; another tenant's mail may have brought it about.
    pub(super) fn rests(&self, server: &Server, reason: &str) -> bool {
        let Some(until) = server.paused_until() else { return false };
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        self.halt(Halt::Pause(Utc::now() + TimeDelta::from_std(left).unwrap_or_default(), reason.to_owned()));
        true
    }

    /// A reply came: the server is there.
    pub(super) fn heard(&self) {
        self.losses.store(0, Ordering::Relaxed);
    }

    /// No reply came. Whether it is no longer the one mail, but the server: no connection got an answer, twice.
    pub(super) fn lost(&self) -> bool {
        self.losses.fetch_add(1, Ordering::Relaxed) + 1 >= self.lanes * 2
    }

    /// Whether no further mail is to be begun in this run.
    pub(super) fn is_over(&self) -> bool {
        self.began.elapsed() > TURN || self.is_halted()
    }

    pub(super) fn is_halted(&self) -> bool {
        self.stop.is_cancelled() || self.halt.lock().map_or(true, |halt| halt.is_some())
    }
}

/// Works off the tenant's mails that are due, and says when the next run has to be. Does nothing where none waits. With `stop` no
/// further mail is begun; with `over` outcomes that could not be stored so far are given up.
///
/// # Errors
/// The database is away, or the service stops: the queue tries again.
pub(super) async fn deliver(
    mailer: &Mailer,
    tenant: TenantId,
    stop: &CancellationToken,
    over: CancellationToken,
) -> anyhow::Result<()> {
    let id = Uuid::new_v4();
    recover(mailer, tenant, id).await?;
    let mut tx = TenantTx::begin(&mailer.pool, tenant).await?;
    // Who queues after this has seen the settings that are read now, or changed them.
    let since = sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(tx.conn()).await?;
    let outlet = outlet(tx.conn(), tenant, &mailer.settings, &mailer.sealer).await;
    tx.commit().await?;
    let outlet = match outlet {
        Ok(outlet) => outlet,
        Err(OutletError::Database(error)) => return Err(error.into()),
        Err(error) => {
            finish::fail_all(&mailer.pool, tenant, since, &error.to_string()).await?;
            return finish::end_run(&mailer.pool, tenant, None).await;
        }
    };
    let (way, lanes) = match outlet {
        Outlet::Server(config) => {
            let server = mailer.servers.of(&config);
            (Way::Server { config: Box::new(config), server }, mailer.settings.mail.connections)
        }
        Outlet::Files { dir, from } => (Way::Files { dir, from }, FILES_AT_ONCE),
    };
    let (ledger, keeping) = Ledger::open(mailer.pool.clone(), tenant, id, over);
    let run = Run {
        mailer,
        tenant,
        ledger,
        stop,
        books: Mutex::default(),
        began: Instant::now(),
        lanes,
        losses: AtomicUsize::new(0),
        halt: std::sync::Mutex::new(None),
    };
    let sending = async move {
        let done = send_due(&run, &way, lanes).await;
        // With the run its ledger's last handle goes, and the keeping ends.
        let halt = run.halt.lock().ok().and_then(|halt| halt.clone());
        (done, halt)
    };
    let ((done, halt), ()) = tokio::join!(sending, keeping);
    done?;
    if stop.is_cancelled() {
        anyhow::bail!("the service stops; the mails that wait go on in the next process");
    }
    let pause = match halt {
        Some(Halt::Unusable(reason)) => {
            finish::fail_all(&mailer.pool, tenant, since, &reason).await?;
            None
        }
        Some(Halt::Pause(until, reason)) => Some((until, reason)),
        None => None,
    };
    finish::end_run(&mailer.pool, tenant, pause).await
}

/// Batch after batch, until none is due, the turn is over, or the server can be used no more.
async fn send_due(run: &Run<'_>, way: &Way, lanes: usize) -> anyhow::Result<()> {
    if let Way::Server { server, .. } = way {
        run.rests(server, ASKED);
    }
    while !run.is_over() {
        let mut mails = batch::due(&run.mailer.pool, run.tenant).await?;
        if mails.is_empty() {
            return Ok(());
        }
        if let Way::Server { server, .. } = way {
            // Should a pause have been about one of them alone, it holds up none of the others.
            mails.sort_by_key(|mail| server.told_off(mail.key.uuid()));
        }
        let lane = Lane { run, way };
        let results: Vec<anyhow::Result<()>> =
            stream::iter(mails).map(|mail| lane.deliver(mail)).buffer_unordered(lanes).collect().await;
        results.into_iter().collect::<anyhow::Result<()>>()?;
        let mut tx = TenantTx::begin(&run.mailer.pool, run.tenant).await?;
        finish::finish_jobs(tx.conn(), run.tenant).await?;
        tx.commit().await?;
    }
    Ok(())
}
