//! A pull of ten days, disturbed at random moments: the worker's process is killed, or PostgreSQL is. Whatever happens, the
//! job ends well, and what it leaves is what an undisturbed one leaves.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use common::db::connect_app;
use common::ids::JobId;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use testkit::db::TestDb;
use testkit::google::Endpoint;
use testkit::process::PATIENCE;

use crate::pull::{ASKED_A_VISIT, ago, visits};
use crate::pull_processes::{PullProcesses, PulledShop};
use crate::support::assert_same;
use testkit::crash_server::CrashServer;

const VISITS: usize = 30;
const SEED: u64 = 20_261_101;

struct Chaos {
    scene: PullProcesses,
    undisturbed: PulledShop,
    shop: PulledShop,
    range: (NaiveDate, NaiveDate),
    random: Xoshiro256PlusPlus,
    /// Of the disturbed tenant, one after the other.
    jobs: Vec<JobId>,
    /// When the last of them was heard of before the disturbance in hand.
    heard: Option<DateTime<Utc>>,
    hits: usize,
    since: Instant,
}

impl Chaos {
    /// One tenant has pulled in peace; from here on Google takes `pause` for each of the three further pages of a day.
    async fn new(scene: PullProcesses, pause: Duration) -> Self {
        for day in (1..=10).map(ago) {
            scene.put_day(day, visits(day, VISITS));
        }
        scene.stub.page_rows((VISITS * ASKED_A_VISIT / 4) as u64);
        let range = (ago(10), ago(1));
        let (undisturbed, shop) = (scene.shop().await, scene.shop().await);
        let process = scene.spawn();
        undisturbed.completed(undisturbed.start(range.0, range.1).await).await;
        process.kill();
        scene.stub.slow(Endpoint::Results, pause);
        let job = shop.start(range.0, range.1).await;
        Self {
            scene,
            undisturbed,
            shop,
            range,
            random: Xoshiro256PlusPlus::seed_from_u64(SEED),
            jobs: vec![job],
            heard: None,
            hits: 0,
            since: Instant::now(),
        }
    }

    fn job(&self) -> JobId {
        self.jobs[self.jobs.len() - 1]
    }

    /// Waits for a random moment: mostly one in the work, sometimes one in which it is still to be taken up again.
    async fn moment(&mut self) {
        if self.random.random_ratio(4, 5) {
            let heard = self.heard;
            let is_new = |at: Option<DateTime<Utc>>| at.is_some() && at != heard;
            if self.shop.until(self.job(), |seen| seen.has_ended || is_new(seen.heartbeat_at)).await.has_ended {
                self.again().await;
                self.shop.until(self.job(), |seen| seen.heartbeat_at.is_some()).await;
            }
        }
        let pause = self.random.random_range(0..1200);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// The ten days once more: what is there is replaced.
    async fn again(&mut self) {
        self.shop.completed(self.job()).await;
        self.jobs.push(self.shop.start(self.range.0, self.range.1).await);
        self.heard = None;
    }

    /// Notes what has been hit.
    async fn struck(&mut self) {
        let seen = self.shop.until(self.job(), |_| true).await;
        if !seen.has_ended && seen.heartbeat_at != self.heard {
            self.hits += 1;
        }
        self.heard = seen.heartbeat_at;
    }

    /// Lets the work end, and compares.
    #[expect(clippy::print_stdout, reason = "how much of it was hit is part of the result")]
    async fn settle(self, what: &str, strikes: usize) {
        self.scene.stub.slow(Endpoint::Results, Duration::ZERO);
        for job in &self.jobs {
            self.shop.completed(*job).await;
        }
        assert_same(&self.undisturbed.tables().await, &self.shop.tables().await);
        emptied(&self.scene).await;
        println!(
            "{strikes} times {what}: {} in a running job, {} jobs of 10 days, {:.0?}",
            self.hits,
            self.jobs.len(),
            self.since.elapsed()
        );
        assert!(self.hits * 3 > strikes, "only {} of {strikes} met the job at work", self.hits);
    }
}

/// Waits until no job stands in the queue. A crash between a job's end and the removal of its entry leaves the entry with a
/// worker that has to be found dead first (silent for a second, then looked for, then put off by one more); then it is
/// worked as one of a job that has ended.
async fn emptied(scene: &PullProcesses) {
    let started = Instant::now();
    loop {
        let left: Vec<String> = sqlx::query_scalar("select to_jsonb(entry)::text from jobs.jobs entry")
            .fetch_all(&scene.state.pool)
            .await
            .unwrap();
        if left.is_empty() {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "the queue keeps {left:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn fifty_kills_of_the_worker_leave_what_an_undisturbed_pull_leaves() {
    const KILLS: usize = 50;
    let db = TestDb::new().await;
    let scene = PullProcesses::on(&db.settings, &db.app).await;
    let mut chaos = Chaos::new(scene, Duration::from_millis(150)).await;
    for _ in 0..KILLS {
        let process = chaos.scene.spawn();
        chaos.moment().await;
        process.kill();
        chaos.struck().await;
    }
    let _last = chaos.scene.spawn();
    chaos.settle("kill -9 of the worker", KILLS).await;
}

#[tokio::test]
async fn crashes_of_postgresql_leave_what_an_undisturbed_pull_leaves() {
    const CRASHES: usize = 12;
    let server = CrashServer::start();
    server.sweep().await;
    let settings = server.database(&format!("crash_{}", uuid::Uuid::new_v4().simple())).await;
    let app = connect_app(&settings, "test").await.unwrap();
    let scene = PullProcesses::on(&settings, &app).await;
    let mut chaos = Chaos::new(scene, Duration::from_millis(50)).await;
    // It is never started again: it finds its way back.
    let _process = chaos.scene.spawn();
    for _ in 0..CRASHES {
        chaos.moment().await;
        server.kill();
        chaos.struck().await;
    }
    chaos.settle("kill -9 of PostgreSQL", CRASHES).await;
}

#[tokio::test]
async fn a_crash_between_a_jobs_end_and_its_removal_from_the_queue_repeats_nothing() {
    let server = CrashServer::start();
    let settings = server.database(&format!("crash_{}", uuid::Uuid::new_v4().simple())).await;
    let app = connect_app(&settings, "test").await.unwrap();
    let scene = PullProcesses::on(&settings, &app).await;
    let day = ago(1);
    scene.put_day(day, visits(day, VISITS));
    scene.stub.slow(Endpoint::Results, Duration::from_millis(300));
    let shop = scene.shop().await;
    let _process = scene.spawn();
    let job = shop.start(day, day).await;
    shop.until(job, |seen| seen.heartbeat_at.is_some()).await;

    // Nothing can be removed from the queue while another holds this lock; the job's own row can be written.
    let mut holder = scene.state.pool.begin().await.unwrap();
    sqlx::query("lock table jobs._private_jobs in share mode").execute(&mut *holder).await.unwrap();
    shop.completed(job).await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from jobs._private_jobs").fetch_one(&mut *holder).await.unwrap();
    assert_eq!(left, 1, "the entry outlives its job");
    let (ended, tables) = (shop.job(job).await, shop.tables().await);
    server.kill();
    drop(holder);

    emptied(&scene).await;
    assert_eq!(shop.job(job).await, ended);
    assert_same(&tables, &shop.tables().await);
    assert_eq!(scene.queries_of(day), 1);
}
