//! `GET /analytics/email/preview`: the very rendering that a send uses.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use common::{
    auth::TenantContext,
    db::TenantTx,
    http::{ApiError, Problem},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::IntoParams;

use super::{ALL_BRANCHES, ReportBook, book::BookError};
use crate::{
    email::{MailState, suppressions::PREVIEW_TOKEN},
    params::Params,
    scope,
};

/// A mail is shown as it is and does nothing: its styles stand in it, and nothing else is fetched or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox \
                      allow-popups allow-top-navigation-by-user-activation";
/// The subject, percent-encoded UTF-8: what `decodeURIComponent` reads.
const SUBJECT: &str = "x-subject";
/// More than a digest shows.
const MOST_BRANCHES: usize = 500;

/// What is to be shown, as it is documented.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `preview_report` reads")]
pub(crate) struct PreviewParams {
    /// The branch; given several times, their digest. `*` is the report over all branches.
    #[param(example = json!(["D01"]), min_items = 1)]
    branch_code: Vec<String>,
    /// The report's day.
    #[param(example = "2026-10-31", format = Date)]
    report_date: String,
}

/// Preview of a report
///
/// The mail that a send of this day would carry, as HTML or, with `Accept: text/plain`, its text part. The header
/// `X-Subject` has its subject, percent-encoded. Nothing is sent, and the unsubscribe link is one that only shows its page.
#[utoipa::path(get, path = "/analytics/email/preview", tag = "email", params(PreviewParams), responses(
    (status = 200, description = "The mail", content((String = "text/html"), (String = "text/plain")),
        headers(("X-Subject" = String, description = "The subject, percent-encoded UTF-8"))),
    (status = 406, description = "Neither HTML nor text is wanted", body = Problem,
        content_type = "application/problem+json")))]
pub(crate) async fn preview_report(
    State(mail): State<MailState>,
    context: TenantContext,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let wants_html = wanted(&headers)?;
    let date = params.needed_day("report_date");
    let mut codes = params.texts("branch_code");
    if codes.is_empty() {
        params.refuse("branch_code", "is missing");
    } else if codes.len() > MOST_BRANCHES {
        params.refuse("branch_code", format!("is given more than {MOST_BRANCHES} times"));
    }
    if codes.len() > 1 && codes.iter().any(|code| code == ALL_BRANCHES) {
        params.refuse("branch_code", "is `*` for all branches, or names branches, not both");
    }
    params.finish()?;
    let Some(date) = date else { return Err(ApiError::invalid("report_date", "is missing")) };
    // As a mapping of several branches is: each once, in one order.
    codes.sort();
    codes.dedup();
    check_branches(&mail, &context, &codes).await?;

    let settings = &mail.app.settings;
    let (pool, renderer) = (mail.app.pool.clone(), Arc::clone(&mail.renderer));
    let book = ReportBook::new(pool, renderer, context.tenant_id, date, settings.frontend_url.clone());
    let rendered = book.mail(&codes, None).await.map_err(refusal)?;
    let unsubscribe = format!("{}/analytics/email/unsubscribe/{PREVIEW_TOKEN}", settings.analytics_public_url);
    let (html, text) = rendered.for_recipient(&unsubscribe);
    let (kind, body) =
        if wants_html { ("text/html; charset=utf-8", html) } else { ("text/plain; charset=utf-8", text) };
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    let subject = utf8_percent_encode(&rendered.subject, NON_ALPHANUMERIC).to_string();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(SUBJECT, HeaderValue::from_str(&subject).map_err(anyhow::Error::new)?);
    Ok(response)
}

/// A branch is known when it is a location or mapped, and to the caller only when they may see it.
async fn check_branches(mail: &MailState, context: &TenantContext, codes: &[String]) -> Result<(), ApiError> {
    let visible = scope::visible(context);
    if codes.iter().any(|code| code == ALL_BRANCHES) {
        return match visible {
            None => Ok(()),
            Some(_) => Err(ApiError::Forbidden(
                "The report over all branches is for those who are not limited to some of them.".to_owned(),
            )),
        };
    }
    let mut tx: TenantTx = context.tx(&mail.app.pool).await?;
    let known: Vec<String> = sqlx::query_scalar!(
        r#"select b.code as "code!"
           from unnest($2::text[]) b (code)
           where exists (select from locations l where l.tenant_id = $1 and l.location_id = b.code)
               or exists (select from branch_email_mappings m where m.tenant_id = $1 and m.branch_code = b.code)"#,
        context.tenant_id.uuid(),
        codes,
    )
    .fetch_all(tx.conn())
    .await?;
    let unknown: Vec<&str> = codes
        .iter()
        .filter(|code| !known.contains(code) || visible.is_some_and(|visible| !visible.contains(code)))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!("there is no branch {}", unknown.join(", "));
    Err(ApiError::invalid("branch_code", message))
}

fn refusal(error: Arc<BookError>) -> ApiError {
    match Arc::try_unwrap(error) {
        Ok(BookError::Database(error)) => ApiError::from(error),
        Ok(BookError::Rendering(error)) => ApiError::Internal(error),
        Ok(shared @ BookError::Shared(_)) => ApiError::Internal(shared.into()),
        Err(shared) => ApiError::Internal(anyhow::Error::new(shared)),
    }
}

/// Whether the HTML is wanted rather than the text.
///
/// # Errors
/// 406: neither.
fn wanted(headers: &HeaderMap) -> Result<bool, ApiError> {
    let accepts: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if accepts.is_empty() {
        return Ok(true);
    }
    let accepted = accepts.join(",");
    let (html, text) = (quality(&accepted, "html"), quality(&accepted, "plain"));
    if html <= 0.0 && text <= 0.0 {
        let detail = "This address answers text/html and text/plain.";
        return Err(ApiError::Problem(Box::new(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail))));
    }
    Ok(html >= text)
}

/// How much `text/{subtype}` is wanted (RFC 9110, 12.5.1): the most specific range that fits says it.
fn quality(accepted: &str, subtype: &str) -> f32 {
    let mut best = (0, 0.0);
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specific = match kind.split_once('/') {
            Some(("text", kind)) if kind == subtype => 3,
            Some(("text", "*")) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
        if specific > best.0 {
            best = (specific, quality);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(accept: &str) -> Option<bool> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]);
        wanted(&headers).ok()
    }

    #[test]
    fn what_is_wanted_most_is_given() {
        assert_eq!(wanted(&HeaderMap::new()).ok(), Some(true));
        for (accept, html) in [
            ("*/*", Some(true)),
            ("text/*", Some(true)),
            ("text/html", Some(true)),
            ("text/plain", Some(false)),
            ("TEXT/Plain; charset=utf-8", Some(false)),
            ("text/html;q=0.2, text/plain;q=0.8", Some(false)),
            ("text/plain;q=0.5, */*;q=0.1", Some(false)),
            ("text/html;q=0, */*", Some(false)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(true)),
            ("application/json", None),
            ("text/html;q=0, text/plain;q=0", None),
        ] {
            assert_eq!(wants(accept), html, "{accept}");
        }
    }
}
