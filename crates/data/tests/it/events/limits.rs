//! Every limit at its edge: what is just in, and what is just out, by name.

use serde_json::{Map, Value, json};

use super::shop::{PostingShop, now, object, seconds};

/// A page view with these parameters.
fn with(params: Value) -> Value {
    object(json!([{"name": "page_view", "params": params}]))
}

fn many(n: usize, value: Value) -> Value {
    Value::Object((0..n).map(|n| (format!("p{n}"), value.clone())).collect::<Map<_, _>>())
}

fn text(n: usize) -> String {
    // Two bytes each: characters are counted.
    "é".repeat(n)
}

impl PostingShop {
    /// Is taken.
    async fn takes(&self, body: Value) {
        let answer = self.post(&body).await.expect(202);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!([])), "{body}");
    }

    /// Is refused because of this field.
    #[track_caller]
    fn refuses(&self, body: Value, field: &str, part: &str) -> impl Future<Output = ()> {
        let (field, part) = (field.to_owned(), part.to_owned());
        async move {
            let answer = self.post(&body).await.expect(202);
            assert_eq!(answer["accepted"], 0, "{field}: {answer}");
            let rejected = answer["rejected"].as_array().unwrap();
            assert_eq!(rejected.len(), 1, "{answer}");
            assert_eq!((&rejected[0]["index"], rejected[0]["field"].as_str()), (&json!(0), Some(field.as_str())));
            assert!(rejected[0]["message"].as_str().unwrap().contains(&part), "{answer}");
        }
    }
}

#[tokio::test]
async fn names_are_googles() {
    let shop = PostingShop::new().await;
    let named = |name: &str| object(json!([{"name": name, "params": {"session_id": 1}}]));
    shop.takes(named(&"a".repeat(40))).await;
    shop.takes(named("Custom_2")).await;
    shop.refuses(named(&"a".repeat(41)), "events[0].name", "41 characters; 40 are taken").await;
    for name in ["", "2x", "_x", "a b", "a.b", "grün"] {
        shop.refuses(named(name), "events[0].name", "name").await;
    }
    for name in ["ga_x", "google_x", "firebase_x", "session_start", "first_visit", "notification_open", "error"] {
        shop.refuses(named(name), "events[0].name", "reserved").await;
    }
    shop.refuses(object(json!([{"params": {}}])), "events[0].name", "is missing").await;
    shop.refuses(object(json!([{"name": 7}])), "events[0].name", "is a number").await;
    shop.takes(with(json!({"a".repeat(40): 1}))).await;
    shop.refuses(with(json!({"a".repeat(41): 1})), &format!("events[0].params.{}", "a".repeat(41)), "40").await;
    shop.refuses(with(json!({"ga_x": 1})), "events[0].params.ga_x", "reserved").await;
    shop.takes(with(json!({"ga_session_id": 1, "ga_session_number": 2}))).await;
}

#[tokio::test]
async fn parameters_have_a_number_and_a_length() {
    let shop = PostingShop::new().await;
    shop.takes(with(many(25, json!(1)))).await;
    shop.takes(with({
        let mut params = many(25, json!(1));
        params["null"] = Value::Null;
        params
    }))
    .await;
    shop.refuses(with(many(26, json!(1))), "events[0].params", "holds 26 parameters; 25 are taken").await;
    for (name, most) in [("anything", 100), ("page_location", 1000), ("page_title", 300), ("page_referrer", 420)] {
        shop.takes(with(json!({name: text(most)}))).await;
        let field = format!("events[0].params.{name}");
        shop.refuses(with(json!({name: text(most + 1)})), &field, &format!("{} characters; {most}", most + 1)).await;
    }
    shop.refuses(with(json!({"a": {"b": 1}})), "events[0].params.a", "is an object").await;
    shop.refuses(with(json!({"a": [1]})), "events[0].params.a", "is an array").await;
    shop.refuses(object(json!([{"name": "x", "params": []}])), "events[0].params", "is an array").await;
    shop.refuses(with(json!({"session_id": "yesterday"})), "events[0].params.session_id", "session id").await;
    let twice = format!(
        r#"{{"client_id":"c","events":[{{"name":"x","params":{{"a":1,"a":2}}}}],"timestamp_micros":{}}}"#,
        now()
    );
    let answer = shop.post_text(twice).await;
    assert_eq!(answer.expect(202)["rejected"][0]["field"], "events[0].params.a");
}

#[tokio::test]
async fn user_properties_have_limits_of_their_own() {
    let shop = PostingShop::new().await;
    let of = |properties: Value| {
        let mut body = object(json!([{"name": "page_view"}]));
        body["user_properties"] = properties;
        body
    };
    let value = json!({"value": "v"});
    shop.takes(of(many(25, value.clone()))).await;
    shop.refuses(of(many(26, value.clone())), "user_properties", "holds 26 properties; 25 are taken").await;
    shop.takes(of(json!({"a".repeat(24): value}))).await;
    shop.refuses(of(json!({"a".repeat(25): value})), &format!("user_properties.{}", "a".repeat(25)), "24").await;
    shop.takes(of(json!({"a": {"value": text(36)}}))).await;
    shop.refuses(of(json!({"a": {"value": text(37)}})), "user_properties.a.value", "37 characters; 36").await;
    for name in ["first_open_time", "user_id", "last_deep_link_referrer", "google_x"] {
        shop.refuses(of(json!({name: value})), &format!("user_properties.{name}"), "reserved").await;
    }
    shop.refuses(of(json!({"a": "bare"})), "user_properties.a", "is a text").await;
    let timed = |at: Value| of(json!({"a": {"value": 1, "timestamp_micros": at}}));
    shop.takes(timed(json!("1747075570000000"))).await;
    shop.refuses(timed(json!("soon")), "user_properties.a.timestamp_micros", "microseconds").await;
}

#[tokio::test]
async fn items_have_a_number_and_their_texts_a_length() {
    let shop = PostingShop::new().await;
    let of = |items: Value| object(json!([{"name": "view_item", "params": {"items": items}}]));
    let items = |n: usize| Value::Array((0..n).map(|n| json!({"item_id": n})).collect());
    shop.takes(of(items(200))).await;
    shop.refuses(of(items(201)), "events[0].params.items", "holds 201 items; 200 are taken").await;
    shop.refuses(of(items(5000)), "events[0].params.items", "holds 5000 items").await;
    shop.takes(of(json!([{"item_name": text(100)}]))).await;
    shop.refuses(of(json!([{}, {"item_name": text(101)}])), "events[0].params.items[1].item_name", "101").await;
    shop.refuses(of(json!([{"a": {}}])), "events[0].params.items[0].a", "is an object").await;
    shop.refuses(of(json!(["A"])), "events[0].params.items[0]", "is a text").await;
    shop.refuses(of(json!({"item_id": 1})), "events[0].params.items", "is an object").await;
    let mut own = many(27, json!(1));
    own["item_id"] = json!("A");
    own["price"] = json!(1);
    shop.takes(of(json!([own]))).await;
    shop.refuses(of(json!([many(28, json!(1))])), "events[0].params.items[0]", "27 are taken").await;
}

#[tokio::test]
async fn events_are_of_the_last_72_hours_and_a_clock_may_be_a_minute_ahead() {
    let shop = PostingShop::new().await;
    let at = |at: Value| json!({"client_id": "c", "timestamp_micros": at, "events": [{"name": "page_view"}]});
    let hours = |n: i64| seconds(n * 3600);
    shop.takes(at(json!(now() - hours(72) + seconds(20)))).await;
    shop.refuses(at(json!(now() - hours(72) - seconds(1))), "timestamp_micros", "72 hours back; 72 are taken").await;
    shop.takes(at(json!(now() + seconds(59)))).await;
    shop.refuses(at(json!(now() + seconds(80))), "timestamp_micros", "in the future").await;
    for odd in [json!("yesterday"), json!(1.5), json!("1.6e15"), json!(0), json!(-1), json!({}), json!(true)] {
        shop.refuses(at(odd), "timestamp_micros", "is no whole number of microseconds").await;
    }
    // Milliseconds are the usual mistake.
    shop.refuses(at(json!(now() / 1000)), "timestamp_micros", "microseconds since 1970 are expected").await;
    let body = json!({"client_id": "c", "timestamp_micros": now(), "events":
        [{"name": "page_view", "timestamp_micros": now() + seconds(120)}]});
    shop.refuses(body, "events[0].timestamp_micros", "in the future").await;
}

#[tokio::test]
async fn a_visitor_is_named_by_a_text() {
    let shop = PostingShop::new().await;
    let of = |mut who: Value| {
        who["events"] = json!([{"name": "page_view"}]);
        who
    };
    shop.refuses(of(json!({})), "client_id", "is missing").await;
    shop.refuses(of(json!({"client_id": "(not set)"})), "client_id", "stands for no value").await;
    shop.refuses(of(json!({"client_id": 1_095_824_389.169_704})), "client_id", "an id is a text").await;
    shop.refuses(of(json!({"client_id": ["a"]})), "client_id", "is an array").await;
    shop.takes(of(json!({"client_id": 123_456}))).await;
    shop.takes(of(json!({"client_id": "c".repeat(256)}))).await;
    shop.refuses(of(json!({"client_id": "c".repeat(257)})), "client_id", "257 characters; 256").await;
    shop.takes(of(json!({"client_id": "c", "user_id": ""}))).await;
    shop.refuses(of(json!({"client_id": "c", "user_id": "u".repeat(257)})), "user_id", "257").await;
    shop.refuses(of(json!({"client_id": "c", "device": "phone"})), "device", "is a text").await;
    let behavior = of(json!({"client_id": "c", "validation_behavior": "STRICT"}));
    shop.refuses(behavior, "validation_behavior", "neither RELAXED nor").await;
}

#[tokio::test]
async fn a_tenant_may_widen_and_narrow_them() {
    let shop = PostingShop::new().await;
    shop.limit(json!({"max_age_hours": 9600, "max_params": 30, "max_value_length": 16384, "max_name_length": 5})).await;
    let old = json!({"client_id": "c", "timestamp_micros": now() - seconds(9599 * 3600), "events": [{"name": "view"}]});
    shop.takes(old).await;
    let of = |params: Value| object(json!([{"name": "view", "params": params}]));
    shop.takes(of(many(30, json!(1)))).await;
    shop.refuses(of(many(31, json!(1))), "events[0].params", "30 are taken").await;
    shop.takes(of(json!({"a": text(16384)}))).await;
    shop.refuses(with(json!({})), "events[0].name", "9 characters; 5 are taken").await;
}

#[tokio::test]
async fn what_an_index_cannot_hold_is_refused_whatever_the_limits() {
    let shop = PostingShop::new().await;
    shop.limit(
        json!({"max_user_property_value_length": 16384, "max_value_length": 16384, "max_page_location_length": 16384}),
    )
    .await;
    let mut body = object(json!([{"name": "page_view", "params": {"session_id": 1}}]));
    body["user_properties"] = json!({"WebUserId": {"value": "u".repeat(501)}});
    shop.refuses(body, "events[0]", "WebUserId is longer than 500 bytes").await;
    shop.takes(with(json!({"page_location": "p".repeat(16384)}))).await;
    shop.refuses(with(json!({"page_location": text(16384)})), "events[0]", "page_location is longer").await;
}

#[tokio::test]
async fn recommendations_are_enforced_when_asked_for() {
    let shop = PostingShop::new().await;
    let of = |name: &str, params: Value| {
        let mut body = object(json!([{"name": name, "params": params}]));
        body["validation_behavior"] = json!("ENFORCE_RECOMMENDATIONS");
        body
    };
    let items = json!([{"item_id": "A"}, {"item_name": "B"}]);
    shop.takes(of("purchase", json!({"transaction_id": "T", "value": 1, "currency": "USD", "items": items}))).await;
    shop.refuses(
        of("purchase", json!({"value": 1, "currency": "USD"})),
        "events[0].params.transaction_id",
        "is missing",
    )
    .await;
    shop.refuses(of("add_to_cart", json!({"value": 1})), "events[0].params.currency", "needs a currency").await;
    for odd in ["usd", "US", "DOLLAR", "ÄÖÜ"] {
        shop.refuses(of("page_view", json!({"currency": odd})), "events[0].params.currency", "three capital").await;
    }
    shop.refuses(of("view_item", json!({"items": [{"price": 1}]})), "events[0].params.items[0]", "neither an item_id")
        .await;
    shop.refuses(of("page_view", json!({"value": "much", "currency": "USD"})), "events[0].params.value", "no number")
        .await;
    // Relaxed, which is the default, takes all of these.
    let lax = json!({"value": "much", "currency": "usd", "items": [{"price": 1}]});
    shop.takes(object(json!([{"name": "purchase", "params": lax}]))).await;
}
