//! Who gets no mail any more: the list, and the links by which people put themselves on it.

use common::{config::Settings, ids::TenantId, secrets::Sealer};
use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}

/// The address at which this person can end all mails of this tenant.
///
/// # Errors
/// The address could not be sealed.
pub(crate) fn unsubscribe_link(
    settings: &Settings,
    _sealer: &Sealer,
    _tenant: TenantId,
    _email: &str,
) -> anyhow::Result<String> {
    Ok(format!("{}/analytics/email/unsubscribe/x", settings.analytics_public_url))
}
