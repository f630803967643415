//! The traps of real GA4 rows (counted over public samples and issue trackers), each as the smallest case that falls in.

use chrono_tz::Tz;
use serde_json::json;
use testkit::oracle::TenantSettings;
use testkit::rows::{Event, Item, Slot};

use crate::support::Shop;

const UTC: Tz = chrono_tz::UTC;

fn at(name: &str, time: &str) -> Event {
    Event::at(name, UTC, &format!("2026-03-02 {time}"))
}

#[tokio::test]
async fn a_value_is_read_from_whichever_slot_it_is_in() {
    let shop = Shop::new().await;
    let slots = [
        ("a", Slot::Int(77)),
        ("b", Slot::Text("77".into())),
        ("c", Slot::Double(77.0)),
        ("d", Slot::Float(77.0)),
        ("e", Slot::Text("s77$o5$g1$t1747077281$j36$l0$h0".into())),
    ];
    let rows: Vec<_> = slots
        .iter()
        .map(|(visitor, slot)| {
            at("page_view", "10:00:00")
                .pseudo_id(visitor)
                .param("ga_session_id", slot.clone())
                .property("WebUserId", slot.clone())
                .page("/")
                .build()
        })
        .collect();
    shop.load("replace", &rows).await;
    assert_eq!(shop.number("select count(*) from visits where ga_session_id = 77").await, 5);
    assert_eq!(
        shop.texts("select user_id from visits order by user_pseudo_id").await,
        ["77", "77", "77", "77", "s77$o5$g1$t1747077281$j36$l0$h0"]
    );
}

#[tokio::test]
async fn transaction_ids_come_as_int_as_text_and_from_ecommerce() {
    let shop = Shop::new().await;
    let buy = |time: &str, amount: f64| at("purchase", time).visit("a", 1).revenue(amount);
    let rows = [
        buy("10:00:00", 10.0).transaction(Slot::Int(123)).ecommerce("transaction_id", json!("(not set)")).build(),
        // the same order again as text, 35 ms of GA4 later
        buy("10:00:01", 10.0).transaction("123").build(),
        // the parameter wins over the struct, which the sample obfuscated
        buy("10:01:00", 20.0).transaction("T-9").ecommerce("transaction_id", json!("other")).build(),
        buy("10:02:00", 20.0).transaction(Slot::Empty).ecommerce("transaction_id", json!("T-9")).build(),
        // no real id: each counts by itself
        buy("10:03:00", 1.0).transaction("(not set)").build(),
        buy("10:03:01", 1.0).ecommerce("transaction_id", json!("")).build(),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.number("select purchases from daily_stats where location_id = ''").await, 4);
    assert_eq!(shop.texts("select revenue::text from daily_stats where location_id = ''").await, ["32"]);
}

#[tokio::test]
async fn a_double_fired_purchase_counts_on_the_first_day_whichever_day_is_loaded_first() {
    let shop = Shop::new().await;
    let buy = |day: u32, amount: f64| {
        Event::at("purchase", UTC, &format!("2026-03-{day:02} 10:00:00"))
            .visit("a", i64::from(day))
            .transaction("T")
            .revenue(amount)
            .build()
    };
    let counted = "select event_date::text from orders where counted";
    shop.load("replace", &[buy(5, 5.0)]).await;
    assert_eq!(shop.texts(counted).await, ["2026-03-05"]);
    shop.load("replace", &[buy(3, 3.0)]).await;
    assert_eq!(shop.texts(counted).await, ["2026-03-03"]);
    assert_eq!(shop.texts("select day || ' ' || revenue from daily_stats where purchases > 0").await, ["2026-03-03 3"]);
    // The first one is withdrawn: the later one counts again.
    shop.load("replace", &[Event::at("page_view", UTC, "2026-03-03 10:00:00").visit("a", 3).build()]).await;
    assert_eq!(shop.texts(counted).await, ["2026-03-05"]);
    assert_eq!(shop.texts("select day || ' ' || revenue from daily_stats where purchases > 0").await, ["2026-03-05 5"]);
}

#[tokio::test]
async fn all_real_items_of_a_cart_count_and_fillers_do_not() {
    let shop = Shop::new().await;
    let rows = [
        at("add_to_cart", "10:00:00")
            .visit("a", 1)
            .item(Item::new("V1", "Valve").price(10.5).quantity(2))
            .item(Item::new("P1", "Pipe").price(3.0))
            .item(Item::filler())
            .build(),
        at("add_to_cart", "10:01:00").visit("a", 1).item(Item::default().name("Unpriced")).build(),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.texts("select cart_items || ' ' || cart_value from visits").await, ["3 24.0"]);
    assert_eq!(
        shop.texts("select string_agg(coalesce(l ->> 'item_name', '?') || (l ->> 'quantity'), ',') from visit_products, jsonb_array_elements(cart) l").await,
        ["Valve2,Pipe1,Unpriced1"]
    );
}

#[tokio::test]
async fn events_without_visitor_or_session_count_and_make_no_visit() {
    let shop = Shop::new().await;
    let rows = [
        at("page_view", "10:00:00").page("/").build(),
        at("page_view", "10:00:01").pseudo_id("a").page("/").build(),
        at("page_view", "10:00:02").session(7).page("/").build(),
        at("add_to_cart", "10:00:03").property("default_branch_id", "D01").build(),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.number("select count(*) from visits").await, 0);
    assert_eq!(shop.number("select events from day_events where table_name = 'page_view'").await, 3);
    // An event of no visit has its own branch.
    assert_eq!(shop.number("select carts from daily_stats where location_id = 'D01'").await, 1);
}

#[tokio::test]
async fn two_visitors_with_one_session_id_are_two_visits() {
    let shop = Shop::new().await;
    let rows = [
        at("page_view", "10:00:00").visit("a", 7).page("/").build(),
        at("page_view", "10:00:00").visit("b", 7).page("/").build(),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.number("select count(*) from visits").await, 2);
}

#[tokio::test]
async fn a_visit_across_midnight_belongs_whole_to_its_first_day() {
    let zone = chrono_tz::America::New_York;
    let shop = Shop::of(&TenantSettings { zone, ..TenantSettings::default() }).await;
    let rows = [
        Event::at("page_view", zone, "2026-03-02 23:59:00").visit("a", 7).page("/1").build(),
        Event::at("page_view", zone, "2026-03-03 00:01:00").visit("a", 7).page("/2").build(),
        Event::at("add_to_cart", zone, "2026-03-03 00:02:00")
            .visit("a", 7)
            .property("default_branch_id", "D02")
            .build(),
    ];
    // The later day first, as ingestion does it.
    shop.load("replace", &rows[1..]).await;
    assert_eq!(shop.texts("select day::text from visits").await, ["2026-03-03"]);
    shop.load("replace", &rows[..1]).await;
    assert_eq!(
        shop.texts(
            "select day || ' ' || last_day || ' ' || pages || ' ' || start_hour || ' ' || location_id from visits"
        )
        .await,
        ["2026-03-02 2026-03-03 2 23 D02"]
    );
    // Visit metrics by the visit's day, event metrics by the event's, both by the visit's branch.
    assert_eq!(
        shop.texts("select day || ' ' || visitors || ' ' || carts || ' ' || abandoned_carts from daily_stats where location_id = 'D02' order by day").await,
        ["2026-03-02 1 0 1", "2026-03-03 0 1 0"]
    );
}

#[tokio::test]
async fn users_and_branches_that_only_other_events_carry_reach_the_visit() {
    let shop = Shop::new().await;
    let rows = [
        at("session_start", "10:00:00").visit("a", 7).property("default_branch_id", "D01").build(),
        at("page_view", "10:00:01").visit("a", 7).page("/").build(),
        at("login", "10:00:02").visit("a", 7).property("WebUserId", "U1").user_id("G1").build(),
        // A visit with GA4's own id only, and fillers that are none.
        at("page_view", "10:00:03").visit("b", 8).property("WebUserId", "(not set)").user_id("G2").page("/").build(),
        at("scroll", "10:00:04").visit("b", 8).property("default_branch_id", "(data not available)").build(),
    ];
    shop.load("replace", &rows).await;
    let visits = "select user_id || ' ' || coalesce(location_id, '-') from visits order by user_pseudo_id";
    assert_eq!(shop.texts(visits).await, ["U1 D01", "G2 -"]);
}

#[tokio::test]
async fn what_the_evening_before_carried_reaches_a_visit_loaded_earlier() {
    let shop = Shop::new().await;
    let start = Event::at("session_start", UTC, "2026-03-02 23:59:59")
        .visit("a", 7)
        .property("default_branch_id", "D01")
        .build();
    let view = Event::at("page_view", UTC, "2026-03-03 00:00:01").visit("a", 7).page("/").build();
    shop.load("replace", &[view]).await;
    assert_eq!(shop.texts("select location_id from visits").await, ["null"]);
    shop.load("replace", &[start]).await;
    assert_eq!(shop.texts("select day || location_id from visits").await, ["2026-03-03D01"]);
    assert_eq!(shop.number("select visitors from daily_stats where location_id = 'D01'").await, 1);
    // And is taken back with its day.
    shop.load("replace", &[Event::at("scroll", UTC, "2026-03-02 12:00:00").visit("b", 1).build()]).await;
    assert_eq!(shop.texts("select location_id from visits").await, ["null"]);
}

#[tokio::test]
async fn tied_timestamps_go_by_the_batch_fields_with_nulls_last() {
    let shop = Shop::new().await;
    let named = |user: &str, batch: (Option<i64>, Option<i64>, Option<i64>)| {
        at("page_view", "10:00:00")
            .visit("a", 7)
            .property("WebUserId", user)
            .page("/")
            .batch(batch.0, batch.1, batch.2)
            .build()
    };
    let rows = [
        named("last", (Some(2), Some(1), Some(1))),
        named("first", (Some(1), Some(9), Some(9))),
        named("middle", (Some(2), Some(1), Some(0))),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.texts("select user_id from visits").await, ["last"]);
    let mut rows = rows.to_vec();
    rows.push(named("null", (None, None, None)));
    shop.load("replace", &rows).await;
    assert_eq!(shop.texts("select user_id from visits").await, ["null"]);
}

#[tokio::test]
async fn another_currency_counts_through_usd_or_not_at_all() {
    let buy = |visitor: &str| {
        at("purchase", "10:00:00").visit(visitor, 7).currency("EUR").revenue(10.0).revenue_in_usd(11.5).build()
    };
    let dollars = Shop::new().await;
    dollars.load("replace", &[buy("a")]).await;
    assert_eq!(dollars.texts("select amount::text from orders").await, ["11.5"]);
    let pounds = Shop::of(&TenantSettings { zone: UTC, currency: "GBP".into(), ..TenantSettings::default() }).await;
    let job = pounds.load("replace", &[buy("a")]).await;
    assert_eq!(job.status, "completed_with_warnings");
    assert!(job.warnings[0].contains("1 events have amounts in another currency than GBP"), "{:?}", job.warnings);
    assert_eq!(pounds.texts("select amount::text from orders").await, ["null"]);
    assert_eq!(pounds.texts("select revenue || currency from purchase").await, ["10EUR"]);
    // Three decimals stay three.
    let dinars = Shop::of(&TenantSettings { zone: UTC, currency: "KWD".into(), ..TenantSettings::default() }).await;
    dinars.load("replace", &[at("purchase", "10:00:00").visit("a", 7).currency("KWD").revenue(1.125).build()]).await;
    assert_eq!(dinars.texts("select revenue::text from daily_stats where location_id = ''").await, ["1.125"]);
}

#[tokio::test]
async fn unknown_and_missing_fields_are_no_error_and_nothing_is_lost() {
    let shop = Shop::new().await;
    let row = at("page_view", "10:00:00")
        .visit("a", 7)
        .field("event_params", json!(null))
        .field("items", json!(null))
        .field("a_field_of_2030", json!({"deep": [1, {"x": "y"}]}))
        .field("device", json!({"category": "mobile", "vendor_id": null}))
        .without("user_properties")
        .build();
    let job = shop.load("replace", &[row]).await;
    assert_eq!(job.status, "completed", "{job:?}");
    let extra: serde_json::Value =
        serde_json::from_str(&shop.texts("select extra::text from page_view").await[0]).unwrap();
    assert_eq!(extra["a_field_of_2030"], json!({"deep": [1, {"x": "y"}]}));
    assert_eq!(extra["device"], json!({"category": "mobile"}));
}

#[tokio::test]
async fn failed_searches_by_alias_and_by_either_parameter() {
    let shop = Shop::new().await;
    let rows = [
        at("no_search_results", "10:00:00")
            .visit("a", 7)
            .param("no_search_results_term", " valve ")
            .param("search_term", "x")
            .build(),
        at("view_search_results_no_results", "10:00:01").visit("a", 7).param("search_term", "valve").build(),
        at("no_search_results", "10:00:02").visit("a", 7).param("search_term", "(not set)").build(),
    ];
    shop.load("replace", &rows).await;
    assert_eq!(shop.texts("select search_term || search_count from search_lines").await, ["valve2"]);
    assert_eq!(shop.number("select failed_searches from daily_stats where location_id = ''").await, 3);
}

#[tokio::test]
async fn a_clock_that_disagrees_with_the_calendar_loses_no_day_of_a_visit() {
    let shop = Shop::new().await;
    let on = |day: u32, micros: i64, page: &str| {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        Event::new("page_view", date, 1_768_000_000_000_000 + micros).visit("a", 7).page(page).build()
    };
    // The event of the later date was the earlier one, by the client's clock.
    let (tenth, eleventh) = (on(10, 1_000_000, "/a"), on(11, 0, "/b"));
    shop.load("replace", &[tenth, eleventh.clone()]).await;
    let visits = "select day || ' ' || first_day || ' ' || last_day || ' ' || page_views from visits";
    assert_eq!(shop.texts(visits).await, ["2026-01-11 2026-01-10 2026-01-11 2"]);
    let once = shop.tables(true).await;
    shop.load("replace", &[eleventh]).await;
    crate::support::assert_same(&once, &shop.tables(true).await);
    shop.load("replace", &[Event::at("scroll", UTC, "2026-01-11 10:00:00").build()]).await;
    assert_eq!(shop.texts(visits).await, ["2026-01-10 2026-01-10 2026-01-10 1"]);
}
