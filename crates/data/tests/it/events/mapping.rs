//! What becomes of a posted event: the row an export of the same event would have become.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, TimeZone};
use serde_json::{Value, json};
use testkit::oracle::TenantSettings;
use testkit::rows::{local_day, micros};

use super::shop::{PostingShop, now, object, seconds, view};

#[tokio::test]
async fn a_visit_is_in_the_dashboards_figures_within_two_seconds() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    let item = json!({"item_id": "V1", "item_name": "Valve", "price": 10.5, "quantity": 2});
    let body = json!({
        "client_id": "1095824389.1697041234",
        "user_properties": {"WebUserId": {"value": "u7"}, "default_branch_id": {"value": "D01"}},
        "events": [
            {"name": "page_view", "params": {"session_id": "500", "page_location": "/", "engagement_time_msec": "100"}},
            {"name": "view_search_results", "params": {"session_id": "500", "search_term": " valve "}},
            {"name": "add_to_cart", "params": {"session_id": "500", "items": [item]}},
            {"name": "purchase", "params": {"session_id": "500", "transaction_id": "T1", "value": "21.00",
                "currency": "USD", "items": [item]}},
        ]
    });
    shop.accept(&body, 4).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let day = chrono::Utc::now().date_naive();
    for branch in ["", "D01"] {
        let figures = shop
            .row(&format!(
                "select page_views, visitors, carts, searches, purchases, trim_scale(revenue) as revenue, abandoned_carts
                 from daily_stats where location_id = '{branch}' and day between '{day}'::date - 1 and '{day}'"
            ))
            .await;
        assert_eq!(
            figures,
            json!({"page_views": 1, "visitors": 1, "carts": 1, "searches": 1, "purchases": 1, "revenue": 21,
                "abandoned_carts": 0}),
            "{branch:?}"
        );
    }
    assert_eq!(shop.waiting().await, 0);
    assert_eq!(shop.number("select count(*) from visits where user_id = 'u7' and location_id = 'D01'").await, 1);
    assert_eq!(shop.number("select count(*) from page_view where posted").await, 1);
}

#[tokio::test]
async fn every_field_has_the_place_it_has_in_an_export() {
    let shop = PostingShop::new().await;
    let at = now() - seconds(3600);
    let body = json!({
        "client_id": "c.1", "user_id": "crm-9", "timestamp_micros": at.to_string(),
        "user_properties": {"WebUserId": {"value": 42}, "plan": {"value": "gold", "timestamp_micros": at}},
        "user_location": {"city": "Berlin", "country_id": "DE", "unknown": "x"},
        "device": {"category": "mobile", "brand": "Fairphone", "model": "5"},
        "consent": {"ad_user_data": "GRANTED"},
        "user_data": {"sha256_email_address": ["x"]}, "non_personalized_ads": true, "ip_override": "192.0.2.1",
        "events": [{"name": "purchase", "params": {
            "session_id": 500, "page_location": "https://shop.test/done", "page_title": "Done",
            "transaction_id": 4711, "value": 44.79, "currency": "eur", "tax": 7.15, "shipping": "4.9", "coupon": "SPRING",
            "engagement_time_msec": "250", "is_gift": true, "nothing": null,
            "items": [{"item_id": "A", "price": "12.30", "quantity": "3", "color": "red", "size": null},
                {"item_name": "(not set)"}, null]}}]
    });
    shop.accept(&body, 1).await;
    let row = shop
        .row(
            "select kind, own_id, event_timestamp, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, event_count,
                 page_location, page_title, transaction_id, revenue, currency, amount, items, items_count, extra
             from posted_events",
        )
        .await;
    assert_eq!(
        row,
        json!({
            "kind": 4, "own_id": false, "event_timestamp": at, "user_pseudo_id": "c.1", "ga_session_id": 500,
            "web_user_id": "42", "ga_user_id": "crm-9", "event_count": 1,
            "page_location": "https://shop.test/done", "page_title": "Done",
            // The tenant counts in USD, and nobody has converted the amount.
            "transaction_id": "4711", "revenue": 44.79, "currency": "EUR", "amount": null,
            "items": [{"item_id": "A", "quantity": 3, "color": "red"}], "items_count": 1,
            "extra": {
                "geo": {"city": "Berlin", "country": "DE"},
                "device": {"category": "mobile", "mobile_brand_name": "Fairphone", "mobile_model_name": "5"},
                "consent": {"ad_user_data": "GRANTED"},
                "ecommerce": {"tax_value": 7.15, "shipping_value": "4.9"},
                "params": {"value": 44.79, "tax": 7.15, "shipping": "4.9", "coupon": "SPRING",
                    "engagement_time_msec": 250, "is_gift": "true"},
                "user_properties": {"plan": "gold"},
            },
        })
    );
}

#[tokio::test]
async fn an_amount_in_usd_counts_and_one_without_a_currency_is_the_tenants() {
    let shop = PostingShop::new().await;
    let purchase = |id: &str, params: Value| {
        let mut all = json!({"session_id": 500, "transaction_id": id});
        all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        json!({"name": "purchase", "params": all})
    };
    shop.accept(
        &object(json!([
            purchase("1", json!({"value": 10, "currency": "USD"})),
            purchase("2", json!({"value": "10.5"})),
            purchase("3", json!({"value": "", "currency": "USD"})),
            purchase("4", json!({"currency": "USD"})),
        ])),
        4,
    )
    .await;
    let amounts = shop.row("select array_agg(amount order by transaction_id) as amounts from posted_events").await;
    assert_eq!(amounts["amounts"], json!([10, 10.5, null, null]));
}

#[tokio::test]
async fn the_day_is_that_of_the_tenants_zone_and_the_session_comes_in_three_forms() {
    let zone = chrono_tz::Pacific::Auckland;
    let shop = PostingShop::of(&TenantSettings { zone, ..TenantSettings::default() }).await;
    shop.limit(json!({"max_age_hours": 9600})).await;
    let near_midnight = {
        let today = local_day(zone, now());
        micros(zone, &format!("{} 23:59:59", today.pred_opt().unwrap()))
    };
    let of = |session: Value, at: i64| json!({"name": "page_view", "timestamp_micros": at, "params": {"session_id": session}});
    let body = json!({"app_instance_id": "0123456789abcdef0123456789abcdef", "timestamp_micros": 1, "events": [
        of(json!(1_747_075_570), near_midnight),
        of(json!("1747075570"), near_midnight + seconds(1)),
        of(json!("GS2.1.s1747075570$o5$g1$t1747077281$j36$l0$h0"), near_midnight + seconds(2)),
        of(json!("s1747075570$o5$g1$t1747077281$j36$l0$h0"), near_midnight + seconds(3)),
        of(json!("(not set)"), near_midnight + seconds(4)),
    ]});
    let answer = shop.post(&body).await.expect(202);
    assert_eq!(answer["accepted"], 5, "{answer}");
    let rows = shop
        .row(
            "select array_agg(event_date - (select min(event_date) from posted_events) order by event_timestamp) as days,
                 array_agg(ga_session_id order by event_timestamp) as sessions,
                 min(event_date) as first, count(distinct user_pseudo_id) as visitors
             from posted_events",
        )
        .await;
    assert_eq!(rows["days"], json!([0, 1, 1, 1, 1]));
    assert_eq!(rows["sessions"], json!([1_747_075_570, 1_747_075_570, 1_747_075_570, 1_747_075_570, null]));
    assert_eq!(rows["first"], local_day(zone, near_midnight).to_string());
    assert_eq!(rows["visitors"], 1);
}

/// East and west of UTC, and where clocks go forward at midnight, so that a day begins at one.
#[tokio::test]
async fn a_day_begins_to_the_microsecond_and_its_first_event_takes_the_visit() {
    let yesterday = |zone| local_day(zone, now()).pred_opt().unwrap();
    let santiago = chrono_tz::America::Santiago;
    let is_short = |day: &NaiveDate| santiago.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().is_none();
    let short = yesterday(santiago).iter_days().rev().take(395).find(is_short).expect("a day without a midnight");
    for (zone, day, begins) in [
        (chrono_tz::Pacific::Auckland, yesterday(chrono_tz::Pacific::Auckland), "00:00:00"),
        (chrono_tz::Pacific::Honolulu, yesterday(chrono_tz::Pacific::Honolulu), "00:00:00"),
        (santiago, short, "01:00:00"),
    ] {
        let midnight = micros(zone, &format!("{day} {begins}"));
        let shop = PostingShop::of(&TenantSettings { zone, ..TenantSettings::default() }).await;
        shop.limit(json!({"max_age_hours": 9600})).await;
        shop.scene.start_folding();
        shop.accept(&view("c", "/after", midnight), 1).await;
        shop.until_folded().await;
        let days =
            "select jsonb_agg(jsonb_build_array(day, visitors, page_views) order by day) as days from daily_stats
            where location_id = ''";
        assert_eq!(shop.row(days).await["days"], json!([[day, 1, 1]]), "{zone}");
        shop.accept(&view("c", "/before", midnight - 1), 1).await;
        shop.until_folded().await;
        let before = day.pred_opt().unwrap();
        assert_eq!(shop.row(days).await["days"], json!([[before, 1, 2]]), "{zone}: the whole visit");
        let hours = "select jsonb_agg(jsonb_build_array(day, hour, visitors)) as hours from hourly_stats";
        assert_eq!(shop.row(hours).await["hours"], json!([[before, 23, 1]]), "{zone}");
        let kept = shop.tables().await;
        shop.run(&format!("select rebuild_rollups('{}')", shop.scene.tenant)).await;
        assert_eq!(shop.tables().await, kept);
    }
}

#[tokio::test]
async fn the_nearest_time_counts_and_none_is_now() {
    let shop = PostingShop::new().await;
    let earlier = now() - seconds(600);
    let page =
        |page: &str, at: Value| json!({"name": "page_view", "timestamp_micros": at, "params": {"page_location": page}});
    let body = json!({"client_id": "c", "timestamp_micros": earlier, "events":
        [page("/own", json!(earlier - seconds(5))), page("/object", Value::Null)]});
    shop.accept(&body, 2).await;
    let before = now();
    shop.accept(&json!({"client_id": "c", "events": [page("/now", Value::Null)]}), 1).await;
    let at = shop.row("select jsonb_object_agg(page_location, event_timestamp) as at from posted_events").await["at"]
        .clone();
    assert_eq!((at["/own"].as_i64(), at["/object"].as_i64()), (Some(earlier - seconds(5)), Some(earlier)));
    assert!((before..=now()).contains(&at["/now"].as_i64().unwrap()), "{at}");
}

#[tokio::test]
async fn events_that_do_not_land_tell_of_their_visit_or_pass_by() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    let at = now() - seconds(60);
    let body = json!([
        {"client_id": "c", "timestamp_micros": at, "events": [
            {"name": "page_view", "params": {"session_id": 5, "page_location": "/"}},
            {"name": "scroll", "params": {"session_id": 5, "percent_scrolled": 90}}]},
        {"client_id": "c", "timestamp_micros": at + 1, "user_properties": {"WebUserId": {"value": "u1"}},
            "events": [{"name": "login", "params": {"session_id": 5, "method": "password"}}]},
    ]);
    shop.accept(&body, 3).await;
    shop.until_folded().await;
    assert_eq!(shop.row("select user_id from visits").await, json!({"user_id": "u1"}));
    assert_eq!(shop.number("select count(*) from day_events where events > 0").await, 1, "page views alone");
}
