//! The columns of a GA4 export of today (ga4.md 1.2).

use super::Column;

/// All of them, in order.
#[must_use]
pub fn export_schema() -> Vec<Column> {
    let mut columns = vec![
        text("event_date"),
        int("event_timestamp"),
        text("event_name"),
        params("event_params", &["string_value"], false),
        int("event_previous_timestamp"),
        float("event_value_in_usd"),
        int("event_bundle_sequence_id"),
        int("event_server_timestamp_offset"),
        text("user_id"),
        text("user_pseudo_id"),
        texts("privacy_info", &["analytics_storage", "ads_storage", "uses_transient_token"]),
        params("user_properties", &["string_value"], true),
        int("user_first_touch_timestamp"),
        Column::record("user_ltv", vec![float("revenue"), text("currency")]),
        device(),
        texts("geo", &["continent", "sub_continent", "country", "region", "city", "metro"]),
        texts("app_info", &["id", "version", "install_store", "firebase_app_id", "install_source"]),
        texts("traffic_source", &["name", "medium", "source"]),
        text("stream_id"),
        text("platform"),
        texts("event_dimensions", &["hostname"]),
        ecommerce(),
        items(),
    ];
    columns.push(texts("collected_traffic_source", &COLLECTED));
    columns.push(Column::new("is_active_user", "BOOLEAN"));
    columns.extend(["batch_event_index", "batch_page_id", "batch_ordering_id"].map(int));
    columns.push(last_click());
    columns.push(Column::record(
        "publisher",
        vec![float("ad_revenue_in_usd"), text("ad_format"), text("ad_source_name"), text("ad_unit_id")],
    ));
    columns
}

const COLLECTED: [&str; 12] = [
    "manual_campaign_id",
    "manual_campaign_name",
    "manual_source",
    "manual_medium",
    "manual_term",
    "manual_content",
    "manual_source_platform",
    "manual_creative_format",
    "manual_marketing_tactic",
    "gclid",
    "dclid",
    "srsltid",
];

fn text(name: &str) -> Column {
    Column::new(name, "STRING")
}

fn int(name: &str) -> Column {
    Column::new(name, "INTEGER")
}

fn float(name: &str) -> Column {
    Column::new(name, "FLOAT")
}

fn texts(name: &str, columns: &[&str]) -> Column {
    Column::record(name, columns.iter().map(|name| text(name)).collect())
}

fn params(name: &str, slots: &[&str], with_time: bool) -> Column {
    let mut slots: Vec<Column> = slots.iter().map(|name| text(name)).collect();
    slots.extend([int("int_value"), float("float_value"), float("double_value")]);
    if with_time {
        slots.push(int("set_timestamp_micros"));
    }
    Column::record(name, vec![text("key"), Column::record("value", slots)]).repeated()
}

fn device() -> Column {
    let mut columns: Vec<Column> = [
        "category",
        "mobile_brand_name",
        "mobile_model_name",
        "mobile_marketing_name",
        "mobile_os_hardware_model",
        "operating_system",
        "operating_system_version",
        "vendor_id",
        "advertising_id",
        "language",
        "is_limited_ad_tracking",
    ]
    .map(text)
    .into();
    columns.extend([int("time_zone_offset_seconds"), text("browser"), text("browser_version")]);
    columns.push(texts("web_info", &["browser", "browser_version", "hostname"]));
    Column::record("device", columns)
}

fn ecommerce() -> Column {
    let mut columns = vec![int("total_item_quantity")];
    columns.extend(
        [
            "purchase_revenue_in_usd",
            "purchase_revenue",
            "refund_value_in_usd",
            "refund_value",
            "shipping_value_in_usd",
            "shipping_value",
            "tax_value_in_usd",
            "tax_value",
        ]
        .map(float),
    );
    columns.extend([int("unique_items"), text("transaction_id")]);
    Column::record("ecommerce", columns)
}

fn items() -> Column {
    let mut columns: Vec<Column> = [
        "item_id", "item_name", "item_brand", "item_variant", "item_category", "item_category2", "item_category3",
        "item_category4", "item_category5",
    ]
    .map(text)
    .into();
    columns.extend([float("price_in_usd"), float("price"), int("quantity")]);
    columns.extend(["item_revenue_in_usd", "item_revenue", "item_refund_in_usd", "item_refund"].map(float));
    columns.extend(
        [
            "coupon", "affiliation", "location_id", "item_list_id", "item_list_name", "item_list_index",
            "promotion_id", "promotion_name", "creative_name", "creative_slot",
        ]
        .map(text),
    );
    columns.push(params("item_params", &["string_value"], false));
    Column::record("items", columns).repeated()
}

fn last_click() -> Column {
    let manual = [
        "campaign_id", "campaign_name", "source", "medium", "term", "content", "source_platform", "creative_format",
        "marketing_tactic",
    ];
    let ads = ["customer_id", "account_name", "campaign_id", "campaign_name", "ad_group_id", "ad_group_name"];
    let cross = [
        "campaign_id", "campaign_name", "source", "medium", "source_platform", "default_channel_group",
        "primary_channel_group",
    ];
    Column::record(
        "session_traffic_source_last_click",
        vec![
            texts("manual_campaign", &manual),
            texts("google_ads_campaign", &ads),
            texts("cross_channel_campaign", &cross),
        ],
    )
}
