//! The HTML pages of the service.

use common::http::HtmlPages;

/// # Errors
/// A template is not well-formed; a test renders them all.
pub(crate) fn pages() -> Result<HtmlPages, minijinja::Error> {
    HtmlPages::new(&[
        ("signed_in.html", include_str!("../templates/signed_in.html")),
        ("failed.html", include_str!("../templates/failed.html")),
        ("authorize.html", include_str!("../templates/authorize.html")),
        ("invitation.html", include_str!("../templates/invitation.html")),
        ("invitation_over.html", include_str!("../templates/invitation_over.html")),
    ])
}
