//! An OpenAPI document as text: the same text for the same document.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The document as JSON for readers. Its members stand in the order in which utoipa writes them, but for extensions (`x-…`):
/// those utoipa keeps in hash maps and writes in an order that changes with each process. They come last, by name.
///
/// # Errors
/// The document cannot be written as JSON.
pub fn document_text(document: &OpenApi) -> serde_json::Result<String> {
    let mut node = serde_json::from_str::<Node>(&document.to_json()?)?;
    node.settle();
    serde_json::to_string_pretty(&node)
}

/// JSON whose members keep their places, which those of [`Value`] do not.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Node {
    Members(IndexMap<String, Node>),
    Items(Vec<Node>),
    Plain(Value),
}

impl Node {
    fn settle(&mut self) {
        match self {
            Self::Members(members) => {
                // Stable: whatever is no extension stays where it is.
                members.sort_by_cached_key(|name, _| name.starts_with("x-").then(|| name.clone()));
                members.values_mut().for_each(Self::settle);
            }
            Self::Items(items) => items.iter_mut().for_each(Self::settle),
            Self::Plain(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::{
        HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, PathsBuilder, extensions::Extensions, path::OperationBuilder,
    };

    use super::*;

    fn document() -> OpenApi {
        let extensions: Extensions = ('a'..='h').rev().map(|letter| (format!("x-{letter}"), 1.5)).collect();
        let operation = OperationBuilder::new().operation_id(Some("look")).description(Some("Looks")).deprecated(None);
        let item = PathItem::new(HttpMethod::Get, operation.extensions(Some(extensions)));
        let paths = PathsBuilder::new().path("/b", item.clone()).path("/a", item);
        OpenApiBuilder::new().info(InfoBuilder::new().title("T").version("1")).paths(paths).build()
    }

    #[test]
    fn extensions_come_last_and_by_name_whatever_the_map_says() {
        let text = document_text(&document()).unwrap();
        let places = |names: &[&str]| {
            let found = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap());
            found.collect::<Vec<_>>()
        };
        let operation = places(&[
            "description", "operationId", "responses", "x-a", "x-b", "x-c", "x-d", "x-e", "x-f", "x-g", "x-h",
        ]);
        assert!(operation.is_sorted(), "{text}");
        assert!(places(&["openapi", "info", "title", "version", "paths"]).is_sorted(), "{text}");
        // Each map is seeded anew.
        assert!((0..20).all(|_| document_text(&document()).unwrap() == text));
    }

    #[test]
    fn nothing_is_lost() {
        let document = document();
        let text = document_text(&document).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::to_value(&document).unwrap());
    }
}
