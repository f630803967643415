//! JSON values at places where a sender may have put anything: reading never fails on a wrong type, checking names it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that is no container; of a container only that it was one.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scalar<'a> {
    /// Null, or not there at all.
    #[default]
    Null,
    Text(Cow<'a, str>),
    Int(i64),
    Double(f64),
    Bool(bool),
    Object,
    Array,
}

impl Scalar<'_> {
    /// The value as text; numbers as their shortest. None for null and containers.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Int(int) => Some(Cow::Owned(int.to_string())),
            Self::Double(double) => Some(Cow::Owned(double.to_string())),
            Self::Bool(is) => Some(Cow::Borrowed(if *is { "true" } else { "false" })),
            Self::Null | Self::Object | Self::Array => None,
        }
    }

    /// What it is, as a sentence about a field ends.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a text",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "as every reader of JSON does beyond 64 bits")]
        Ok(i64::try_from(value).map_or(Scalar::Double(value as f64), Scalar::Int))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Double(value))
    }
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Object)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Array)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Which container a type is read from.
pub trait Container {
    const IS_OBJECT: bool;
}

/// A container of the wanted kind, or what stood in its place.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Shape<T> {
    Is(T),
    Not(&'static str),
    /// Null, or not there at all.
    #[default]
    Absent,
}

impl<T> Shape<T> {
    /// The container; none where there is none, whatever stood there.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Not(_) | Self::Absent => None,
        }
    }
}

struct ShapeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Container> Visitor<'de> for ShapeVisitor<T> {
    type Value = Shape<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Shape::Absent)
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Shape::Not("true or false"))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Shape::Not("a number"))
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Shape::Not("a number"))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Shape::Not("a number"))
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Shape::Not("a text"))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if T::IS_OBJECT {
            return T::deserialize(MapAccessDeserializer::new(map)).map(Shape::Is);
        }
        ScalarVisitor.visit_map(map)?;
        Ok(Shape::Not("an object"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        if !T::IS_OBJECT {
            return T::deserialize(SeqAccessDeserializer::new(seq)).map(Shape::Is);
        }
        ScalarVisitor.visit_seq(seq)?;
        Ok(Shape::Not("an array"))
    }
}

impl<'de, T: Deserialize<'de> + Container> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor(PhantomData))
    }
}

/// The entries of an object in their order; a name may stand twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<'a, T>(pub Vec<(Cow<'a, str>, T)>);

impl<T> Container for Named<'_, T> {
    const IS_OBJECT: bool = true;
}

struct NamedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NamedVisitor<T> {
    type Value = Named<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            entries.push((name, map.next_value()?));
        }
        Ok(Named(entries))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Named<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamedVisitor(PhantomData))
    }
}

/// An object's key. `Cow` alone would be copied.
#[derive(serde::Deserialize)]
pub struct Name<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The first elements of an array, and how many there were: a long array of nothing takes no memory.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T, const MOST: usize> {
    pub first: Vec<T>,
    pub total: usize,
}

impl<T, const MOST: usize> Container for List<T, MOST> {
    const IS_OBJECT: bool = false;
}

struct ListVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for ListVisitor<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut first = Vec::new();
        while first.len() < MOST {
            let Some(element) = seq.next_element()? else {
                let total = first.len();
                return Ok(List { first, total });
            };
            first.push(element);
        }
        let mut total = MOST;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            total += 1;
        }
        Ok(List { first, total })
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}
