//! What the mapping must know of a tenant.

/// Per-tenant names and the currency, from the tenants table.
#[derive(Debug, Clone)]
pub struct MappingSettings {
    /// ISO 4217
    pub currency: String,
    /// The user property that names a known customer.
    pub user_property: String,
    /// The user property that names the branch.
    pub branch_property: String,
    /// Event names that mean `no_search_results`.
    pub failed_search_aliases: Vec<String>,
    /// Microseconds since 1970: a later event has a broken clock and is rejected.
    pub latest_timestamp: i64,
}
