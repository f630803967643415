//! The stub's Data API: properties whose events a test gives as export rows, or whose reports a test makes itself.

mod aggregate;
mod ask;
mod compatibility;
mod dimension;
mod fields;
mod filter;
mod metric;
mod number;
mod property;
mod report;

use std::sync::Arc;

pub use ask::ReportAsk;
pub(super) use compatibility::compatibility;
pub use fields::{WIRE_DIMENSIONS, WIRE_METRICS};
pub use property::Property;
pub(super) use property::metadata;
pub(super) use report::report;
pub use report::{MadeRow, Reported};

use super::literals::{self, Refused};
use super::server::FakeGoogle;

/// A property the caller may read, or Google's words for why not.
pub(super) fn property(google: &FakeGoogle, id: &str) -> Result<Arc<Property>, Refused> {
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!(
            "Invalid property ID: {id}. A numeric Property ID is required. To learn more about Property ID, see \
             https://developers.google.com/analytics/devguides/reporting/data/v1/property-id."
        );
        return Err(Refused::analytics(403, "PERMISSION_DENIED", &message));
    }
    let denied = || Refused::analytics(403, "PERMISSION_DENIED", literals::PROPERTY_DENIED);
    google.known().properties.get(id).cloned().ok_or_else(denied)
}
