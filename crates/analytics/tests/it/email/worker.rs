//! What the worker does with each answer of a server, and that history tells exactly what arrived.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use testkit::smtp::{Answer, Options, Phase, Sink};

use super::scene::{DAY, Working, change, map, send, shop_as, through, told, until, until_ended};
use crate::support::Shop;

async fn mails(shop: &Shop) -> Vec<Value> {
    shop.lines("/analytics/email/history?limit=1000").await
}

fn to<'a>(mails: &'a [Value], email: &str) -> &'a Value {
    mails.iter().find(|mail| mail["sales_rep_email"] == email).unwrap_or_else(|| panic!("no mail to {email}"))
}

/// The Message-IDs of history's mails of this status.
fn ids(mails: &[Value], status: &str) -> BTreeSet<String> {
    let of_status = mails.iter().filter(|mail| mail["status"] == status);
    of_status.map(|mail| mail["message_id"].as_str().unwrap().to_owned()).collect()
}

fn arrived(sink: &Sink) -> BTreeSet<String> {
    let mails = sink.mails();
    let ids: BTreeSet<String> = mails.iter().map(|mail| mail.message_id.clone()).collect();
    assert_eq!(ids.len(), mails.len(), "a mail arrived twice");
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_has_its_outcome_and_history_is_what_arrived() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.mail.timeout = Duration::from_secs(1);
    })
    .await;
    let people = [
        "ann@x.example",
        "450@x.example",
        "451@x.example",
        "550@x.example",
        "552@x.example",
        "hang@x.example",
        "cut-in-content@x.example",
        "cut-after-data@x.example",
        "kept-after-data@x.example",
        "zoe@x.example",
    ];
    map(&shop, &people.map(|email| ("D01", email))).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    let job = until(&shop, &job, |job| job["emails_queued"] == 2).await;
    assert_eq!(job["status"], "processing", "{job}");
    let mails = mails(&shop).await;
    for email in ["ann@x.example", "zoe@x.example"] {
        let mail = to(&mails, email);
        assert_eq!((&mail["status"], &mail["attempts"]), (&json!("sent"), &json!(1)), "{mail}");
        assert!(mail["smtp_response"].as_str().unwrap().starts_with("250"), "{mail}");
    }
    for (email, reply) in [("550@x.example", "550 5.1.1"), ("552@x.example", "552 5.2.2")] {
        let mail = to(&mails, email);
        assert_eq!((&mail["status"], &mail["attempts"]), (&json!("failed"), &json!(1)), "{mail}");
        assert!(mail["smtp_response"].as_str().unwrap().starts_with(reply), "{mail}");
        assert!(mail["next_attempt_at"].is_null(), "{mail}");
    }
    for email in ["hang@x.example", "cut-in-content@x.example", "cut-after-data@x.example", "kept-after-data@x.example"]
    {
        let mail = to(&mails, email);
        assert_eq!(mail["status"], "unknown", "{mail}");
        assert!(mail["message_id"].is_string() && mail["error_message"].is_string(), "{mail}");
    }
    for email in ["450@x.example", "451@x.example"] {
        let mail = to(&mails, email);
        assert_eq!((&mail["status"], &mail["attempts"]), (&json!("queued"), &json!(1)), "{mail}");
        assert!(mail["next_attempt_at"].is_string(), "{mail}");
    }
    // The server said when.
    let wait = |email: &str| {
        let mail = to(&mails, email);
        let at = |field: &str| mail[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (at("next_attempt_at") - at("sent_at")).num_seconds()
    };
    assert!((299..=361).contains(&wait("450@x.example")), "{}", wait("450@x.example"));
    assert!((59..=73).contains(&wait("451@x.example")), "{}", wait("451@x.example"));
    let (sent, unknown) = (ids(&mails, "sent"), ids(&mails, "unknown"));
    let arrived = arrived(&sink);
    assert!(sent.is_subset(&arrived), "{sent:?} {arrived:?}");
    let kept = to(&mails, "kept-after-data@x.example")["message_id"].as_str().unwrap().to_owned();
    assert_eq!(arrived.difference(&sent).collect::<Vec<_>>(), [&kept]);
    assert!(unknown.contains(&kept));
    let mappings = shop.get("/analytics/email/coverage").await;
    let bounced: Vec<&Value> =
        mappings["bounced"].as_array().unwrap().iter().map(|mapping| &mapping["sales_rep_email"]).collect();
    assert_eq!(bounced, [&json!("550@x.example")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_refused_for_now_goes_later_with_the_same_message_id() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "450@x.example"), ("D01", "ann@x.example")]).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    until(&shop, &job, |job| job["emails_sent"] == 1 && job["emails_queued"] == 1).await;
    // Its time comes.
    change(&shop, "update email_send_history set next_attempt_at = now() where status = 'queued'").await;
    let again = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(again["total_emails"], 0);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], &job["emails_sent"]), (&json!("completed"), &json!(2)));
    let mails = mails(&shop).await;
    assert_eq!(to(&mails, "450@x.example")["attempts"], 2);
    assert_eq!(ids(&mails, "sent"), arrived(&sink));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_less_gets_nothing_for_a_while_and_no_mail_pays_for_it() {
    let busy = Arc::new(AtomicBool::new(true));
    let sink = Sink::start_with(Options::default(), {
        let busy = Arc::clone(&busy);
        move |phase, _| {
            if phase == Phase::Mail && busy.load(Ordering::SeqCst) {
                return Answer::say("421 4.3.2 Service not available, try again in 2 seconds");
            }
            Answer::Ok
        }
    })
    .await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    let people: Vec<String> = (0..20).map(|n| format!("p{n}@x.example")).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    let waiting = until(&shop, &job, |job| job["error_message"].is_string()).await;
    assert!(waiting["error_message"].as_str().unwrap().contains("421 4.3.2"), "{waiting}");
    assert_eq!((&waiting["status"], &waiting["emails_queued"]), (&json!("processing"), &json!(20)));
    assert!(mails(&shop).await.iter().all(|mail| mail["attempts"] == 0), "no mail had a try");
    // At most the connections that were under way at that moment were told.
    let told_off = sink.heard().iter().filter(|heard| heard.line.starts_with("MAIL")).count();
    assert!(told_off <= 4, "{told_off} mails were begun at a server that wants none");
    busy.store(false, Ordering::SeqCst);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], &job["emails_sent"]), (&json!("completed"), &json!(20)));
    assert!(mails(&shop).await.iter().all(|mail| mail["attempts"] == 1));
    assert_eq!(ids(&mails(&shop).await, "sent"), arrived(&sink));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_fails_the_send_and_not_each_mail_in_turn() {
    let sink = Sink::open(Options { login: Some(("reports".into(), "right".into())), ..Options::default() }).await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.smtp.username = Some("reports".into());
        settings.smtp.password = Some("not-the-password".into());
    })
    .await;
    let people: Vec<String> = (0..20).map(|n| format!("p{n}@x.example")).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    assert_eq!((&job["status"], &job["emails_failed"], &job["emails_sent"]), (&json!("failed"), &json!(20), &json!(0)));
    let error = job["error_message"].as_str().unwrap();
    assert!(error.contains("535") && !error.contains("not-the-password"), "{error}");
    assert!(sink.connections() <= 4, "{} tries with a wrong password lock an account", sink.connections());
    // Put right, the same call sends what failed.
    let again = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(again["total_emails"], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_used_again_and_are_no_more_than_allowed() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.mail.connections = 3;
    })
    .await;
    let people: Vec<String> = (0..120).map(|n| format!("p{n}@x.example")).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    assert_eq!((&job["status"], &job["emails_sent"]), (&json!("completed"), &json!(120)));
    assert_eq!(ids(&mails(&shop).await, "sent"), arrived(&sink));
    assert!(sink.connections() <= 3, "{} connections", sink.connections());
    assert!(sink.most_open() <= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_resumed_cancelled() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| {
        through(settings, &sink);
        settings.mail.per_second = 10;
        settings.mail.connections = 1;
    })
    .await;
    let people: Vec<String> = (0..60).map(|n| format!("p{n}@x.example")).collect();
    map(&shop, &people.iter().map(|email| ("D01", email.as_str())).collect::<Vec<_>>()).await;
    let _working = Working::start(&shop);
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    until(&shop, &job, |job| job["emails_sent"].as_i64() >= Some(3)).await;
    let path = format!("/analytics/email/jobs/{}", job["job_id"].as_str().unwrap());
    let control =
        async |what: &str, status: u16| shop.client.post(&format!("{path}/{what}"), &json!({})).await.expect(status);
    control("resume", 409).await;
    assert_eq!(control("pause", 200).await["status"], "paused");
    control("pause", 409).await;
    // A mail that was in hand at that moment may still go.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let at_rest = shop.get(&path).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(shop.get(&path).await["emails_sent"], at_rest["emails_sent"], "a paused send goes on");
    assert_eq!(control("resume", 200).await["status"], "processing");
    let going = at_rest["emails_sent"].as_i64();
    until(&shop, &job, |job| job["emails_sent"].as_i64() > going).await;
    control("cancel", 200).await;
    let ended = until_ended(&shop, &job).await;
    assert_eq!(ended["status"], "cancelled");
    let count = |field: &str| ended[field].as_i64().unwrap();
    assert_eq!(count("emails_sent") + count("emails_cancelled"), 60, "{ended}");
    assert!(count("emails_cancelled") > 0);
    assert_eq!(ids(&mails(&shop).await, "sent"), arrived(&sink));
    control("cancel", 409).await;
    control("resume", 409).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_in_hand_of_a_dead_run_is_unknown_and_goes_again_only_by_a_persons_word() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example"), ("D01", "bob@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    change(
        &shop,
        "update email_send_history
         set status = 'sending', attempts = 1, attempted_at = now(), claimed_by = gen_random_uuid(), message_id = '<dead@run>'
         where sales_rep_email = 'ann@x.example'",
    )
    .await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], &job["emails_unknown"]), (&json!("completed_with_errors"), &json!(1)));
    let before = mails(&shop).await;
    let lost = to(&before, "ann@x.example");
    assert_eq!((&lost["status"], &lost["message_id"]), (&json!("unknown"), &json!("<dead@run>")));
    assert_eq!(send(&shop, &json!({ "report_date": DAY })).await["total_emails"], 0, "not by itself");
    let resend = format!("/analytics/email/history/{}/resend", lost["id"].as_str().unwrap());
    let again = shop.client.post(&resend, &json!({})).await.expect(202);
    let again = until_ended(&shop, &again).await;
    assert_eq!(
        (&again["status"], &again["origin"], &again["emails_sent"]),
        (&json!("completed"), &json!("resend"), &json!(1))
    );
    assert_eq!(
        told(&shop).await,
        ["ann@x.example:D01:1:unknown", "ann@x.example:D01:2:sent", "bob@x.example:D01:1:sent"]
    );
    assert_eq!(ids(&mails(&shop).await, "sent"), arrived(&sink));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_them_again() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "550@x.example"), ("D01", "ann@x.example")]).await;
    let _working = Working::start(&shop);
    until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    let resend = async |email: &str, status: u16| {
        let mails = mails(&shop).await;
        let id = to(&mails, email)["id"].as_str().unwrap().to_owned();
        shop.client.post(&format!("/analytics/email/history/{id}/resend"), &json!({})).await.expect(status)
    };
    // What failed is the same mail once more, and fails again.
    until_ended(&shop, &resend("550@x.example", 202).await).await;
    assert_eq!(told(&shop).await, ["550@x.example:D01:1:failed", "ann@x.example:D01:1:sent"]);
    // What was sent is a new one.
    until_ended(&shop, &resend("ann@x.example", 202).await).await;
    assert_eq!(told(&shop).await.last().unwrap(), "ann@x.example:D01:2:sent");
    assert_eq!(sink.count(), 2);
    shop.put("email_suppressions", &json!({}), &[json!({ "email": "ann@x.example", "reason": "manual" })]).await;
    let refused = resend("ann@x.example", 409).await;
    assert!(refused["detail"].as_str().unwrap().contains("suppression"), "{refused}");
    let (_, neighbour) = shop.neighbour().await;
    let id = mails(&shop).await[0]["id"].as_str().unwrap().to_owned();
    neighbour.post(&format!("/analytics/email/history/{id}/resend"), &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_unsubscribes_while_mails_wait_gets_none() {
    let sink = Sink::open(Options::default()).await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "ann@x.example"), ("D01", "bob@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    shop.put("email_suppressions", &json!({}), &[json!({ "email": "ann@x.example", "reason": "unsubscribed" })]).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!((&job["status"], &job["emails_suppressed"]), (&json!("completed"), &json!(1)));
    assert_eq!(told(&shop).await, ["ann@x.example:D01:1:suppressed", "bob@x.example:D01:1:sent"]);
    assert_eq!(sink.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_days_are_the_end_of_trying() {
    let sink = Sink::start().await;
    let shop = shop_as(|settings| through(settings, &sink)).await;
    map(&shop, &[("D01", "451@x.example"), ("D01", "ann@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    change(
        &shop,
        "update email_send_history set queued_at = now() - case when sales_rep_email = 'ann@x.example'
             then interval '49 hours' else interval '47 hours 59 minutes 30 seconds' end",
    )
    .await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &job).await;
    assert_eq!(job["status"], "completed_with_errors");
    for mail in mails(&shop).await {
        assert_eq!(mail["status"], "failed", "{mail}");
        assert!(mail["error_message"].as_str().unwrap().starts_with("Given up"), "{mail}");
    }
    assert_eq!(sink.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_dev_writes_files() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop_as(|settings| settings.mail.dir = folder.path().join("mail")).await;
    map(&shop, &[("D01", "ann@x.example"), ("D02", "bob@x.example")]).await;
    let _working = Working::start(&shop);
    let job = until_ended(&shop, &send(&shop, &json!({ "report_date": DAY })).await).await;
    assert_eq!((&job["status"], &job["emails_sent"]), (&json!("completed"), &json!(2)));
    let mut files: Vec<String> = std::fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut expected: Vec<String> =
        mails(&shop).await.iter().map(|mail| format!("{}.eml", mail["id"].as_str().unwrap())).collect();
    expected.sort();
    assert_eq!(files, expected);
}
