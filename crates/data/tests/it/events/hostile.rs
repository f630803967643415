//! Bodies that are made to hurt: characters PostgreSQL cannot store, texts that are none, nesting, repetition, numbers
//! beyond every column. Each is answered, and what is taken is folded.

use serde_json::{Value, json};

use super::shop::{PostingShop, now, object, seconds, view};

/// Posts with and without an `Idempotency-Key`, whose answer is kept.
async fn post_both_ways(shop: &PostingShop, key: &str, body: &Value) -> Value {
    let kept = shop.post_with_key(key, body).await.expect(202);
    assert_eq!(shop.post_with_key(key, body).await.expect(202), kept, "{body}");
    let again = shop.post(body).await.expect(202);
    assert_eq!(again["rejected"], kept["rejected"], "{body}");
    kept
}

/// All that waits moves on, and what is kept is what the events say.
async fn assert_folds(shop: &PostingShop) {
    shop.scene.start_folding();
    shop.until_folded().await;
    let kept = shop.tables().await;
    shop.run(&format!("select rebuild_rollups('{}')", shop.scene.tenant)).await;
    assert_eq!(shop.tables().await, kept);
}

#[tokio::test]
async fn nul_characters_are_left_out_wherever_they_stand() {
    let shop = PostingShop::new().await;
    let events = json!([
        {"name": "page_view", "params": {"session_id": "5\0", "page_location": "/\0a", "page_title": "T\0", "own": "x\0y"}},
        {"name": "add_to_cart", "params": {"session_id": 5, "items": [
            {"item_id": "I\0", "item_name": "N\0", "item_category": "C\0", "coupon": "\0c", "price": "1\0", "quantity": "2"}]}},
        {"name": "purchase", "params": {"session_id": 5, "transaction_id": "T\0", "value": 5, "currency": "U\0SD"}},
        {"name": "view_search_results", "params": {"session_id": 5, "search_term": "t\0"}},
    ]);
    let mut body = object(events);
    body["client_id"] = json!("c\0");
    body["user_id"] = json!("g\0");
    body["user_properties"] =
        json!({"WebUserId": {"value": "u\0"}, "default_branch_id": {"value": "D\0"}, "more": {"value": "\0m"}});
    body["user_location"] = json!({"city": "Ber\0lin", "a\0b": "\0"});
    body["device"] = json!({"model": "m\0"});
    body["consent"] = json!({"ad_user_data\0": "GRANTED\0"});
    let answer = post_both_ways(&shop, "nul", &body).await;
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(4), &json!([])));
    let page = shop
        .row(
            "select user_pseudo_id, ga_session_id, ga_user_id, web_user_id, branch_id, page_location, page_title
             from posted_events where kind = 1",
        )
        .await;
    assert_eq!(
        page,
        json!({"user_pseudo_id": "c", "ga_session_id": 5, "ga_user_id": "g", "web_user_id": "u", "branch_id": "D",
            "page_location": "/a", "page_title": "T"})
    );
    let item = shop.row("select items -> 0 as item from posted_events where kind = 3").await["item"].clone();
    assert_eq!(
        (&item["item_id"], &item["item_name"], &item["coupon"], &item["quantity"]),
        (&json!("I"), &json!("N"), &json!("c"), &json!(2))
    );
    assert_folds(&shop).await;
    assert_eq!(shop.row("select transaction_id from orders").await, json!({"transaction_id": "T"}));
}

#[tokio::test]
async fn what_a_nul_character_hides_is_no_value() {
    let shop = PostingShop::new().await;
    for nobody in ["\0", "(not\0 set)", " \0 "] {
        let answer = post_both_ways(&shop, &format!("k{}", nobody.len()), &view(nobody, "/", now())).await;
        assert_eq!(
            (&answer["accepted"], &answer["rejected"][0]["field"]),
            (&json!(0), &json!("client_id")),
            "{nobody:?}"
        );
    }
    let items = json!([{"item_id": "\0", "item_name": "(not\0 set)"}, {"item_id": "\0", "item_name": "N"}]);
    let body = object(json!([
        {"name": "purchase", "params": {"session_id": 5, "transaction_id": "\0", "value": 1}},
        {"name": "add_to_cart", "params": {"session_id": 5, "items": items}},
    ]));
    shop.accept(&body, 2).await;
    assert_eq!(
        shop.row("select jsonb_object_agg(kind, jsonb_build_array(transaction_id, items)) as of from posted_events")
            .await,
        json!({"of": {"4": [null, null], "3": [null, [{"item_name": "N", "quantity": 1}]]}})
    );
    assert_folds(&shop).await;
}

#[tokio::test]
async fn a_nul_character_in_a_name_is_shown_and_the_answer_kept() {
    let shop = PostingShop::new().await;
    let mut body = object(json!([
        {"name": "page_view", "params": {"a\0b": 1}},
        {"name": "notification_\0"},
        {"name": "page\0view"},
        {"name": "view_item", "params": {"items": [{"a\0b": 1}]}},
        {"name": "page_view", "params": {"session_id": 5}},
    ]));
    let answer = post_both_ways(&shop, "names", &body).await;
    assert_eq!((&answer["accepted"], answer["rejected"].as_array().unwrap().len()), (&json!(1), 4));
    assert_eq!(answer["rejected"][0]["field"], "events[0].params.a\u{2400}b");
    assert_eq!(answer["rejected"][3]["field"], "events[3].params.items[0].a\u{2400}b");
    body["user_properties"] = json!({"a\0b": {"value": 1}});
    let answer = post_both_ways(&shop, "properties", &body).await;
    assert_eq!(answer["accepted"], 0);
    assert_eq!(answer["rejected"][4]["field"], "user_properties.a\u{2400}b");
    assert_folds(&shop).await;
}

#[tokio::test]
async fn what_is_no_text_is_refused_as_a_whole() {
    let shop = PostingShop::new().await;
    let good = view("c", "/PLACE", now()).to_string();
    let (before, after) = good.split_once("PLACE").unwrap();
    let bytes = |middle: &[u8]| [before.as_bytes(), middle, after.as_bytes()].concat();
    // A lone continuation, a cut character, an overlong slash, half a surrogate pair, Latin-1.
    for middle in [&b"\x80"[..], b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80", b"f\xfcr", b"\\ud800", b"\x00", b"\n"] {
        shop.post_bytes(bytes(middle)).await.problem(400);
    }
    shop.post_bytes([&[0xff, 0xfe][..], good.as_bytes()].concat()).await.problem(400);
    shop.post_bytes(good.encode_utf16().flat_map(u16::to_le_bytes).collect()).await.problem(400);
    assert_eq!(shop.waiting().await, 0);
    assert_eq!(shop.post_bytes(bytes("ключ\\ud83d\\ude00".as_bytes())).await.expect(202)["accepted"], 1);
    assert_eq!(shop.row("select page_location as at from posted_events").await, json!({"at": "/ключ😀"}));
}

#[tokio::test]
async fn nesting_is_a_fault_where_something_is_made_of_it_and_no_harm_elsewhere() {
    let shop = PostingShop::new().await;
    let at = now();
    let body = |client: &str, params: &str, more: &str| {
        format!(
            r#"{{"client_id":{client},"timestamp_micros":{at},"more":{more},"events":[{{"name":"page_view","params":{params}}}]}}"#
        )
    };
    for depth in [2, 50, 1000, 100_000] {
        for (open, close, fault) in [("[", "]", "is an array"), (r#"{"a":"#, "}", "is an object")] {
            let nest = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let faulty = [
                ("client_id", body(&nest, "{}", "0")),
                ("events[0].params.a", body(r#""c""#, &format!(r#"{{"a":{nest}}}"#), "0")),
                ("events[0].params.items[0].a", body(r#""c""#, &format!(r#"{{"items":[{{"a":{nest}}}]}}"#), "0")),
            ];
            for (field, body) in faulty {
                let answer = shop.post_text(body).await.expect(202);
                assert_eq!((&answer["accepted"], &answer["rejected"][0]["field"]), (&json!(0), &json!(field)));
                assert!(answer["rejected"][0]["message"].as_str().unwrap().starts_with(fault), "{answer}");
            }
            let answer = shop.post_text(body(r#""c""#, r#"{"a":1}"#, &nest)).await.expect(202);
            assert_eq!(answer["rejected"], json!([]), "an unknown field is left unread");
            // One bracket is missing.
            shop.post_text(body(r#""c""#, "{}", &nest[..nest.len() - 1])).await.problem(400);
        }
    }
    assert_eq!(shop.waiting().await, 1, "all that was taken is the same event");
}

#[tokio::test]
async fn a_name_that_stands_twice_is_refused_by_name() {
    let shop = PostingShop::new().await;
    let at = now();
    // What the whole object hangs on cannot be judged at all.
    for twice in [
        format!(r#"{{"client_id":"a","client_id":"b","timestamp_micros":{at},"events":[{{"name":"page_view"}}]}}"#),
        format!(r#"{{"client_id":"a","events":[{{"name":"page_view","name":"purchase"}}],"timestamp_micros":{at}}}"#),
        format!(r#"{{"client_id":"a","events":[{{"name":"page_view"}}],"events":[],"timestamp_micros":{at}}}"#),
    ] {
        let problem = shop.post_text(twice).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("duplicate field"), "{problem}");
    }
    for (part, field) in [
        (r#""params":{"items":[],"items":[]}"#, "events[0].params.items"),
        (r#""params":{"value":1,"value":1}"#, "events[0].params.value"),
        (r#""params":{"items":[{"price":1,"price":2}]}"#, "events[0].params.items[0].price"),
    ] {
        let text = format!(r#"{{"client_id":"a","timestamp_micros":{at},"events":[{{"name":"page_view",{part}}}]}}"#);
        let answer = shop.post_text(text).await.expect(202);
        assert_eq!((&answer["accepted"], &answer["rejected"][0]["field"]), (&json!(0), &json!(field)), "{answer}");
    }
    let properties = r#""user_properties":{"a":{"value":1},"a":{"value":2}}"#;
    let text = format!(r#"{{"client_id":"a","timestamp_micros":{at},{properties},"events":[{{"name":"page_view"}}]}}"#);
    assert_eq!(shop.post_text(text).await.expect(202)["rejected"][0]["field"], "user_properties.a");
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn numbers_beyond_every_column_are_no_amounts_and_the_largest_add_up() {
    let shop = PostingShop::new().await;
    for beyond in ["NaN", "Infinity", "-Infinity", "1e400", "01", "1.", "0x1"] {
        let text = format!(
            r#"{{"client_id":"c","timestamp_micros":{},"events":[{{"name":"purchase","params":{{"value":{beyond}}}}}]}}"#,
            now()
        );
        shop.post_text(text).await.problem(400);
    }
    // The largest decimal there is; and what is none.
    let largest = "79228162514264337593543950335";
    let values = [
        json!(largest),
        json!(largest),
        json!(1e308),
        json!(-1e308),
        json!("1e400"),
        json!("1e-400"),
        json!("NaN"),
        json!("Infinity"),
        json!(5e-324),
        json!(-0.0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("9".repeat(100)),
        json!("1e99999999999999999999"),
    ];
    let buy = |(n, value): (usize, &Value)| {
        let item = json!({"item_id": "A", "price": value, "quantity": value});
        json!({"client_id": format!("c{n}"), "timestamp_micros": now() - seconds(60), "events": [
            {"name": "purchase", "params": {"session_id": n, "value": value, "items": [item]}},
            {"name": "add_to_cart", "params": {"session_id": n, "items": [item, item]}},
            {"name": "page_view", "params": {"session_id": n, "page_location": "/", "n": value}}]})
    };
    let body: Vec<Value> = values.iter().enumerate().map(buy).collect();
    shop.accept(&Value::Array(body), 3 * values.len() as u64).await;
    assert_folds(&shop).await;
    let sum = "select trim_scale(sum(amount))::text as sum from purchase where amount is not null";
    let revenue = "select revenue::text as sum from daily_stats where location_id = ''";
    assert_eq!(shop.row(revenue).await, shop.row(sum).await);
    // Twice the largest; 2^64 - 1, which JSON readers have as the double 1.8446744073709552e19; and -2^63.
    let whole = 2 * ((1_i128 << 96) - 1) + 18_446_744_073_709_552_000 - (1_i128 << 63);
    let rounded = "select round(revenue)::text as sum from daily_stats where location_id = ''";
    assert_eq!(shop.row(rounded).await["sum"], whole.to_string());
    // A session is a whole number of 64 bits, or a fault.
    for odd in [json!(u64::MAX), json!(1e300), json!(1.5), json!("9".repeat(30))] {
        let answer =
            shop.post(&object(json!([{"name": "page_view", "params": {"session_id": odd}}]))).await.expect(202);
        assert_eq!(answer["rejected"][0]["field"], "events[0].params.session_id", "{odd}");
    }
}

#[tokio::test]
async fn what_all_events_share_is_not_multiplied() {
    let shop = PostingShop::new().await;
    let of = |n: usize| {
        let mut body = object(Value::Array(vec![json!({"name": "page_view"}); 25]));
        body["consent"] = (0..n).map(|n| (format!("c{n}"), json!("GRANTED"))).collect::<serde_json::Map<_, _>>().into();
        body
    };
    let answer = shop.post(&of(26)).await.expect(202);
    assert_eq!((&answer["accepted"], answer["rejected"].as_array().unwrap().len()), (&json!(0), 25));
    assert_eq!(answer["rejected"][0]["field"], "consent");
    assert!(answer["rejected"][0]["message"].as_str().unwrap().contains("holds 26 fields; 25 are taken"));
    shop.accept(&of(25), 25).await;
}
