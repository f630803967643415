//! Numbers that arrive as JSON numbers or as text, depending on which exporter wrote the row (ga4.md 1.3).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A 64-bit integer, from `1`, `"1"` or a number without a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Int(pub i64);

/// A number kept as the text it was written in, so that money stays exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(pub String);

/// A text; numbers are taken as their text (`stream_id` is INT64 in some tables and STRING in others).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = Int;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an integer, as a number or as text")
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Int, E> {
        Ok(Int(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Int, E> {
        i64::try_from(value).map(Int).map_err(|_| E::custom(format!("`{value}` is beyond 64 bits")))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Int, E> {
        // Up to 2^53 a double is exact; beyond it the digits are guesses.
        if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number within 2^53")]
            Ok(Int(value as i64))
        } else {
            Err(E::custom(format!("`{value}` is no exact integer")))
        }
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Int, E> {
        value.trim().parse().map(Int).map_err(|_| match value.trim().parse::<f64>() {
            Ok(_) if value.contains(['e', 'E']) => E::custom(format!("`{value}` is rounded, its last digits are lost")),
            _ => E::custom(format!("`{value}` is no integer")),
        })
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, as a number or as text")
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value.to_string()))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value.to_string()))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        // The shortest text that reads back as the same double: 44.79, not 44.789999….
        Ok(Number(value.to_string()))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Number, E> {
        let text = value.trim();
        match text.parse::<f64>() {
            Ok(_) => Ok(Number(text.to_owned())),
            Err(_) => Err(E::custom(format!("`{value}` is no number"))),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text")
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(super::value::storable(value)))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Int, Number, Text};

    fn int(json: &str) -> Result<Int, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn integers_come_as_numbers_and_as_text() {
        assert_eq!(int("1612069510766593"), Ok(Int(1_612_069_510_766_593)));
        assert_eq!(int("\"1612069510766593\""), Ok(Int(1_612_069_510_766_593)));
        assert_eq!(int("\"-7\""), Ok(Int(-7)));
        assert_eq!(int("3.0"), Ok(Int(3)));
    }

    #[test]
    fn a_rounded_time_is_refused_by_name() {
        let error = int("\"1.61121E+15\"").unwrap_err();
        assert!(error.contains("`1.61121E+15` is rounded"), "{error}");
        assert!(int("\"x\"").unwrap_err().contains("no integer"));
        assert!(int("18446744073709551615").is_err());
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(serde_json::from_str::<Number>("44.79").ok(), Some(Number("44.79".into())));
        assert_eq!(serde_json::from_str::<Number>("\"1.500\"").ok(), Some(Number("1.500".into())));
        assert_eq!(serde_json::from_str::<Text>("2100450278").ok(), Some(Text("2100450278".into())));
    }
}
