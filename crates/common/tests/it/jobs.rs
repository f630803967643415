//! The job queue, worked by the services' role, which owns nothing of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::jobs::{self, Handlers, Job, WorkerOptions, enqueue, run_worker};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use testkit::db::TestDb;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

#[derive(Serialize, Deserialize)]
struct Count {
    number: usize,
}

impl Job for Count {
    const NAME: &'static str = "test_count";
}

#[derive(Serialize, Deserialize)]
struct Other {}

impl Job for Other {
    const NAME: &'static str = "test_other";
}

async fn put(pool: &PgPool, number: usize, key: Option<&str>, queue: Option<&str>) {
    let mut tx = pool.begin().await.unwrap();
    enqueue(&mut tx, Count::NAME, json!({"number": number}), key, queue).await.unwrap();
    tx.commit().await.unwrap();
}

/// A worker that reports the numbers it was given.
fn worker(pool: &PgPool, stop: &CancellationToken) -> mpsc::UnboundedReceiver<usize> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on(move |job: Count, _| {
        let sender = sender.clone();
        async move { Ok(sender.send(job.number)?) }
    });
    tokio::spawn(run_worker(pool.clone(), handlers, WorkerOptions::default(), stop.clone()));
    receiver
}

async fn next(receiver: &mut mpsc::UnboundedReceiver<usize>) -> usize {
    timeout(Duration::from_secs(10), receiver.recv()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_when_its_transaction_commits_and_only_then() {
    let db = TestDb::new().await;
    jobs::check(&db.app).await.unwrap();
    let stop = CancellationToken::new();
    let mut done = worker(&db.app, &stop);
    let mut tx = db.app.begin().await.unwrap();
    enqueue(&mut tx, Count::NAME, json!({"number": 1}), None, None).await.unwrap();
    tx.rollback().await.unwrap();
    put(&db.app, 2, None, None).await;
    assert_eq!(next(&mut done).await, 2);
    sleep(Duration::from_millis(600)).await;
    assert!(done.try_recv().is_err());
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_one_queue_run_one_after_the_other_in_order() {
    let db = TestDb::new().await;
    for number in 0..4 {
        put(&db.app, number, None, Some("one-tenant")).await;
    }
    let stop = CancellationToken::new();
    let mut done = worker(&db.app, &stop);
    for number in 0..4 {
        assert_eq!(next(&mut done).await, number);
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_job_is_replaced_while_it_waits() {
    let db = TestDb::new().await;
    put(&db.app, 1, Some("same"), None).await;
    put(&db.app, 2, Some("same"), None).await;
    let stop = CancellationToken::new();
    let mut done = worker(&db.app, &stop);
    assert_eq!(next(&mut done).await, 2);
    sleep(Duration::from_millis(600)).await;
    assert!(done.try_recv().is_err());
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_tried_again_and_foreign_kinds_are_left_alone() {
    let db = TestDb::new().await;
    let mut tx = db.app.begin().await.unwrap();
    enqueue(&mut tx, Other::NAME, json!({}), None, None).await.unwrap();
    enqueue(&mut tx, Count::NAME, json!({"number": 5}), None, None).await.unwrap();
    tx.commit().await.unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let (sender, mut done) = mpsc::unbounded_channel();
    let counted = Arc::clone(&tries);
    let handlers = Handlers::new().on(move |job: Count, attempt: jobs::Attempt| {
        let (counted, sender) = (Arc::clone(&counted), sender.clone());
        async move {
            assert_eq!(usize::try_from(attempt.number)?, counted.fetch_add(1, Ordering::SeqCst) + 1);
            anyhow::ensure!(attempt.number > 1, "the first try fails");
            Ok(sender.send(job.number)?)
        }
    });
    let stop = CancellationToken::new();
    tokio::spawn(run_worker(db.app.clone(), handlers, WorkerOptions::default(), stop.clone()));
    assert_eq!(next(&mut done).await, 5);
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    // The worker removes the job after its handler is done.
    let mut waiting: i64 = 2;
    for _ in 0..50 {
        waiting = sqlx::query_scalar("select count(*) from jobs._private_jobs").fetch_one(&db.app).await.unwrap();
        if waiting == 1 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(waiting, 1, "the job of the other kind waits for its own worker");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_vanished_is_run_by_another() {
    let db = TestDb::new().await;
    put(&db.app, 7, None, Some("one-tenant")).await;
    let options = WorkerOptions {
        heartbeat: Duration::from_millis(200),
        sweep: Duration::from_millis(300),
        dead_after: Duration::from_secs(1),
        ..WorkerOptions::default()
    };
    let (started, mut hanging) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on(move |_: Count, _| {
        let started = started.clone();
        async move {
            started.send(0_usize)?;
            std::future::pending::<()>().await;
            Ok(())
        }
    });
    // A runtime of its own, dropped as a whole: what kill -9 does to a process.
    let doomed = std::thread::spawn({
        let (settings, options) = (db.settings.clone(), options.clone());
        move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let pool = common::db::connect_app(&settings, "doomed").await.unwrap();
                tokio::spawn(run_worker(pool, handlers, options, CancellationToken::new()));
                next(&mut hanging).await;
            });
            runtime.shutdown_background();
        }
    });
    doomed.join().unwrap();
    let stop = CancellationToken::new();
    let (sender, mut done) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on(move |job: Count, _| {
        let sender = sender.clone();
        async move { Ok(sender.send(job.number)?) }
    });
    tokio::spawn(run_worker(db.app.clone(), handlers, options, stop.clone()));
    assert_eq!(next(&mut done).await, 7);
    stop.cancel();
}
