//! Texts and names, wherever they stand.

use std::borrow::Cow;

use super::super::body::Scalar;
use super::super::faults::{Faults, shown};
use super::super::names;

/// Judges a value that may be a text of so many characters, a number, or nothing; `path` is made only for a fault.
pub fn scalar(path: &dyn Fn() -> String, value: &Scalar, longest: u32, faults: &mut Faults) {
    match value {
        Scalar::Text(text) => {
            if let Some(count) = names::longer_than(text, longest) {
                faults.add(path(), format!("has {count} characters; {longest} are taken"));
            }
        }
        Scalar::Object | Scalar::Array => {
            faults.add(path(), format!("is {}, not a text or a number", value.kind()));
        }
        Scalar::Null | Scalar::Int(_) | Scalar::Double(_) | Scalar::Bool(_) => {}
    }
}

/// A name that stands twice has two values, and nobody can say which one is meant.
pub fn repeated<'a>(names: impl Iterator<Item = &'a Cow<'a, str>>, at: &str, faults: &mut Faults) {
    let mut sorted: Vec<&str> = names.map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if pair[0] == pair[1] {
            faults.add(format!("{at}.{}", shown(pair[0])), "is given more than once");
        }
    }
}
