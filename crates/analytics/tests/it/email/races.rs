//! What else happens while mails are being sent: the database goes away, runs are given up for dead, people change their minds.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use analytics_service::wake_due;
use chrono::{TimeDelta, Utc};
use common::auth::Role;
use serde_json::{Value, json};
use sqlx::{Postgres, pool::PoolConnection};
use testkit::smtp::{Answer, Options, Phase, Sink, Talk, by_recipient};

use super::scene::{DAY, Working, change, map, send, shop_as, through, told, until, until_ended};
use crate::support::Shop;

/// A server that keeps back its answer to one phase of the mails to one person, until it is told to go on.
struct Gate {
    is_closed: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
}

impl Gate {
    async fn sink(
        phase: Phase,
        person: &'static str,
        then: impl Fn(Phase, &Talk) -> Answer + Send + Sync + 'static,
    ) -> (Self, Sink) {
        Self::sink_of(vec![(phase, person)], then).await
    }

    /// The same for several.
    async fn sink_of(
        kept_back: Vec<(Phase, &'static str)>,
        then: impl Fn(Phase, &Talk) -> Answer + Send + Sync + 'static,
    ) -> (Self, Sink) {
        let gate = Self { is_closed: Arc::new(AtomicBool::new(true)), waiting: Arc::default() };
        let (is_closed, waiting) = (Arc::clone(&gate.is_closed), Arc::clone(&gate.waiting));
        let sink = Sink::start_with(Options::default(), move |at, talk| {
            let is_one = kept_back.iter().any(|(phase, person)| at == *phase && talk.to.starts_with(person));
            if is_one && is_closed.load(Ordering::SeqCst) {
                waiting.fetch_add(1, Ordering::SeqCst);
                tokio::task::block_in_place(|| {
                    while is_closed.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                });
            }
            then(at, talk)
        })
        .await;
        (gate, sink)
    }

    /// Until the server keeps an answer back.
    async fn reached(&self) {
        self.reached_by(1).await;
    }

    async fn reached_by(&self, many: usize) {
        let started = Instant::now();
        while self.waiting.load(Ordering::SeqCst) < many {
            assert!(started.elapsed() < Duration::from_secs(30), "nobody comes to the gate");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn open(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// While it lasts, no service gets a connection to the shop's database.
struct Outage {
    database: String,
    owner: PoolConnection<Postgres>,
}

impl Outage {
    async fn begin(shop: &Shop) -> Self {
        let mut owner = shop.db.owner.acquire().await.unwrap();
        let database = sqlx::query_scalar("select current_database()::text").fetch_one(&mut *owner).await.unwrap();
        let mut outage = Self { database, owner };
        outage.limit(0).await;
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and usename <> current_user";
        sqlx::query(kill).execute(&mut *outage.owner).await.unwrap();
        outage
    }

    async fn end(mut self) {
        self.limit(-1).await;
    }

    async fn limit(&mut self, to: i32) {
        let sql = format!("alter database \"{}\" connection limit {to}", self.database);
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *self.owner).await.unwrap();
    }
}

async fn mails(shop: &Shop) -> Vec<Value> {
    shop.lines("/analytics/email/history?limit=1000").await
}

async fn control(shop: &Shop, job: &Value, what: &str) -> Value {
    let path = format!("/analytics/email/jobs/{}/{what}", job["job_id"].as_str().unwrap());
    shop.client.post(&path, &json!({})).await.expect(200)
}

/// Sent, failed, unknown, suppressed, cancelled, of so many.
fn counts(job: &Value) -> [i64; 6] {
    ["sent", "failed", "unknown", "suppressed", "cancelled"]
        .map(|what| format!("emails_{what}"))
        .into_iter()
        .chain([String::from("total_emails")])
        .map(|field| job[field].as_i64().unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_server_took_while_the_database_is_away_is_sent_once_it_is_back() {
    let (gate, sink) = Gate::sink(Phase::End, "held", |_, _| Answer::Ok).await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.mail.per_second = 40;
    })
    .await;
    let people: Vec<String> =
        (0..60).map(|n| format!("p{n}@x.example")).chain([String::from("held@x.example")]).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached().await;
    let outage = Outage::begin(&shop).await;
    gate.open();
    // Longer than the queue's worker has patience with what it runs.
    tokio::time::sleep(Duration::from_secs(22)).await;
    assert!(sink.mails().iter().any(|mail| mail.to.starts_with("held")), "the server took it meanwhile");
    outage.end().await;
    let job = until_ended(&shop, &job).await;
    assert_eq!(counts(&job), [61, 0, 0, 0, 0, 61], "{job}");
    assert_eq!(job["status"], "completed");
    let history: BTreeSet<String> =
        mails(&shop).await.iter().map(|mail| mail["message_id"].as_str().unwrap().to_owned()).collect();
    let arrived: Vec<String> = sink.mails().iter().map(|mail| mail.message_id.clone()).collect();
    assert_eq!(arrived.len(), 61, "a mail arrived twice");
    assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), history);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_that_is_stopped_while_the_database_is_away_goes_on_trying_to_store_outcomes() {
    let (gate, sink) = Gate::sink_of(vec![(Phase::End, "held"), (Phase::Rcpt, "next")], |_, _| Answer::Ok).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "held@x.example"), ("D02", "next@x.example")]).await;
    let working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached_by(2).await;
    let outage = Outage::begin(&shop).await;
    let stopped = Instant::now();
    let meanwhile = async {
        gate.open();
        while sink.count() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_secs(7)).await;
        outage.end().await;
    };
    tokio::join!(working.end(), meanwhile);
    assert!(stopped.elapsed() < Duration::from_secs(25), "{:?}", stopped.elapsed());
    // The one that the server took is known to be; the other one was not begun any more.
    assert_eq!(told(&shop).await, ["held@x.example:D01:1:sent", "next@x.example:D02:1:queued"]);
    assert_eq!(sink.count(), 1);
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], counts(&job)), (&json!("completed"), [2, 0, 0, 0, 0, 2]));
    assert_eq!(sink.count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_send_that_commits_while_a_run_ends_waits_for_no_later_try() {
    // The run ends with a mail that is to be tried again in five minutes.
    let (gate, sink) = Gate::sink(Phase::Rcpt, "450", by_recipient).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "450@x.example")]).await;
    let _working = Working::start(&shop);
    send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached().await;
    map(&shop, &[("D02", "ann@x.example")]).await;
    // The second send is held up after everything but its commit.
    let mut lock = shop.db.owner.begin().await.unwrap();
    sqlx::query("lock table audit_log in share row exclusive mode").execute(&mut *lock).await.unwrap();
    let body = json!({ "report_date": DAY, "branch_codes": ["D02"] });
    let sending = send(&shop, &body);
    let held_up = async {
        let waits = "select count(*) from pg_locks where not granted and relation = 'audit_log'::regclass";
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&shop.db.owner).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gate.open();
        // The run comes to its end meanwhile, or waits there.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        lock.rollback().await.unwrap();
    };
    let (job, ()) = tokio::join!(sending, held_up);
    let started = Instant::now();
    until_ended(&shop, &job).await;
    assert!(started.elapsed() < Duration::from_secs(15), "it waited {:?}", started.elapsed());
    assert_eq!(told(&shop).await, ["450@x.example:D01:1:queued", "ann@x.example:D02:1:sent"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_whose_entry_in_the_queue_was_lost_are_found() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example"), ("D01", "bob@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    change(
        &shop,
        "update email_send_history set status = 'sending', claimed_by = gen_random_uuid(), message_id = '<dead@run>'
         where sales_rep_email = 'bob@x.example'",
    )
    .await;
    let lost = sqlx::query("delete from jobs._private_jobs").execute(&shop.db.owner).await.unwrap();
    assert_eq!(lost.rows_affected(), 1);
    assert_eq!(wake_due(&shop.db.app, Utc::now()).await.unwrap(), 0, "nobody is suspected before his time");
    assert_eq!(wake_due(&shop.db.app, Utc::now() + TimeDelta::minutes(11)).await.unwrap(), 1);
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!(counts(&job), [1, 0, 1, 0, 0, 2]);
    // Nothing waits: after the next look nobody looks again.
    let started = Instant::now();
    loop {
        wake_due(&shop.db.app, Utc::now() + TimeDelta::hours(1)).await.unwrap();
        let left: i64 = sqlx::query_scalar("select count(*) from due_work where kind = 'mails'")
            .fetch_one(&shop.db.owner)
            .await
            .unwrap();
        if left == 0 {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "the tenant is looked at for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mail_in_hand_of_a_cancelled_send_that_is_refused_for_now_is_cancelled() {
    let (gate, sink) = Gate::sink(Phase::End, "ann", |phase, _| match phase {
        Phase::End => Answer::say("451 4.3.0 Local error in processing"),
        _ => Answer::Ok,
    })
    .await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached().await;
    let cancelled = control(&shop, &job, "cancel").await;
    assert!(cancelled["completed_at"].is_null(), "its last mail is in hand: {cancelled}");
    gate.open();
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], counts(&job)), (&json!("cancelled"), [0, 0, 0, 0, 1, 1]));
    assert_eq!(told(&shop).await, ["ann@x.example:D01:1:cancelled"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_send_whose_failed_mails_another_one_took_over_still_counts_them() {
    let (gate, sink) = Gate::sink(Phase::End, "ann", by_recipient).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "550@x.example"), ("D01", "ann@x.example")]).await;
    let _working = Working::start(&shop);
    let first = send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached().await;
    until(&shop, &first, |job| job["emails_failed"] == 1).await;
    let second = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(second["total_emails"], 1, "what failed goes again");
    let between = until(&shop, &first, |_| true).await;
    assert_eq!((&between["emails_failed"], &between["emails_queued"]), (&json!(1), &json!(1)), "{between}");
    gate.open();
    let first = until_ended(&shop, &first).await;
    assert_eq!((&first["status"], counts(&first)), (&json!("completed_with_errors"), [1, 1, 0, 0, 0, 2]));
    let second = until_ended(&shop, &second).await;
    assert_eq!(counts(&second), [0, 1, 0, 0, 0, 1]);
}

/// A run in whose last moment another process takes it for dead, calls its mail unknown and ends the send.
async fn given_up_for_dead(reply: &'static str) -> (Value, Vec<Value>) {
    let (gate, sink) = Gate::sink(Phase::End, "ann", move |phase, _| match phase {
        Phase::End => Answer::say(reply),
        _ => Answer::Ok,
    })
    .await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    gate.reached().await;
    change(&shop, "update email_send_history set status = 'unknown' where status = 'sending'").await;
    change(
        &shop,
        "update email_sending_jobs set status = 'completed_with_errors', emails_unknown = 1, completed_at = now()",
    )
    .await;
    gate.open();
    let started = Instant::now();
    loop {
        let mails = mails(&shop).await;
        if mails[0]["status"] != "unknown" {
            return (shop.get(&format!("/analytics/email/jobs/{}", job["job_id"].as_str().unwrap())).await, mails);
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the run says nothing more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_was_given_up_for_dead_says_what_it_knows_and_its_send_counts_it() {
    let (job, mails) = given_up_for_dead("250 2.0.0 taken").await;
    assert_eq!((&mails[0]["status"], &mails[0]["smtp_response"]), (&json!("sent"), &json!("250 2.0.0 taken")));
    assert_eq!((&job["status"], counts(&job)), (&json!("completed"), [1, 0, 0, 0, 0, 1]));
    // It may have been sent anew: refused for now, it goes no second time by itself, and waits in no send that has ended.
    let (job, mails) = given_up_for_dead("451 4.3.0 Local error in processing").await;
    assert_eq!((&mails[0]["status"], &mails[0]["next_attempt_at"]), (&json!("failed"), &Value::Null));
    assert_eq!((&job["status"], counts(&job)), (&json!("completed_with_errors"), [0, 1, 0, 0, 0, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_no_mail_is_left_alone_after_a_few() {
    for silent in [Phase::Mail, Phase::End] {
        let sink = Sink::start_with(
            Options::default(),
            move |phase, _| {
                if phase == silent { Answer::Hang } else { Answer::Ok }
            },
        )
        .await;
        let shop = shop_as(|settings| {
            through(settings, &sink);
            settings.mail.timeout = Duration::from_millis(200);
            settings.mail.connections = 2;
        })
        .await;
        let people: Vec<String> = (0..40).map(|n| format!("p{n}@x.example")).collect();
        map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
        let _working = Working::start(&shop);
        let job = send(&shop, &json!({ "report_date": DAY })).await;
        let job = until(&shop, &job, |job| job["error_message"].is_string()).await;
        let error = job["error_message"].as_str().unwrap();
        assert!(error.starts_with("The mail server answers no more."), "{error}");
        // Two for each connection, and what the other one had begun.
        let tried = mails(&shop).await.iter().filter(|mail| mail["attempts"] == 1).count();
        assert!((4..=5).contains(&tried), "{tried} mails had their try at a server that answers none");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_send_waits_as_long_as_people_want() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let paused = send(&shop, &json!({ "report_date": DAY })).await;
    control(&shop, &paused, "pause").await;
    change(&shop, "update email_send_history set queued_at = now() - interval '3 days'").await;
    map(&shop, &[("D02", "bob@x.example")]).await;
    let _working = Working::start(&shop);
    until_ended(&shop, &send(&shop, &json!({ "report_date": DAY, "branch_codes": ["D02"] })).await).await;
    assert_eq!(told(&shop).await, ["ann@x.example:D01:1:queued", "bob@x.example:D02:1:sent"]);
    control(&shop, &paused, "resume").await;
    let job = until_ended(&shop, &paused).await;
    assert_eq!(counts(&job), [1, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_send_of_other_branches_is_hidden_also_where_nobody_receives_them() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let theirs = send(&shop, &json!({ "report_date": DAY, "branch_codes": ["D02"] })).await;
    assert_eq!((&theirs["total_emails"], &theirs["skipped_branches"]), (&json!(0), &json!(["D02"])));
    let own = send(&shop, &json!({ "report_date": DAY, "branch_codes": ["D01"] })).await;
    let manager = shop.member(Role::Manager, Some(&["D01"])).await;
    let jobs = manager.get("/analytics/email/jobs").await.expect(200);
    assert_eq!((&jobs["total"], &jobs["data"][0]["job_id"]), (&json!(1), &own["job_id"]));
    let path = format!("/analytics/email/jobs/{}", theirs["job_id"].as_str().unwrap());
    manager.get(&path).await.expect(404);
    manager.post(&format!("{path}/cancel"), &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_failed_keeps_its_generation_when_it_is_sent_again() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "550@x.example")]).await;
    let _working = Working::start(&shop);
    until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    let id = mails(&shop).await[0]["id"].as_str().unwrap().to_owned();
    let again = shop.client.post(&format!("/analytics/email/history/{id}/resend"), &json!({})).await.expect(202);
    assert_eq!(again["generation"], 1);
    assert_eq!(told(&shop).await[0].split(':').nth(2), Some("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_cannot_be_made_is_tried_later_and_stops_no_other_mail() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    sqlx::query("revoke select on locations from ga_services").execute(&shop.db.owner).await.unwrap();
    let _working = Working::start(&shop);
    let started = Instant::now();
    let mail = loop {
        let mail = mails(&shop).await.remove(0);
        if mail["attempts"] == 1 {
            break mail;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it has no try: {mail}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(mail["status"], "queued");
    assert!(mail["next_attempt_at"].is_string() && mail["smtp_response"].is_null(), "{mail}");
    // In words, and nothing of the database's.
    let error = mail["error_message"].as_str().unwrap();
    assert!(error.starts_with("The report could not be made") && !error.contains("permission"), "{error}");
    sqlx::query("grant select on locations to ga_services").execute(&shop.db.owner).await.unwrap();
    change(&shop, "update email_send_history set next_attempt_at = now()").await;
    send(&shop, &json!({ "report_date": DAY })).await;
    let job = until_ended(&shop, &job).await;
    assert_eq!(counts(&job), [1, 0, 0, 0, 0, 1]);
}
