//! Filters on dimensions. One need not be of a dimension that the report has.

use serde_json::Value;

use super::ask::invalid;
use crate::google::literals::Refused;

/// What rows are taken.
#[derive(Clone, Debug)]
pub enum Filter {
    /// all of them
    All,
    /// those whose dimension has one of these values
    Among(String, Vec<String>),
    /// those that all of these take
    And(Vec<Filter>),
    /// those that one of these takes
    Or(Vec<Filter>),
    /// those that this does not take
    Not(Box<Filter>),
}

impl Filter {
    pub(super) fn read(filter: &Value) -> Result<Self, Refused> {
        let Some((kind, content)) = filter.as_object().and_then(|fields| fields.iter().next()) else {
            return Ok(Self::All);
        };
        let group = || {
            let filters = content["expressions"].as_array().into_iter().flatten();
            filters.map(Self::read).collect::<Result<Vec<_>, _>>()
        };
        match kind.as_str() {
            "andGroup" => group().map(Self::And),
            "orGroup" => group().map(Self::Or),
            "notExpression" => Self::read(content).map(|filter| Self::Not(Box::new(filter))),
            "filter" => {
                let field = content["fieldName"].as_str().unwrap_or_default().to_owned();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                if let Some(values) = content["inListFilter"]["values"].as_array() {
                    Ok(Self::Among(field, values.iter().map(text).collect()))
                } else if content["stringFilter"].is_object() {
                    Ok(Self::Among(field, vec![text(&content["stringFilter"]["value"])]))
                } else {
                    Err(invalid("The stub knows stringFilter EXACT and inListFilter."))
                }
            }
            odd => Err(invalid(&format!("Invalid JSON payload received. Unknown name \"{odd}\": Cannot find field."))),
        }
    }

    /// Whether something is taken whose dimensions have these values.
    pub fn takes(&self, value: &dyn Fn(&str) -> String) -> bool {
        match self {
            Self::All => true,
            Self::Among(field, values) => values.contains(&value(field)),
            Self::And(filters) => filters.iter().all(|filter| filter.takes(value)),
            Self::Or(filters) => filters.iter().any(|filter| filter.takes(value)),
            Self::Not(filter) => !filter.takes(value),
        }
    }
}
