//! What reports say: figures and comparisons from the definition and from the oracle, the lines of the lists, days without
//! data, zones and currencies, and text that tries to be more than text.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use testkit::{
    oracle::{Metrics, Oracle, Selection, TenantSettings},
    rows::world,
};

use super::page::{figure, links, preview, rows, words};
use crate::{
    oracle::load,
    support::{Shop, at, day_base, id, over},
};

/// A Monday. D01 has data on it and on Monday before; among the days between, one on which only D02 had visits, one with
/// little, and one on which nothing of D01's happened. On Wednesday, Thursday and Saturday nothing was loaded.
const DAY: &str = "2026-01-05";

async fn shop_in(settings: &TenantSettings) -> Shop {
    let shop = Shop::open_with(settings).await;
    let location = |code: &str, name: &str, is_active: bool| json!({ "location_id": code, "location_name": name, "is_active": is_active, "created_at": "now", "updated_at": "now" });
    let locations =
        [location("D01", "Springfield", true), location("D02", "Shelbyville", true), location("D03", "Closed", false)];
    shop.put("locations", &json!({}), &locations).await;
    let event = |day: &str, events: i64| json!({ "day": day, "table_name": "page_view", "events": events });
    let loaded = ["2025-12-29", "2025-12-30", "2026-01-02", "2026-01-04", DAY].map(|day| event(day, 9));
    shop.put("day_events", &json!({}), &loaded).await;
    // A day that was loaded and emptied again.
    shop.put("day_events", &json!({}), &[event("2025-12-31", 0)]).await;
    let day = |branch: &str, day: &str, fields: Value| over(&json!({ "location_id": branch, "day": day }), &fields);
    let monday = json!({
        "revenue": 1000, "purchases": 4, "visitors": 50, "abandoned_carts": 10, "searches": 20, "failed_searches": 0,
    });
    let friday = json!({ "revenue": 250.5, "purchases": 1, "visitors": 30, "searches": 4 });
    let now = json!({
        "revenue": 1500.25, "purchases": 6, "visitors": 80, "abandoned_carts": 12, "searches": 20, "failed_searches": 3,
    });
    let tuesday = json!({ "revenue": 70, "purchases": 2, "visitors": 7 });
    let mut days = vec![day("D02", "2025-12-30", tuesday.clone()), day("", "2025-12-30", tuesday)];
    for branch in ["D01", ""] {
        days.extend(
            [("2025-12-29", &monday), ("2026-01-02", &friday), (DAY, &now)]
                .map(|(on, fields)| day(branch, on, fields.clone())),
        );
    }
    shop.put("daily_stats", &day_base(), &days).await;
    let user = |branch: &str, day: &str, user: &str, visits: i32| json!({ "location_id": branch, "day": day, "user_id": user, "visits": visits });
    let users = [
        // The first of the 30 days, and the report's.
        user("D01", "2025-12-07", "u1", 1),
        user("D01", DAY, "u1", 1),
        // The day before the 30.
        user("D01", "2025-12-06", "u2", 1),
        user("D01", DAY, "u2", 1),
        user("D01", "2025-12-20", "u3", 2),
        user("D01", "2025-12-29", "u4", 1),
        // Came back, to another branch.
        user("D02", DAY, "u4", 1),
        user("D02", DAY, "u5", 5),
    ];
    shop.put("user_days", &json!({}), &users).await;
    shop
}

async fn shop() -> Shop {
    shop_in(&TenantSettings::default()).await
}

#[track_caller]
fn assert_figure(html: &str, label: &str, expected: [&[&str]; 3]) {
    assert_eq!(
        figure(html, label),
        expected.map(|cell| cell.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "{label}"
    );
}

#[tokio::test]
async fn a_day_stands_beside_the_same_weekday_and_the_average_of_the_days_with_data() {
    let shop = shop().await;
    let (html, text) = preview(&shop.client, DAY, &["D01"]).await;
    // Four of the seven days before have data: 1000, 0, 250.50 and 0 are 312.625 a day.
    assert_figure(&html, "Revenue", [&["$1,500.25"], &["$1,000.00", "+50%"], &["$312.63", "+380%"]]);
    assert_figure(&html, "Purchases", [&["6"], &["4", "+50%"], &["1.3", "+380%"]]);
    assert_figure(&html, "Visitors", [&["80"], &["50", "+60%"], &["20.0", "+300%"]]);
    assert_figure(&html, "Unique users", [&["2"], &["1", "+100%"], &["0.3", "+700%"]]);
    assert_figure(&html, "Returning (30 d)", [&["2"], &["–"], &["–"]]);
    // 6 of 80, 4 of 50, and 5 of 80 over all of the days together.
    assert_figure(&html, "Conversion rate", [&["7.50%"], &["8.00%", "-6%"], &["6.25%", "+20%"]]);
    assert_figure(&html, "Abandoned carts", [&["12"], &["10", "+20%"], &["2.5", "+380%"]]);
    assert_figure(&html, "Searches", [&["20"], &["20", "same"], &["6.0", "+233%"]]);
    assert_figure(&html, "Failed searches", [&["3"], &["0", "from 0"], &["0.0", "from 0"]]);
    let seen = words(&html);
    assert!(seen.contains("The average is of 4 days with data: 3 of the 7 days before have none."), "{seen}");
    assert!(seen.contains("Mon 29 Dec Average of 4 days"), "{seen}");
    assert!(text.contains("\nRevenue            $1,500.25     $1,000.00    +50%       $312.63   +380%\n"), "{text}");
    assert!(text.contains("\nThe average is of 4 days with data: 3 of the 7 days before have none.\n"), "{text}");
    // Day by day: a day that was not loaded is not a day without revenue.
    let days: Vec<(String, String)> = rows(&html)
        .into_iter()
        .filter(|row| {
            row.first()
                .and_then(|cell| cell.first())
                .is_some_and(|label| label.contains(" Dec") || label.contains(" Jan"))
        })
        .filter_map(|row| Some((row.first()?.first()?.clone(), row.last()?.first()?.clone())))
        .collect();
    let expected = [
        ("Mon 29 Dec", "$1,000.00"),
        ("Tue 30 Dec", "$0.00"),
        ("Wed 31 Dec", "no data"),
        ("Thu 1 Jan", "no data"),
        ("Fri 2 Jan", "$250.50"),
        ("Sat 3 Jan", "no data"),
        ("Sun 4 Jan", "$0.00"),
        ("Mon 5 Jan", "$1,500.25"),
    ];
    assert_eq!(days, expected.map(|(label, value)| (label.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn what_was_not_loaded_is_said_and_not_counted_as_nothing() {
    let shop = shop().await;
    // Thursday: not loaded itself, and neither was Thursday before.
    let (html, text) = preview(&shop.client, "2026-01-01", &["D01"]).await;
    assert_figure(&html, "Revenue", [&["no data"], &["–"], &["$500.00"]]);
    assert_figure(&html, "Returning (30 d)", [&["1"], &["–"], &["–"]]);
    for sentence in [
        "No data of this day have been loaded: there are no figures and no lists.",
        "Thu 25 Dec 2025 has no data, so nothing is compared with it.",
        "The average is of 2 days with data: 5 of the 7 days before have none.",
    ] {
        assert!(words(&html).contains(sentence) && text.contains(sentence), "{sentence}: {text}");
    }
    assert!(!words(&html).contains("Purchases to follow up"), "nothing is known about lists either");

    // A day long before anything: there is nothing to compare at all.
    let (html, text) = preview(&shop.client, "2025-06-02", &["D01"]).await;
    assert_figure(&html, "Visitors", [&["no data"], &["–"], &["–"]]);
    assert!(text.contains("None of the 7 days before has data, so there is no average."), "{text}");

    // Sunday was loaded, and nothing happened in D01: true zeros, and lists that say so.
    let (html, text) = preview(&shop.client, "2026-01-04", &["D01"]).await;
    assert_figure(&html, "Revenue", [&["$0.00"], &["–"], &["$416.83", "-100%"]]);
    assert_figure(&html, "Conversion rate", [&["0.00%"], &["–"], &["6.25%", "-100%"]]);
    assert!(text.contains("Sun 28 Dec 2025 has no data") && text.contains("\nNo cart was left this day.\n"), "{text}");
    assert!(words(&html).contains("Nobody bought anything this day."));
}

#[tokio::test]
async fn the_roll_up_has_the_tenants_figures_and_every_active_branch() {
    let shop = shop().await;
    let (html, text) = preview(&shop.client, DAY, &["*"]).await;
    // Tuesday's 70 of D02 count here: 1000, 70, 250.50 and 0 are 330.125 a day.
    assert_figure(&html, "Revenue", [&["$1,500.25"], &["$1,000.00", "+50%"], &["$330.13", "+354%"]]);
    let table: Vec<Vec<String>> = rows(&html)
        .into_iter()
        .filter(|row| row.first().and_then(|cell| cell.first()).is_some_and(|title| title.starts_with("D0")))
        .map(|row| row.into_iter().map(|cell| cell.join(" ")).collect())
        .collect();
    let (first, second) = (&table[0], &table[1]);
    assert_eq!(table.len(), 2, "a closed branch has no row: {table:?}");
    assert!(first[0].starts_with("D01 Springfield") && second[0].starts_with("D02 Shelbyville"), "{table:?}");
    assert!(first.ends_with(&["$1,500.25 +50%", "6", "80", "12", "3"].map(String::from)), "{first:?}");
    assert!(second.ends_with(&["$0.00 same", "0", "0", "0", "0"].map(String::from)), "{second:?}");
    assert!(text.contains("\nD01 Springfield        $1,500.25    +50%"), "{text}");
}

#[tokio::test]
async fn a_digest_has_a_summary_and_each_branch() {
    let shop = shop().await;
    let (html, text) = preview(&shop.client, DAY, &["D02", "D01"]).await;
    let seen = words(&html);
    assert!(seen.contains("2 branches") && seen.contains("Summary"), "{seen}");
    let (first, second) = (seen.rfind("D01 Springfield").unwrap(), seen.rfind("D02 Shelbyville").unwrap());
    assert!(first < second, "by revenue");
    assert_eq!(
        html.matches(">Abandoned carts<").count(),
        4,
        "each branch has its figures, with labels for both widths"
    );
    assert!(text.contains("\n====") && text.contains("\nSUMMARY\n"), "{text}");
}

/// A customer with everything, on D01.
async fn people(shop: &Shop) {
    let user = json!({
        "user_id": "u1", "user_name": "Ann", "buying_company_name": "Acme & Sons", "email": "ann@acme.example",
        "cell_phone": "(555) 010-0142", "office_phone": "+1 555 010 0100", "is_active": true, "created_at": "now", "updated_at": "now",
    });
    shop.put("users", &json!({}), &[user]).await;
    let order = json!({ "event_date": DAY, "hour": 7, "counted": true, "location_id": "D01", "event_timestamp": at("2026-01-05T12:00:00Z") });
    let item = |name: &str, quantity: Value| json!({ "item_id": name, "item_name": name, "quantity": quantity });
    let products = json!([
        item("Valve", json!(2)),
        item("Pipe", json!(1)),
        item("C", json!(1)),
        item("D", json!(0.5)),
        item("E", json!(1))
    ]);
    let mut orders = vec![
        json!({ "event_id": id(1), "line_id": id(11), "transaction_id": "T-1", "user_id": "u1", "amount": 89.9, "products": products }),
        json!({ "event_id": id(2), "line_id": id(12), "transaction_id": "T-2", "amount": 1200.5 }),
        json!({ "event_id": id(3), "line_id": id(13), "user_id": "u-unnamed" }),
    ];
    orders.extend((20..30_u128).map(
        |n| json!({ "event_id": id(n), "line_id": id(n + 100), "transaction_id": format!("S-{n}"), "amount": 0.01 }),
    ));
    orders.push(json!({ "event_id": id(4), "line_id": id(14), "transaction_id": "T-other", "location_id": "D02", "amount": 9999 }));
    shop.put("orders", &order, &orders).await;
    let lines =
        |branch: &str, lines: i64| json!({ "location_id": branch, "day": "2026-01-06", "purchase_lines": lines });
    shop.put("daily_stats", &day_base(), &[lines("D01", 0)]).await;
    let mut tx = common::db::TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("update daily_stats set purchase_lines = 13 where location_id = 'D01' and day = '2026-01-05'")
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let done = json!({ "list": "purchases", "line_id": id(11), "completed": true });
    shop.put("task_states", &json!({}), &[done]).await;
    shop.visits(&[json!({
        "visit_id": id(1), "user_pseudo_id": "p1", "ga_session_id": 17, "user_id": "u1", "location_id": "D01", "day": DAY,
        "last_day": "2026-01-06", "carts": 2, "last_cart_ts": at("2026-01-06T04:30:00Z"), "last_cart_day": "2026-01-06",
        "cart_items": 1, "cart_value": 12.50, "last_ts": at("2026-01-06T04:30:00Z"),
    })])
    .await;
    let cart =
        json!({ "visit_id": id(1), "cart": [{ "item_id": "A", "item_name": "Tap", "price": 12.5, "quantity": 1 }] });
    shop.put("visit_products", &json!({}), &[cart]).await;
}

/// The text of a list, from its title to the empty line after it.
fn section<'t>(text: &'t str, title: &str) -> &'t str {
    let start = text.find(title).unwrap_or_else(|| panic!("no {title} in {text}"));
    text[start..].split("\n\n").next().unwrap()
}

#[tokio::test]
async fn lines_say_who_to_call_and_what_about() {
    let shop = shop().await;
    people(&shop).await;
    let (html, text) = preview(&shop.client, DAY, &["D01"]).await;
    let purchases = section(&text, "PURCHASES TO FOLLOW UP");
    let expected = "PURCHASES TO FOLLOW UP (13)\n\
                    1.  Unknown visitor: $1,200.50\n    Order T-2\n\
                    2.  Acme & Sons [done]: $89.90\n    (555) 010-0142 | +1 555 010 0100 | ann@acme.example\n    \
                    Order T-1; 2 x Valve, Pipe, C, 0.5 x D and 1 more\n\
                    3.  Unknown visitor: $0.01\n";
    assert!(purchases.starts_with(expected), "{purchases}");
    let link = format!("/tasks/purchases?location_id=D01&start_date={DAY}&end_date={DAY}");
    assert!(purchases.ends_with(&link) && purchases.contains("\nand 3 more: http"), "{purchases}");
    assert!(!text.contains("T-other"), "a line of another branch");
    let links = links(&html);
    for link in ["tel:5550100142", "tel:+15550100100", "mailto:ann@acme.example"] {
        assert!(links.iter().any(|known| known == link), "{link} in {links:?}");
    }
    assert!(links.iter().any(|known| known.ends_with(&link)), "{links:?}");
    // 04:30 in UTC is half past eleven in the evening in New York.
    assert_eq!(section(&text, "CARTS THAT WERE LEFT").lines().nth(3), Some("    Tap; last added 23:30"), "{text}");
}

#[tokio::test]
async fn money_and_times_are_the_tenants() {
    let tokyo =
        TenantSettings { zone: chrono_tz::Asia::Tokyo, currency: "JPY".to_owned(), ..TenantSettings::default() };
    let shop = shop_in(&tokyo).await;
    people(&shop).await;
    let (html, text) = preview(&shop.client, DAY, &["D01"]).await;
    assert_figure(&html, "Revenue", [&["¥1,500"], &["¥1,000", "+50%"], &["¥313", "+380%"]]);
    assert!(text.contains("Tap; last added 13:30") && text.contains("Unknown visitor: ¥1,201"), "{text}");
    let kuwait = TenantSettings { currency: "KWD".to_owned(), ..TenantSettings::default() };
    let (html, _) = preview(&shop_in(&kuwait).await.client, DAY, &["*"]).await;
    assert_figure(&html, "Revenue", [&["KWD 1,500.250"], &["KWD 1,000.000", "+50%"], &["KWD 330.125", "+354%"]]);
}

#[tokio::test]
async fn text_of_tenants_does_nothing() {
    let shop = shop().await;
    let evil = "<script>alert(1)</script>{{ 7 * 7 }}\"'>\r\nX: y\u{202e}\u{0007} عميل 👩‍🔧";
    let long = "n".repeat(500);
    let user = json!({
        "user_id": "u1", "user_name": evil, "buying_company_name": evil, "email": "\"a b\"@x.example\r\nBcc: z@x.example",
        "cell_phone": "javascript:alert(1)", "office_phone": evil, "is_active": true, "created_at": "now", "updated_at": "now",
    });
    shop.put("users", &json!({}), &[user]).await;
    let order = json!({
        "event_id": id(1), "line_id": id(11), "event_date": DAY, "event_timestamp": 1, "hour": 7, "counted": true, "user_id": "u1",
        "location_id": "D\"<01&{{x}}", "transaction_id": evil, "amount": 5, "products": [{ "item_name": evil }, { "item_name": long }],
    });
    shop.put("orders", &json!({}), &[order]).await;
    let location = json!({ "location_id": "D\"<01&{{x}}", "location_name": format!("{evil}{long}"), "is_active": true, "created_at": "now", "updated_at": "now" });
    shop.put("locations", &json!({}), &[location]).await;
    let day = json!({ "location_id": "D\"<01&{{x}}", "day": DAY, "purchases": 1, "min_ts": 1, "max_ts": 1 });
    shop.put("daily_stats", &day_base(), &[day]).await;
    for branches in [&["D\"<01&{{x}}"][..], &["D\"<01&{{x}}", "D01"], &["*"]] {
        let (html, text) = preview(&shop.client, DAY, branches).await;
        assert!(words(&html).contains("<script>alert(1)</script>{{ 7 * 7 }}"), "{html}");
        assert!(!html.to_lowercase().contains("<script") && !html.contains('\u{202e}'), "{html}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        assert!(!links(&html).iter().any(|link| link.contains("javascript") || link.contains("cc:")), "{html}");
    }
    let (html, text) = preview(&shop.client, DAY, &["D\"<01&{{x}}"]).await;
    assert!(words(&html).contains("X: y عميل 👩‍🔧") && text.contains("عميل"), "{text}");
    assert!(links(&html).iter().any(|link| link.contains("location_id=D%22%3C01%26%7B%7Bx%7D%7D&")), "{html}");
}

/// A number as the mail writes it: `$1,234.50`, `EUR 3.00`, `4.78%`.
fn number(cell: &[String]) -> Decimal {
    let plain: String = cell[0].chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
    plain.parse().unwrap_or_else(|_| panic!("{cell:?} is no number"))
}

fn assert_metrics(html: &str, day: &Metrics, month: &Metrics, place: &str) {
    for (label, expected) in [
        ("Revenue", day.revenue),
        ("Purchases", day.purchases.into()),
        ("Visitors", day.total_visitors.into()),
        ("Unique users", day.unique_users.into()),
        ("Returning (30 d)", month.repeat_visits.into()),
        ("Conversion rate", day.conversion_rate),
        ("Abandoned carts", day.abandoned_carts.into()),
        ("Searches", day.total_searches.into()),
        ("Failed searches", day.failed_searches.into()),
    ] {
        let shown = number(&figure(html, label)[0]);
        // To the currency's last digit, which a mail rounds to.
        let close = (shown - expected).abs() <= Decimal::new(5, 1).min(Decimal::new(5, 3))
            || (label == "Revenue" && (shown - expected).abs() <= Decimal::new(5, 1));
        assert!(close, "{label} of {place}: {shown} is not {expected}");
    }
}

#[tokio::test]
async fn reports_agree_with_the_oracle() {
    for seed in [3, 17, 4_242] {
        let world = world(seed);
        let shop = Shop::open_with(&world.spec.settings).await;
        load(&shop, &world).await;
        let oracle = Oracle::new(&world.input());
        let (from, to) = (world.spec.from, world.spec.to());
        let loaded = |day: NaiveDate| oracle.landed().iter().any(|((landed, _), events)| *landed == day && *events > 0);
        let day = from.iter_days().take_while(|day| *day <= to).filter(|day| loaded(*day)).last().unwrap();
        let month = day - Days::new(29);
        let mut branches: Vec<Option<&str>> = world.locations.iter().map(|l| Some(l.location_id.as_str())).collect();
        branches.push(None);
        for branch in branches {
            let of = |selection: Selection| match branch {
                Some(branch) => oracle.metrics(&selection.at(&[branch])),
                None => oracle.metrics(&selection),
            };
            let place = format!("{branch:?} on {day} of world {seed}");
            let (html, text) = preview(&shop.client, &day.to_string(), &[branch.unwrap_or("*")]).await;
            assert_metrics(&html, &of(Selection::days(day, day)), &of(Selection::days(month, day)), &place);
            let before = day - Days::new(7);
            let previous = figure(&html, "Visitors")[1].clone();
            if loaded(before) {
                let expected = of(Selection::days(before, before)).total_visitors;
                assert_eq!(number(&previous), expected.into(), "visitors a week before, {place}");
            } else {
                assert_eq!(previous, ["–"], "{place}");
            }
            let Some(branch) = branch else { continue };
            let selection = Selection::days(day, day).at(&[branch]);
            for (title, lines) in [
                ("PURCHASES TO FOLLOW UP", oracle.purchase_lines(&selection).len()),
                ("CARTS THAT WERE LEFT", oracle.cart_lines(&selection).len()),
                ("SEARCHES THAT LED TO NOTHING", oracle.search_lines(&selection, false).len()),
                ("RETURNING CUSTOMERS", oracle.repeat_lines(&selection).len()),
                ("VISITS THAT LEFT AT ONCE", oracle.bounce_lines(&selection).len()),
            ] {
                let heading = if lines == 0 { format!("\n{title}\n") } else { format!("\n{title} ({lines})\n") };
                assert!(text.contains(&heading), "{heading:?} of {place}: {text}");
            }
        }
    }
}
