//! Schedules: set by people who may, and each run decided once, at the right time, whoever looks and whatever dies.

use std::sync::Arc;

use analytics_service::scheduling::{align_all, keep_scheduling, run_due};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::{America::New_York, Asia::Kolkata};
use common::{
    auth::Role,
    config::{Environment, Settings},
    db::TenantTx,
    ids::{JobId, TenantId},
    secrets::Sealer,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::http::Client;
use tokio_util::sync::CancellationToken;

use crate::support::{Shop, put};

const SCHEDULES: &str = "/analytics/email/schedules";
const RUNS: &str = "/analytics/email/schedules/runs";

/// A tenant in New York with two branches that somebody receives, and one that nobody does.
async fn open() -> Shop {
    let shop = Shop::open().await;
    let branches = ["D01", "D02", "D03"].map(|id| json!({ "location_id": id, "location_name": id, "is_active": true }));
    shop.put("locations", &json!({}), &branches).await;
    let mapping = |n: u128, branch: &str| {
        json!({ "mapping_id": crate::support::id(n), "branch_code": branch,
            "sales_rep_email": format!("rep-{n}@example.com"), "sales_rep_name": "Rita Rep" })
    };
    let base = json!({ "is_enabled": true, "delivery": "branch", "created_at": "now", "updated_at": "now" });
    shop.put("branch_email_mappings", &base, &[mapping(1, "D01"), mapping(2, "D02"), mapping(3, "gone")]).await;
    shop
}

async fn look(shop: &Shop, now: DateTime<Utc>) -> Vec<JobId> {
    let sealer = Sealer::from_settings(&shop.state.settings);
    run_due(&shop.db.app, &shop.state.settings, &sealer, now).await.unwrap()
}

async fn run(shop: &Shop, sql: &str) {
    run_in(shop, shop.tenant, sql).await;
}

async fn run_in(shop: &Shop, tenant: TenantId, sql: &str) {
    let mut tx = TenantTx::begin(&shop.db.app, tenant).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn create(shop: &Shop, body: Value) -> String {
    let view = shop.client.post(SCHEDULES, &body).await.expect(201);
    view["id"].as_str().unwrap().to_owned()
}

async fn get(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("{SCHEDULES}/{id}")).await
}

/// Sets the schedule's next time, and looks for it from then on.
async fn set_next(shop: &Shop, id: &str, at: &str) -> DateTime<Utc> {
    run(shop, &format!("update report_schedules set next_run_at = '{at}' where schedule_id = '{id}'")).await;
    run(shop, &format!("update due_work set due_at = least(due_at, '{at}') where kind = 'reports'")).await;
    instant(at)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn due_rows(shop: &Shop) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select due_at from due_work where kind = 'reports'").fetch_all(&shop.db.app).await.unwrap()
}

/// Due, day and status of the runs, the oldest first.
async fn runs(shop: &Shop) -> Vec<(DateTime<Utc>, String, String)> {
    let mut runs: Vec<_> = shop
        .lines(&format!("{RUNS}?limit=1000"))
        .await
        .iter()
        .map(|run| {
            let text = |field: &str| run[field].as_str().unwrap().to_owned();
            (instant(&text("due_at")), text("report_date"), text("status"))
        })
        .collect();
    runs.reverse();
    runs
}

async fn last_run(shop: &Shop, id: &str) -> Value {
    get(shop, id).await["last_run"].clone()
}

/// The day has events, and they are final.
async fn load(shop: &Shop, day: NaiveDate) {
    let events = json!({ "day": day, "table_name": "page_view", "events": 7 });
    put(&shop.db, shop.tenant, "day_events", &json!({}), &[events]).await;
    let day = json!({ "day": day, "source": "export_files", "shard": "daily", "final": true, "events": 7,
        "ingested_at": "now" });
    put(&shop.db, shop.tenant, "ingested_days", &json!({}), &[day]).await;
}

async fn job(shop: &Shop, job: &JobId) -> (NaiveDate, String, bool, Option<String>, Vec<String>) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_as(
        "select report_date, origin, allow_empty, note, target_branches from email_sending_jobs where job_id = $1",
    )
    .bind(job.0)
    .fetch_one(tx.conn())
    .await
    .unwrap()
}

async fn jobs(shop: &Shop) -> i64 {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_scalar("select count(*) from email_sending_jobs").fetch_one(tx.conn()).await.unwrap()
}

async fn audited(shop: &Shop, action: &str) -> Vec<(String, Value)> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_as("select actor, details from audit_log where action = $1 order by entry_no")
        .bind(action)
        .fetch_all(tx.conn())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_schedule_is_made_shown_changed_and_removed() {
    let shop = open().await;
    let before = Utc::now();
    let made = shop.client.post(SCHEDULES, &json!({ "cron": " 30  6 * * * " })).await.expect(201);
    assert_eq!(
        (&made["cron"], &made["name"], &made["time_zone"], &made["branch_codes"], &made["last_run"]),
        (&json!("30 6 * * *"), &Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (
            &made["report_day"], &made["wait_minutes"], &made["without_data"], &made["window_minutes"],
            &made["is_enabled"]
        ),
        (&json!(1), &json!(240), &json!("skip"), &json!(120), &json!(true))
    );
    let next = instant(made["next_run_at"].as_str().unwrap());
    let local = next.with_timezone(&New_York);
    assert_eq!((local.hour(), local.minute(), local.second()), (6, 30, 0), "the tenant's clocks");
    assert!(next > before && next < before + TimeDelta::hours(26));
    assert_eq!(due_rows(&shop).await, [next]);

    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("{SCHEDULES}/{id}");
    let body = json!({ "name": " Morning ", "time_zone": "Asia/Kolkata", "branch_codes": ["gone", "D02", "D02"],
        "report_day": 0, "wait_minutes": 0, "without_data": "send", "window_minutes": 1440 });
    let changed = shop.client.put(&path, &body).await.expect(200);
    assert_eq!((&changed["name"], &changed["cron"]), (&json!("Morning"), &json!("30 6 * * *")));
    assert_eq!(changed["branch_codes"], json!(["D02", "gone"]), "a code that is mapped only, each once");
    let local = instant(changed["next_run_at"].as_str().unwrap()).with_timezone(&Kolkata);
    assert_eq!((local.hour(), local.minute()), (6, 30), "its own clocks");
    // The answer, sent back as it is, changes nothing.
    let again = shop.client.put(&path, &changed).await.expect(200);
    let without = |mut view: Value| {
        view.as_object_mut().unwrap().remove("updated_at");
        view
    };
    assert_eq!(without(again), without(changed.clone()));
    assert_eq!(get(&shop, &id).await["without_data"], "send");

    // What is not named stays; null takes away.
    let off =
        shop.client.put(&path, &json!({ "is_enabled": false, "time_zone": null, "name": null })).await.expect(200);
    assert_eq!((&off["next_run_at"], &off["time_zone"], &off["name"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&off["without_data"], &off["branch_codes"]), (&json!("send"), &json!(["D02", "gone"])));
    assert!(due_rows(&shop).await.is_empty());
    let on = shop.client.put(&path, &json!({ "is_enabled": true, "branch_codes": null })).await.expect(200);
    assert_eq!((instant(on["next_run_at"].as_str().unwrap()), &on["branch_codes"]), (next, &Value::Null));

    let list = shop.get(&format!("{SCHEDULES}?limit=1")).await;
    assert_eq!(
        (&list["total"], &list["page"], &list["limit"], &list["has_more"]),
        (&json!(1), &json!(1), &json!(1), &json!(false))
    );
    assert_eq!(list["data"][0], get(&shop, &id).await);
    assert_eq!(shop.client.delete(&path).await.status, 204);
    shop.client.delete(&path).await.problem(404);
    shop.client.get(&path).await.problem(404);
    assert!(due_rows(&shop).await.is_empty());
    assert_eq!(shop.get(SCHEDULES).await["data"], json!([]));

    assert_eq!(audited(&shop, "schedule.created").await[0].1["cron"], "30 6 * * *");
    let changes = audited(&shop, "schedule.changed").await;
    assert_eq!((&changes[0].1["from"]["name"], &changes[0].1["to"]["name"]), (&Value::Null, &json!("Morning")));
    assert_eq!(audited(&shop, "schedule.removed").await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let shop = open().await;
    let wrong = json!({ "name": "a\r\nb", "cron": "0 0 30 2 *", "time_zone": "Mars/Olympus",
        "branch_codes": ["D01", "D99", "D\u{0}1"], "report_day": 32, "wait_minutes": 1441, "window_minutes": 4 });
    let answer = shop.client.post(SCHEDULES, &wrong).await;
    assert_eq!(
        answer.invalid_fields(),
        [
            "branch_codes[1]", "branch_codes[2]", "cron", "name", "report_day", "time_zone", "wait_minutes",
            "window_minutes"
        ]
    );
    assert!(answer.text().contains("`D99` is neither a location nor mapped"), "{}", answer.text());
    for (body, field) in [
        (json!({}), "cron"),
        // Mistyped, and else every branch would be meant.
        (json!({ "cron": "0 6 * * *", "branches": ["D01"] }), "branches"),
        (json!({ "cron": "*/4 * * * *" }), "cron"),
        (json!({ "cron": "0 6 * * * *" }), "cron"),
        (json!({ "cron": "0 6 * * *".repeat(100) }), "cron"),
        (json!({ "cron": "0 6 * * *", "branch_codes": [] }), "branch_codes"),
        (json!({ "cron": "0 6 * * *", "report_day": -1 }), "report_day"),
        (json!({ "cron": "0 6 * * *", "without_data": "maybe" }), "without_data"),
        (json!({ "cron": "0 6 * * *", "name": "" }), "name"),
    ] {
        assert_eq!(shop.client.post(SCHEDULES, &body).await.invalid_fields(), [field], "{body}");
    }
    assert_eq!(shop.get(SCHEDULES).await["total"], 0);
    assert!(due_rows(&shop).await.is_empty(), "nothing is left of what was refused");
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let path = format!("{SCHEDULES}/{id}");
    assert_eq!(shop.client.put(&path, &json!({ "cron": "sometimes" })).await.invalid_fields(), ["cron"]);
    shop.client.get(&format!("{SCHEDULES}/not-an-id")).await.problem(404);
}

#[tokio::test]
async fn a_tenant_has_so_many_and_no_more() {
    let shop = open().await;
    for _ in 0..50 {
        create(&shop, json!({ "cron": "0 6 * * *" })).await;
    }
    let refused = shop.client.post(SCHEDULES, &json!({ "cron": "0 6 * * *" })).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("50 schedules"), "{refused}");
    assert_eq!(shop.get(&format!("{SCHEDULES}?page=2&limit=30")).await["data"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn who_is_limited_to_branches_sees_and_changes_only_schedules_of_these() {
    let shop = open().await;
    let ours = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let both = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01", "D02"] })).await;
    let all = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    for id in [&ours, &both, &all] {
        set_next(&shop, id, "2026-01-05T11:00:00Z").await;
    }
    run(&shop, "update report_schedules set wait_minutes = 0").await;
    look(&shop, instant("2026-01-05T11:00:00Z")).await;
    let limited = shop.member(Role::Manager, Some(&["D01", "D03"])).await;
    let ids = |page: Value, field: &str| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|line| line[field].as_str().unwrap().to_owned()).collect()
    };
    let list = limited.get(SCHEDULES).await.expect(200);
    assert_eq!((ids(list.clone(), "id"), &list["total"]), (vec![ours.clone()], &json!(1)));
    let list = limited.get(RUNS).await.expect(200);
    assert_eq!((ids(list.clone(), "schedule_id"), &list["total"]), (vec![ours.clone()], &json!(1)));
    for id in [&both, &all] {
        let path = format!("{SCHEDULES}/{id}");
        limited.get(&path).await.problem(404);
        limited.put(&path, &json!({ "is_enabled": false })).await.problem(404);
        limited.delete(&path).await.problem(404);
    }
    let ours = format!("{SCHEDULES}/{ours}");
    for codes in [json!(null), json!(["D02"]), json!(["D01", "D02"])] {
        limited.put(&ours, &json!({ "branch_codes": codes })).await.problem(403);
        limited.post(SCHEDULES, &json!({ "cron": "0 6 * * *", "branch_codes": codes })).await.problem(403);
    }
    limited.post(SCHEDULES, &json!({ "cron": "0 6 * * *" })).await.problem(403);
    limited.put(&ours, &json!({ "branch_codes": ["D03"], "name": "Ours" })).await.expect(200);
    limited.post(SCHEDULES, &json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await.expect(201);
    assert_eq!(limited.delete(&ours).await.status, 204);

    let viewer = shop.member(Role::Viewer, None).await;
    assert_eq!(viewer.get(SCHEDULES).await.expect(200)["total"], 3);
    viewer.post(SCHEDULES, &json!({ "cron": "0 6 * * *" })).await.problem(403);
}

#[tokio::test]
async fn another_tenants_schedules_are_not_there() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let (_, theirs): (_, Client) = shop.neighbour().await;
    let path = format!("{SCHEDULES}/{id}");
    theirs.get(&path).await.problem(404);
    theirs.put(&path, &json!({ "is_enabled": false })).await.problem(404);
    theirs.delete(&path).await.problem(404);
    assert_eq!(theirs.get(SCHEDULES).await.expect(200)["total"], 0);
    assert_eq!(theirs.get(&format!("{RUNS}?schedule_id={id}")).await.expect(200)["total"], 0);
    assert_eq!(get(&shop, &id).await["is_enabled"], true);
}

#[tokio::test]
async fn a_due_run_becomes_one_send_however_many_look() {
    let shop = open().await;
    let id = create(&shop, json!({ "name": "Evening", "cron": "30 23 * * *", "branch_codes": ["D01", "D03"] })).await;
    // Half past eleven in New York, when it is the sixth in UTC already: yesterday is the fourth.
    let due = set_next(&shop, &id, "2026-01-06T04:30:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert!(look(&shop, due - TimeDelta::milliseconds(1)).await.is_empty());
    let jobs_made = futures::future::join_all((0..6).map(|_| look(&shop, due))).await.concat();
    assert_eq!(jobs_made.len(), 1);
    let (day, origin, allow_empty, note, branches) = job(&shop, &jobs_made[0]).await;
    assert_eq!((day.to_string().as_str(), origin.as_str(), allow_empty, note), ("2026-01-04", "schedule", false, None));
    assert!(branches.contains(&String::from("D01")) && !branches.contains(&String::from("D02")), "{branches:?}");
    let last = last_run(&shop, &id).await;
    assert_eq!(
        (&last["status"], &last["job_id"], &last["report_date"]),
        (&json!("sent"), &json!(jobs_made[0]), &json!("2026-01-04"))
    );
    assert_eq!(last["message"], "Nobody receives these branches: D03.");
    assert_eq!(instant(last["due_at"].as_str().unwrap()), due);
    let next = instant(get(&shop, &id).await["next_run_at"].as_str().unwrap());
    assert_eq!((next, due_rows(&shop).await), (due + TimeDelta::days(1), vec![due + TimeDelta::days(1)]));
    assert!(look(&shop, due).await.is_empty());
    assert_eq!(jobs(&shop).await, 1);
    let list = shop.get(&format!("{RUNS}?schedule_id={id}")).await;
    assert_eq!((&list["total"], &list["data"][0]["schedule_name"]), (&json!(1), &json!("Evening")));
}

#[tokio::test]
async fn a_run_waits_for_the_days_data() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 60 })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    assert!(look(&shop, due).await.is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!((&last["status"], &last["decided_at"]), (&json!("waiting"), &Value::Null));
    assert_eq!(instant(last["waits_until"].as_str().unwrap()), due + TimeDelta::minutes(60));
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::seconds(30)]);
    assert!(look(&shop, due + TimeDelta::minutes(10)).await.is_empty());
    load(&shop, "2026-01-04".parse().unwrap()).await;
    let at = due + TimeDelta::minutes(11);
    let made = futures::future::join_all((0..4).map(|_| look(&shop, at))).await.concat();
    assert_eq!(made.len(), 1);
    let last = last_run(&shop, &id).await;
    assert_eq!(
        (&last["status"], &last["job_id"], &last["waits_until"]),
        (&json!("sent"), &json!(made[0]), &Value::Null)
    );
    assert_eq!(last["message"], Value::Null);
    assert_eq!(instant(last["decided_at"].as_str().unwrap()), at);
    assert_eq!(runs(&shop).await.len(), 1);
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
}

#[tokio::test]
async fn when_the_waiting_ends_it_is_as_the_schedule_says() {
    let shop = open().await;
    let skip = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 60, "branch_codes": ["D01"] })).await;
    let body = json!({ "cron": "0 6 * * *", "wait_minutes": 60, "without_data": "send", "branch_codes": ["D02"] });
    let send = create(&shop, body).await;
    let at_once = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 0, "branch_codes": ["D02"] })).await;
    let mut due = DateTime::default();
    for id in [&skip, &send, &at_once] {
        due = set_next(&shop, id, "2026-01-06T11:00:00Z").await;
    }
    assert!(look(&shop, due).await.is_empty());
    assert_eq!(last_run(&shop, &at_once).await["status"], "skipped_without_data");
    assert!(look(&shop, due + TimeDelta::minutes(60) - TimeDelta::milliseconds(1)).await.is_empty());
    assert_eq!(last_run(&shop, &send).await["status"], "waiting");
    let made = look(&shop, due + TimeDelta::minutes(60)).await;
    assert_eq!(made.len(), 1);
    let (_, _, allow_empty, note, _) = job(&shop, &made[0]).await;
    let words = "The data of Monday 5 January were not complete when this report was sent.";
    assert_eq!((allow_empty, note.as_deref()), (true, Some(words)));
    let last = last_run(&shop, &send).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("sent_without_data"), &json!(made[0])));
    let last = last_run(&shop, &skip).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("skipped_without_data"), &Value::Null));
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
    // Data that come later change nothing about it.
    load(&shop, "2026-01-05".parse().unwrap()).await;
    assert!(look(&shop, due + TimeDelta::hours(2)).await.is_empty());
}

#[tokio::test]
async fn what_was_missed_is_recorded_and_never_sent_in_a_burst() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let first = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    for day in 1..31 {
        load(&shop, NaiveDate::from_ymd_opt(2026, 1, day).unwrap()).await;
    }
    // Nine days away, and back an hour after the tenth run: nine are missed, the tenth is sent.
    let now = first + TimeDelta::days(9) + TimeDelta::hours(1);
    let made = look(&shop, now).await;
    assert_eq!(made.len(), 1);
    assert_eq!(job(&shop, &made[0]).await.0.to_string(), "2026-01-13");
    let all = runs(&shop).await;
    assert_eq!(all.len(), 10);
    for (n, (due, day, status)) in all.iter().enumerate() {
        assert_eq!(*due, first + TimeDelta::days(i64::try_from(n).unwrap()));
        assert_eq!(*day, format!("2026-01-{:02}", 4 + n));
        assert_eq!(status, if n < 9 { "skipped_missed" } else { "sent" });
    }
    assert_eq!(instant(get(&shop, &id).await["next_run_at"].as_str().unwrap()), first + TimeDelta::days(10));

    // Three hours late is more than its window of two.
    let late = first + TimeDelta::days(10) + TimeDelta::hours(3);
    assert!(look(&shop, late).await.is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!(last["status"], "skipped_missed");
    assert!(
        last["message"].as_str().unwrap().contains("noticed at 2026-01-15 09:00 only, more than its window of 120"),
        "{last}"
    );
    assert_eq!(due_rows(&shop).await, [first + TimeDelta::days(11)]);
    assert_eq!(jobs(&shop).await, 1);
}

#[tokio::test]
async fn of_runs_about_the_same_day_the_last_one_goes() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 * * * *", "wait_minutes": 300, "window_minutes": 240 })).await;
    let first = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    // Away for three hours, all of them inside the window.
    look(&shop, first + TimeDelta::minutes(190)).await;
    let states = |all: Vec<(DateTime<Utc>, String, String)>| all.into_iter().map(|run| run.2).collect::<Vec<_>>();
    assert_eq!(states(runs(&shop).await), ["skipped_missed", "skipped_missed", "skipped_missed", "waiting"]);
    // The next one takes the place of the one that waits.
    look(&shop, first + TimeDelta::minutes(240)).await;
    let all = states(runs(&shop).await);
    assert_eq!(all[3..], ["skipped_without_data", "waiting"]);
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert_eq!(look(&shop, first + TimeDelta::minutes(250)).await.len(), 1);
    assert_eq!(jobs(&shop).await, 1);
}

#[tokio::test]
async fn days_on_which_the_clocks_change_run_once() {
    let shop = open().await;
    // In spring 02:30 does not come in New York, in autumn 01:30 comes twice.
    for (cron, from) in [("30 2 * * *", "2026-03-05T12:00:00Z"), ("30 1 * * *", "2026-10-29T12:00:00Z")] {
        run(&shop, "delete from report_runs").await;
        let id = create(&shop, json!({ "cron": cron, "wait_minutes": 0 })).await;
        let first = common::schedule::Schedule::parse(cron).unwrap().next_after(instant(from), New_York).unwrap();
        set_next(&shop, &id, &first.to_rfc3339()).await;
        let mut now = instant(from);
        while now < instant(from) + TimeDelta::days(6) {
            look(&shop, now).await;
            now += TimeDelta::minutes(10);
        }
        let all = runs(&shop).await;
        let days: Vec<NaiveDate> = all.iter().map(|run| run.0.with_timezone(&New_York).date_naive()).collect();
        assert_eq!(days.len(), 6);
        assert!(days.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)), "{days:?}");
        for (due, day, _) in &all {
            let yesterday = due.with_timezone(&New_York).date_naive().pred_opt().unwrap();
            assert_eq!(*day, yesterday.to_string());
        }
        assert_eq!(shop.client.delete(&format!("{SCHEDULES}/{id}")).await.status, 204);
    }
}

#[tokio::test]
async fn what_waits_ends_with_its_schedule() {
    let shop = open().await;
    let off = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let removed = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let renamed = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    for id in [&off, &removed, &renamed] {
        set_next(&shop, id, "2026-01-05T11:00:00Z").await;
    }
    look(&shop, instant("2026-01-05T11:00:00Z")).await;
    shop.client.put(&format!("{SCHEDULES}/{off}"), &json!({ "is_enabled": false })).await.expect(200);
    assert_eq!(shop.client.delete(&format!("{SCHEDULES}/{removed}")).await.status, 204);
    shop.client.put(&format!("{SCHEDULES}/{renamed}"), &json!({ "name": "Other" })).await.expect(200);
    let mut found = std::collections::BTreeMap::new();
    for run in shop.lines(RUNS).await {
        found.insert(run["schedule_id"].as_str().unwrap().to_owned(), run);
    }
    assert_eq!(found[&off]["status"], "skipped_without_data");
    assert_eq!(found[&off]["message"], "The schedule was switched off while this run waited.");
    assert_eq!(found[&removed]["message"], "The schedule was removed while this run waited.");
    assert_eq!(found[&renamed]["status"], "waiting");
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert_eq!(look(&shop, instant("2026-01-05T15:00:00Z")).await.len(), 1, "only of the one that is left");
}

#[tokio::test]
async fn a_changed_time_moves_what_is_to_come_and_another_change_does_not() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "30 6 * * *" })).await;
    let path = format!("{SCHEDULES}/{id}");
    // Overdue since an hour: a change of something else must not make the run be missed.
    let overdue = Utc::now().duration_trunc_second() - TimeDelta::hours(1);
    set_next(&shop, &id, &overdue.to_rfc3339()).await;
    let view = shop.client.put(&path, &json!({ "wait_minutes": 5 })).await.expect(200);
    align_all(&shop.db.app, Utc::now()).await.unwrap();
    assert_eq!((instant(view["next_run_at"].as_str().unwrap()), due_rows(&shop).await), (overdue, vec![overdue]));
    let view = shop.client.put(&path, &json!({ "cron": "30 7 * * *" })).await.expect(200);
    let next = instant(view["next_run_at"].as_str().unwrap());
    assert_eq!((next.with_timezone(&New_York).hour(), due_rows(&shop).await), (7, vec![next]));

    // The tenant moves; a schedule with clocks of its own does not.
    let own = create(&shop, json!({ "cron": "30 7 * * *", "time_zone": "America/New_York" })).await;
    run(&shop, "update tenants set time_zone = 'Asia/Kolkata'").await;
    align_all(&shop.db.app, Utc::now()).await.unwrap();
    let moved = instant(get(&shop, &id).await["next_run_at"].as_str().unwrap());
    assert_eq!(moved.with_timezone(&Kolkata).hour(), 7);
    assert_eq!(instant(get(&shop, &own).await["next_run_at"].as_str().unwrap()), next);
    assert_eq!(due_rows(&shop).await, [moved.min(next)]);
}

#[tokio::test]
async fn a_process_that_dies_half_way_loses_nothing_and_doubles_nothing() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    // It holds the row, has written the run and the next time, and then the connection breaks: nothing is committed.
    let mut dying = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    for sql in [
        String::from("select from due_work where kind = 'reports' for update"),
        format!(
            "insert into report_runs (tenant_id, schedule_id, due_at, report_date, status)
             values ('{}', '{id}', '{due}', '2026-01-04', 'sent')",
            shop.tenant
        ),
        String::from("update report_schedules set next_run_at = next_run_at + interval '1 day'"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(dying.conn()).await.unwrap();
    }
    assert!(look(&shop, due).await.is_empty(), "another process is at it");
    drop(dying);
    assert_eq!(look(&shop, due).await.len(), 1);
    assert!(look(&shop, due).await.is_empty());
    assert_eq!((jobs(&shop).await, runs(&shop).await.len()), (1, 1));
}

/// Stopped wherever it happens to be, again and again, two at a time.
#[tokio::test]
async fn processes_that_die_anywhere_decide_each_run_once() {
    let shop = Arc::new(open().await);
    load(&shop, "2026-01-04".parse().unwrap()).await;
    let due = instant("2026-01-05T11:00:00Z");
    for _ in 0..12 {
        let id = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
        set_next(&shop, &id, &due.to_rfc3339()).await;
    }
    let (mut died, mut delay) = (0, 0);
    while due_rows(&shop).await.iter().any(|at| *at <= due) {
        let dying = [(), ()].map(|()| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { look(&shop, due).await })
        });
        // From the first statement on, a little later each time.
        delay = (delay + 7) % 60;
        tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
        for process in dying {
            process.abort();
            died += usize::from(process.await.is_err());
        }
    }
    assert!(died > 0, "nobody died");
    let all = runs(&shop).await;
    assert_eq!((all.len(), jobs(&shop).await), (12, 12));
    assert!(all.iter().all(|run| run.0 == due && run.2 == "sent"), "{all:?}");
}

#[tokio::test]
async fn a_run_that_was_decided_is_not_decided_again() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert_eq!(look(&shop, due).await.len(), 1);
    // A clock that was set back, or a row that was restored: it is due once more.
    set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    assert!(look(&shop, due).await.is_empty());
    assert_eq!((jobs(&shop).await, runs(&shop).await.len()), (1, 1));
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
}

#[tokio::test]
async fn one_schedules_fault_holds_up_no_other() {
    let shop = open().await;
    let broken = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let gone = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["gone"] })).await;
    let good = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D02"] })).await;
    for id in [&broken, &gone, &good] {
        set_next(&shop, id, "2026-01-05T11:00:00Z").await;
    }
    load(&shop, "2026-01-04".parse().unwrap()).await;
    // As a later build might have left it; and a branch that is not there any more.
    run(&shop, &format!("update report_schedules set cron = '@sometimes' where schedule_id = '{broken}'")).await;
    run(&shop, "delete from branch_email_mappings where branch_code = 'gone'").await;
    assert_eq!(look(&shop, instant("2026-01-05T11:00:00Z")).await.len(), 1);
    let last = last_run(&shop, &broken).await;
    assert_eq!(last["status"], "failed");
    assert!(last["message"].as_str().unwrap().starts_with("The schedule cannot be read. The cron line"), "{last}");
    let last = last_run(&shop, &gone).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("failed"), &Value::Null));
    assert!(last["message"].as_str().unwrap().contains("gone"), "{last}");
    assert_eq!(last_run(&shop, &good).await["status"], "sent");
    let view = get(&shop, &gone).await;
    assert_eq!(
        instant(view["next_run_at"].as_str().unwrap()),
        instant("2026-01-06T11:00:00Z"),
        "it is tried the next day"
    );
    assert_eq!(get(&shop, &broken).await["next_run_at"], Value::Null);
}

#[tokio::test]
async fn without_a_mail_server_a_run_says_so() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    let mut settings = Settings::clone(&shop.state.settings);
    settings.environment = Environment::Prod;
    let sealer = Sealer::from_settings(&settings);
    assert!(run_due(&shop.db.app, &settings, &sealer, due).await.unwrap().is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("failed"), &Value::Null));
    assert!(last["message"].as_str().unwrap().starts_with("No mail server is configured"), "{last}");
    assert_eq!(jobs(&shop).await, 0);
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
}

#[tokio::test]
async fn a_fault_of_ours_is_tried_again_and_not_for_ever() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 0 })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    load(&shop, "2026-01-05".parse().unwrap()).await;
    // A send cannot be written, in the middle of its queueing.
    let broken = "revoke insert on email_send_history from ga_services";
    sqlx::raw_sql(broken).execute(&shop.db.owner).await.unwrap();
    assert!(look(&shop, due).await.is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!(
        (&last["status"], &last["message"]),
        (&json!("waiting"), &json!("A fault on our side; it is tried again."))
    );
    assert_eq!(jobs(&shop).await, 0, "nothing is left of the send that could not be made");
    sqlx::raw_sql("grant insert on email_send_history to ga_services").execute(&shop.db.owner).await.unwrap();
    assert_eq!(look(&shop, due + TimeDelta::seconds(30)).await.len(), 1);
    assert_eq!(last_run(&shop, &id).await["status"], "sent");

    sqlx::raw_sql(broken).execute(&shop.db.owner).await.unwrap();
    let due = due + TimeDelta::days(1);
    for minutes in 0..=120 {
        assert!(look(&shop, due + TimeDelta::minutes(minutes)).await.is_empty());
    }
    let last = last_run(&shop, &id).await;
    assert_eq!(last["status"], "failed");
    assert!(last["message"].as_str().unwrap().contains("did not pass"), "{last}");
    assert_eq!((jobs(&shop).await, runs(&shop).await.len()), (1, 2));
}

#[tokio::test]
async fn one_tenants_fault_holds_up_no_other() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    let (their_tenant, theirs) = shop.neighbour().await;
    let other = theirs.post(SCHEDULES, &json!({ "cron": "0 6 * * *", "wait_minutes": 0 })).await.expect(201);
    run_in(&shop, their_tenant, &format!("update report_schedules set next_run_at = '{due}'")).await;
    run(&shop, &format!("update due_work set due_at = '{due}'")).await;
    run(&shop, "update tenants set time_zone = 'Mars/Olympus'").await;
    look(&shop, due).await;
    assert!(due_rows(&shop).await.contains(&(due + TimeDelta::seconds(30))), "it is not tried all the time");
    let path = format!("{SCHEDULES}/{}", other["id"].as_str().unwrap());
    assert_eq!(theirs.get(&path).await.expect(200)["last_run"]["status"], "skipped_without_data");
    run(&shop, "update tenants set time_zone = 'America/New_York', is_active = false").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert!(look(&shop, due + TimeDelta::minutes(1)).await.is_empty());
    run(&shop, "update tenants set is_active = true").await;
    assert_eq!(last_run(&shop, &id).await["message"], "The tenant was not active.");
}

#[tokio::test]
async fn processes_side_by_side_find_what_is_due_by_themselves() {
    let shop = open().await;
    let now = Utc::now();
    // Never about to come while the test runs.
    let hour = (now.with_timezone(&New_York).hour() + 12) % 24;
    let id = create(&shop, json!({ "cron": format!("30 {hour} * * *") })).await;
    load(&shop, (now - TimeDelta::minutes(1)).with_timezone(&New_York).date_naive().pred_opt().unwrap()).await;
    set_next(&shop, &id, &(now - TimeDelta::minutes(1)).to_rfc3339()).await;
    let stop = CancellationToken::new();
    let sealer = Sealer::from_settings(&shop.state.settings);
    let loops = [(), ()].map(|()| {
        let settings = Arc::clone(&shop.state.settings);
        tokio::spawn(keep_scheduling(shop.db.app.clone(), settings, sealer.clone(), stop.clone()))
    });
    for _ in 0..200 {
        if jobs(&shop).await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    for running in loops {
        running.await.unwrap();
    }
    assert_eq!((jobs(&shop).await, runs(&shop).await.len()), (1, 1));
    assert!(instant(get(&shop, &id).await["next_run_at"].as_str().unwrap()) > now);
}

trait WholeSecond {
    fn duration_trunc_second(self) -> Self;
}

impl WholeSecond for DateTime<Utc> {
    fn duration_trunc_second(self) -> Self {
        self.with_nanosecond(0).unwrap()
    }
}
