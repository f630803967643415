//! Clients of the two Google APIs that GA4's data come from, and of the token endpoint that lets a service account in.
//!
//! Knows no tenant and no database. Called by data-service's sources. Addresses are pinned: nothing a tenant uploads
//! (the `token_uri` of a key file, say) says where a request goes.

mod analytics;
mod bigquery;
mod call;
mod client;
mod endpoints;
mod error;
mod key;
mod pace;
mod token;

pub use analytics::{
    AnalyticsData, Compatibility, Metadata, MetadataField, PropertyQuota, QuotaStatus, Report, ReportMetadata,
    ReportRequest, ReportRow,
};
pub use bigquery::{BigQuery, Field, FieldKind, Page, Parameter, Query, Rows, TableInfo};
pub use client::Google;
pub use endpoints::Endpoints;
pub use error::{GoogleError, QuotaKind};
pub use key::{KeyError, ServiceAccountKey};
pub use pace::{Pace, Timeouts};
pub use reqwest::Url;
