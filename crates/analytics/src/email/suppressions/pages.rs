//! The HTML pages that a mail's link leads to.

use common::http::HtmlPages;

/// # Errors
/// A template is not well-formed; then the service does not start.
pub(crate) fn pages() -> Result<HtmlPages, minijinja::Error> {
    HtmlPages::new(&[
        ("unsubscribe.html", include_str!("../../../templates/unsubscribe.html")),
        ("unsubscribed.html", include_str!("../../../templates/unsubscribed.html")),
        ("unsubscribe_notice.html", include_str!("../../../templates/unsubscribe_notice.html")),
    ])
}
