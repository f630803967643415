//! Posted events, case by case: what they add, what they move, and how they meet pulled ones.

use chrono::NaiveDate;
use chrono_tz::UTC;
use serde_json::Value;
use testkit::rows::{Event, Item};

use crate::fold_support::{Folded, assert_kept_right, fold_once, post_and_fold, post_rows, whatever_the_way};
use crate::support::{Shop, assert_same};

fn at(name: &str, time: &str) -> Event {
    Event::at(name, UTC, &format!("2026-03-{time}"))
}

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, n).unwrap()
}

fn view(time: &str, visitor: &str, page: &str) -> Value {
    at("page_view", time).visit(visitor, 7).page(page).build()
}

const DAYS: &str =
    "select concat_ws(' ', location_id, day, visitors, carts, searches, purchases, revenue) from daily_stats
    order by location_id, day";
const BOUNCES: &str = "select concat_ws(' ', location_id, entry_page, bounces) from bounce_pages order by 1";

#[tokio::test]
async fn a_fold_takes_no_more_than_it_is_told_and_says_what_is_left() {
    let shop = Shop::new().await;
    post_rows(&shop, &[view("02 10:00:00", "a", "/"), view("02 10:00:01", "a", "/"), view("02 10:00:02", "b", "/")])
        .await;
    assert_eq!(fold_once(&shop, day(2), 2).await, Folded { folded: 2, left: true, busy: false });
    assert_eq!(shop.number("select count(*) from page_view where posted").await, 2);
    assert_eq!(fold_once(&shop, day(2), 2).await, Folded { folded: 1, left: false, busy: false });
    assert_eq!(fold_once(&shop, day(2), 2).await, Folded { folded: 0, left: false, busy: false });
    assert_eq!(fold_once(&shop, day(3), 2).await, Folded { folded: 0, left: false, busy: false });
    assert_eq!(shop.texts("select user_pseudo_id || page_views from visits order by 1").await, ["a2", "b1"]);
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 2 0 0 0 0"]);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn a_second_page_ends_a_bounce() {
    let shop = Shop::new().await;
    let page = |time: &str, page: &str| {
        at("page_view", time).visit("a", 7).page(page).property("default_branch_id", "D01").build()
    };
    post_and_fold(&shop, &[page("02 10:00:00", "/1")]).await;
    assert_eq!(shop.texts(BOUNCES).await, [" /1 1", "D01 /1 1"]);
    // The same page again, then another.
    post_and_fold(&shop, &[page("02 10:00:05", "/1")]).await;
    assert_eq!(shop.texts(BOUNCES).await, [" /1 1", "D01 /1 1"]);
    post_and_fold(&shop, &[page("02 10:00:09", "/2")]).await;
    assert_eq!(shop.texts(BOUNCES).await, Vec::<String>::new());
    assert_eq!(shop.number("select count(*) from bounce_months").await, 0);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn a_login_takes_the_visit_with_all_it_did_to_the_user_and_the_branch() {
    let shop = Shop::new().await;
    let rows = [
        view("02 10:00:00", "a", "/1"),
        view("02 10:00:01", "a", "/2"),
        view("02 10:00:02", "a", "/3"),
        at("view_item", "02 10:01:00").visit("a", 7).page("/3").item(Item::default().id("S1").name("Valve")).build(),
        at("add_to_cart", "02 10:02:00").visit("a", 7).item(Item::default().id("S1")).build(),
        at("no_search_results", "02 10:03:00").visit("a", 7).param("search_term", "valve").build(),
        at("purchase", "02 23:59:00").visit("a", 7).transaction("T1").revenue(10.5).build(),
        at("purchase", "03 00:01:00").visit("a", 7).revenue(4.5).build(),
    ];
    post_and_fold(&shop, &rows).await;
    assert_eq!(shop.texts(DAYS).await, ["2026-03-02 1 1 1 1 10.5", "2026-03-03 0 0 0 1 4.5"].map(|d| format!(" {d}")));
    let login = |time: &str, user: &str, branch: &str| {
        at("login", time).visit("a", 7).property("WebUserId", user).property("default_branch_id", branch).build()
    };
    post_and_fold(&shop, &[login("02 10:05:00", "U1", "D01")]).await;
    let of_branch = |branch: &str| {
        let days = ["2026-03-02 1 1 1 1 10.5", "2026-03-03 0 0 0 1 4.5"];
        ["", branch].iter().flat_map(|b| days.map(|d| format!("{b} {d}"))).collect::<Vec<_>>()
    };
    assert_eq!(shop.texts(DAYS).await, of_branch("D01"));
    assert_eq!(shop.texts("select distinct user_id || location_id from orders").await, ["U1D01"]);
    assert_eq!(shop.texts("select user_id || location_id from search_lines").await, ["U1D01"]);
    assert_eq!(shop.texts("select products_viewed::text from visits").await, ["1"]);
    assert_kept_right(&shop).await;
    // Somebody else, elsewhere, in the end: the first branch is left without a trace.
    post_and_fold(&shop, &[login("03 00:02:00", "U2", "D02")]).await;
    assert_eq!(shop.texts(DAYS).await, of_branch("D02"));
    assert_eq!(shop.texts("select distinct user_id from user_days").await, ["U2"]);
    assert_eq!(shop.texts("select distinct location_id from hourly_stats order by 1").await, ["", "D02"]);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn an_identity_may_come_before_its_visit() {
    let shop = Shop::new().await;
    post_and_fold(&shop, &[at("login", "02 09:59:00").visit("a", 7).property("WebUserId", "U1").build()]).await;
    assert_eq!(shop.number("select count(*) from visits").await, 0);
    assert_eq!(shop.number("select count(*) from daily_stats").await, 0);
    post_and_fold(&shop, &[view("02 10:00:00", "a", "/")]).await;
    assert_eq!(shop.texts("select user_id from visits").await, ["U1"]);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn an_earlier_event_takes_the_visit_to_its_day() {
    let shop = Shop::new().await;
    // Also the first and the last of its day, which the day forgets.
    shop.load("replace", &[view("03 00:00:05", "a", "/1"), view("03 00:01:00", "b", "/1")]).await;
    let bounds = "select concat_ws(' ', day, (min_ts / 1000000) % 86400, (max_ts / 1000000) % 86400) from daily_stats
        order by day";
    assert_eq!(shop.texts(bounds).await, ["2026-03-03 5 60"]);
    post_and_fold(&shop, &[view("02 23:59:00", "a", "/2")]).await;
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 1 0 0 0 0", " 2026-03-03 1 0 0 0 0"]);
    assert_eq!(shop.texts(bounds).await, ["2026-03-02 86340 5", "2026-03-03 60 60"]);
    assert_kept_right(&shop).await;
    // And the last visit of a day leaves no row behind.
    post_and_fold(&shop, &[view("02 23:58:00", "b", "/2")]).await;
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 2 0 0 0 0"]);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn a_posted_duplicate_of_a_purchase_does_not_count_unless_it_was_first() {
    let shop = Shop::new().await;
    let buy = |time: &str, visitor: &str, amount: f64| {
        at("purchase", time).visit(visitor, 7).transaction("T1").revenue(amount).build()
    };
    shop.load("replace", &[buy("03 10:00:00", "a", 10.25)]).await;
    post_and_fold(&shop, &[buy("04 10:00:00", "a", 99.0)]).await;
    let counted = "select event_date || ' ' || amount from orders where counted";
    assert_eq!(shop.texts(counted).await, ["2026-03-03 10.25"]);
    assert_kept_right(&shop).await;
    post_and_fold(&shop, &[buy("02 10:00:00", "b", 7.5)]).await;
    assert_eq!(shop.texts(counted).await, ["2026-03-02 7.5"]);
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 0 0 0 1 7.5", " 2026-03-03 0 0 0 0 0", " 2026-03-04 0 0 0 0 0"]);
    assert_kept_right(&shop).await;
}

/// A pulled page view that says little, and the same event as posted, with user, branch and title.
fn met() -> (Value, Value) {
    let event = || at("page_view", "02 10:00:00").visit("a", 7).param("page_location", "/1");
    (
        event().param("source", "pulled").property("default_branch_id", "D01").build(),
        event()
            .param("source", "posted")
            .param("page_title", "One")
            .property("default_branch_id", "D02")
            .property("WebUserId", "U1")
            .build(),
    )
}

#[tokio::test]
async fn an_event_that_was_pulled_and_posted_is_one_row_in_either_order() {
    let (pulled, posted) = met();
    let (first, second) = (Shop::new().await, Shop::new().await);
    first.load("replace", std::slice::from_ref(&pulled)).await;
    post_and_fold(&first, std::slice::from_ref(&posted)).await;
    post_and_fold(&second, std::slice::from_ref(&posted)).await;
    second.load("replace", std::slice::from_ref(&pulled)).await;
    for shop in [&first, &second] {
        // The pulled content, and what it left open from the posted one.
        let row = "select concat_ws(' ', posted, branch_id, web_user_id, page_title, extra #>> '{params,source}') from page_view";
        assert_eq!(shop.texts(row).await, ["t D01 U1 One pulled"]);
        assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 1 0 0 0 0", "D01 2026-03-02 1 0 0 0 0"]);
        assert_eq!(shop.texts("select user_id from visits").await, ["U1"]);
        assert_kept_right(shop).await;
    }
    assert_same(&first.tables(true).await, &second.tables(true).await);
    // A later pull that has it not leaves it; one that has it changes nothing.
    for rows in [vec![view("02 11:00:00", "b", "/")], vec![pulled]] {
        first.load("replace", &rows).await;
        assert_eq!(first.number("select count(*) from page_view where posted and user_pseudo_id = 'a'").await, 1);
        assert_kept_right(&first).await;
    }
    assert_same(&first.tables(true).await, &second.tables(true).await);
}

#[tokio::test]
async fn an_own_identity_that_is_of_another_visit_stays_with_the_pulled_one() {
    let own = |visitor: &str, page: &str, user: Option<&str>| {
        let event = at("page_view", "02 10:00:00").visit(visitor, 7).page(page).param("event_id", "e1");
        match user {
            Some(user) => event.property("WebUserId", user).build(),
            None => event.build(),
        }
    };
    let (pulled, posted) = (own("a", "/pulled", None), own("b", "/posted", Some("U1")));
    let (first, second) = (Shop::new().await, Shop::new().await);
    first.load("replace", std::slice::from_ref(&pulled)).await;
    post_and_fold(&first, std::slice::from_ref(&posted)).await;
    post_and_fold(&second, std::slice::from_ref(&posted)).await;
    assert_eq!(second.texts("select user_pseudo_id from visits").await, ["b"]);
    second.load("replace", std::slice::from_ref(&pulled)).await;
    for shop in [&first, &second] {
        assert_eq!(shop.texts("select user_pseudo_id || user_id || own_event_ids from visits").await, ["aU1true"]);
        assert_kept_right(shop).await;
    }
    assert_same(&first.tables(true).await, &second.tables(true).await);
    // More of that visit, which the key's first half does not find: on this day and the next.
    let more = [
        at("page_view", "02 23:59:00").visit("a", 7).page("/2").param("event_id", "e2").build(),
        at("add_to_cart", "03 00:01:00").visit("a", 7).param("event_id", "e3").item(Item::default().id("S")).build(),
        at("purchase", "03 00:02:00").visit("a", 7).param("event_id", "e4").revenue(1.0).build(),
        view("03 00:03:00", "a", "/3"),
    ];
    for row in more {
        post_and_fold(&first, &[row]).await;
        assert_kept_right(&first).await;
    }
    assert_eq!(
        first.texts("select concat_ws(' ', page_views, pages, carts, purchases) from visits").await,
        ["3 3 1 1"]
    );
}

#[tokio::test]
async fn events_of_no_visit_count_by_their_own_branch_and_may_learn_it() {
    let shop = Shop::new().await;
    let loose = |name: &str, time: &str| at(name, time).pseudo_id("a");
    let names = ["page_view", "view_item", "add_to_cart", "view_search_results", "no_search_results"];
    let rows = |branch: Option<&str>| -> Vec<Value> {
        let mut rows: Vec<Event> = names.iter().map(|name| loose(name, "02 10:00:00")).collect();
        rows.push(loose("purchase", "02 11:00:00").transaction("T1").revenue(2.5));
        rows.push(loose("purchase", "02 12:00:00").revenue(1.5));
        rows.into_iter()
            .map(|row| match branch {
                Some(branch) => row.property("default_branch_id", branch).user_id("G1").build(),
                None => row.build(),
            })
            .collect()
    };
    shop.load("replace", &rows(None)[3..]).await;
    post_and_fold(&shop, &rows(None)).await;
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 0 1 2 2 4"]);
    assert_eq!(shop.number("select page_views from daily_stats").await, 1);
    assert_kept_right(&shop).await;
    post_and_fold(&shop, &rows(Some("D01"))).await;
    assert_eq!(shop.texts(DAYS).await, [" 2026-03-02 0 1 2 2 4", "D01 2026-03-02 0 1 2 2 4"]);
    assert_eq!(shop.texts("select distinct user_id || location_id from orders").await, ["G1D01"]);
    assert_kept_right(&shop).await;
    // It does not learn another one.
    post_and_fold(&shop, &rows(Some("D02"))).await;
    assert_eq!(shop.texts("select distinct location_id from daily_stats order by 1").await, ["", "D01"]);
    assert_kept_right(&shop).await;
}

#[tokio::test]
async fn what_is_posted_again_changes_nothing() {
    let shop = Shop::new().await;
    let rows = [
        view("02 10:00:00", "a", "/1"),
        at("add_to_cart", "02 10:01:00").visit("a", 7).item(Item::default().id("S1")).build(),
        at("purchase", "02 10:02:00").pseudo_id("b").revenue(3.0).build(),
        at("login", "02 10:03:00").visit("a", 7).property("WebUserId", "U1").build(),
    ];
    post_and_fold(&shop, &rows).await;
    let once = whatever_the_way(&shop).await;
    post_and_fold(&shop, &rows).await;
    assert_same(&once, &whatever_the_way(&shop).await);
    let imported = Shop::new().await;
    imported.load("replace", &rows).await;
    assert_same(&whatever_the_way(&imported).await, &once);
}
