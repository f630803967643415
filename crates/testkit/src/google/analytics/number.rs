//! Doubles as the Data API writes them: 15 significant digits, or 17 when those do not read back as the same number.

/// The text of a metric.
pub(super) fn text(value: f64) -> String {
    let short = significant(value, 15);
    if short.parse() == Ok(value) { short } else { significant(value, 17) }
}

/// `%.<digits>g`, for numbers that need no exponent.
fn significant(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from(i32::try_from(digits).unwrap_or(15) - 1 - exponent).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn doubles_are_written_as_the_service_writes_them() {
        assert_eq!(super::text(0.973_484_848_484_848_5), "0.97348484848484851");
        assert_eq!(super::text(44.79), "44.79");
        assert_eq!(super::text(5.0), "5");
        assert_eq!(super::text(0.0), "0");
        assert_eq!(super::text(1234.5), "1234.5");
    }
}
