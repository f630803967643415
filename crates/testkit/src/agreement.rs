//! Holds a running analytics service against the oracle: every figure, list, filter and history that the API offers.

use chrono::NaiveDate;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::Client;
use crate::oracle::{
    BounceLine, BouncedPage, CartLine, Dated, Granularity, HistoryEntry, LocationStats, LocationView, Metrics, Oracle,
    Period, PurchaseLine, RepeatLine, SearchLine, Searchable, Selection, SessionHistory, compare,
};

/// Asks for everything about the days from `from` to `to`: each of `branches` alone, all together, and no selection.
///
/// # Errors
/// What was asked and how the answers differ.
pub async fn everything(
    client: &Client,
    oracle: &Oracle,
    (from, to): (NaiveDate, NaiveDate),
    branches: &[&str],
    queries: &[&str],
) -> Result<(), String> {
    let range = Selection::days(from, to);
    let mut selections = vec![range.clone(), Selection::days(to, to), range.clone().at(branches)];
    selections.extend(branches.iter().map(|branch| range.clone().at(&[branch])));
    for selection in &selections {
        dashboard(client, oracle, selection).await?;
        tasks(client, oracle, selection, None, 7).await?;
    }
    tasks(client, oracle, &Selection::everything(), None, 1000).await?;
    for query in queries {
        tasks(client, oracle, &range, Some(query), 5).await?;
    }
    locations(client, oracle).await?;
    histories(client, oracle, 1000).await
}

/// Metrics, the chart in all granularities and the rows per location of a selection with real days.
///
/// # Errors
/// As [`everything`].
pub async fn dashboard(client: &Client, oracle: &Oracle, selection: &Selection) -> Result<(), String> {
    for granularity in Granularity::ALL {
        let mut query = parameters(selection, None);
        query.push(("granularity", granularity.name().to_owned()));
        let path = path("/analytics/stats", &query);
        let answer = client.get(&path).await.expect(200);
        let said = |error: String| format!("{path}: {error}");
        let metrics: Metrics = read(&answer["metrics"]).map_err(said)?;
        compare::sequence(&[metrics], &[oracle.metrics(selection)]).map_err(said)?;
        let chart: Vec<Period> = compare::parse(&answer["chartData"]).map_err(said)?;
        compare::sequence(&chart, &oracle.chart(selection, granularity)).map_err(said)?;
        let mut rows: Vec<LocationStats> = compare::parse(&answer["locationStats"]).map_err(said)?;
        rows.sort_by(|a, b| a.location_id.cmp(&b.location_id));
        compare::sequence(&rows, &oracle.location_stats(selection)).map_err(said)?;
    }
    Ok(())
}

/// The five lists of a selection, walked by page and by cursor with `limit` lines a page.
///
/// # Errors
/// As [`everything`].
pub async fn tasks(
    client: &Client,
    oracle: &Oracle,
    selection: &Selection,
    query: Option<&str>,
    limit: usize,
) -> Result<(), String> {
    let list = List { client, oracle, parameters: parameters(selection, query), query, limit };
    list.check::<PurchaseLine>("purchases", &[], oracle.purchase_lines(selection)).await?;
    list.check::<CartLine>("cart-abandonment", &[], oracle.cart_lines(selection)).await?;
    list.check::<SearchLine>("search-analysis", &[], oracle.search_lines(selection, false)).await?;
    let converted = [("include_converted", "true".to_owned())];
    list.check::<SearchLine>("search-analysis", &converted, oracle.search_lines(selection, true)).await?;
    list.check::<RepeatLine>("repeat-visits", &[], oracle.repeat_lines(selection)).await?;
    list.check::<BounceLine>("performance", &[], oracle.bounce_lines(selection)).await?;
    let path = path("/analytics/tasks/performance", &list.parameters);
    let answer = client.get(&path).await.expect(200);
    let pages: Vec<BouncedPage> = compare::parse(&answer["data"]["frequently_bounced_pages"])?;
    compare::sequence(&pages, &oracle.bounced_pages(selection)).map_err(|error| format!("{path}: {error}"))
}

/// The locations one can choose from.
///
/// # Errors
/// As [`everything`].
pub async fn locations(client: &Client, oracle: &Oracle) -> Result<(), String> {
    let views: Vec<LocationView> = compare::parse(&client.get("/analytics/locations").await.expect(200))?;
    compare::sequence(&views, &oracle.locations()).map_err(|error| format!("/analytics/locations: {error}"))
}

/// The histories of every known user and every visit, and of session ids that several visitors share.
///
/// # Errors
/// As [`everything`].
pub async fn histories(client: &Client, oracle: &Oracle, limit: usize) -> Result<(), String> {
    for user in oracle.known_users() {
        let path = path("/analytics/history/user", &[("user_id", user.clone()), ("limit", limit.to_string())]);
        same_history(&path, &client.get(&path).await.expect(200), &oracle.user_history(&user, limit))?;
    }
    for (visitor, session, _) in oracle.visit_keys() {
        let mut query = vec![("session_id", session.clone()), ("limit", limit.to_string())];
        let bare = path("/analytics/history/session", &query);
        let answer = client.get(&bare).await;
        match oracle.session_history(&session, None, limit) {
            SessionHistory::Entries(entries) => same_history(&bare, &answer.expect(200), &entries)?,
            SessionHistory::Ambiguous(visitors) => {
                let problem = answer.problem(409);
                let mut candidates: Vec<&str> = problem["candidates"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|candidate| candidate["user_pseudo_id"].as_str().or(candidate.as_str()))
                    .collect();
                candidates.sort_unstable();
                if candidates != visitors {
                    return Err(format!("{bare}: the visitors are {visitors:?}: {problem}"));
                }
            }
        }
        query.push(("user_pseudo_id", visitor.clone()));
        let full = path("/analytics/history/session", &query);
        if let SessionHistory::Entries(entries) = oracle.session_history(&session, Some(&visitor), limit) {
            same_history(&full, &client.get(&full).await.expect(200), &entries)?;
        }
    }
    Ok(())
}

/// What all lists are asked for.
struct List<'a> {
    client: &'a Client,
    oracle: &'a Oracle,
    parameters: Vec<(&'static str, String)>,
    query: Option<&'a str>,
    limit: usize,
}

impl List<'_> {
    async fn check<L>(&self, name: &str, more: &[(&'static str, String)], lines: Vec<Dated<L>>) -> Result<(), String>
    where
        L: Searchable + Clone + PartialEq + std::fmt::Debug + DeserializeOwned,
    {
        let expected = match self.query {
            Some(query) => self.oracle.matching(&lines, query),
            None => lines,
        };
        let path = path(&format!("/analytics/tasks/{name}"), &[self.parameters.as_slice(), more].concat());
        let take: fn(&Value) -> &Value = match name {
            "performance" => |answer| &answer["data"]["bounced_sessions"],
            _ => |answer| &answer["data"],
        };
        let by_page = self.client.walk_pages(&path, self.limit, take).await;
        let by_cursor = self.client.walk_cursor(&path, self.limit, take).await;
        if by_page != by_cursor {
            return Err(format!("{path}: by page and by cursor are two different lists"));
        }
        let mut ids: Vec<String> = by_page.iter().map(|line| line["line_id"].to_string()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != by_page.len() {
            return Err(format!("{path}: {} lines have {} different line_ids", by_page.len(), ids.len()));
        }
        let lines: Vec<L> = compare::parse(&Value::Array(by_page)).map_err(|error| format!("{path}: {error}"))?;
        compare::lines(&lines, &expected).map_err(|error| format!("{path}: {error}"))
    }
}

fn same_history(path: &str, answer: &Value, expected: &[HistoryEntry]) -> Result<(), String> {
    let entries = answer.as_array().ok_or_else(|| format!("{path}: no list: {answer}"))?;
    let entries: Result<Vec<HistoryEntry>, String> = entries.iter().map(HistoryEntry::from_api).collect();
    let entries = entries.map_err(|error| format!("{path}: {error}"))?;
    compare::sequence(&entries, expected).map_err(|error| format!("{path}: {error}"))
}

fn read<T: DeserializeOwned>(json: &Value) -> Result<T, String> {
    serde_json::from_value(json.clone()).map_err(|error| format!("{error} in {json}"))
}

/// A selection as query parameters; without days when it has none.
fn parameters(selection: &Selection, query: Option<&str>) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    if selection.from != NaiveDate::MIN {
        parameters.push(("start_date", selection.from.to_string()));
        parameters.push(("end_date", selection.to.to_string()));
    }
    for location in selection.locations.iter().flatten() {
        parameters.push(("location_id", location.clone()));
    }
    if let Some(query) = query {
        parameters.push(("query", query.to_owned()));
    }
    parameters
}

/// A path with its query, encoded.
fn path(path: &str, query: &[(&str, String)]) -> String {
    let url = Url::parse_with_params("http://service", query.iter().map(|(key, value)| (*key, value.as_str())));
    match url.as_ref().ok().and_then(Url::query) {
        Some(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}
