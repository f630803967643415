//! The templates and what they may call.

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, syntax::SyntaxConfig};
use textwrap::{Options, WordSplitter, core::display_width};

/// The width of a text part, in columns.
const WIDTH: usize = 72;

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../../../templates/", $name)))),+]
    };
}

/// All files of the folder `templates`.
const TEMPLATES: [(&str, &str); 17] = templates![
    "layout.html", "layout.txt", "parts.html", "parts.txt", "style.css", "report.html", "report.txt", "digest.html",
    "digest.txt", "roll_up.html", "roll_up.txt", "invitation.subject.txt", "invitation.html", "invitation.txt",
    "test.subject.txt", "test.html", "test.txt",
];

/// Values are escaped in `.html` and nowhere else; a value that is not there is an error.
///
/// # Errors
/// A template is not well-formed.
pub(super) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    // A line of a tag alone leaves no line behind.
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("left", |text: String, width: usize| padded(text, width, false));
    environment.add_filter("right", |text: String, width: usize| padded(text, width, true));
    environment.add_filter("column", column);
    environment.add_filter("shorten", shortened);
    environment.add_filter("fill", filled);
    environment.add_filter("bar", |percent: usize, width: usize| "#".repeat((percent * width).div_ceil(100)));
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Spaces after the text, or before it, up to a width in columns.
fn padded(mut text: String, width: usize, before: bool) -> String {
    let spaces = " ".repeat(width.saturating_sub(display_width(&text)));
    if before {
        text.insert_str(0, &spaces);
    } else {
        text.push_str(&spaces);
    }
    text
}

/// The width of a column of a table: `least`, or what its widest text needs with a space before it.
fn column(texts: Vec<Value>, least: usize) -> usize {
    texts.iter().filter_map(Value::as_str).map(|text| display_width(text) + 1).fold(least, usize::max)
}

/// No wider than `width` columns.
fn shortened(mut text: String, width: usize) -> String {
    if display_width(&text) <= width {
        return text;
    }
    while display_width(&text) >= width && text.pop().is_some() {}
    text.truncate(text.trim_end().len());
    text.push('…');
    text
}

/// In lines of the width of a mail, each after this many spaces. Words, above all addresses, stay whole.
fn filled(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = Options::new(WIDTH)
        .initial_indent(&indent)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_template() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let mut names = TEMPLATES.map(|(name, _)| name);
        names.sort_unstable();
        assert_eq!(files, names);
    }

    #[test]
    fn columns_count_what_is_seen() {
        assert_eq!(padded("日本".into(), 6, false), "日本  ");
        assert_eq!(padded("12".into(), 4, true), "  12");
        assert_eq!(padded("12345".into(), 4, true), "12345");
        assert_eq!(shortened("Springfield".into(), 8), "Springf…");
        assert_eq!(shortened("日本日本".into(), 5), "日本…");
    }

    #[test]
    fn a_column_is_as_wide_as_its_widest_text_and_a_space() {
        let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
        assert_eq!(column(texts(&["12", "1,234"]), 8), 8);
        assert_eq!(column(texts(&["12", "1,234,567"]), 8), 10);
        assert_eq!(column(texts(&["日本"]), 3), 5);
        assert_eq!(column(vec![Value::from(())], 3), 3, "no data");
    }

    #[test]
    fn addresses_are_not_broken() {
        let address = format!("https://example.com/{}", "x-".repeat(60));
        assert!(filled(&format!("see {address} now"), 2).lines().any(|line| line.trim() == address));
    }
}
