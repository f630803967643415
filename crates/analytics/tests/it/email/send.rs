//! `POST /analytics/email/send-reports`: which mails are queued, and that none is queued twice.

use common::auth::Role;
use serde_json::{Value, json};

use super::scene::{DAY, change, map, put_mappings, send, shop, shop_as, told};

const SEND: &str = "/analytics/email/send-reports";

/// The faults of a body, each as `field: message`.
async fn faults(shop: &crate::support::Shop, body: &Value) -> Vec<String> {
    let problem = shop.client.post(SEND, body).await.expect(422);
    let fault = |fault: &Value| format!("{}: {}", fault["field"].as_str().unwrap(), fault["message"].as_str().unwrap());
    problem["errors"].as_array().unwrap().iter().map(fault).collect()
}

#[tokio::test]
async fn one_mail_per_person_and_branch_or_per_person() {
    let shop = shop().await;
    put_mappings(
        &shop,
        &[
            json!({ "branch_code": "D01", "sales_rep_email": "ann@x.example", "delivery": "digest" }),
            json!({ "branch_code": "D02", "sales_rep_email": "ann@x.example", "delivery": "digest" }),
            json!({ "branch_code": "D01", "sales_rep_email": "bob@x.example" }),
            json!({ "branch_code": "D02", "sales_rep_email": "bob@x.example" }),
            json!({ "branch_code": "*", "sales_rep_email": "cleo@x.example" }),
            json!({ "branch_code": "D03", "sales_rep_email": "dan@x.example", "is_enabled": false }),
        ],
    )
    .await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(
        (&job["status"], &job["total_emails"], &job["target_branches"], &job["report_date"], &job["tenant_id"]),
        (&json!("queued"), &json!(4), &json!([]), &json!(DAY), &json!(shop.tenant))
    );
    assert_eq!(
        (&job["emails_sent"], &job["emails_failed"], &job["skipped_branches"]),
        (&json!(0), &json!(0), &json!([]))
    );
    assert_eq!(
        told(&shop).await,
        [
            "ann@x.example:D01+D02:1:queued",
            "bob@x.example:D01:1:queued",
            "bob@x.example:D02:1:queued",
            "cleo@x.example:*:1:queued",
        ]
    );
    let line = &shop.lines("/analytics/email/history?branch_code=D02&status=queued").await;
    assert_eq!(line.len(), 2, "{line:?}");
    assert!(line.iter().all(|mail| mail["sent_at"].is_string() && mail["attempts"] == 0), "{line:?}");
}

#[tokio::test]
async fn branches_that_are_asked_for() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example"), ("GHOST", "bob@x.example")]).await;
    let job = send(&shop, &json!({ "report_date": DAY, "branch_codes": ["D02", "D01", "D01", "GHOST"] })).await;
    // A mapped code that is no location is known; a location that nobody receives is skipped and named.
    assert_eq!((&job["skipped_branches"], &job["total_emails"]), (&json!(["D02"]), &json!(2)));
    assert_eq!(job["target_branches"], json!(["D01", "D02", "GHOST"]));
    let unknown = faults(&shop, &json!({ "report_date": DAY, "branch_codes": ["X9", "D01", "Y8"] })).await;
    let fault =
        |code: &str| format!("branch_codes: {code} is neither a location nor a branch that anybody is mapped to");
    assert_eq!(unknown, [fault("X9"), fault("Y8")]);
    assert_eq!(told(&shop).await.len(), 2, "a refused send queues nothing");
}

#[tokio::test]
async fn the_day_has_to_have_data() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let no_data = faults(&shop, &json!({ "report_date": "2026-01-04" })).await;
    assert!(no_data[0].contains("without data"), "{no_data:?}");
    for day in ["2026-02-30", "yesterday", "1999-12-31", ""] {
        assert!(faults(&shop, &json!({ "report_date": day })).await[0].starts_with("report_date: "), "{day}");
    }
    let far = faults(&shop, &json!({ "report_date": "2099-01-01", "allow_empty": true })).await;
    assert!(far[0].contains("not begun"), "{far:?}");
    assert!(told(&shop).await.is_empty());
    send(&shop, &json!({ "report_date": "2026-01-04", "allow_empty": true })).await;
    assert_eq!(told(&shop).await, ["ann@x.example:D01:1:queued"]);
}

#[tokio::test]
async fn again_only_what_failed_or_is_new_and_by_force_everything() {
    let shop = shop().await;
    let people = [("D01", "failed@x.example"), ("D01", "sent@x.example"), ("D01", "unknown@x.example")];
    map(&shop, &people).await;
    let first = send(&shop, &json!({ "report_date": DAY })).await;
    change(
        &shop,
        "update email_send_history set attempts = 3, message_id = '<before@x>', error_message = 'before',
             status = split_part(sales_rep_email, '@', 1)",
    )
    .await;
    map(&shop, &[("D02", "sent@x.example"), ("D01", "new@x.example")]).await;
    let again = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(again["total_emails"], 3);
    let expected = [
        "failed@x.example:D01:1:queued",
        "new@x.example:D01:1:queued",
        "sent@x.example:D01:1:sent",
        "sent@x.example:D02:1:queued",
        "unknown@x.example:D01:1:unknown",
    ];
    assert_eq!(told(&shop).await, expected);
    assert_ne!(first["job_id"], again["job_id"]);
    // What waits already is not queued once more.
    assert_eq!(send(&shop, &json!({ "report_date": DAY })).await["total_emails"], 0);
    assert_eq!(told(&shop).await, expected);
    let forced = send(&shop, &json!({ "report_date": DAY, "branch_codes": ["D01"], "force": true })).await;
    assert_eq!((&forced["total_emails"], &forced["generation"]), (&json!(4), &json!(2)));
    let told = told(&shop).await;
    assert_eq!(told.iter().filter(|mail| mail.contains(":D01:2:queued")).count(), 4, "{told:?}");
    assert_eq!(told.len(), 9);
}

#[tokio::test]
async fn what_failed_of_a_forced_send_goes_again_without_force() {
    let shop = shop().await;
    map(&shop, &[("D01", "failed@x.example"), ("D01", "sent@x.example"), ("D01", "cancelled@x.example")]).await;
    send(&shop, &json!({ "report_date": DAY })).await;
    change(&shop, "update email_send_history set status = 'sent'").await;
    send(&shop, &json!({ "report_date": DAY, "force": true })).await;
    change(&shop, "update email_send_history set status = split_part(sales_rep_email, '@', 1) where generation = 2")
        .await;
    let again = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!((&again["total_emails"], &again["emails_queued"]), (&json!(1), &json!(1)), "{again}");
    assert_eq!(
        told(&shop).await,
        [
            "cancelled@x.example:D01:1:sent",
            "cancelled@x.example:D01:2:cancelled",
            "failed@x.example:D01:1:sent",
            "failed@x.example:D01:2:queued",
            "sent@x.example:D01:1:sent",
            "sent@x.example:D01:2:sent",
        ]
    );
}

#[tokio::test]
async fn sends_at_the_same_time_double_nothing() {
    let shop = shop().await;
    let people: Vec<(String, String)> =
        (0..50).map(|n| (format!("D0{}", n % 3 + 1), format!("p{n}@x.example"))).collect();
    let people: Vec<(&str, &str)> = people.iter().map(|(code, email)| (code.as_str(), email.as_str())).collect();
    map(&shop, &people).await;
    let body = json!({ "report_date": DAY });
    let jobs = futures_of(8, || send(&shop, &body)).await;
    let totals: i64 = jobs.iter().map(|job| job["total_emails"].as_i64().unwrap()).sum();
    assert_eq!(totals, 50);
    assert_eq!(told(&shop).await.len(), 50);
}

#[tokio::test]
async fn a_send_of_thousands_is_whole_and_so_is_the_next_one() {
    let shop = shop().await;
    change(
        &shop,
        "insert into branch_email_mappings (tenant_id, mapping_id, branch_code, sales_rep_email)
         select current_setting('app.tenant_id')::uuid, gen_random_uuid(), 'D0' || (n % 3 + 1), n || '@x.example'
         from generate_series(1, 4100) n",
    )
    .await;
    let first = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!((&first["total_emails"], &first["emails_queued"]), (&json!(4100), &json!(4100)));
    assert_eq!(shop.get("/analytics/email/history?status=queued").await["total"], 4100);
    change(&shop, "update email_send_history set status = 'failed'").await;
    let second = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!((&second["total_emails"], &second["emails_queued"]), (&json!(4100), &json!(4100)));
    // They are the second one's now, and the first one still counts them.
    let first = shop.get(&format!("/analytics/email/jobs/{}", first["job_id"].as_str().unwrap())).await;
    assert_eq!((&first["emails_failed"], &first["emails_queued"]), (&json!(4100), &json!(0)));
    assert_eq!(shop.get("/analytics/email/history").await["total"], 4100);
}

async fn futures_of<F: Future>(count: usize, call: impl Fn() -> F) -> Vec<F::Output> {
    futures::future::join_all((0..count).map(|_| call())).await
}

#[tokio::test]
async fn who_is_suppressed_is_told_and_not_sent_to() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example"), ("D01", "Bob@x.example")]).await;
    let suppressed = json!({ "email": "bob@x.example", "reason": "unsubscribed" });
    shop.put("email_suppressions", &json!({}), &[suppressed]).await;
    let job = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!((&job["total_emails"], &job["emails_suppressed"]), (&json!(2), &json!(1)));
    assert_eq!(told(&shop).await, ["Bob@x.example:D01:1:suppressed", "ann@x.example:D01:1:queued"]);
    change(&shop, "delete from email_suppressions").await;
    assert_eq!(send(&shop, &json!({ "report_date": DAY })).await["total_emails"], 1);
}

#[tokio::test]
async fn without_a_server_nothing_is_queued_in_prod() {
    let shop = shop_as(|settings| settings.environment = common::config::Environment::Prod).await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let problem = shop.client.post(SEND, &json!({ "report_date": DAY })).await.expect(409);
    assert!(problem["detail"].as_str().unwrap().contains("No mail server is configured"), "{problem}");
    assert!(told(&shop).await.is_empty());
}

#[tokio::test]
async fn a_manager_of_some_branches_sends_and_sees_only_these() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example"), ("D02", "bob@x.example"), ("*", "cleo@x.example")]).await;
    let manager = shop.member(Role::Manager, Some(&["D01"])).await;
    let job = manager.post(SEND, &json!({ "report_date": DAY })).await.expect(202);
    assert_eq!(job["total_emails"], 1);
    let refused = manager.post(SEND, &json!({ "report_date": DAY, "branch_codes": ["D02"] })).await.expect(422);
    assert!(refused["detail"].as_str().unwrap().contains("D02 is neither"), "{refused}");
    manager.post(SEND, &json!({ "report_date": DAY, "branch_codes": ["*"] })).await.expect(422);
    let all = send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(all["total_emails"], 2);
    let seen = manager.get("/analytics/email/history").await.expect(200);
    assert_eq!((&seen["total"], &seen["data"][0]["branch_code"]), (&json!(1), &json!("D01")));
    let jobs = manager.get("/analytics/email/jobs").await.expect(200);
    assert_eq!((&jobs["total"], &jobs["data"][0]["job_id"]), (&json!(1), &job["job_id"]));
    let other = all["job_id"].as_str().unwrap();
    manager.get(&format!("/analytics/email/jobs/{other}")).await.expect(404);
    manager.post(&format!("/analytics/email/jobs/{other}/cancel"), &json!({})).await.expect(404);
    // And a viewer sends nothing at all.
    shop.member(Role::Viewer, None).await.post(SEND, &json!({ "report_date": DAY })).await.expect(403);
}

#[tokio::test]
async fn a_send_of_all_branches_stays_hidden_when_others_have_taken_over_its_mails() {
    let shop = shop().await;
    map(&shop, &[("D02", "bob@x.example")]).await;
    let manager = shop.member(Role::Manager, Some(&["D01"])).await;
    let all = send(&shop, &json!({ "report_date": DAY })).await;
    change(&shop, "update email_send_history set status = 'failed', error_message = 'bob has left'").await;
    // It has no mail of its own any more.
    assert_eq!(send(&shop, &json!({ "report_date": DAY })).await["total_emails"], 1);
    send(&shop, &json!({ "report_date": DAY })).await;
    assert_eq!(manager.get("/analytics/email/jobs").await.expect(200)["total"], 0);
    let path = format!("/analytics/email/jobs/{}", all["job_id"].as_str().unwrap());
    manager.get(&path).await.expect(404);
    manager.post(&format!("{path}/pause"), &json!({})).await.expect(404);
    // Of their own they see also one without a mail.
    let own = manager.post(SEND, &json!({ "report_date": DAY })).await.expect(202);
    let seen = manager.get("/analytics/email/jobs").await.expect(200);
    assert_eq!((&seen["total"], &seen["data"][0]["job_id"]), (&json!(1), &own["job_id"]));
    let elsewhere = shop.member(Role::Manager, Some(&["D03"])).await;
    assert_eq!(elsewhere.get("/analytics/email/jobs").await.expect(200)["total"], 0);
    assert_eq!(shop.get("/analytics/email/jobs").await["total"], 4);
}

#[tokio::test]
async fn no_request_whatever_is_an_error_of_ours() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    let mail = send(&shop, &json!({ "report_date": DAY })).await["job_id"].as_str().unwrap().to_owned();
    let email = "/analytics/email";
    for path in [
        "history?branch_code=%00",
        "history?sales_rep_email=a%00b",
        "history?status=%00",
        "history?job_id=%00",
        "history?page=0",
        "history?page=1000000&limit=1000",
        "history?page=99999999999999999999",
        "history?limit=1001",
        "history?start_date=2026-01-05&end_date=%00",
        "history?start_date=0000-00-00&end_date=9999-99-99",
        "history?branch_code=%F0%9F%92%8C&branch_code=x",
        "jobs?status=%00",
        "jobs?status=all",
        "jobs?page=-1",
        "jobs?page=1000000&limit=1000",
        "jobs?cursor=x",
        "jobs/%00",
        "jobs/x",
        "jobs/00000000-0000-0000-0000-000000000000",
        "schedules?page=1000000&limit=1000",
        "schedules?page=x",
        "schedules/%00",
        "schedules/runs?schedule_id=%00",
        "schedules/runs?schedule_id=x&page=2",
        "schedules/runs?page=1000000&limit=1000",
    ] {
        let answer = shop.client.get(&format!("{email}/{path}")).await;
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text());
    }
    let many = vec!["D01"; 1001];
    let long = "D".repeat(100_000);
    for body in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({ "report_date": null }),
        json!({ "report_date": 20_260_105 }),
        json!({ "report_date": "2026-01-05T00:00:00Z" }),
        json!({ "report_date": "2026-01-05\u{0}" }),
        json!({ "report_date": DAY, "branch_codes": "D01" }),
        json!({ "report_date": DAY, "branch_codes": [null] }),
        json!({ "report_date": DAY, "branch_codes": ["D01\u{0}"] }),
        json!({ "report_date": DAY, "branch_codes": [""] }),
        json!({ "report_date": DAY, "branch_codes": [long] }),
        json!({ "report_date": DAY, "branch_codes": many }),
        json!({ "report_date": DAY, "force": "yes" }),
        json!({ "report_date": DAY, "forse": true }),
    ] {
        let answer = shop.client.post(SEND, &body).await;
        assert!((400..500).contains(&answer.status), "{body}: {} {}", answer.status, answer.text());
    }
    for (path, body) in [
        (format!("jobs/{mail}/cancel/"), json!({})),
        (String::from("jobs/x/cancel"), json!({})),
        (String::from("jobs/%00/resume"), json!({})),
        (String::from("history/x/resend"), json!({})),
        (String::from("history/%00/resend"), json!(null)),
        (format!("history/{mail}/resend"), json!({})),
    ] {
        let answer = shop.client.post(&format!("{email}/{path}"), &body).await;
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
    assert_eq!(told(&shop).await, ["ann@x.example:D01:1:queued"], "none of it did anything");
}

#[tokio::test]
async fn a_subject_says_what_it_is_about() {
    let shop = shop().await;
    map(&shop, &[("D01", "ann@x.example")]).await;
    send(&shop, &json!({ "report_date": DAY })).await;
    let mail = shop.lines("/analytics/email/history").await.remove(0);
    let subject = mail["subject"].as_str().unwrap();
    assert!(subject.contains("D01") && subject.contains("Springfield") && subject.contains("5 Jan 2026"), "{subject}");
}

#[tokio::test]
async fn history_is_filtered_by_each_of_its_parameters() {
    let shop = shop().await;
    put_mappings(
        &shop,
        &[
            json!({ "branch_code": "D01", "sales_rep_email": "ann@x.example", "delivery": "digest" }),
            json!({ "branch_code": "D02", "sales_rep_email": "ann@x.example", "delivery": "digest" }),
            json!({ "branch_code": "D01", "sales_rep_email": "bob@x.example" }),
        ],
    )
    .await;
    let first = send(&shop, &json!({ "report_date": DAY })).await;
    let second =
        send(&shop, &json!({ "report_date": "2026-01-04", "allow_empty": true, "branch_codes": ["D01"] })).await;
    change(&shop, "update email_send_history set status = 'sent' where sales_rep_email = 'bob@x.example'").await;
    let job = |job: &Value| format!("job_id={}", job["job_id"].as_str().unwrap());
    for (query, count) in [
        (String::new(), 4),
        (String::from("branch_code=D01"), 4),
        (String::from("branch_code=D02"), 1),
        (String::from("branch_code=D03"), 0),
        (String::from("status=sent"), 2),
        (String::from("status=sent&branch_code=D02"), 0),
        (String::from("sales_rep_email=ANN@x.example"), 2),
        (job(&first), 2),
        (job(&second), 2),
        (String::from("start_date=2026-01-05&end_date=2026-01-05"), 2),
        (String::from("start_date=2026-01-01&end_date=2026-01-04"), 2),
        (String::from("start_date=2026-01-06&end_date=2026-01-07"), 0),
        (String::from("timezone_offset=-300"), 4),
    ] {
        let page = shop.get(&format!("/analytics/email/history?{query}")).await;
        assert_eq!((&page["total"], page["data"].as_array().unwrap().len()), (&json!(count), count), "{query}");
    }
    let walked = shop.get("/analytics/email/history?limit=3&page=2").await;
    assert_eq!((walked["data"].as_array().unwrap().len(), &walked["has_more"]), (1, &json!(false)));
    for query in
        ["status=lost", "job_id=7", "start_date=2026-01-05", "start_date=2026-01-05&end_date=2026-01-04", "limit=0"]
    {
        shop.client.get(&format!("/analytics/email/history?{query}")).await.expect(422);
    }
    // Neither the neighbour nor anybody of other branches sees any of it.
    let (_, neighbour) = shop.neighbour().await;
    assert_eq!(neighbour.get("/analytics/email/history").await.expect(200)["total"], 0);
    let of_d02 = shop.member(Role::Manager, Some(&["D02"])).await;
    assert_eq!(of_d02.get("/analytics/email/history").await.expect(200)["total"], 0);
}
