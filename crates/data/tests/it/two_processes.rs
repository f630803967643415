//! Two processes of the service on one database and one DATA_ROOT share the work, and one goes on where the other died.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use testkit::db::TestDb;
use testkit::google::Endpoint;

use crate::pull::{ASKED_A_VISIT, ago, visits};
use crate::pull_processes::PullProcesses;
use crate::support::assert_same;

const VISITS: usize = 20;

/// Processes of which none runs, and the days that Google has, the oldest first.
async fn scene(db: &TestDb, count: u64) -> (PullProcesses, Vec<NaiveDate>) {
    let scene = PullProcesses::on(&db.settings, &db.app).await;
    let days: Vec<NaiveDate> = (1..=count).rev().map(ago).collect();
    for day in &days {
        scene.put_day(*day, visits(*day, VISITS));
    }
    scene.stub.page_rows((VISITS * ASKED_A_VISIT / 3) as u64);
    (scene, days)
}

/// The workers that have a job in hand.
async fn at_work(db: &TestDb) -> Vec<String> {
    sqlx::query_scalar("select distinct locked_by from jobs._private_jobs where locked_by is not null")
        .fetch_all(&db.owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_jobs_of_several_tenants_are_shared_and_no_day_is_read_twice() {
    let db = TestDb::new().await;
    let (scene, days) = scene(&db, 4).await;
    let (from, to) = (days[0], days[3]);
    scene.stub.slow(Endpoint::Results, Duration::from_millis(100));
    let _processes = [scene.spawn().ready().await, scene.spawn().ready().await];
    let mut started = Vec::new();
    for _ in 0..6 {
        let shop = scene.shop().await;
        started.push((shop.start(from, to).await, shop));
    }
    let mut workers = BTreeSet::new();
    for (job, shop) in &started {
        while !shop.seen(*job).await.unwrap().has_ended {
            workers.extend(at_work(&db).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(workers.len(), 2, "{workers:?}");
    for (job, shop) in &started {
        let job = shop.completed(*job).await;
        assert_eq!(job["progress"]["rows_read"], 4 * VISITS * ASKED_A_VISIT);
        assert_same(&started[0].1.tables().await, &shop.tables().await);
    }
    let queries: Vec<usize> = days.iter().map(|day| scene.queries_of(*day)).collect();
    assert_eq!(queries, [6; 4], "each tenant's days are asked for once, whoever does");
}

#[tokio::test]
async fn the_job_of_a_killed_process_goes_on_in_the_other_one() {
    let db = TestDb::new().await;
    let (scene, days) = scene(&db, 6).await;
    let (from, to) = (days[0], days[5]);
    let killed = scene.spawn().ready().await;
    let undisturbed = scene.shop().await;
    let whole = undisturbed.completed(undisturbed.start(from, to).await).await;

    scene.stub.forget_calls();
    scene.stub.slow(Endpoint::Results, Duration::from_millis(150));
    let shop = scene.shop().await;
    let job = shop.start(from, to).await;
    // Only the first process can have it; the second one comes when it is in the middle.
    while shop.landed(job).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _other = scene.spawn().ready().await;
    killed.kill();
    let landed = shop.landed(job).await;
    assert!(landed.len() < days.len(), "too fast to be killed in the middle");

    let ended = shop.completed(job).await;
    assert_eq!(ended["records_processed"], whole["records_processed"]);
    assert_eq!((&ended["progress"]["days_done"], &ended["progress"]["days_total"]), (&6.into(), &6.into()));
    assert_same(&undisturbed.tables().await, &shop.tables().await);
    for day in &days {
        let queries = scene.queries_of(*day);
        assert!(queries == 1 || (queries == 2 && !landed.contains(day)), "{day}: {queries} queries");
    }
}
