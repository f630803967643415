//! Turning a row of BigQuery's answer, `{"f":[{"v":…}]}` by position, into the JSON object that an extract has for it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::schema::{Field, FieldKind};
use super::value;

/// Appends one row to `out`.
///
/// # Errors
/// Which field does not fit the schema, and how.
pub(super) fn row(fields: &[Field], json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut target = Target { out, path: Vec::new() };
    let mut json = serde_json::Deserializer::from_slice(json);
    Wrapped { key: "f", inner: Cells { fields }, target: &mut target }.deserialize(&mut json).map_err(|error| {
        let path = target.path.join(".");
        if path.is_empty() { error.to_string() } else { format!("field `{path}`: {error}") }
    })?;
    Ok(())
}

/// Where the text goes, and which field it is of: after an error the path stays where it was.
struct Target<'o, 'f> {
    out: &'o mut Vec<u8>,
    path: Vec<&'f str>,
}

/// Something that is written from a value; whether there was more to write than null.
trait Write<'f>: Copy {
    fn write<'de, D: Deserializer<'de>>(self, value: D, target: &mut Target<'_, 'f>) -> Result<bool, D::Error>;
}

/// `{"<key>": inner}`: each row and record is wrapped in an `f`, each cell in a `v`.
struct Wrapped<'t, 'o, 'f, W> {
    key: &'static str,
    inner: W,
    target: &'t mut Target<'o, 'f>,
}

/// A value of its own.
struct Bare<'t, 'o, 'f, W> {
    inner: W,
    target: &'t mut Target<'o, 'f>,
}

/// The cells of a record, in the order of its fields.
#[derive(Clone, Copy)]
struct Cells<'f> {
    fields: &'f [Field],
}

/// The value of a field that may be repeated.
#[derive(Clone, Copy)]
struct Cell<'f> {
    field: &'f Field,
}

/// One value of a field.
#[derive(Clone, Copy)]
struct One<'f> {
    field: &'f Field,
}

impl<'de, 'f, W: Write<'f>> DeserializeSeed<'de> for Bare<'_, '_, 'f, W> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<bool, D::Error> {
        self.inner.write(value, self.target)
    }
}

impl<'de, 'f, W: Write<'f>> DeserializeSeed<'de> for Wrapped<'_, '_, 'f, W> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<bool, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de, 'f, W: Write<'f>> Visitor<'de> for Wrapped<'_, '_, 'f, W> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "an object with `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Self { key, inner, target } = self;
        let mut written = None;
        while let Some(found) = map.next_key_seed(Is(key))? {
            if found && written.is_none() {
                written = Some(map.next_value_seed(Bare { inner, target: &mut *target })?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        written.ok_or_else(|| A::Error::custom(format!("there is no `{key}`")))
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

impl<'f> Write<'f> for Cells<'f> {
    fn write<'de, D: Deserializer<'de>>(self, value: D, target: &mut Target<'_, 'f>) -> Result<bool, D::Error> {
        value.deserialize_seq(CellsVisitor { fields: self.fields, target })
    }
}

struct CellsVisitor<'t, 'o, 'f> {
    fields: &'f [Field],
    target: &'t mut Target<'o, 'f>,
}

impl<'de> Visitor<'de> for CellsVisitor<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of {} values", self.fields.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<bool, A::Error> {
        let Self { fields, target } = self;
        target.out.push(b'{');
        let mut first = true;
        for field in fields {
            target.path.push(&field.name);
            let before = target.out.len();
            if !first {
                target.out.push(b',');
            }
            value::text(target.out, &field.name);
            target.out.push(b':');
            let cell = Wrapped { key: "v", inner: Cell { field }, target: &mut *target };
            match cells.next_element_seed(cell)? {
                Some(true) => first = false,
                Some(false) => target.out.truncate(before),
                None => return Err(A::Error::custom("the row ends before it")),
            }
            target.path.pop();
        }
        if cells.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("there are more values than fields"));
        }
        target.out.push(b'}');
        Ok(true)
    }
}

impl<'f> Write<'f> for Cell<'f> {
    fn write<'de, D: Deserializer<'de>>(self, value: D, target: &mut Target<'_, 'f>) -> Result<bool, D::Error> {
        if self.field.repeated {
            value.deserialize_any(ListVisitor { field: self.field, target })
        } else {
            One { field: self.field }.write(value, target)
        }
    }
}

struct ListVisitor<'t, 'o, 'f> {
    field: &'f Field,
    target: &'t mut Target<'o, 'f>,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<bool, A::Error> {
        let Self { field, target } = self;
        target.out.push(b'[');
        let mut first = true;
        loop {
            let before = target.out.len();
            if !first {
                target.out.push(b',');
            }
            match values.next_element_seed(Wrapped { key: "v", inner: One { field }, target: &mut *target })? {
                Some(true) => {}
                // A null has its place in a list.
                Some(false) => target.out.extend_from_slice(b"null"),
                None => {
                    target.out.truncate(before);
                    break;
                }
            }
            first = false;
        }
        target.out.push(b']');
        Ok(true)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        // BigQuery knows no list that is null: it is empty.
        self.target.out.extend_from_slice(b"[]");
        Ok(true)
    }
}

impl<'f> Write<'f> for One<'f> {
    fn write<'de, D: Deserializer<'de>>(self, value: D, target: &mut Target<'_, 'f>) -> Result<bool, D::Error> {
        let field = self.field;
        if field.kind == FieldKind::Record {
            Wrapped { key: "f", inner: Cells { fields: &field.fields }, target }.deserialize(value)
        } else {
            value.deserialize_any(value::Scalar { kind: field.kind, out: target.out })
        }
    }
}

/// Whether a key is this one.
struct Is(&'static str);

impl<'de> DeserializeSeed<'de> for Is {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Is {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
