//! Each run is decided once, whoever looks, whatever dies, and whatever else is wrong.

use std::sync::Arc;

use analytics_service::scheduling::{keep_scheduling, run_due};
use chrono::{TimeDelta, Timelike, Utc};
use chrono_tz::America::New_York;
use common::{
    config::{Environment, Settings},
    db::TenantTx,
    secrets::Sealer,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;

use super::{SCHEDULES, create, due_rows, get, instant, jobs, last_run, load, look, open, run, run_in, runs, set_next};

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
