//! How large and how old a posted event may be: Google's limits, unless the tenant has set others.

use common::ids::TenantId;
use garde::Validate;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Limits of posted events (ga4.md 4). What is left out, or null, is Google's own. Lengths count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(from = "Given")]
pub struct EventLimits {
    /// Oldest event that is taken, in hours before now.
    #[garde(range(min = 1, max = 9600))]
    #[schema(minimum = 1, maximum = 9600, default = 72)]
    pub max_age_hours: u32,
    /// Names of events and parameters.
    #[garde(range(min = 1, max = 200))]
    #[schema(minimum = 1, maximum = 200, default = 40)]
    pub max_name_length: u32,
    /// Parameters of one event.
    #[garde(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000, default = 25)]
    pub max_params: u32,
    /// Texts of parameters and items that have no limit of their own.
    #[garde(range(min = 1, max = 16384))]
    #[schema(minimum = 1, maximum = 16384, default = 100)]
    pub max_value_length: u32,
    /// The parameter `page_location`.
    #[garde(range(min = 1, max = 16384))]
    #[schema(minimum = 1, maximum = 16384, default = 1000)]
    pub max_page_location_length: u32,
    /// The parameter `page_title`.
    #[garde(range(min = 1, max = 16384))]
    #[schema(minimum = 1, maximum = 16384, default = 300)]
    pub max_page_title_length: u32,
    /// The parameter `page_referrer`.
    #[garde(range(min = 1, max = 16384))]
    #[schema(minimum = 1, maximum = 16384, default = 420)]
    pub max_page_referrer_length: u32,
    /// User properties of one body.
    #[garde(range(min = 0, max = 1000))]
    #[schema(minimum = 0, maximum = 1000, default = 25)]
    pub max_user_properties: u32,
    /// Names of user properties.
    #[garde(range(min = 1, max = 200))]
    #[schema(minimum = 1, maximum = 200, default = 24)]
    pub max_user_property_name_length: u32,
    /// Texts of user properties.
    #[garde(range(min = 1, max = 16384))]
    #[schema(minimum = 1, maximum = 16384, default = 36)]
    pub max_user_property_value_length: u32,
    /// Items of one event.
    #[garde(range(min = 0, max = 1000))]
    #[schema(minimum = 0, maximum = 1000, default = 200)]
    pub max_items: u32,
    /// Keys of one item that are not GA4's own.
    #[garde(range(min = 0, max = 1000))]
    #[schema(minimum = 0, maximum = 1000, default = 27)]
    pub max_item_params: u32,
}

/// As they are written down: only what differs has to be there.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = EventLimitsBody)]
pub struct Given {
    #[schema(minimum = 1, maximum = 9600, default = 72)]
    max_age_hours: Option<u32>,
    #[schema(minimum = 1, maximum = 200, default = 40)]
    max_name_length: Option<u32>,
    #[schema(minimum = 1, maximum = 1000, default = 25)]
    max_params: Option<u32>,
    #[schema(minimum = 1, maximum = 16384, default = 100)]
    max_value_length: Option<u32>,
    #[schema(minimum = 1, maximum = 16384, default = 1000)]
    max_page_location_length: Option<u32>,
    #[schema(minimum = 1, maximum = 16384, default = 300)]
    max_page_title_length: Option<u32>,
    #[schema(minimum = 1, maximum = 16384, default = 420)]
    max_page_referrer_length: Option<u32>,
    #[schema(minimum = 0, maximum = 1000, default = 25)]
    max_user_properties: Option<u32>,
    #[schema(minimum = 1, maximum = 200, default = 24)]
    max_user_property_name_length: Option<u32>,
    #[schema(minimum = 1, maximum = 16384, default = 36)]
    max_user_property_value_length: Option<u32>,
    #[schema(minimum = 0, maximum = 1000, default = 200)]
    max_items: Option<u32>,
    #[schema(minimum = 0, maximum = 1000, default = 27)]
    max_item_params: Option<u32>,
}

impl From<Given> for EventLimits {
    fn from(given: Given) -> Self {
        Self {
            max_age_hours: given.max_age_hours.unwrap_or(72),
            max_name_length: given.max_name_length.unwrap_or(40),
            max_params: given.max_params.unwrap_or(25),
            max_value_length: given.max_value_length.unwrap_or(100),
            max_page_location_length: given.max_page_location_length.unwrap_or(1000),
            max_page_title_length: given.max_page_title_length.unwrap_or(300),
            max_page_referrer_length: given.max_page_referrer_length.unwrap_or(420),
            max_user_properties: given.max_user_properties.unwrap_or(25),
            max_user_property_name_length: given.max_user_property_name_length.unwrap_or(24),
            max_user_property_value_length: given.max_user_property_value_length.unwrap_or(36),
            max_items: given.max_items.unwrap_or(200),
            max_item_params: given.max_item_params.unwrap_or(27),
        }
    }
}

impl Default for EventLimits {
    fn default() -> Self {
        Given::default().into()
    }
}

impl EventLimits {
    /// How long the text of this parameter may be.
    pub fn of_param(&self, name: &str) -> u32 {
        match name {
            "page_location" => self.max_page_location_length,
            "page_title" => self.max_page_title_length,
            "page_referrer" => self.max_page_referrer_length,
            _ => self.max_value_length,
        }
    }

    /// The tenant's limits.
    ///
    /// # Errors
    /// The database is away, or holds something that is no limits.
    pub async fn load(conn: &mut PgConnection, tenant: TenantId) -> anyhow::Result<Self> {
        let stored = sqlx::query_scalar!("select event_limits from sources where tenant_id = $1", tenant.0)
            .fetch_optional(conn)
            .await?;
        Ok(stored.map(serde_json::from_value).transpose()?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use garde::Validate;
    use serde_json::json;

    use super::EventLimits;

    #[test]
    fn what_is_not_given_is_googles() {
        let google = EventLimits::default();
        assert_eq!((google.max_age_hours, google.max_params, google.max_value_length), (72, 25, 100));
        assert_eq!(serde_json::from_value::<EventLimits>(json!({})).ok(), Some(google.clone()));
        let wider: EventLimits =
            serde_json::from_value(json!({"max_value_length": 500, "max_params": null, "later": 1})).unwrap();
        assert_eq!(wider, EventLimits { max_value_length: 500, ..google });
        assert_eq!(serde_json::from_value::<EventLimits>(serde_json::to_value(&wider).unwrap()).ok(), Some(wider));
    }

    #[test]
    fn limits_have_limits() {
        let of = |json| serde_json::from_value::<EventLimits>(json).unwrap().validate();
        assert!(of(json!({"max_value_length": 16384, "max_age_hours": 9600})).is_ok());
        assert!(of(json!({"max_value_length": 16385})).is_err());
        assert!(of(json!({"max_age_hours": 9601})).is_err());
        assert!(of(json!({"max_age_hours": 0})).is_err());
    }

    #[test]
    fn page_fields_have_their_own() {
        let google = EventLimits::default();
        let lengths = ["page_location", "page_title", "page_referrer", "anything"].map(|name| google.of_param(name));
        assert_eq!(lengths, [1000, 300, 420, 100]);
    }
}
