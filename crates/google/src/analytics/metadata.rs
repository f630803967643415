//! The dimensions and metrics of a property, registered ones among them.

use serde::Deserialize;

use super::AnalyticsData;
use crate::GoogleError;

/// What reports of a property can be made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// what rows can be told apart by
    pub dimensions: Vec<MetadataField>,
    /// what can be counted
    pub metrics: Vec<MetadataField>,
}

/// A dimension or a metric.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataField {
    /// as reports name it: `eventName`, `customUser:WebUserId`
    pub api_name: String,
    /// as GA4's pages name it
    #[serde(default)]
    pub ui_name: String,
    /// whether the property's owner registered it
    #[serde(default, rename = "customDefinition")]
    pub custom: bool,
    /// why this account sees zeros in place of it (`NO_REVENUE_METRICS`); metrics only, empty when it sees it
    #[serde(default)]
    pub blocked_reasons: Vec<String>,
}

impl Metadata {
    /// Whether there is a dimension of this API name.
    #[must_use]
    pub fn has_dimension(&self, api_name: &str) -> bool {
        self.dimensions.iter().any(|field| field.api_name == api_name)
    }

    /// Whether there is a metric of this API name.
    #[must_use]
    pub fn has_metric(&self, api_name: &str) -> bool {
        self.metrics.iter().any(|field| field.api_name == api_name)
    }
}

impl AnalyticsData {
    /// The property's dimensions and metrics.
    ///
    /// # Errors
    /// Any [`GoogleError`].
    pub async fn metadata(&self) -> Result<Metadata, GoogleError> {
        let what = format!("reading the fields of property {}", self.property);
        Ok(self.get("metadata", &what).await?)
    }
}
