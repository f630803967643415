//! How fast a send goes: no faster than is set, in all and to each domain, and not slower for what else waits.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::smtp::{Answer, Options, Phase, Sink};

use super::scene::{DAY, Working, change, map, send, shop_as, through, until, until_ended};
use crate::support::Shop;

/// How long lies between the first recipient and the last one of a send, with so many mails a second in all and to each domain.
async fn took(people: &[String], per_second: u32, per_domain_per_second: u32) -> Duration {
    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let clock = Arc::clone(&times);
    let sink = Sink::start_with(Options::default(), move |phase, _| {
        if phase == Phase::Rcpt {
            clock.lock().unwrap().push(Instant::now());
        }
        Answer::Ok
    })
    .await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        (settings.mail.per_second, settings.mail.per_domain_per_second) = (per_second, per_domain_per_second);
    })
    .await;
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], sink.count()), (&json!("completed"), people.len()));
    let times = times.lock().unwrap();
    assert_eq!(times.len(), people.len());
    times[times.len() - 1] - times[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_goes_no_faster_than_is_set() {
    let one_domain: Vec<String> = (0..13).map(|n| format!("p{n}@big.example")).collect();
    let many_domains: Vec<String> = (0..13).map(|n| format!("p@{n}.example")).collect();
    // The first one at once, then one every third of a second.
    let paced = Duration::from_millis(12 * 333);
    assert!(took(&one_domain, 0, 3).await >= paced * 5 / 6);
    assert!(took(&many_domains, 3, 0).await >= paced * 5 / 6);
    let unhindered = took(&many_domains, 0, 3).await;
    assert!(unhindered < paced * 5 / 6, "{unhindered:?} for mails to as many domains");
}

/// How many of the mails that wait were read so far, each as often as it was.
async fn read(shop: &Shop) -> i64 {
    let read = "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'email_send_history_waiting'";
    sqlx::query_scalar(read).fetch_one(&shop.db.owner).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_costs_no_look_at_all_that_wait() {
    const WAITING: i64 = 20_000;
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    // As it is right after many were queued: nothing is known yet of how many there are.
    let unknown = "alter table email_send_history set (autovacuum_enabled = false)";
    sqlx::query(unknown).execute(&shop.db.owner).await.unwrap();
    let people: Vec<String> = (0..100).map(|n| format!("p{n}@x.example")).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    change(
        &shop,
        "insert into email_send_history (tenant_id, mail_id, job_id, branch_codes, sales_rep_email, subject, report_date,
             next_attempt_at)
         select h.tenant_id, gen_random_uuid(), h.job_id, h.branch_codes, n || '@later.example', h.subject, h.report_date,
             now() + interval '1 day'
         from (select * from email_send_history limit 1) h, generate_series(1, 20000) n",
    )
    .await;
    let before = read(&shop).await;
    let _working = Working::start(&shop);
    until(&shop, &job, |job| job["emails_sent"] == 100).await;
    // What was counted is told a second later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let looked = read(&shop).await - before;
    // For the batch, and for the end of the run.
    assert!(looked < 10 * WAITING, "{looked} mails looked at to send 100 beside {WAITING} that wait");
}
