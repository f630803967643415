//! The dashboard: figures, periods and branches, from roll-ups put in by hand.

use common::auth::Role;
use serde_json::{Value, json};
use testkit::oracle::TenantSettings;

use crate::support::{Shop, day_base, hour_base, over};

fn location(id: &str, name: &str, is_active: bool) -> Value {
    json!({
        "location_id": id, "location_name": name, "city": "Troy", "state": null, "is_active": is_active,
        "created_at": "now", "updated_at": "now",
    })
}

/// Two branches, D02 named before D01, one that nobody visits and one that is closed.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    let locations = [
        location("D01", "Zenith", true),
        location("D02", "Alpha", true),
        location("D03", "Quiet", true),
        location("D04", "Closed", false),
    ];
    shop.put("locations", &json!({}), &locations).await;
    let day = |location: &str, day: &str, fields: Value| {
        over(&json!({ "location_id": location, "day": day, "page_views": 1 }), &fields)
    };
    shop.put("daily_stats", &day_base(), &[
        day("", "2026-01-05", json!({
            "revenue": 1_410_625.86, "purchases": 2, "visitors": 3, "carts": 4, "searches": 5, "failed_searches": 4,
            "abandoned_carts": 1,
        })),
        day("", "2026-01-07", json!({ "revenue": 0.005, "purchases": 1, "visitors": 4 })),
        day("", "2026-02-02", json!({ "visitors": 1 })),
        day("D01", "2026-01-05", json!({ "revenue": 10.5, "purchases": 1, "visitors": 2, "abandoned_carts": 1, "searches": 3, "failed_searches": 2 })),
        day("D02", "2026-01-07", json!({ "visitors": 1, "page_views": 7 })),
        day("D03", "2026-01-07", json!({ "visitors": 0, "page_views": 0 })),
        day("D04", "2026-01-07", json!({ "visitors": 9 })),
    ])
    .await;
    let user = |location: &str, day: &str, user: &str, visits: i32| json!({ "location_id": location, "day": day, "user_id": user, "visits": visits });
    shop.put(
        "user_days",
        &json!({}),
        &[
            user("", "2026-01-05", "u1", 1),
            user("", "2026-01-07", "u1", 1),
            user("", "2026-01-05", "u2", 2),
            user("", "2026-01-05", "u3", 1),
            user("", "2026-02-02", "u3", 1),
            user("D01", "2026-01-05", "u1", 1),
            user("D02", "2026-01-07", "u1", 1),
            user("D01", "2026-01-05", "u2", 2),
        ],
    )
    .await;
    let event = |day: &str| json!({ "day": day, "table_name": "page_view", "events": 9 });
    shop.put("day_events", &json!({}), &[event("2026-01-05"), event("2026-02-02")]).await;
    shop
}

const JANUARY: &str = "start_date=2026-01-01&end_date=2026-01-31";

#[tokio::test]
async fn figures_are_those_of_the_range_and_the_branches() {
    let shop = shop().await;
    let answer = shop.get(&format!("/analytics/stats?{JANUARY}")).await;
    assert_eq!((&answer["start_date"], &answer["end_date"]), (&json!("2026-01-01"), &json!("2026-01-31")));
    assert_eq!(
        answer["metrics"],
        json!({
            "totalRevenue": "$1410625.865", "revenue": 1_410_625.865, "currency": "USD", "purchases": 3, "totalVisitors": 7,
            "uniqueUsers": 3, "abandonedCarts": 1, "totalSearches": 5, "failedSearches": 4, "repeatVisits": 2,
            "conversionRate": 42.86,
        })
    );
    let branch = shop.get(&format!("/analytics/stats?{JANUARY}&location_id=D01")).await;
    assert_eq!(
        branch["metrics"],
        json!({
            "totalRevenue": "$10.50", "revenue": 10.5, "currency": "USD", "purchases": 1, "totalVisitors": 2,
            "uniqueUsers": 2, "abandonedCarts": 1, "totalSearches": 3, "failedSearches": 2, "repeatVisits": 1,
            "conversionRate": 50.0,
        })
    );
    let both = shop.get(&format!("/analytics/stats?{JANUARY}&location_id=D01&location_id=D02")).await;
    assert_eq!((&both["metrics"]["uniqueUsers"], &both["metrics"]["repeatVisits"]), (&json!(2), &json!(2)));
    let nothing = shop.get(&format!("/analytics/stats?{JANUARY}&location_id=D09")).await;
    let metrics = &nothing["metrics"];
    assert_eq!((&metrics["totalRevenue"], &metrics["conversionRate"]), (&json!("$0.00"), &json!(0)));
}

#[tokio::test]
async fn every_active_location_has_a_row_whatever_is_selected() {
    let shop = shop().await;
    let row = |id: &str, name: &str, fields: Value| {
        let zeros = json!({
            "locationId": id, "locationName": name, "city": "Troy", "state": null, "totalRevenue": "$0.00", "revenue": 0,
            "purchases": 0, "totalVisitors": 0, "abandonedCarts": 0, "repeatVisits": 0, "failedSearches": 0,
        });
        over(&zeros, &fields)
    };
    let zenith = json!({
        "totalRevenue": "$10.50", "revenue": 10.5, "purchases": 1, "totalVisitors": 2, "abandonedCarts": 1,
        "repeatVisits": 1, "failedSearches": 2,
    });
    let expected = json!([
        row("D02", "Alpha", json!({ "totalVisitors": 1 })),
        row("D03", "Quiet", json!({})),
        row("D01", "Zenith", zenith)
    ]);
    for query in ["", "&location_id=D02", "&location_id=D09"] {
        let answer = shop.get(&format!("/analytics/stats?{JANUARY}{query}")).await;
        assert_eq!(answer["locationStats"], expected, "{query}");
    }
    let views = shop.get("/analytics/locations").await;
    assert_eq!(
        views,
        json!([
            { "locationId": "D02", "locationName": "Alpha", "city": "Troy", "state": null },
            { "locationId": "D01", "locationName": "Zenith", "city": "Troy", "state": null },
        ])
    );
}

#[tokio::test]
async fn a_manager_of_branches_sees_these_and_no_other() {
    let shop = shop().await;
    let manager = shop.member(Role::Manager, Some(&["D01"])).await;
    let all = manager.get(&format!("/analytics/stats?{JANUARY}")).await.expect(200);
    let asked = shop.get(&format!("/analytics/stats?{JANUARY}&location_id=D01")).await;
    assert_eq!((&all["metrics"], &all["chartData"]), (&asked["metrics"], &asked["chartData"]));
    assert_eq!(all["locationStats"].as_array().map(Vec::len), Some(1));
    let other = manager.get(&format!("/analytics/stats?{JANUARY}&location_id=D02")).await.expect(200);
    assert_eq!(other["metrics"]["totalVisitors"], 0);
    let views = manager.get("/analytics/locations").await.expect(200);
    assert_eq!((views.as_array().map(Vec::len), &views[0]["locationId"]), (Some(1), &json!("D01")));
}

#[tokio::test]
async fn without_dates_it_is_the_thirty_days_up_to_the_latest_data() {
    let shop = shop().await;
    let answer = shop.get("/analytics/stats").await;
    assert_eq!((&answer["start_date"], &answer["end_date"]), (&json!("2026-01-04"), &json!("2026-02-02")));
    assert_eq!(
        (answer["chartData"].as_array().map(Vec::len), &answer["metrics"]["uniqueUsers"]),
        (Some(30), &json!(3))
    );
    let empty = Shop::open().await;
    let answer = empty.get("/analytics/stats?granularity=hourly").await;
    assert_eq!(answer["metrics"]["totalVisitors"], 0);
    assert!(answer["chartData"].as_array().unwrap().len() >= 719);
    assert_eq!(empty.get("/analytics/locations").await, json!([]));
}

/// The chart as (date, time, visitors), the periods without visitors left out where `all` is false.
async fn chart(shop: &Shop, query: &str, all: bool) -> Vec<(String, String, i64)> {
    let answer = shop.get(&format!("/analytics/stats?{query}")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let point = |point: &Value| (text(&point["date"]), text(&point["time"]), point["visitors"].as_i64().unwrap());
    answer["chartData"].as_array().unwrap().iter().map(point).filter(|(.., visitors)| all || *visitors > 0).collect()
}

fn points(points: &[(&str, i64)]) -> Vec<(String, String, i64)> {
    points.iter().map(|(time, visitors)| (time[..10].to_owned(), (*time).to_owned(), *visitors)).collect()
}

#[tokio::test]
async fn periods_begin_inside_the_range_and_none_is_missing() {
    let shop = shop().await;
    let daily = chart(&shop, "start_date=2026-01-04&end_date=2026-01-07", true).await;
    assert_eq!(daily, points(&[("2026-01-04", 0), ("2026-01-05", 3), ("2026-01-06", 0), ("2026-01-07", 4)]));
    // 5 January 2026 is a Monday.
    let weekly = chart(&shop, "granularity=weekly&start_date=2026-01-03&end_date=2026-01-14", true).await;
    assert_eq!(weekly, points(&[("2026-01-03", 0), ("2026-01-05", 7), ("2026-01-12", 0)]));
    let monthly = chart(&shop, "granularity=monthly&start_date=2025-12-15&end_date=2026-02-02", true).await;
    assert_eq!(monthly, points(&[("2025-12-15", 0), ("2026-01-01", 7), ("2026-02-01", 1)]));
    let answer = shop.get(&format!("/analytics/stats?{JANUARY}")).await;
    assert_eq!(
        answer["chartData"][4],
        json!({
            "date": "2026-01-05", "time": "2026-01-05", "revenue": 1_410_625.86, "purchases": 2, "visitors": 3, "carts": 4,
            "searches": 5,
        })
    );
}

#[tokio::test]
async fn weeks_begin_where_the_tenant_says() {
    let week_start = "Sun".parse().unwrap();
    let shop =
        Shop::open_with(&TenantSettings { week_start, currency: "EUR".into(), ..TenantSettings::default() }).await;
    let day = |day: &str| json!({ "day": day, "visitors": 1, "revenue": 0.5 });
    shop.put("daily_stats", &day_base(), &[day("2026-01-03"), day("2026-01-04"), day("2026-01-10"), day("2026-01-11")])
        .await;
    let query = "granularity=weekly&start_date=2026-01-01&end_date=2026-01-11";
    assert_eq!(chart(&shop, query, true).await, points(&[("2026-01-01", 1), ("2026-01-04", 2), ("2026-01-11", 1)]));
    let answer = shop.get(&format!("/analytics/stats?{query}")).await;
    assert_eq!(
        (&answer["metrics"]["totalRevenue"], &answer["metrics"]["currency"]),
        (&json!("EUR 2.00"), &json!("EUR"))
    );
}

#[tokio::test]
async fn blocks_below_a_day_are_of_the_tenants_clock() {
    let shop = shop().await;
    let hour = |hour: i32| json!({ "day": "2026-01-05", "hour": hour, "visitors": 1, "revenue": 2.5, "searches": 1, "failed_searches": 1 });
    shop.put("hourly_stats", &hour_base(), &[hour(3), hour(4), hour(7), hour(12), hour(23)]).await;
    let day = "start_date=2026-01-05&end_date=2026-01-05";
    let hourly = chart(&shop, &format!("granularity=hourly&{day}"), true).await;
    assert_eq!((hourly.len(), &hourly[4]), (24, &points(&[("2026-01-05T04:00", 1)])[0]));
    let four = chart(&shop, &format!("granularity=4hours&{day}"), true).await;
    let expected = [
        ("2026-01-05T00:00", 1),
        ("2026-01-05T04:00", 2),
        ("2026-01-05T08:00", 0),
        ("2026-01-05T12:00", 1),
        ("2026-01-05T16:00", 0),
        ("2026-01-05T20:00", 1),
    ];
    assert_eq!(four, points(&expected));
    let twelve = chart(&shop, &format!("granularity=12hours&{day}"), true).await;
    assert_eq!(twelve, points(&[("2026-01-05T00:00", 3), ("2026-01-05T12:00", 2)]));
    let answer = shop.get(&format!("/analytics/stats?granularity=4hours&{day}")).await;
    assert_eq!((&answer["chartData"][1]["revenue"], &answer["chartData"][1]["searches"]), (&json!(5.0), &json!(2)));
    let two = chart(&shop, "granularity=12hours&start_date=2026-01-04&end_date=2026-01-06", true).await;
    assert_eq!(two.len(), 6);
}

#[tokio::test]
async fn an_hour_the_clocks_skip_is_no_period() {
    let times = |periods: Vec<(String, String, i64)>| -> Vec<String> {
        periods.into_iter().map(|(_, time, _)| time[11..13].to_owned()).collect()
    };
    let shop = Shop::open().await;
    let spring = times(chart(&shop, "granularity=hourly&start_date=2026-03-08&end_date=2026-03-08", true).await);
    assert_eq!((spring.len(), &spring[1..3]), (23, &["01".to_owned(), "03".to_owned()][..]));
    for granularity in ["4hours", "12hours"] {
        let query = format!("granularity={granularity}&start_date=2026-03-08&end_date=2026-03-08");
        assert_eq!(chart(&shop, &query, true).await.len(), if granularity == "4hours" { 6 } else { 2 });
    }
    // The hour that comes twice is one period.
    let autumn = times(chart(&shop, "granularity=hourly&start_date=2025-11-02&end_date=2025-11-02", true).await);
    assert_eq!(autumn.len(), 24);
    // Half an hour is skipped: the hour is still on the clock.
    let half =
        Shop::open_with(&TenantSettings { zone: "Australia/Lord_Howe".parse().unwrap(), ..TenantSettings::default() })
            .await;
    let spring = times(chart(&half, "granularity=hourly&start_date=2026-10-04&end_date=2026-10-04", true).await);
    assert_eq!(spring.len(), 24);
}
