//! Users as the API shows them, held against a naive second implementation over random worlds; walking, searching, who may
//! see whom.

use std::collections::BTreeSet;

use common::auth::Role;
use common::jobs::Attempt;
use data_service::ingest::{
    job::IngestTask,
    submit::submit,
    work::{Ingestion, work},
};
use serde_json::{Value, json};
use testkit::http::Client;
use testkit::oracle::{Oracle, UserFigures};
use testkit::rows::{self, Event, locations_csv, users_csv, world};
use tokio_util::sync::CancellationToken;

use crate::people::People;

async fn load(people: &People, events: &[Value], lists: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut files = vec![file("rows.json", rows::ndjson(events))];
    files.extend(lists.iter().map(|(name, content)| file(name, content.clone().into_bytes())));
    let ingestion = Ingestion::new(&people.state.settings, people.state.pool.clone()).unwrap();
    let job = submit(&ingestion.pool, &ingestion.data_root, people.tenant, "replace", &files).await.unwrap();
    let attempt = Attempt { number: 1, most: 1, stop: CancellationToken::new() };
    work(&ingestion, IngestTask { tenant_id: people.tenant, job_id: job }, &attempt).await.unwrap();
}

fn path_of(user: &str) -> String {
    format!("/data/users/{}", user.replace(' ', "%20"))
}

fn instant(value: &Value) -> Option<i64> {
    value.as_str().map(|text| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
}

/// Says where a user of the API is not what the definitions say.
fn assert_is(user: &Value, figures: Option<&UserFigures>, is_listed: bool, world: &str) {
    let id = &user["user_id"];
    let known = match (figures, is_listed) {
        (Some(_), true) => "both",
        (Some(_), false) => "events",
        (None, _) => "list",
    };
    assert_eq!(user["known_from"], known, "{world}: {user}");
    let figures = figures.cloned().unwrap_or_default();
    assert_eq!(instant(&user["first_seen"]), figures.first_seen, "{world}: first_seen of {id}");
    assert_eq!(instant(&user["last_seen"]), figures.last_seen, "{world}: last_seen of {id}");
    assert_eq!(user["visits"], figures.visits, "{world}: visits of {id}");
    assert_eq!(user["orders"], figures.orders, "{world}: orders of {id}");
    let revenue: rust_decimal::Decimal = user["revenue"].to_string().parse().unwrap();
    assert_eq!(revenue, figures.revenue, "{world}: revenue of {id}");
    match user["location_id"].as_str() {
        Some(branch) => assert!(figures.branches.iter().any(|b| b == branch), "{world}: {user}, not {figures:?}"),
        None => assert!(figures.branches.is_empty(), "{world}: {user}, not {figures:?}"),
    }
}

async fn assert_world(seed: u64) {
    let world = world(seed);
    let people = People::of(&world.spec.settings).await;
    let lists = [("users.csv", users_csv(&world.users)), ("locations.csv", locations_csv(&world.locations))];
    load(&people, &world.rows, &lists).await;
    let oracle = Oracle::new(&world.input());
    let listed: BTreeSet<String> = world.users.iter().map(|user| user.user_id.clone()).collect();
    let two = ["D01", "D03"];
    for branches in [None, Some(two.as_slice()), Some(&[])] {
        let at = format!("world {seed}, branches {branches:?}");
        let reader = people.member(Role::Viewer, branches).await;
        let mut expected: BTreeSet<String> =
            oracle.known_users().into_iter().filter(|user| oracle.user(user, branches).is_some()).collect();
        if branches.is_none() {
            expected.extend(listed.iter().cloned());
        }
        // Every way through the list gives every user once, in the order of their ids.
        let ids = |users: &[Value]| -> Vec<String> {
            users.iter().map(|user| user["user_id"].as_str().unwrap().to_owned()).collect()
        };
        let expected: Vec<String> = expected.into_iter().collect();
        let whole = reader.walk_cursor("/data/users", 3, |page| &page["data"]).await;
        assert_eq!(ids(&whole), expected, "{at}");
        assert_eq!(reader.walk_pages("/data/users", 4, |page| &page["data"]).await, whole, "{at}");
        for user in &whole {
            let id = user["user_id"].as_str().unwrap();
            assert_is(user, oracle.user(id, branches).as_ref(), listed.contains(id), &at);
            assert_eq!(reader.get(&path_of(id)).await.expect(200), *user, "{at}");
        }
        for active in [true, false] {
            let found = reader.walk_cursor(&format!("/data/users?is_active={active}"), 2, |page| &page["data"]).await;
            let all: Vec<&Value> = whole.iter().filter(|user| user["is_active"] == active).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), all, "{at}, active {active}");
        }
        for text in ["u1", "50%", "%", "_", "4711", "person ü", "EXAMPLE.com", "555-0102", "nobody"] {
            let found = reader.get_with("/data/users", &[("query", text), ("limit", "1000")]).await.expect(200);
            let holds = |user: &&Value| {
                ["user_id", "user_name", "buying_company_name", "email", "cell_phone", "office_phone"]
                    .iter()
                    .any(|field| user[field].as_str().is_some_and(|t| t.to_lowercase().contains(&text.to_lowercase())))
            };
            let all: Vec<&Value> = whole.iter().filter(holds).collect();
            assert_eq!(found["data"].as_array().unwrap().iter().collect::<Vec<_>>(), all, "{at}, query {text}");
            assert_eq!(found["total"], all.len(), "{at}, query {text}");
        }
        if branches.is_some() {
            for id in &listed {
                let is_seen = expected.contains(id);
                assert_eq!(reader.get(&path_of(id)).await.status, if is_seen { 200 } else { 404 }, "{at}: {id}");
            }
        }
    }
}

#[tokio::test]
async fn users_agree_with_the_oracle() {
    let seeds = match std::env::var("ORACLE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => vec![1, 20, 300, 4000, 50_000, 600_000],
    };
    for seed in seeds {
        assert_world(seed).await;
    }
}

fn visit(day: &str, user: &str, visitor: &str) -> Event {
    Event::at("page_view", chrono_tz::UTC, &format!("{day} 10:00:00"))
        .visit(visitor, 1)
        .property("WebUserId", user)
        .page("/")
}

#[tokio::test]
async fn a_user_has_what_list_and_events_know() {
    let people = People::new().await;
    let events = [
        visit("2026-03-02", "U1", "v1").property("default_branch_id", "D01").build(),
        visit("2026-03-05", "U1", "v2").property("default_branch_id", "D02").build(),
        visit("2026-03-09", "U1", "v3").build(),
        Event::at("purchase", chrono_tz::UTC, "2026-03-05 10:00:01")
            .visit("v2", 1)
            .transaction("T1")
            .revenue(12.5)
            .build(),
        // Fired again: one order.
        Event::at("purchase", chrono_tz::UTC, "2026-03-05 10:00:02")
            .visit("v2", 1)
            .transaction("T1")
            .revenue(12.5)
            .build(),
        visit("2026-03-02", "event only", "v9").build(),
    ];
    load(&people, &events, &[]).await;
    people.import("locations", "", "id,name\nD02,Downtown\n").await.expect(200);
    people
        .import("users", "", "id,name,company,email,mobile,office\nU1,Ann,Acme,a@example.com,1,2\nU2,Bob,,,,\n")
        .await
        .expect(200);
    let mut user = people.owner.get("/data/users/U1").await.expect(200);
    for time in ["created_at", "updated_at"] {
        let at = instant(&user[time]).unwrap();
        assert!((chrono::Utc::now().timestamp_micros() - at).abs() < 60_000_000, "{user}");
        user.as_object_mut().unwrap().remove(time);
    }
    assert_eq!(
        user,
        json!({"user_id": "U1", "user_name": "Ann", "buying_company_name": "Acme", "email": "a@example.com",
            "cell_phone": "1", "office_phone": "2", "is_active": true, "first_seen": "2026-03-02T10:00:00Z",
            "last_seen": "2026-03-09T10:00:00Z", "visits": 3, "orders": 1, "revenue": 12.5, "currency": "USD",
            "location_id": "D02", "location_name": "Downtown", "known_from": "both"})
    );
    let unseen = people.owner.get("/data/users/U2").await.expect(200);
    assert_eq!(
        (&unseen["known_from"], &unseen["first_seen"], &unseen["visits"]),
        (&json!("list"), &json!(null), &json!(0))
    );
    let unlisted = people.owner.get("/data/users/event%20only").await.expect(200);
    assert_eq!(
        (&unlisted["known_from"], &unlisted["is_active"], &unlisted["created_at"]),
        (&json!("events"), &json!(null), &json!(null))
    );
    for unknown in ["nobody", "u1", "U", "%00", "a%00b", "..", "%2e%2e%2fU1"] {
        assert_eq!(people.owner.get(&format!("/data/users/{unknown}")).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn a_user_whom_only_an_event_of_no_visit_names_is_known() {
    let people = People::new().await;
    let loose = |name: &str| Event::at(name, chrono_tz::UTC, "2026-03-02 10:00:00");
    let events = [
        loose("page_view").property("WebUserId", "loose 1").property("default_branch_id", "D01").page("/").build(),
        loose("add_to_cart").user_id("loose 2").build(),
        loose("purchase")
            .property("WebUserId", "buyer")
            .property("default_branch_id", "D01")
            .transaction("T7")
            .revenue(7.0)
            .build(),
        // Not landed: nothing is known of who logs in and does nothing.
        loose("login").property("WebUserId", "stranger").build(),
        visit("2026-03-02", "visitor", "v1").property("default_branch_id", "D02").build(),
    ];
    load(&people, &events, &[]).await;
    let ids = |users: Vec<Value>| -> Vec<Value> { users.into_iter().map(|user| user["user_id"].clone()).collect() };
    let all = people.owner.walk_cursor("/data/users", 1, |page| &page["data"]).await;
    assert_eq!(ids(all), ["buyer", "loose 1", "loose 2", "visitor"]);
    let buyer = people.owner.get("/data/users/buyer").await.expect(200);
    assert_eq!((&buyer["orders"], &buyer["revenue"], &buyer["first_seen"]), (&json!(1), &json!(7), &json!(null)));
    let manager = people.member(Role::Manager, Some(&["D01"])).await;
    assert_eq!(ids(manager.walk_cursor("/data/users", 1, |page| &page["data"]).await), ["buyer", "loose 1"]);
    manager.get("/data/users/loose%202").await.problem(404);
    manager.get("/data/users/visitor").await.problem(404);
    people.owner.get("/data/users/stranger").await.problem(404);
}

#[tokio::test]
async fn a_list_of_users_is_asked_for_rightly_or_told_so() {
    let people = People::new().await;
    people.import("users", "", "id,name\nU1,Ann\nU2,Bob\nU3,Cid\n").await.expect(200);
    let page = people.owner.get("/data/users?limit=2").await.expect(200);
    assert_eq!(
        (&page["total"], &page["page"], &page["limit"], &page["has_more"]),
        (&json!(3), &json!(1), &json!(2), &json!(true))
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = people.owner.get(&format!("/data/users?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(
        (rest["data"].as_array().unwrap().len(), &rest["total"], &rest["next_cursor"]),
        (1, &json!(3), &json!(null))
    );
    let past = people.owner.get("/data/users?page=9&limit=2&timezone_offset=60").await.expect(200);
    assert_eq!((&past["data"], &past["total"], &past["has_more"]), (&json!([]), &json!(3), &json!(false)));

    let wrong = people.owner.get("/data/users?page=0&limit=1001&is_active=perhaps&query=a%00b").await;
    assert_eq!(wrong.invalid_fields(), ["is_active", "limit", "page", "query"]);
    for query in [format!("cursor={cursor}&query=a"), format!("cursor={cursor}&is_active=true"), "cursor=x".into()] {
        assert_eq!(people.owner.get(&format!("/data/users?{query}")).await.invalid_fields(), ["cursor"], "{query}");
    }
    assert_eq!(people.owner.get("/data/users?query=&is_active=&cursor=").await.expect(200)["total"], 3);
}

#[tokio::test]
async fn viewers_see_users_and_machines_do_not() {
    let people = People::new().await;
    people.import("users", "", "id\nU1\n").await.expect(200);
    let service = people.member(Role::Service, None).await;
    let nobody = Client::new(&people.server.url).tenant(&people.tenant.to_string());
    for path in ["/data/users", "/data/users/U1"] {
        people.member(Role::Viewer, None).await.get(path).await.expect(200);
        service.get(path).await.problem(403);
        nobody.get(path).await.problem(401);
    }
}
