//! The dimensions and metrics every property has, of those that the six tables can be filled from (ga4.md 3.3).

/// API name and name on GA4's pages.
pub const WIRE_DIMENSIONS: [(&str, &str); 22] = [
    ("city", "City"),
    ("country", "Country"),
    ("currencyCode", "Currency"),
    ("date", "Date"),
    ("dateHour", "Date + hour (YYYYMMDDHH)"),
    ("dateHourMinute", "Date hour and minute"),
    ("deviceCategory", "Device category"),
    ("eventName", "Event name"),
    ("fullPageUrl", "Full page URL"),
    ("itemBrand", "Item brand"),
    ("itemCategory", "Item category"),
    ("itemId", "Item ID"),
    ("itemName", "Item name"),
    ("itemVariant", "Item variant"),
    ("operatingSystem", "Operating system"),
    ("pageLocation", "Page location"),
    ("pagePath", "Page path"),
    ("pageReferrer", "Page referrer"),
    ("pageTitle", "Page title"),
    ("searchTerm", "Search term"),
    ("streamId", "Stream ID"),
    ("transactionId", "Transaction ID"),
];

/// API name, name on GA4's pages and type.
pub const WIRE_METRICS: [(&str, &str, &str); 15] = [
    ("activeUsers", "Active users", "TYPE_INTEGER"),
    ("addToCarts", "Add to carts", "TYPE_INTEGER"),
    ("ecommercePurchases", "Ecommerce purchases", "TYPE_INTEGER"),
    ("eventCount", "Event count", "TYPE_INTEGER"),
    ("eventValue", "Event value", "TYPE_FLOAT"),
    ("itemRevenue", "Item revenue", "TYPE_CURRENCY"),
    ("itemViewEvents", "Item view events", "TYPE_INTEGER"),
    ("itemsAddedToCart", "Items added to cart", "TYPE_INTEGER"),
    ("itemsPurchased", "Items purchased", "TYPE_INTEGER"),
    ("itemsViewed", "Items viewed", "TYPE_INTEGER"),
    ("purchaseRevenue", "Purchase revenue", "TYPE_CURRENCY"),
    ("screenPageViews", "Views", "TYPE_INTEGER"),
    ("sessions", "Sessions", "TYPE_INTEGER"),
    ("totalRevenue", "Total revenue", "TYPE_CURRENCY"),
    ("transactions", "Transactions", "TYPE_INTEGER"),
];

/// Dimensions of items, not of events.
pub(super) const ITEM_DIMENSIONS: [&str; 5] = ["itemBrand", "itemCategory", "itemId", "itemName", "itemVariant"];

/// Metrics that do not go with them.
const NOT_WITH_ITEMS: [&str; 8] = [
    "addToCarts", "ecommercePurchases", "eventCount", "itemViewEvents", "purchaseRevenue", "screenPageViews",
    "totalRevenue", "transactions",
];

/// Metrics that are counted over items.
pub(super) const ITEM_METRICS: [&str; 4] = ["itemRevenue", "itemsAddedToCart", "itemsPurchased", "itemsViewed"];

/// Whether two fields go together, as far as Google's own rules go.
pub(super) fn go_together(one: &str, other: &str) -> bool {
    let against = |dimension: &str, metric: &str| {
        (ITEM_DIMENSIONS.contains(&dimension) || dimension.starts_with("customItem:"))
            && NOT_WITH_ITEMS.contains(&metric)
    };
    !against(one, other) && !against(other, one)
}
