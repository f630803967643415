//! One scalar of BigQuery's answer, where all are texts, as the JSON an extract writes for it.

use std::fmt;

use chrono::DateTime;
use serde::de::{Error, Visitor};

use super::schema::FieldKind;

/// Writes a scalar of this kind; whether it was more than null.
pub(super) struct Scalar<'o> {
    pub(super) kind: FieldKind,
    pub(super) out: &'o mut Vec<u8>,
}

impl Visitor<'_> for Scalar<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self.kind {
            FieldKind::Int => "an INT64",
            FieldKind::Float => "a FLOAT64",
            FieldKind::Bool => "a BOOL",
            FieldKind::Timestamp => "a TIMESTAMP",
            FieldKind::Record | FieldKind::Text => "a text",
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<bool, E> {
        let Self { kind, out } = self;
        match kind {
            FieldKind::Int => match value.parse::<i64>() {
                Ok(int) => text(out, &int.to_string()),
                Err(_) => return Err(E::custom(format!("`{}` is no INT64", short(value)))),
            },
            FieldKind::Float => return float(out, value),
            FieldKind::Bool => match value {
                "true" | "TRUE" | "True" => out.extend_from_slice(b"true"),
                "false" | "FALSE" | "False" => out.extend_from_slice(b"false"),
                _ => return Err(E::custom(format!("`{}` is no BOOL", short(value)))),
            },
            FieldKind::Timestamp => match instant(value) {
                Some(instant) => text(out, &instant),
                None => return Err(E::custom(format!("`{}` is no TIMESTAMP", short(value)))),
            },
            FieldKind::Record | FieldKind::Text => text(out, value),
        }
        Ok(true)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// A JSON string.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, text).is_err() {
        // A Vec takes all that is written to it.
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}

/// A number, in Google's digits where JSON has them too; what is none (NaN, Infinity) is null.
fn float<E: Error>(out: &mut Vec<u8>, value: &str) -> Result<bool, E> {
    let number = match value.parse::<f64>() {
        Ok(number) => number,
        Err(_) => return Err(E::custom(format!("`{}` is no FLOAT64", short(value)))),
    };
    if !number.is_finite() {
        return Ok(false);
    }
    if serde_json::from_str::<serde_json::Number>(value).is_ok() {
        out.extend_from_slice(value.as_bytes());
    } else {
        out.extend_from_slice(number.to_string().as_bytes());
    }
    Ok(true)
}

/// `2026-11-01 09:05:00.123456 UTC`, as an extract has it, from microseconds since 1970.
fn instant(value: &str) -> Option<String> {
    let instant = DateTime::from_timestamp_micros(value.parse().ok()?)?;
    Some(instant.format("%Y-%m-%d %H:%M:%S%.f UTC").to_string())
}

fn short(value: &str) -> String {
    value.chars().take(40).collect()
}
