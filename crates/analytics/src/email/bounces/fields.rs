//! Fields of a report (RFC 3464, RFC 5965): blocks of them, and what addresses, actions and statuses mean.

use mail_parser::{HeaderValue, MessageParser};

use super::parts::ended;

/// Blocks of fields that are read.
const MOST_BLOCKS: usize = 500;
/// Characters of a text that are kept.
const LONGEST: usize = 500;
/// The longest address that SMTP knows (RFC 5321).
const LONGEST_ADDRESS: usize = 254;

/// Fields that belong together.
#[derive(Debug)]
pub(super) struct Block(Vec<(String, String)>);

/// The blocks of a part, which empty lines separate.
pub(super) fn blocks(content: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block: Vec<&[u8]> = Vec::new();
    for line in content.split_inclusive(|byte| *byte == b'\n').chain([&b""[..]]) {
        if !line.trim_ascii().is_empty() {
            block.push(line);
        } else if !block.is_empty() {
            blocks.extend(Block::read(&block.concat()));
            block.clear();
            if blocks.len() >= MOST_BLOCKS {
                break;
            }
        }
    }
    blocks
}

impl Block {
    fn read(lines: &[u8]) -> Option<Self> {
        let lines = ended(lines);
        let read = MessageParser::new().default_header_text().parse_headers(&lines)?;
        let text = |value: &HeaderValue<'_>| value.as_text().map(clean).unwrap_or_default();
        Some(Self(
            read.headers().iter().map(|field| (field.name().to_ascii_lowercase(), text(field.value()))).collect(),
        ))
    }

    /// The first field of this name, in lower case, that says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, value)| field == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// One line without control characters, not too long: it is shown to people and stored.
pub(super) fn clean(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// The address of `rfc822; someone@example.com`, in lower case.
pub(super) fn address(field: &str) -> Option<String> {
    let (_, address) = field.split_once(';').unwrap_or(("", field));
    let address = address.trim();
    // A comment or a name may be around it.
    let address = match (address.find('<'), address.rfind('>')) {
        (Some(start), Some(end)) => address.get(start + 1..end)?,
        _ => address.split_whitespace().next()?,
    };
    let is_one = address.contains('@') && address.len() <= LONGEST_ADDRESS && !address.contains(char::is_whitespace);
    is_one.then(|| address.to_lowercase())
}

/// A message's id without angle brackets.
pub(super) fn message_id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty() && id.len() <= LONGEST && !id.contains(|c: char| c.is_control() || c.is_whitespace()))
        .then(|| id.to_owned())
}

/// The text of a Diagnostic-Code without the type before it.
pub(super) fn diagnostic(field: &str) -> String {
    clean(field.split_once(';').map_or(field, |(_, text)| text))
}

/// The status (RFC 3463) that a text begins with or has in it, such as 5.1.1.
pub(super) fn status(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.')).find_map(|word| {
        let numbers: Vec<&str> = word.split('.').collect();
        let [class, subject, detail] = numbers.as_slice() else { return None };
        let fits = |number: &str| (1..=3).contains(&number.len());
        (["2", "4", "5"].contains(class) && fits(subject) && fits(detail)).then(|| word.to_owned())
    })
}

/// The class of a status that a text without one implies: the first digit of the SMTP reply in it.
pub(super) fn reply_class(text: &str) -> Option<char> {
    let code = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 3)?;
    code.chars().next().filter(|class| "245".contains(*class))
}
