//! Days pulled from the Data API by real jobs: what is asked, what lands, and what the job says of it.

use chrono_tz::America::{New_York, Santiago};
use chrono_tz::{Asia, Australia};
use serde_json::{Value, json};
use testkit::google::{Endpoint, MadeRow, Property, Reported};
use testkit::oracle::TenantSettings;
use testkit::rows::{Event, Item, local_day, micros, ndjson};

use crate::data_api_scene::{PROPERTY, PropertyScene, a_day, at, day, new_york, registered, shop, warnings};

#[tokio::test]
async fn a_day_is_read_by_one_report_a_table() {
    let purchases = [
        at("purchase", "2026-03-10 12:00:00")
            .transaction("T-1")
            .revenue(30.5)
            .page(&shop("/thanks"))
            .item(Item::new("A", "Drill").category("Tools").price(10.0).quantity(3))
            .item(Item::new("B", "Bit").price(0.5)),
        // Sent again by a reload, on another page of the same minute: one order.
        at("purchase", "2026-03-10 12:00:40").transaction("T-1").revenue(30.5).page(&shop("/a")),
        at("purchase", "2026-03-10 12:30:00").transaction("T-1").revenue(30.5).page(&shop("/thanks")),
        // Without a number each is its own, told apart from others of its minute or not.
        at("purchase", "2026-03-10 13:00:00").revenue(5.0).page(&shop("/thanks")),
        at("purchase", "2026-03-10 13:00:01").transaction("(not set)").revenue(7.25).page(&shop("/thanks")),
        at("purchase", "2026-03-10 13:00:02").page(&shop("/thanks")),
    ];
    let rows = a_day("2026-03-10").into_iter().chain(purchases.map(Event::build)).collect();
    let scene = PropertyScene::new(registered(rows)).await;
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        (&job["status"], &job["source"], &job["origin"]),
        (&json!("completed"), &json!("data_api"), &json!("pull"))
    );
    assert_eq!(
        job["records_processed"],
        json!({"page_view": 5, "view_item": 1, "add_to_cart": 1, "purchase": 6, "view_search_results": 1,
            "no_search_results": 2})
    );

    assert_eq!(scene.stub.count(Endpoint::Metadata), 1);
    let names: Vec<String> = scene.asked().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(
        names,
        [
            "page_view", "view_item", "add_to_cart", "purchase", "view_search_results", "no_search_results", "items",
            "totals"
        ]
    );
    for call in scene.stub.calls(Endpoint::Report) {
        let ordered: Vec<&Value> =
            call.body["orderBys"].as_array().unwrap().iter().map(|by| &by["dimension"]["dimensionName"]).collect();
        let dimensions: Vec<&Value> =
            call.body["dimensions"].as_array().unwrap().iter().map(|dimension| &dimension["name"]).collect();
        assert_eq!(ordered, dimensions, "a total order, or pages overlap");
        assert!(dimensions.len() <= 9);
        assert_eq!((&call.body["limit"], &call.body["returnPropertyQuota"]), (&json!("50000"), &json!(true)));
        assert_eq!(call.body["dateRanges"], json!([{"startDate": "2026-03-10", "endDate": "2026-03-10"}]));
    }
    let failed = &scene.stub.calls(Endpoint::Report)[5].body["dimensionFilter"]["filter"]["inListFilter"]["values"];
    assert_eq!(*failed, json!(["no_search_results", "view_search_results_no_results"]));

    let views = scene
        .rows(
            "select event_timestamp, event_count, page_location, page_title, user_pseudo_id, ga_session_id, web_user_id
             from page_view order by event_timestamp",
        )
        .await;
    let minute = |time: &str| micros(New_York, &format!("2026-03-10 {time}:00"));
    let view = |time: &str, count, path: &str, visitor: Value, session: Value, user: Value| {
        json!({"event_timestamp": minute(time), "event_count": count, "page_location": shop(path),
            "page_title": format!("Title of {}", shop(path)), "user_pseudo_id": visitor, "ga_session_id": session,
            "web_user_id": user})
    };
    assert_eq!(
        views,
        [
            view("09:05", 3, "/", json!("1.1"), json!(7), Value::Null),
            view("09:06", 1, "/valves", json!("1.1"), json!(7), json!("U1")),
            view("23:59", 1, "/late", Value::Null, Value::Null, Value::Null),
        ]
    );
    assert_eq!(
        scene.rows("select term, event_count from no_search_results").await,
        [json!({"term": "rusty pipe", "event_count": 2})],
        "within one minute, whatever they are called"
    );
    let orders = scene
        .rows(
            "select event_timestamp, transaction_id, amount, event_count, counted, page_location,
                 jsonb_array_length(products) as items
             from orders order by event_timestamp, transaction_id, page_location",
        )
        .await;
    let order = |time: &str, id: Value, amount: Value, counted: bool, page: &str, items: Value, count| {
        json!({"event_timestamp": minute(time), "transaction_id": id, "amount": amount, "event_count": count,
            "counted": counted, "page_location": shop(page), "items": items})
    };
    assert_eq!(
        orders,
        [
            // The rows of one minute are ordered by page; the amount goes with the first of them, which counts.
            order("12:00", json!("T-1"), json!(30.5), true, "/a", json!(2), 1),
            order("12:00", json!("T-1"), Value::Null, false, "/thanks", json!(2), 1),
            order("12:30", json!("T-1"), Value::Null, false, "/thanks", json!(2), 1),
            order("13:00", Value::Null, json!(12.25), true, "/thanks", Value::Null, 3),
        ]
    );
    let items = scene.rows("select products from orders where counted and transaction_id is not null").await;
    assert_eq!(
        items[0]["products"],
        json!([
            {"item_id": "A", "item_name": "Drill", "item_category": "Tools", "price": 10, "quantity": 3},
            {"item_id": "B", "item_name": "Bit", "price": 0.5, "quantity": 1},
        ])
    );
    let figures = scene.figures(day("2026-03-10"), day("2026-03-10")).await;
    assert_eq!((&figures["purchases"], &figures["revenue"]), (&json!(4), &json!(42.75)));
    assert_eq!((&figures["totalSearches"], &figures["failedSearches"]), (&json!(3), &json!(2)));
    assert_eq!((&figures["totalVisitors"], &figures["uniqueUsers"]), (&json!(1), &json!(1)));
    let availability = scene.owner.get("/data/availability").await.expect(200);
    assert_eq!(
        availability["days"],
        json!([{"date": "2026-03-10", "events": 16, "source": "data_api", "final": true}])
    );
    let left = scene.root.path().join(".jobs").join(scene.tenant.to_string());
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0, "nothing of a job stays on the disk");
}

#[tokio::test]
async fn without_visitor_and_session_events_belong_to_no_visit() {
    for registered in [vec![], vec!["customEvent:ga_session_id"], vec!["customEvent:client_id"]] {
        let property = Property::of_events(New_York, a_day("2026-03-10"));
        let scene =
            PropertyScene::new(registered.iter().fold(property, |property, name| property.register(name))).await;
        scene.pull("2026-03-10", "2026-03-10").await;
        assert_eq!(scene.number("select count(*) from visits").await, 0, "{registered:?}");
        assert_eq!(scene.number("select sum(event_count)::bigint from page_view where visit_id is null").await, 5);
        let figures = scene.figures(day("2026-03-10"), day("2026-03-10")).await;
        assert_eq!((&figures["totalVisitors"], &figures["abandonedCarts"]), (&json!(0), &json!(0)));
        assert_eq!((&figures["totalSearches"], &figures["failedSearches"]), (&json!(3), &json!(2)));
    }
}

#[tokio::test]
async fn a_day_pulled_again_is_replaced_and_one_of_a_better_source_is_kept() {
    let scene = PropertyScene::new(registered(a_day("2026-03-10"))).await;
    scene.pull("2026-03-10", "2026-03-10").await;
    let mut rows = a_day("2026-03-10");
    rows.truncate(2);
    rows.extend(a_day("2026-03-11"));
    scene.stub.put_property(PROPERTY, registered(rows));
    scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(scene.rows("select sum(event_count) as n from page_view").await, [json!({"n": 2})]);
    assert_eq!(scene.number("select count(*) from no_search_results").await, 0);
    assert_eq!(
        scene.rows("select table_name, events from day_events").await,
        [json!({"table_name": "page_view", "events": 2})]
    );

    // Rows of an export rank above sums.
    let body = ndjson(&[at("page_view", "2026-03-11 10:00:00").visit("9.9", 1).page("/").build()]);
    let upload = scene.owner.request(reqwest::Method::POST, "/data/ingest/upload").body(body);
    let job = testkit::http::Answer::of(upload).await.expect(202);
    scene.attempt(&job).await;
    let job = scene.start("2026-03-10", "2026-03-12").await;
    let ended = scene.attempt(&job).await;
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["error_message"], "day 2026-03-11 is held by source export_files, which ranks above data_api");
    assert_eq!(scene.number("select count(*) from page_view where event_date = '2026-03-11'").await, 1);
}

#[tokio::test]
async fn sums_beside_posted_events_are_said_to_count_twice() {
    let scene = PropertyScene::new(registered(a_day("2026-03-10"))).await;
    let mut tx = common::db::TenantTx::begin(&scene.db.app, scene.tenant).await.unwrap();
    sqlx::query("select ensure_event_partitions('2026-03-10')").execute(tx.conn()).await.unwrap();
    sqlx::query(
        "insert into page_view (tenant_id, event_date, event_id, event_timestamp, event_count, posted)
         values ($1, '2026-03-10', gen_random_uuid(), 1, 1, true)",
    )
    .bind(scene.tenant)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        warnings(&job),
        ["2026-03-10: events were posted too: those that Google's sums hold as well count twice"]
    );
}

/// A property whose reports hold these rows, given as the dimensions of a page view and their count.
fn of_views(rows: &'static [([&'static str; 3], &'static str)]) -> Property {
    Property::made(New_York, move |ask| {
        let is_views = ask.dimensions.iter().any(|name| name == "pageTitle");
        let is_totals = ask.dimensions == ["eventName"];
        let own = rows.iter().map(|(dimensions, count)| MadeRow {
            dimensions: dimensions.map(str::to_owned).to_vec(),
            metrics: vec![(*count).to_owned()],
        });
        let sum: i64 = rows.iter().map(|(_, count)| count.parse::<i64>().unwrap()).sum();
        let totals = MadeRow { dimensions: vec!["page_view".into()], metrics: vec![sum.to_string()] };
        Reported::Rows(if is_views {
            own.collect()
        } else if is_totals {
            vec![totals]
        } else {
            Vec::new()
        })
    })
}

#[tokio::test]
async fn other_is_no_time_no_page_and_no_term() {
    let property = of_views(&[
        (["202603100905", "https://shop.example/", "Home"], "2"),
        (["202603100905", "(other)", "(other)"], "3"),
        (["(other)", "(other)", "(other)"], "40"),
        (["(other)", "https://shop.example/", "Home"], "5"),
    ]);
    let scene = PropertyScene::new(property.flag("dataLossFromOtherRow", json!(true))).await;
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    let midnight = micros(New_York, "2026-03-10 00:00:00");
    let morning = micros(New_York, "2026-03-10 09:05:00");
    assert_eq!(
        scene.rows("select event_timestamp, page_location, event_count from page_view order by event_count").await,
        [
            json!({"event_timestamp": morning, "page_location": shop("/"), "event_count": 2}),
            json!({"event_timestamp": morning, "page_location": null, "event_count": 3}),
            json!({"event_timestamp": midnight, "page_location": shop("/"), "event_count": 5}),
            json!({"event_timestamp": midnight, "page_location": null, "event_count": 40}),
        ]
    );
    let told = warnings(&job);
    let folded = "Google folded rows into (other), which have no page, term or user";
    assert!(told.contains(&format!("2026-03-10: page_view: {folded}").as_str()), "{told:?}");
    assert!(
        told.contains(
            &"2026-03-10: page_view: Google does not say when some events were: they count at the day's beginning (45)"
        ),
        "{told:?}"
    );
}

#[tokio::test]
async fn doubtful_figures_are_said_once_for_all_their_days() {
    let rows = ["2026-03-10", "2026-03-11", "2026-03-12"].into_iter().flat_map(a_day).collect();
    let property = registered(rows)
        .most_rows(2)
        .flag("subjectToThresholding", json!(true))
        .flag("samplingMetadatas", json!([{"samplesReadCount": "500", "samplingSpaceSize": "2000"}]))
        .flag("dataTruncationReasons", json!(["ROWS"]))
        .flag("schemaRestrictionResponse", json!({"activeMetricRestrictions": [{"metricName": "purchaseRevenue"}]}));
    let scene = PropertyScene::new(property).await;
    let job = scene.pull("2026-03-10", "2026-03-12").await;
    assert_eq!(job["status"], "completed_with_warnings");
    let told = warnings(&job);
    let days = "3 days, 2026-03-10 to 2026-03-12: page_view:";
    for says in [
        "Google folded rows into (other), which have no page, term or user",
        "Google counted a sample of the events (500 of 2000 on 2026-03-12)",
        "Google left out rows of few people (thresholding)",
        "Google left rows out (ROWS)",
        "some figures are zero because the service account may not see them",
        "Google does not say when some events were: they count at the day's beginning (1 on 2026-03-12)",
    ] {
        assert!(told.contains(&format!("{days} {says}").as_str()), "{says}: {told:#?}");
    }
    // Folded or not, all events are there.
    assert!(!told.iter().any(|text| text.contains("add up")), "{told:#?}");
    assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await, 15);
}

#[tokio::test]
async fn a_report_that_lost_rows_is_held_against_the_days_total() {
    let scene = PropertyScene::new(registered(a_day("2026-03-10"))).await;
    let lose = |body: &mut Value| {
        body["rows"].as_array_mut().unwrap().pop();
        body["rowCount"] = json!(2);
    };
    scene.stub.next(Endpoint::Report, [testkit::google::Fault::Change(Box::new(lose))]);
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(warnings(&job), ["2026-03-10: page_view: the report does not add up to the day's events (4 of 5)"]);
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_day_only_when_it_is_believable() {
    let scene = PropertyScene::new(registered(a_day("2026-03-10"))).await;
    scene.pull("2026-03-10", "2026-03-10").await;
    // All rows of all reports are gone, the total is not: Google lost them, the day did not.
    let lost = Property::made(New_York, |ask| {
        let totals = MadeRow { dimensions: vec!["page_view".into()], metrics: vec!["5".into()] };
        Reported::Rows(if ask.dimensions == ["eventName"] { vec![totals] } else { Vec::new() })
    });
    scene.stub.put_property(PROPERTY, lost);
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        warnings(&job),
        [
            "2026-03-10: page_view: the report does not add up to the day's events (0 of 5)",
            "2026-03-10: the day has events and Google's reports show none of them: it is left as it was",
        ]
    );
    assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await, 5);
    // Nothing anywhere, long ago: nothing happened.
    scene.stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()).flag("emptyReason", json!("NO_DATA")));
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(warnings(&job), ["2026-03-10: all reports are empty (NO_DATA)"]);
    assert_eq!(scene.number("select count(*) from page_view").await, 0);
    assert_eq!(scene.number("select count(*) from ingested_days").await, 1);
    // Nothing of today or yesterday: not counted yet, and no empty day.
    let today = chrono::Utc::now().with_timezone(&New_York).date_naive();
    let yesterday = today.pred_opt().unwrap();
    let job = scene.pull(&yesterday.to_string(), &today.to_string()).await;
    assert_eq!(
        warnings(&job),
        [format!("2 days, {yesterday} to {today}: Google has no events of this day (yet) (NO_DATA on {today})")]
    );
    assert_eq!(scene.number("select count(*) from ingested_days").await, 1);
    assert_eq!((&job["progress"]["days_done"], &job["progress"]["days_total"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn days_and_minutes_are_the_propertys() {
    // 8 March 2026, New York: the clock goes from 02:00 to 03:00; 1 November: from 02:00 back to 01:00.
    let spring = ["2026-03-08 00:00:00", "2026-03-08 01:59:59", "2026-03-08 03:00:00", "2026-03-08 23:59:59"];
    let hour = 3_600_000_000;
    let first = micros(New_York, "2026-11-01 01:30:00");
    let mut rows: Vec<Value> = spring.into_iter().map(|time| at("add_to_cart", time).page("/").build()).collect();
    for timestamp in [first, first + hour] {
        rows.push(Event::new("add_to_cart", local_day(New_York, timestamp), timestamp).page("/").build());
    }
    let tenant = TenantSettings { zone: Asia::Kolkata, ..new_york() };
    let scene = PropertyScene::of(&tenant, Property::of_events(New_York, rows)).await;
    let mut told = Vec::new();
    for date in ["2026-03-08", "2026-11-01"] {
        told.extend(warnings(&scene.pull(date, date).await).into_iter().map(str::to_owned));
    }
    let clocks = "the property counts its days in America/New_York, this tenant in Asia/Kolkata: events near midnight \
                  stand on another day than their hour says";
    assert_eq!(told, [format!("2026-03-08: {clocks}"), format!("2026-11-01: {clocks}")]);
    let carts = scene.rows("select event_date, event_timestamp, event_count from add_to_cart order by 2").await;
    let cart =
        |date: &str, time: i64, count: i64| json!({"event_date": date, "event_timestamp": time, "event_count": count});
    let minute = |time: &str| micros(New_York, time);
    assert_eq!(
        carts,
        [
            cart("2026-03-08", minute("2026-03-08 00:00:00"), 1),
            cart("2026-03-08", minute("2026-03-08 01:59:00"), 1),
            cart("2026-03-08", minute("2026-03-08 03:00:00"), 1),
            cart("2026-03-08", minute("2026-03-08 23:59:00"), 1),
            // Both are 01:30: the first of the two.
            cart("2026-11-01", first, 2),
        ]
    );
    // The hour is the tenant's: midnight in New York is 10:30 in Kolkata.
    let hours =
        scene.rows("select hour, carts from hourly_stats where day = '2026-03-08' and carts > 0 order by 1").await;
    assert_eq!(hours[0], json!({"hour": 9, "carts": 1}));
}

#[tokio::test]
async fn a_day_that_begins_at_one_and_a_clock_that_goes_back_half_an_hour() {
    for (zone, date, first, time) in [
        (Santiago, "2026-09-06", "2026-09-06 01:00:00", "2026-09-06 01:00:00"),
        (Australia::Lord_Howe, "2026-04-05", "2026-04-05 01:45:00", "2026-04-05 01:45:00"),
    ] {
        let event = Event::at("add_to_cart", zone, first).page("/").build();
        let scene =
            PropertyScene::of(&TenantSettings { zone, ..new_york() }, Property::of_events(zone, vec![event])).await;
        let job = scene.pull(date, date).await;
        assert_eq!(warnings(&job), [""; 0], "{zone}");
        let carts = scene.rows("select event_date, event_timestamp from add_to_cart").await;
        assert_eq!(carts, [json!({"event_date": date, "event_timestamp": micros(zone, time)})]);
    }
}

#[tokio::test]
async fn a_zone_of_another_name_is_the_same_clock_and_an_unknown_one_is_said() {
    let rows = vec![Event::at("add_to_cart", Asia::Kolkata, "2026-03-10 10:00:00").page("/").build()];
    let tenant = TenantSettings { zone: Asia::Calcutta, ..new_york() };
    let scene = PropertyScene::of(&tenant, Property::of_events(Asia::Kolkata, rows)).await;
    assert_eq!(warnings(&scene.pull("2026-03-10", "2026-03-10").await), [""; 0]);
    let rows = vec![Event::at("add_to_cart", Asia::Kolkata, "2026-03-10 10:00:00").page("/").build()];
    let property = Property::of_events(Asia::Kolkata, rows).flag("timeZone", json!("Mars/Olympus"));
    scene.stub.put_property(PROPERTY, property);
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        warnings(&job),
        ["2026-03-10: the property counts its days in Mars/Olympus, which is not known here: its hours are taken for \
          Asia/Calcutta"]
    );
}

#[tokio::test]
async fn amounts_of_another_currency_add_nothing_and_are_said() {
    let purchase = |time: &str, id: &str| {
        at("purchase", time).transaction(id).revenue(10.0).item(Item::new("A", "Drill").price(5.0).quantity(2)).build()
    };
    let rows = vec![purchase("2026-03-10 12:00:00", "T-1"), purchase("2026-03-11 12:00:00", "T-2")];
    let scene = PropertyScene::new(Property::of_events(New_York, rows).currency("EUR")).await;
    let job = scene.pull("2026-03-10", "2026-03-11").await;
    assert_eq!(warnings(&job), ["2 events have amounts in another currency than USD, which add nothing"]);
    let figures = scene.figures(day("2026-03-10"), day("2026-03-11")).await;
    assert_eq!((&figures["purchases"], &figures["revenue"]), (&json!(2), &json!(0)));
    assert_eq!(
        scene.rows("select revenue, currency, amount from purchase limit 1").await,
        [json!({"revenue": 10, "currency": "EUR", "amount": null})]
    );
}

#[tokio::test]
async fn failed_searches_have_the_registered_term_and_the_tenants_names() {
    let tenant = TenantSettings { failed_search_aliases: vec!["nothing_found".into()], ..new_york() };
    let rows = vec![
        at("nothing_found", "2026-03-10 10:00:00").param("no_search_results_term", "left hand screw").build(),
        at("no_search_results", "2026-03-10 10:00:10").param("no_search_results_term", "left hand screw").build(),
        at("no_search_results", "2026-03-10 10:00:20").param("search_term", "long weight").build(),
        at("view_search_results", "2026-03-10 10:00:30").param("search_term", "screw").build(),
    ];
    let scene = PropertyScene::of(&tenant, registered(rows)).await;
    scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        scene.rows("select term, event_count from no_search_results order by term").await,
        [json!({"term": "left hand screw", "event_count": 2}), json!({"term": "long weight", "event_count": 1})]
    );
    assert_eq!(
        scene.rows("select term, event_count from view_search_results").await,
        [json!({"term": "screw", "event_count": 1})]
    );
}

#[tokio::test]
async fn users_may_be_known_by_the_client_id_alone() {
    let tenant = TenantSettings { user_property: "client_id".into(), ..new_york() };
    let scene = PropertyScene::of(&tenant, registered(a_day("2026-03-10"))).await;
    scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(
        scene.rows("select user_pseudo_id, user_id from visits").await,
        [json!({"user_pseudo_id": "1.1", "user_id": "1.1"})]
    );
}

#[tokio::test]
async fn rejected_sums_are_listed_and_not_taken_for_single_events() {
    let long = format!("https://shop.example/{}", "x".repeat(17 * 1024));
    let mut rows: Vec<Value> =
        (0..200).map(|n| at("page_view", "2026-03-10 10:00:00").page(&format!("/{n}")).build()).collect();
    rows.push(at("page_view", "2026-03-10 10:00:00").page(&long).build());
    let scene = PropertyScene::new(Property::of_events(New_York, rows)).await;
    let job = scene.pull("2026-03-10", "2026-03-10").await;
    assert_eq!(job["rejected"], 1);
    assert!(warnings(&job)[0].contains("report 2026-03-10: 1 malformed rows were not taken"), "{job}");
    let redriven =
        scene.owner.post("/data/ingest/rejected/redrive", &json!({"job_id": job["job_id"]})).await.expect(202);
    assert_eq!((&redriven["rows"], &redriven["left_out"]), (&json!(0), &json!(1)));
}
