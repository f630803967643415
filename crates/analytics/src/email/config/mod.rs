//! A tenant's mail server: set, shown without its secrets, and what holds where none is set.

mod body;
mod change;
mod check;
mod dkim_key;
mod effective;
mod host;
mod remove;
mod stored;
#[cfg(test)]
mod tests;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(crate) use effective::outlet;

pub(crate) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new().routes(routes!(
        view::get_email_config,
        change::put_email_config,
        change::post_email_config,
        remove::delete_email_config
    ))
}
