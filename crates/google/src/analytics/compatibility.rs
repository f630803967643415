//! Which dimensions and metrics go together.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AnalyticsData, MetadataField};
use crate::GoogleError;

/// How a set of dimensions and metrics goes with itself and with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// what Google says when the set does not go together; then the lists below are empty
    pub refused: Option<String>,
    /// dimensions of the property that cannot be added to the set
    pub incompatible_dimensions: Vec<String>,
    /// metrics of the property that cannot be added to the set
    pub incompatible_metrics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Answer {
    dimension_compatibilities: Vec<Dimension>,
    metric_compatibilities: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    dimension_metadata: MetadataField,
    compatibility: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    metric_metadata: MetadataField,
    compatibility: String,
}

const INCOMPATIBLE: &str = "INCOMPATIBLE";

impl AnalyticsData {
    /// Asks whether these go together in a report, and what does not go with them.
    ///
    /// # Errors
    /// Any [`GoogleError`]; that they do not go together is an answer.
    pub async fn check_compatibility(
        &self,
        dimensions: &[String],
        metrics: &[String],
    ) -> Result<Compatibility, GoogleError> {
        let what = format!("asking which fields of property {} go together", self.property);
        let body = json!({
            "dimensions": named(dimensions),
            "metrics": named(metrics),
            "compatibilityFilter": INCOMPATIBLE,
        });
        let answer: Answer = match self.post("checkCompatibility", &body, &what).await {
            Ok(answer) => answer,
            Err(failure) => match failure.refusal {
                Some(refusal)
                    if refusal.status == StatusCode::BAD_REQUEST && refusal.message.contains("ncompatible") =>
                {
                    return Ok(Compatibility { refused: Some(refusal.message), ..Compatibility::default() });
                }
                _ => return Err(failure.error),
            },
        };
        let dimensions = answer.dimension_compatibilities.into_iter();
        let metrics = answer.metric_compatibilities.into_iter();
        Ok(Compatibility {
            refused: None,
            incompatible_dimensions: dimensions
                .filter(|field| field.compatibility == INCOMPATIBLE)
                .map(|field| field.dimension_metadata.api_name)
                .collect(),
            incompatible_metrics: metrics
                .filter(|field| field.compatibility == INCOMPATIBLE)
                .map(|field| field.metric_metadata.api_name)
                .collect(),
        })
    }
}

/// `[{"name": …}, …]`
pub(super) fn named(names: &[String]) -> Vec<Value> {
    names.iter().map(|name| json!({ "name": name })).collect()
}
