//! Walking a list to its end, the two ways the API offers, with what must hold on the way.

use serde_json::Value;

use super::Client;

impl Client {
    /// All lines of a list by `page`, `limit` lines a page. `lines` takes them out of an answer.
    ///
    /// # Panics
    /// When a page is no 200, `total` changes or is not the number of lines, a page but the last is not full, or the
    /// page past the end is not empty with the true `total`.
    pub async fn walk_pages(&self, path: &str, limit: usize, lines: fn(&Value) -> &Value) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 1.. {
            let answer = self.page(path, &format!("page={page}&limit={limit}")).await;
            let found = list(lines(&answer));
            let has_more = answer["has_more"] == true;
            assert_eq!(answer["page"], page, "{answer}");
            assert_eq!(answer["limit"], limit, "{answer}");
            assert!(!has_more || found.len() == limit, "page {page} has {} of {limit} lines", found.len());
            all.extend(found);
            if !has_more {
                let past = self.page(path, &format!("page={}&limit={limit}", page + 1)).await;
                for (answer, name) in [(&answer, "the last page"), (&past, "the page past the end")] {
                    assert_eq!(answer["total"], all.len(), "the total on {name} of {path}");
                }
                assert!(list(lines(&past)).is_empty() && past["has_more"] == false, "{past}");
                break;
            }
        }
        all
    }

    /// All lines of a list by `cursor`, `limit` lines a page. `lines` takes them out of an answer.
    ///
    /// # Panics
    /// When a page is no 200, `total` is not the number of lines on every page, or the walk does not end.
    pub async fn walk_cursor(&self, path: &str, limit: usize, lines: fn(&Value) -> &Value) -> Vec<Value> {
        let mut all = Vec::new();
        let mut totals = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let place = cursor.take().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let answer = self.page(path, &format!("limit={limit}{place}")).await;
            let found = list(lines(&answer));
            let is_empty = found.is_empty();
            all.extend(found);
            totals.push(answer["total"].clone());
            cursor = answer["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            assert!(!is_empty, "an empty page says that more follows: {answer}");
        }
        assert!(totals.iter().all(|total| *total == all.len()), "{path}: {} lines, totals {totals:?}", all.len());
        all
    }

    async fn page(&self, path: &str, query: &str) -> Value {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{joint}{query}")).await.expect(200)
    }
}

fn list(lines: &Value) -> Vec<Value> {
    lines.as_array().unwrap_or_else(|| panic!("no list: {lines}")).clone()
}
