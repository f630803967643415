//! The body as a whole: one object or many, indices across them, and what is no such body at all.

use serde_json::{Value, json};

use super::shop::{PostingShop, now, object, view};

#[tokio::test]
async fn indices_count_across_the_array_and_good_events_are_taken() {
    let shop = PostingShop::new().await;
    let bad = json!({"name": "page_view", "params": {"page_title": "t".repeat(301)}});
    let good = |page: &str| json!({"name": "page_view", "params": {"page_location": page}});
    let at = now();
    let body = json!([
        {"client_id": "a", "timestamp_micros": at, "events": [good("/0"), bad, good("/2")]},
        {"timestamp_micros": at, "events": [good("/3"), {"name": "1x"}]},
        {"client_id": "b", "timestamp_micros": at, "events": [good("/5"), 7, null, [], bad]},
    ]);
    let answer = shop.post(&body).await.expect(202);
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(3), &json!(0)));
    let rejected: Vec<(u64, &str)> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["index"].as_u64().unwrap(), entry["field"].as_str().unwrap()))
        .collect();
    assert_eq!(
        rejected,
        [
            (1, "[0].events[1].params.page_title"),
            (3, "[1].client_id"),
            (4, "[1].client_id"),
            (6, "[2].events[1]"),
            (7, "[2].events[2]"),
            (8, "[2].events[3]"),
            (9, "[2].events[4].params.page_title"),
        ]
    );
    // All that is wrong with one event is said at once.
    let message = answer["rejected"][2]["message"].as_str().unwrap();
    assert!(message.contains("; [1].events[1].name has a name that is not a letter followed"), "{message}");
    let pages = shop.row("select array_agg(page_location order by page_location) as pages from posted_events").await;
    assert_eq!(pages["pages"], json!(["/0", "/2", "/5"]));
}

#[tokio::test]
async fn a_body_holds_25_events_an_object_and_1000_in_all() {
    let shop = PostingShop::new().await;
    let events = |n: usize| Value::Array((0..n).map(|n| json!({"name": "page_view", "params": {"n": n}})).collect());
    shop.accept(&object(events(25)), 25).await;
    let too_many = shop.post(&object(events(26))).await;
    assert_eq!(too_many.invalid_fields(), ["events"]);
    assert!(too_many.text().contains("holds 26 events; one object may hold 25"), "{}", too_many.text());
    let objects = |n: usize| {
        Value::Array(
            (0..n)
                .map(|n| json!({"client_id": format!("c{n}"), "timestamp_micros": now(), "events": events(25)}))
                .collect(),
        )
    };
    shop.accept(&objects(40), 1000).await;
    let mut more = objects(40);
    more.as_array_mut().unwrap().push(view("x", "/", now()));
    let answer = shop.post(&more).await;
    assert_eq!(answer.invalid_fields(), ["body"]);
    assert!(answer.text().contains("holds 1001 events"), "{}", answer.text());
    let singles = Value::Array((0..1001).map(|_| json!({"client_id": "c", "events": events(1)})).collect());
    assert_eq!(shop.post(&singles).await.invalid_fields(), ["body"]);
    assert_eq!(shop.waiting().await, 1025, "nothing of a refused body is taken");
}

#[tokio::test]
async fn what_is_no_such_body_is_refused_as_a_whole() {
    let shop = PostingShop::new().await;
    for (body, fields) in [
        (json!([]), vec!["body"]),
        (json!("x"), vec!["body"]),
        (json!(7), vec!["body"]),
        (Value::Null, vec!["body"]),
        (json!({}), vec!["events"]),
        (json!({"client_id": "c", "events": {}}), vec!["events"]),
        (json!({"client_id": "c", "events": []}), vec!["events"]),
        (json!([1, view("c", "/", now()), {"events": "x"}, null]), vec!["[0]", "[2].events", "[3]"]),
    ] {
        assert_eq!(shop.post(&body).await.invalid_fields(), fields, "{body}");
    }
    for broken in
        ["", "{", "[{\"events\":[", "{\"events\":[]} x", "nonsense", "\u{feff}{}", "{\"client_id\":\"\\ud800\"}"]
    {
        shop.post_text(broken).await.problem(400);
    }
    let deep = "[".repeat(100_000);
    shop.post_text(deep).await.problem(400);
    shop.send(|r| r.header("X-Api-Key", &shop.key).body(view("c", "/", now()).to_string())).await.problem(415);
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn a_body_has_at_most_one_mebibyte() {
    let shop = PostingShop::new().await;
    let mut body = view("c", "/", now()).to_string();
    body.push_str(&" ".repeat(1024 * 1024 - body.len()));
    assert_eq!(shop.post_text(body.clone()).await.expect(202)["accepted"], 1);
    body.push(' ');
    shop.post_text(body.clone()).await.problem(413);
    body.push_str(&" ".repeat(2 * 1024 * 1024));
    shop.post_text(body).await.problem(413);
}
