//! A server that asks for a pause: it holds for everybody who sends there, and one address does not bring it about for all.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::smtp::{Answer, Options, Phase, Sink};

use super::scene::{DAY, Working, furnish, map, send, shop_as, through, until};
use crate::support::put;

/// Says 421 or 454 to the recipient whose name begins so.
async fn sink(name: &'static str, reply: &'static str) -> Sink {
    Sink::start_with(Options::default(), move |phase, talk| {
        if phase == Phase::Rcpt && talk.to.starts_with(name) { Answer::say(reply) } else { Answer::Ok }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_that_the_server_will_not_have_now_holds_up_no_other() {
    for (name, reply) in [
        ("421", "421 4.7.0 Too much mail for this recipient, try again in 2 seconds"),
        ("454", "454 4.7.1 Relay access denied, try again in 2 seconds"),
    ] {
        let sink = sink(name, reply).await;
        let shop = shop_as(|settings| {
            through(settings, &sink);
            settings.mail.connections = 1;
        })
        .await;
        let people: Vec<String> =
            (0..20).map(|n| format!("{n}@x.example")).chain([format!("{name}@x.example")]).collect();
        // The first of all, as it is the only one of the first branch.
        let branch = |email: &str| if email.starts_with(name) { "D01" } else { "D02" };
        map(&shop, &people.iter().map(|email| (branch(email), email.as_str())).collect::<Vec<_>>()).await;
        let _working = Working::start(&shop);
        let job = send(&shop, &json!({ "report_date": DAY })).await;
        // The server may mean all of them.
        let waiting = until(&shop, &job, |job| job["error_message"].is_string()).await;
        assert_eq!((&waiting["emails_sent"], &waiting["emails_queued"]), (&json!(0), &json!(21)), "{waiting}");
        until(&shop, &job, |job| job["emails_sent"] == 20).await;
        let began = Instant::now();
        let mail = loop {
            let mails = shop.lines("/analytics/email/history?status=queued").await;
            if mails.first().is_some_and(|mail| mail["attempts"] == 1) {
                break mails[0].clone();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{mails:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(mail["sales_rep_email"], json!(format!("{name}@x.example")));
        assert!(mail["next_attempt_at"].is_string() && mail["smtp_response"] == reply, "{mail}");
        assert_eq!(sink.count(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_one_tenants_mail_brought_about_holds_for_all_who_send_there() {
    let sink = sink("stop", "421 4.3.2 Too many mails, try again in 600 seconds").await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.mail.per_second = 20;
    })
    .await;
    map(&shop, &[("D01", "stop@x.example")]).await;
    let (tenant, theirs) = shop.neighbour().await;
    furnish(&shop, tenant).await;
    let mapping = |n: u32| json!({ "mapping_id": uuid::Uuid::new_v4(), "branch_code": "D01", "sales_rep_email": format!("p{n}@y.example") });
    put(&shop.db, tenant, "branch_email_mappings", &json!({}), &(0..600).map(mapping).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = theirs.post("/analytics/email/send-reports", &json!({ "report_date": DAY })).await.expect(202);
    let path = format!("/analytics/email/jobs/{}", job["job_id"].as_str().unwrap());
    let until = async |wanted: fn(&Value) -> bool| {
        let began = Instant::now();
        loop {
            let job = theirs.get(&path).await.expect(200);
            if wanted(&job) {
                return job;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the job stays {job:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until(|job| job["emails_sent"].as_i64() >= Some(5)).await;
    send(&shop, &json!({ "report_date": DAY })).await;
    let waiting = until(|job| job["error_message"].is_string() || job["completed_at"].is_string()).await;
    assert_eq!(waiting["error_message"], "The mail server asked for a pause.", "{waiting}");
    assert!(waiting["emails_queued"].as_i64() > Some(0), "{waiting}");
}
