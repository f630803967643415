//! Where a walk through a list stands: the last line's place in the order it is walked in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{repository::TaskList, sort::Sort};

/// A line's place in an order, as the SQL functions take and give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The value of the field sorted by, as text.
    v: Option<String>,
    /// The activity, microseconds since 1970.
    ts: i64,
    /// The line.
    id: Uuid,
}

/// What a cursor says, before it is made opaque. Short names: it travels in addresses.
#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    sort: Option<String>,
    desc: bool,
    after: Place,
}

impl Place {
    /// A cursor for the lines after this place.
    pub(super) fn into_cursor(self, list: TaskList, sort: Sort) -> String {
        let cursor = Cursor {
            list: list.name().to_owned(),
            sort: sort.field_name().map(str::to_owned),
            desc: sort.descending,
            after: self,
        };
        // Four plain fields always serialize.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// The place a cursor stands for; `None` where it is none of this list in this order. Anybody can write one: what
    /// it says only reaches the database as values of the right kinds, and it opens nothing that a filter would not.
    pub(super) fn from_cursor(text: &str, list: TaskList, sort: Sort) -> Option<Self> {
        let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let Cursor { list: of, sort: field, desc, after } = cursor;
        let fits = of == list.name()
            && field.as_deref() == sort.field_name()
            && desc == sort.descending
            && match (&after.v, sort.field) {
                (None, _) => true,
                (Some(value), Some((_, kind))) => kind.admits(value),
                (Some(_), None) => false,
            };
        fits.then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::sort::Kind;

    const NEWEST: Sort = Sort { field: None, descending: true };
    const BY_VALUE: Sort = Sort { field: Some(("order_value", Kind::Decimal)), descending: false };

    fn place(v: Option<&str>) -> Place {
        Place { v: v.map(str::to_owned), ts: 1, id: Uuid::nil() }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for (sort, v) in [(NEWEST, None), (BY_VALUE, Some("12.50")), (BY_VALUE, None)] {
            let cursor = place(v).into_cursor(TaskList::Purchases, sort);
            assert_eq!(Place::from_cursor(&cursor, TaskList::Purchases, sort), Some(place(v)));
        }
    }

    #[test]
    fn a_cursor_of_another_list_order_or_kind_of_value_is_none() {
        let cursor = place(None).into_cursor(TaskList::Purchases, NEWEST);
        let ascending = Sort { descending: false, ..NEWEST };
        assert_eq!(Place::from_cursor(&cursor, TaskList::Performance, NEWEST), None);
        assert_eq!(Place::from_cursor(&cursor, TaskList::Purchases, ascending), None);
        assert_eq!(Place::from_cursor(&cursor, TaskList::Purchases, BY_VALUE), None);
        let forged = place(Some("a'; drop table visits")).into_cursor(TaskList::Purchases, BY_VALUE);
        assert_eq!(Place::from_cursor(&forged, TaskList::Purchases, BY_VALUE), None);
        for text in ["", "x", "e30", "????"] {
            assert_eq!(Place::from_cursor(text, TaskList::Purchases, NEWEST), None, "{text}");
        }
    }
}
