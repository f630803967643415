//! What people may set of schedules, who may, and what it moves.

use analytics_service::scheduling::align_all;
use chrono::{TimeDelta, Timelike, Utc};
use chrono_tz::{America::New_York, Asia::Kolkata};
use common::auth::Role;
use serde_json::{Value, json};
use testkit::http::Client;

use super::{RUNS, SCHEDULES, audited, create, due_rows, get, instant, look, open, run, set_next};
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
async fn a_changed_time_moves_what_is_to_come_and_another_change_does_not() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "30 6 * * *" })).await;
    let path = format!("{SCHEDULES}/{id}");
    // Overdue since an hour: a change of something else must not make the run be missed.
    let overdue = Utc::now().with_nanosecond(0).unwrap() - TimeDelta::hours(1);
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
