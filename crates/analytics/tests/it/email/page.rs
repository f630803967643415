//! Reading mails as people see them: the texts of table cells, the links, and a lint that every mail has to pass.

use reqwest::{Method, header::ACCEPT};
use testkit::http::{Answer, Client};

/// The rows of all tables; of each its cells, of each cell its texts.
pub fn rows(html: &str) -> Vec<Vec<Vec<String>>> {
    let body = without_bars(html.split("<body").nth(1).unwrap());
    body.split("<tr")
        .skip(1)
        .map(|row| row.split("</tr>").next().unwrap())
        .map(|row| row.split("<td").skip(1).map(texts).collect())
        .collect()
}

/// Bars are tables inside of cells.
fn without_bars(html: &str) -> String {
    let mut html = html.to_owned();
    while let Some(place) = html.find("class=\"bar").into_iter().chain(html.find("class=\"rest")).min() {
        let start = html[..place].rfind("<table").unwrap();
        let end = place + html[place..].find("</table>").unwrap();
        html.replace_range(start..end, "");
    }
    html
}

/// What stands between the tags.
fn texts(html: &str) -> Vec<String> {
    let pieces = html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| unescaped(text));
    pieces.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// All that is to be read, in order.
pub fn words(html: &str) -> String {
    let body = html.split("<body").nth(1).unwrap();
    texts(&format!("<body{body}")).join(" ")
}

/// Where the links lead.
pub fn links(html: &str) -> Vec<String> {
    html.split("href=\"").skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&nbsp;", " "), ("\u{a0}", " ")]
        .iter()
        .fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
        .replace("&amp;", "&")
}

/// The cells of a figure: the day's, the same weekday's, the average's.
pub fn figure(html: &str, label: &str) -> [Vec<String>; 3] {
    let row = rows(html).into_iter().find(|row| row.first().is_some_and(|cell| cell == &[label]));
    let mut row = row.unwrap_or_else(|| panic!("no {label} in {html}"));
    assert_eq!(row.len(), 4, "{label}: {row:?}");
    // On small screens the label stands with the value.
    assert_eq!(row[1].remove(0), label);
    [row.remove(1), row.remove(1), row.remove(1)]
}

/// The preview of a report as HTML and as text, held against the lint.
pub async fn preview(client: &Client, date: &str, branches: &[&str]) -> (String, String) {
    let html = preview_as(client, date, branches, "text/html").await;
    let text = preview_as(client, date, branches, "text/plain").await;
    for answer in [&html, &text] {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let (html, text) = (html.text(), text.text());
    lint(&html, &text);
    (html, text)
}

pub async fn preview_as(client: &Client, date: &str, branches: &[&str], accept: &str) -> Answer {
    let mut query = vec![("report_date", date)];
    query.extend(branches.iter().map(|branch| ("branch_code", *branch)));
    Answer::of(client.request(Method::GET, "/analytics/email/preview").query(&query).header(ACCEPT, accept)).await
}

/// What is wrong with a mail, whatever it says.
pub fn faults(html: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    check(html.len() < 100_000, "the HTML is larger than 100 kB");
    check(text.len() < 100_000, "the text is larger than 100 kB");
    let lower = html.to_lowercase();
    for tag in
        ["<img", "<link", "<script", "<iframe", "<object", "<embed", "<video", "<audio", "<form", "<svg", "<base"]
    {
        check(!lower.contains(tag), &format!("the HTML has {tag}"));
    }
    for loading in ["@import", "url(", "@font-face", " src=", " background=", "expression("] {
        check(!lower.contains(loading), &format!("the HTML loads something: {loading}"));
    }
    for link in links(html) {
        let known = ["https://", "http://", "tel:", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
        check(known && !link.contains(char::is_whitespace), &format!("a link leads to {link}"));
    }
    for needed in ["<!doctype html>", "<html lang=\"en\"", "<meta charset=\"utf-8\"", "<meta name=\"viewport\""] {
        check(lower.contains(needed), &format!("the HTML has no {needed}"));
    }
    check(lower.contains("<title>") && !lower.contains("<title></title>"), "the HTML has no title");
    check(links(html).iter().any(|link| link.contains("unsubscribe")), "the HTML has no unsubscribe link");
    check(text.contains("unsubscribe"), "the text has no unsubscribe link");
    check(!["<table", "<td", "&nbsp;", "style="].iter().any(|html| text.contains(html)), "the text is HTML");
    check(text.trim().lines().count() > 5, "the text says nothing");
    check(text.lines().all(|line| line.len() <= 998), "a line of the text is longer than SMTP takes");
    check(!text.contains("\n\n\n"), "the text has holes");
    // What is measured stands in both.
    let numbers = |text: &str| -> Vec<String> {
        let number = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
        text.split_whitespace().map(number).filter(|number| number.contains(['.', ','])).collect()
    };
    let in_text = numbers(text);
    for row in rows(html).iter().filter(|row| row.len() == 4) {
        for number in row[1..].iter().flatten().flat_map(|value| numbers(value)) {
            check(in_text.contains(&number), &format!("{number} is not in the text"));
        }
    }
    faults
}

#[track_caller]
pub fn lint(html: &str, text: &str) {
    assert_eq!(faults(html, text), Vec::<String>::new(), "{html}\n{text}");
}
