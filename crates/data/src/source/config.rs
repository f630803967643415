//! Which kind of source a tenant has, and what has to be known to read it.

use common::http::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::grants::Grant;
use crate::ingest::job::Origin;

/// The bytes that one query may be billed for unless the tenant says otherwise: 20 GiB.
const USUAL_BYTES_BILLED: u64 = 20 << 30;
/// BigQuery bills 10 MB at least, so less would refuse every query; a PiB is no limit any more.
const BYTES_BILLED: std::ops::RangeInclusive<u64> = 10_000_000..=1 << 50;

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// GA4 export files that are put into the tenant's folder, or uploaded.
    ExportFiles,
    /// GA4's export to BigQuery.
    Bigquery,
    /// GA4's Data API: aggregates, for properties without a BigQuery export.
    DataApi,
}

/// What feeds a tenant's events. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConfig {
    ExportFiles,
    Bigquery(BigquerySettings),
    DataApi(DataApiSettings),
}

/// Where GA4 exports to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BigquerySettings {
    /// The Google Cloud project that holds the dataset, and pays for the queries.
    #[schema(example = "my-shop-123")]
    pub project: String,
    /// The dataset of the property.
    #[schema(example = "analytics_123456789")]
    pub dataset: String,
    /// Where the dataset is, such as `EU` or `europe-west3`. Needed outside of the multi-regions US and EU.
    #[serde(default)]
    #[schema(example = "EU")]
    pub location: Option<String>,
    /// A query that would be billed for more bytes than this fails before it runs. 20 GiB unless given.
    #[serde(default = "usual_bytes_billed")]
    #[schema(minimum = 10_000_000, maximum = 1_125_899_906_842_624_i64, default = 21_474_836_480_i64)]
    pub max_bytes_billed: u64,
}

/// Which property is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataApiSettings {
    /// The property's number (Admin, Property settings), not its measurement id `G-…`.
    #[schema(example = "123456789")]
    pub property_id: String,
}

const fn usual_bytes_billed() -> u64 {
    USUAL_BYTES_BILLED
}

impl SourceKind {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExportFiles => "export_files",
            Self::Bigquery => "bigquery",
            Self::DataApi => "data_api",
        }
    }
}

impl SourceKind {
    /// The kind that is stored under this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::ExportFiles, Self::Bigquery, Self::DataApi].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl SourceConfig {
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::ExportFiles => SourceKind::ExportFiles,
            Self::Bigquery(_) => SourceKind::Bigquery,
            Self::DataApi(_) => SourceKind::DataApi,
        }
    }

    /// Where a job over a range of days takes its rows from.
    pub const fn origin(&self) -> Origin {
        match self {
            Self::ExportFiles => Origin::Folder,
            Self::Bigquery(_) | Self::DataApi(_) => Origin::Pull,
        }
    }

    /// What the operator would have to allow for this to be read with the operator's own key.
    pub fn grant(&self) -> Option<Grant> {
        match self {
            Self::ExportFiles => None,
            Self::Bigquery(BigquerySettings { project, dataset, .. }) => Some(Grant::bigquery(project, dataset)),
            Self::DataApi(DataApiSettings { property_id }) => Some(Grant::data_api(property_id)),
        }
    }

    /// As it was stored.
    ///
    /// # Errors
    /// The row was not written by [`SourceConfig::settings`].
    pub(super) fn stored(kind: &str, settings: Value) -> anyhow::Result<Self> {
        Ok(match kind {
            "bigquery" => Self::Bigquery(serde_json::from_value(settings)?),
            "data_api" => Self::DataApi(serde_json::from_value(settings)?),
            "export_files" => Self::ExportFiles,
            other => anyhow::bail!("a source of kind {other} is stored, which this build does not know"),
        })
    }

    /// As it is stored beside its kind.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub(super) fn settings(&self) -> anyhow::Result<Value> {
        Ok(match self {
            Self::ExportFiles => Value::Object(serde_json::Map::new()),
            Self::Bigquery(settings) => serde_json::to_value(settings)?,
            Self::DataApi(settings) => serde_json::to_value(settings)?,
        })
    }
}

impl BigquerySettings {
    /// Everything that is wrong with it.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let Self { project, dataset, location, max_bytes_billed } = self;
        let mut faults = Vec::new();
        let mut check = |holds: bool, field: &str, message: &str| {
            if !holds {
                faults.push(FieldError::new(format!("bigquery.{field}"), message));
            }
        };
        check(
            is_project(project),
            "project",
            "is not the id of a Google Cloud project: 6 to 30 small letters, digits and hyphens, such as my-shop-123 (the \
             id, not the name or the number)",
        );
        check(
            is_dataset(dataset),
            "dataset",
            "is not the name of a dataset: letters, digits and _, such as analytics_123456789, without the project",
        );
        check(
            location.as_deref().is_none_or(is_location),
            "location",
            "is not a location of BigQuery, such as EU or europe-west3",
        );
        check(
            BYTES_BILLED.contains(max_bytes_billed),
            "max_bytes_billed",
            "is not a number of bytes from 10000000 (BigQuery bills no less) to 1125899906842624 (a PiB)",
        );
        faults
    }
}

impl DataApiSettings {
    /// Everything that is wrong with it.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        property_fault(&self.property_id)
            .map(|message| FieldError::new("data_api.property_id", message))
            .into_iter()
            .collect()
    }
}

/// What is wrong with a property's number; people paste the ids they see in their pages' code.
pub(super) fn property_fault(id: &str) -> Option<String> {
    if (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let upper = id.to_ascii_uppercase();
    Some(String::from(if upper.starts_with("G-") {
        "is a measurement id of a data stream; the property's number is needed, digits only: Admin, Property settings"
    } else if upper.starts_with("UA-") {
        "is an id of Universal Analytics, which has ended; the number of a GA4 property is needed, digits only: Admin, \
         Property settings"
    } else {
        "is not a property's number: digits only, such as 123456789 (Admin, Property settings)"
    }))
}

/// A project id, or an old one of a domain (`example.com:my-shop`).
pub(super) fn is_project(text: &str) -> bool {
    let (domain, id) = text.split_once(':').map_or((None, text), |(domain, id)| (Some(domain), id));
    let is_id = (6..=30).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_domain = |domain: &str| {
        (1..=63).contains(&domain.len())
            && domain.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    };
    is_id && domain.is_none_or(is_domain)
}

pub(super) fn is_dataset(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_location(text: &str) -> bool {
    (2..=40).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_projects_and_datasets_are_told_from_what_looks_like_them() {
        for good in ["my-shop-123", "abcdef", "example.com:my-shop", "a23456789012345678901234567890"] {
            assert!(is_project(good), "{good}");
        }
        for bad in [
            "",
            "short",
            "My-Shop",
            "1-shop-1",
            "my-shop-",
            "my_shop_1",
            "my shop 1",
            "123456789012",
            "my-shop-1`",
            "a234567890123456789012345678901",
            ":my-shop",
            "exa_mple:my-shop",
            "projects/my-shop",
        ] {
            assert!(!is_project(bad), "{bad}");
        }
        assert!(is_dataset("analytics_1") && is_dataset(&"d".repeat(1024)));
        for bad in ["", "my-shop.analytics_1", "a-b", "a`b", "ä", &"d".repeat(1025)] {
            assert!(!is_dataset(bad), "{bad}");
        }
        assert!(is_location("EU") && is_location("europe-west3"));
        assert!(!is_location("E") && !is_location("eu west") && !is_location("3-west"));
    }

    #[test]
    fn ids_that_people_paste_get_a_hint() {
        assert_eq!(property_fault("123456789"), None);
        let hint = |id: &str| property_fault(id).unwrap();
        assert!(hint("G-1A2B3C").starts_with("is a measurement id"));
        assert!(hint("ua-1234-1").starts_with("is an id of Universal Analytics"));
        for other in ["", "properties/123", "12 3", "-1", "１２３", &"1".repeat(21)] {
            assert!(hint(other).starts_with("is not a property's number"), "{other}");
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let bigquery = SourceConfig::Bigquery(BigquerySettings {
            project: "my-shop-123".into(),
            dataset: "analytics_1".into(),
            location: None,
            max_bytes_billed: USUAL_BYTES_BILLED,
        });
        let data_api = SourceConfig::DataApi(DataApiSettings { property_id: "1".into() });
        for config in [bigquery, data_api, SourceConfig::ExportFiles] {
            let stored = SourceConfig::stored(config.kind().as_str(), config.settings().unwrap()).unwrap();
            assert_eq!(stored, config);
        }
        assert!(SourceConfig::stored("bigquery", serde_json::json!({})).is_err());
    }
}
