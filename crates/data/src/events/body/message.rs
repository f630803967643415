//! One Measurement Protocol object and its events (ga4.md 4).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::value::{Container, List, Name, Named, Scalar, Shape};

/// Events of one object that are taken.
pub const MOST_EVENTS: usize = 25;
/// One more than any tenant may allow.
const MOST_ITEMS: usize = 1001;

/// One object: who did it, and what happened. Fields that nothing is made of are left unread.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message<'a> {
    #[serde(borrow)]
    pub client_id: Scalar<'a>,
    /// In place of `client_id`, from apps.
    #[serde(borrow)]
    pub app_instance_id: Scalar<'a>,
    #[serde(borrow)]
    pub user_id: Scalar<'a>,
    #[serde(borrow)]
    pub timestamp_micros: Scalar<'a>,
    #[serde(borrow)]
    pub user_properties: Shape<Named<'a, Shape<Property<'a>>>>,
    #[serde(borrow)]
    pub user_location: Shape<Named<'a, Scalar<'a>>>,
    #[serde(borrow)]
    pub device: Shape<Named<'a, Scalar<'a>>>,
    #[serde(borrow)]
    pub consent: Shape<Named<'a, Scalar<'a>>>,
    #[serde(borrow)]
    pub validation_behavior: Scalar<'a>,
    #[serde(borrow)]
    pub events: Shape<List<Shape<EventBody<'a>>, MOST_EVENTS>>,
}

impl Container for Message<'_> {
    const IS_OBJECT: bool = true;
}

/// `{"value": …, "timestamp_micros": …}`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Property<'a> {
    #[serde(borrow)]
    pub value: Scalar<'a>,
    #[serde(borrow)]
    pub timestamp_micros: Scalar<'a>,
}

impl Container for Property<'_> {
    const IS_OBJECT: bool = true;
}

/// One event.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct EventBody<'a> {
    #[serde(borrow)]
    pub name: Scalar<'a>,
    #[serde(borrow)]
    pub params: Shape<Params<'a>>,
    /// Overrides the object's.
    #[serde(borrow)]
    pub timestamp_micros: Scalar<'a>,
}

impl Container for EventBody<'_> {
    const IS_OBJECT: bool = true;
}

/// One of an event's `items`.
pub type Item<'a> = Named<'a, Scalar<'a>>;

/// An event's parameters; `items` is the only one that is no scalar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params<'a> {
    pub scalars: Vec<(Cow<'a, str>, Scalar<'a>)>,
    pub items: Shape<List<Shape<Item<'a>>, MOST_ITEMS>>,
    /// `items` stood there more than once.
    pub items_repeated: bool,
}

impl Params<'_> {
    /// The value of this parameter that is no null.
    pub fn get(&self, name: &str) -> Option<&Scalar<'_>> {
        self.scalars.iter().find(|(key, value)| key == name && *value != Scalar::Null).map(|(_, value)| value)
    }

    /// How many there are, null ones left out.
    pub fn count(&self) -> usize {
        let scalars = self.scalars.iter().filter(|(_, value)| *value != Scalar::Null).count();
        scalars + usize::from(self.items != Shape::Absent)
    }
}

impl Container for Params<'_> {
    const IS_OBJECT: bool = true;
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = Params<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of parameters")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut params = Params::default();
        let mut seen = false;
        while let Some(Name(name)) = map.next_key()? {
            if name == "items" {
                params.items_repeated = seen;
                params.items = map.next_value()?;
                seen = true;
            } else {
                params.scalars.push((name, map.next_value()?));
            }
        }
        Ok(params)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Params<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParamsVisitor)
    }
}
