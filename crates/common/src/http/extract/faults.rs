//! Finds every field that does not fit its type, where serde stops at the first.
//!
//! After a fault the value is replaced by a stand-in that fits, and reading starts over; what the stand-ins made possible
//! is then validated, leaving out what the validation says about stand-ins.

use garde::Validate;
use serde_json::{Value, json};

use crate::http::FieldError;

/// More faults than a person reads at once; also the bound of the work.
const MOST: usize = 50;

/// Input that can be read as `T` again and again with values replaced.
pub(super) trait Input {
    /// Reads it; on a fault, where (dotted path, empty at the top) and what.
    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, (String, String)>;
    /// Puts a value in place of the one at `path`.
    fn replace(&mut self, path: &str, value: &Value);
    /// Takes away what is at `path`.
    fn remove(&mut self, path: &str);
}

/// Reads and validates `T`, or says everything that is wrong with it.
pub(super) fn read_all<T, I>(mut input: I) -> Result<T, Vec<FieldError>>
where
    T: serde::de::DeserializeOwned + Validate<Context = ()>,
    I: Input,
{
    let mut faults: Vec<FieldError> = Vec::new();
    let value = loop {
        match input.read::<T>() {
            Ok(value) => break Some(value),
            Err((path, message)) => {
                let field = field(&path, &message);
                if faults.len() >= MOST || faults.iter().any(|fault| fault.field == field) {
                    break None;
                }
                if !stand_in::<T, I>(&mut input, &field, &message) {
                    faults.push(FieldError { field, message: readable(&message) });
                    break None;
                }
                faults.push(FieldError { field, message: readable(&message) });
            }
        }
    };
    if let Some(Err(report)) = value.as_ref().map(Validate::validate) {
        for (path, error) in report.iter() {
            let field = path.to_string();
            if !faults.iter().any(|fault| fault.field == field) {
                faults.push(FieldError::new(field, error.message()));
            }
        }
    }
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(faults),
    }
}

/// Puts in a value with which the fault is gone, or takes away what has no place; false where nothing of ours helps.
fn stand_in<T: serde::de::DeserializeOwned, I: Input>(input: &mut I, path: &str, message: &str) -> bool {
    if message.starts_with("unknown field") {
        // Whatever its value, it does not belong here.
        input.remove(path);
        return true;
    }
    let variant = quoted(message, "expected one of ").or_else(|| quoted(message, "expected "));
    let candidates = [
        variant.map_or(Value::Null, |variant| json!(variant)),
        json!("2000-01-01"),
        json!("1"),
        json!(1),
        json!("true"),
        json!(true),
        json!("2000-01-01T00:00:00Z"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!({}),
        Value::Null,
    ];
    candidates.iter().any(|candidate| {
        input.replace(path, candidate);
        input.read::<T>().map_or_else(|(next, message)| field(&next, &message) != path, |_: T| true)
    })
}

/// The field meant: serde names missing, unknown and repeated ones only in its message.
fn field(path: &str, message: &str) -> String {
    let path = if path == "." { "" } else { path };
    let named =
        ["missing field ", "duplicate field ", "unknown field "].iter().find_map(|prefix| quoted(message, prefix));
    match (path, named) {
        // Some readers give the missing field's name in the path already.
        (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        ("", Some(name)) => name,
        (path, Some(name)) => format!("{path}.{name}"),
        (path, None) => path.to_owned(),
    }
}

/// The text in back quotes right after `prefix`.
fn quoted(message: &str, prefix: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("{prefix}`"))?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Words for people: without positions in a text they did not see, and plain where chrono is terse.
fn readable(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("missing field") {
        return String::from("is missing");
    }
    if message.starts_with("unknown field") {
        return String::from("is no field that is known here");
    }
    if message.starts_with("duplicate field") {
        return String::from("is given more than once");
    }
    match message {
        "input contains invalid characters" | "premature end of input" | "input is out of range" | "trailing input" => {
            String::from("is not a date or time that exists (dates are YYYY-MM-DD)")
        }
        other => other.to_owned(),
    }
}
