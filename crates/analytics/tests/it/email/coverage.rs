//! Whom reports do not reach.

use common::auth::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Shop;

const COVERAGE: &str = "/analytics/email/coverage";

/// Branch and address of each line.
fn named(lines: &Value) -> Vec<(&str, &str)> {
    lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            assert!(line["mapping_id"].is_string());
            (line["branch_code"].as_str().unwrap(), line["sales_rep_email"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn what_is_missing_between_branches_and_people_is_shown() {
    let shop = Shop::open().await;
    let location = |id: &str, active: bool| json!({ "location_id": id, "location_name": format!("Shop {id}"), "is_active": active });
    let locations = ["D01", "D02", "D03", "D04", "D05", "D06"].map(|id| location(id, id != "D06"));
    shop.put("locations", &json!({}), &locations).await;
    let mapping = |branch: &str, email: &str, more: Value| {
        crate::support::over(
            &json!({ "mapping_id": Uuid::now_v7(), "branch_code": branch, "sales_rep_email": email }),
            &more,
        )
    };
    let bounced = json!({ "bounced_at": "2026-01-05T12:00:00Z", "bounce_reason": "550 5.1.1 no such user" });
    let rows = [
        mapping("*", "boss@example.com", json!({})),
        // Reached, and by one who left, too.
        mapping("D01", "dana@example.com", json!({})),
        mapping("D01", "off@example.com", json!({ "is_enabled": false })),
        // Reached by a digest; it bounced, and goes on until somebody says so.
        mapping("D02", "rob@example.com", crate::support::over(&bounced, &json!({ "delivery": "digest" }))),
        // Switched off.
        mapping("D03", "dana@example.com", json!({ "is_enabled": false })),
        // Suppressed, in other letters than the list has.
        mapping("D04", "Gone@example.com", json!({})),
        // Of no branch, and of one that is closed.
        mapping("D99", "rob@example.com", json!({})),
        mapping("D06", "dana@example.com", json!({})),
    ];
    shop.put("branch_email_mappings", &json!({ "is_enabled": true, "delivery": "branch" }), &rows).await;
    let gone = json!({ "email": "gone@example.com", "reason": "unsubscribed", "created_at": "2026-01-06T12:00:00Z" });
    shop.put("email_suppressions", &json!({}), &[gone]).await;

    let view = shop.get(COVERAGE).await;
    assert_eq!(
        view["uncovered_branches"],
        json!([
            { "branch_code": "D03", "branch_name": "Shop D03" },
            { "branch_code": "D04", "branch_name": "Shop D04" },
            { "branch_code": "D05", "branch_name": "Shop D05" },
        ])
    );
    assert_eq!(named(&view["unknown_branches"]), [("D06", "dana@example.com"), ("D99", "rob@example.com")]);
    assert_eq!(named(&view["bounced"]), [("D02", "rob@example.com")]);
    assert_eq!(
        (&view["bounced"][0]["bounced_at"], &view["bounced"][0]["bounce_reason"]),
        (&bounced["bounced_at"], &bounced["bounce_reason"])
    );
    assert_eq!(named(&view["suppressed"]), [("D04", "Gone@example.com")]);
    assert_eq!(
        (&view["suppressed"][0]["reason"], &view["suppressed"][0]["since"]),
        (&json!("unsubscribed"), &json!("2026-01-06T12:00:00Z"))
    );
    assert_eq!(named(&view["disabled"]), [("D01", "off@example.com"), ("D03", "dana@example.com")]);

    // Members who are limited to branches see theirs.
    let limited = shop.member(Role::Manager, Some(&["D03", "D06"])).await;
    let view = limited.get(COVERAGE).await.expect(200);
    assert_eq!(view["uncovered_branches"], json!([{ "branch_code": "D03", "branch_name": "Shop D03" }]));
    assert_eq!(named(&view["unknown_branches"]), [("D06", "dana@example.com")]);
    assert_eq!((&view["bounced"], &view["suppressed"]), (&json!([]), &json!([])));
    assert_eq!(named(&view["disabled"]), [("D03", "dana@example.com")]);

    let nothing =
        json!({ "uncovered_branches": [], "unknown_branches": [], "bounced": [], "suppressed": [], "disabled": [] });
    let (_, neighbour) = shop.neighbour().await;
    assert_eq!(neighbour.get(COVERAGE).await.expect(200), nothing);
}
