//! The `where` of a query, as far as the stub understands it: conditions of three forms, all joined by `or` or all by `and`.

use serde_json::Value;

use super::select::{invalid, values};
use crate::google::literals::Refused;

/// Which rows are asked for.
pub(super) struct Filter {
    conditions: Vec<Condition>,
    all_have_to_hold: bool,
}

/// One condition on a row.
enum Condition {
    /// `<column> in unnest(@<parameter>)`
    Among(String, Vec<String>),
    /// `<column> is not null`
    Given(String),
    /// `exists (select 1 from unnest(<column>) as <alias> where <alias>.<field> in unnest(@<parameter>))`
    Holds(String, String, Vec<String>),
}

impl Filter {
    /// Reads what follows the table's name: nothing, or `where` and conditions.
    ///
    /// # Errors
    /// The text is none of what the stub knows: it answers rightly or not at all.
    pub(super) fn read(rest: &str, request: &Value) -> Result<Self, Refused> {
        let mut words = Words::of(rest);
        let mut filter = Self { conditions: Vec::new(), all_have_to_hold: true };
        if words.at_end() {
            return Ok(filter);
        }
        words.expect(&["where"])?;
        let mut joined = None;
        loop {
            filter.conditions.push(Condition::read(&mut words, request)?);
            if words.at_end() {
                return Ok(filter);
            }
            let and = words.next()?;
            if !matches!(and.as_str(), "and" | "or") || joined.as_ref().is_some_and(|joined| *joined != and) {
                return Err(invalid(&format!("Syntax error: the stub does not understand `{and}` here")));
            }
            filter.all_have_to_hold = and == "and";
            joined = Some(and);
        }
    }

    /// The top-level columns that the conditions are about.
    pub(super) fn columns(&self) -> impl Iterator<Item = &String> {
        self.conditions.iter().map(|condition| match condition {
            Condition::Among(column, _) | Condition::Given(column) | Condition::Holds(column, ..) => column,
        })
    }

    /// Whether a row is asked for.
    pub(super) fn takes(&self, row: &Value) -> bool {
        let mut holds = self.conditions.iter().map(|condition| condition.holds(row));
        if self.all_have_to_hold { holds.all(|holds| holds) } else { holds.any(|holds| holds) }
    }

    /// Whether all rows are asked for.
    pub(super) fn takes_all(&self) -> bool {
        self.conditions.is_empty()
    }
}

impl Condition {
    fn read(words: &mut Words, request: &Value) -> Result<Self, Refused> {
        let first = words.next()?;
        if first == "exists" {
            words.expect(&["(", "select", "1", "from", "unnest", "("])?;
            let column = words.next()?;
            words.expect(&[")", "as"])?;
            let alias = words.next()?;
            words.expect(&["where"])?;
            let field = words.next()?;
            let Some(field) = field.strip_prefix(&format!("{alias}.")).map(str::to_owned) else {
                return Err(invalid(&format!("Unrecognized name: {field} at [1:8]")));
            };
            let wanted = words.unnested(request)?;
            words.expect(&[")"])?;
            return Ok(Self::Holds(column, field, wanted));
        }
        if words.peek() == Some("is") {
            words.expect(&["is", "not", "null"])?;
            return Ok(Self::Given(first));
        }
        Ok(Self::Among(first, words.unnested(request)?))
    }

    fn holds(&self, row: &Value) -> bool {
        let among =
            |value: &Value, wanted: &[String]| value.as_str().is_some_and(|text| wanted.iter().any(|w| w == text));
        match self {
            Self::Among(column, wanted) => among(&row[column], wanted),
            Self::Given(column) => !row[column].is_null(),
            Self::Holds(column, field, wanted) => {
                row[column].as_array().into_iter().flatten().any(|entry| among(&entry[field], wanted))
            }
        }
    }
}

/// The text in words, small letters, and brackets by themselves.
struct Words(std::collections::VecDeque<String>);

impl Words {
    fn of(text: &str) -> Self {
        let spaced = text.to_ascii_lowercase().replace('(', " ( ").replace(')', " ) ");
        Self(spaced.split_whitespace().map(str::to_owned).collect())
    }

    fn at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn peek(&self) -> Option<&str> {
        self.0.front().map(String::as_str)
    }

    fn next(&mut self) -> Result<String, Refused> {
        self.0.pop_front().ok_or_else(|| invalid("Syntax error: Unexpected end of statement"))
    }

    fn expect(&mut self, wanted: &[&str]) -> Result<(), Refused> {
        for wanted in wanted {
            let word = self.next()?;
            if word != *wanted {
                return Err(invalid(&format!("Syntax error: Expected \"{wanted}\" but got \"{word}\"")));
            }
        }
        Ok(())
    }

    /// `in unnest(@<parameter>)`: the values of the parameter.
    fn unnested(&mut self, request: &Value) -> Result<Vec<String>, Refused> {
        self.expect(&["in", "unnest", "("])?;
        let parameter = self.next()?;
        let Some(name) = parameter.strip_prefix('@') else {
            return Err(invalid(&format!("Syntax error: Expected a parameter but got \"{parameter}\"")));
        };
        let values = values(request, name)?;
        self.expect(&[")"])?;
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Filter;

    fn filter(text: &str) -> Option<Filter> {
        let parameter = |name: &str, values: &[&str]| {
            let values: Vec<Value> = values.iter().map(|value| json!({ "value": value })).collect();
            json!({ "name": name, "parameterValue": { "arrayValues": values } })
        };
        let request = json!({ "queryParameters": [parameter("events", &["a", "b"]), parameter("keys", &["k"])] });
        Filter::read(text, &request).ok()
    }

    #[test]
    fn conditions_are_joined_by_or_or_by_and() {
        let held = "exists (select 1 from unnest(params) as param where param.key in unnest(@keys))";
        let named = json!({ "name": "a" });
        let given = json!({ "name": "c", "user": "u" });
        let keyed = json!({ "name": "c", "params": [{ "key": "x" }, { "key": "k" }] });
        let none = json!({ "name": "c", "user": null, "params": [{ "key": "K" }] });
        let any = filter(&format!("\nwhere name in unnest(@events)\n    or user is not null\n    or {held}")).unwrap();
        assert_eq!([&named, &given, &keyed, &none].map(|row| any.takes(row)), [true, true, true, false]);
        let both = filter(&format!("where user is not null and {held}")).unwrap();
        assert_eq!([&given, &keyed].map(|row| both.takes(row)), [false, false]);
        assert!(both.takes(&json!({ "user": "u", "params": [{ "key": "k" }] })));
        assert_eq!(any.columns().collect::<Vec<_>>(), ["name", "user", "params"]);
        assert!(filter(" ").unwrap().takes_all());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "where name = 'a'",
            "where name in unnest(@events) or user is not null and x is not null",
            "where name in unnest(@unknown)",
            "where name in unnest(@events) limit 5",
            "where exists (select 1 from unnest(params) as param where other.key in unnest(@keys))",
            "where",
            "limit 5",
        ] {
            assert!(filter(text).is_none(), "{text}");
        }
    }
}
