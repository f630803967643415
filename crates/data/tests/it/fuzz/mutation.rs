//! Rows of an export spoiled the way files are and attackers would: a flipped bit, a cut, a key twice, a number that no type
//! holds, a text that no column holds. For the property tests of `fuzz_rows`; shrinks to the mutation that matters.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Fields the mapping reads, and some that it does not.
const FIELDS: [&str; 17] = [
    "event_date", "event_timestamp", "event_name", "event_params", "user_properties", "user_id", "user_pseudo_id",
    "batch_page_id", "batch_ordering_id", "batch_event_index", "ecommerce", "items", "device", "extra", "",
    "a\\u0000b", "ключ",
];

/// JSON values that are odd where they may come to stand.
const VALUES: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "[{}]",
    r#""""#,
    r#"" ""#,
    r#""(not set)""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""page_view\u0000""#,
    r#""purchase""#,
    r#""no_search_results""#,
    r#""scroll""#,
    "\"\u{202e}\u{feff}\u{1f468}\u{200d}\u{1f469}\"",
    r#""\ud83d\ude00""#,
    r#""\ud800""#,
    "0",
    "-0.0",
    "1",
    "-1",
    "1.5",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999999999999999999",
    "1e308",
    "-1e-308",
    "1e999",
    r#""1e28""#,
    r#""1e-28""#,
    r#""1e4294967295""#,
    r#""1e-4294967295""#,
    r#""1e99999999999999999999""#,
    r#""79228162514264337593543950335""#,
    r#""0.0000000000000000000000000001""#,
    r#""NaN""#,
    r#""-inf""#,
    r#""20260229""#,
    r#""20000101""#,
    r#""20991231""#,
    r#""２０２６０３０２""#,
    r#""1772445600000000""#,
    r#""1.61121E+15""#,
    r#"[{"key":null,"value":null}]"#,
    r#"[{"key":"ga_session_id","value":{"int_value":"-9223372036854775808"}}]"#,
    r#"[{"key":"ga_session_id","value":{"string_value":"s$o1"}}]"#,
    r#"[{"key":"ga_session_id","value":{"double_value":1e300}}]"#,
    r#"[{"key":"event_id","value":{"string_value":"\u0000"}}]"#,
    r#"[{"key":"transaction_id","value":{"double_value":"-0.0"}},{"key":"currency","value":{"string_value":"\u0000usd "}}]"#,
    r#"[{"key":"page_location","value":{"string_value":"\u0001\u001f\u007f\ufffe"}}]"#,
    r#"[{"key":"search_term","value":{"string_value":"\u3000\u00a0"}},{"key":"search_term","key":"x"}]"#,
    r#"[{"key":"x\u0000","value":{"double_value":1e308,"set_timestamp_micros":"x"}}]"#,
    r#"[{"item_id":"\u0000","item_id\u0000":"x","price":"79228162514264337593543950335","quantity":"2"}]"#,
    r#"[{"item_name":"a","price":1e28,"quantity":-1e28},{"item_name":"b","price":"0.0000000000000000000000000001"}]"#,
    r#"[{"item_id":7,"price":{},"quantity":[],"item_params":[{"key":"\u0000","value":null}]}]"#,
    r#"{"purchase_revenue":"79228162514264337593543950335","transaction_id":"\u0000"}"#,
    r#"{"purchase_revenue":-1e308,"purchase_revenue_in_usd":"0.00000000000000000000000000001","transaction_id":[]}"#,
];

/// Bytes that are odd inside of JSON text.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    b"1e999",
    b"-",
    b"00",
    b"null",
    b"\x1f\x8b",
    b"PAR1",
    b"\t",
];

/// How deep a value is nested: below, at and beyond where the parser gives up (128).
const DEPTHS: [usize; 5] = [60, 120, 127, 128, 5000];
/// Length of a text: below and beyond the limits of ids (500), texts (16 KiB) and raw rows that are kept (64 KiB).
const LENGTHS: [usize; 5] = [500, 501, 16 * 1024, 16 * 1024 + 1, 100_000];

/// One thing done to a row's text.
#[derive(Debug, Clone)]
pub enum Mutation {
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    Piece(Index, &'static [u8]),
    /// A field before all others, which may come again after it.
    Field(&'static str, &'static str),
    /// The same at the end: of a key that comes twice the last one counts.
    LastField(&'static str, &'static str),
    Deep(&'static str, usize),
    Long(&'static str, usize),
}

/// One to four mutations.
pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let field = || (select(&FIELDS[..]), select(VALUES));
    let one = prop_oneof![
        2 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        1 => any::<Index>().prop_map(Mutation::Cut),
        1 => (any::<Index>(), 1..40usize).prop_map(|(at, bytes)| Mutation::Remove(at, bytes)),
        1 => (any::<Index>(), 1..40usize).prop_map(|(at, bytes)| Mutation::Repeat(at, bytes)),
        2 => (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Mutation::Piece(at, piece)),
        4 => field().prop_map(|(name, value)| Mutation::Field(name, value)),
        8 => field().prop_map(|(name, value)| Mutation::LastField(name, value)),
        1 => (select(&FIELDS[..]), select(&DEPTHS[..])).prop_map(|(name, depth)| Mutation::Deep(name, depth)),
        1 => (select(&FIELDS[..]), select(&LENGTHS[..])).prop_map(|(name, length)| Mutation::Long(name, length)),
    ];
    vec(one, 1..=4)
}

/// The row after all of them.
pub fn mutated(row: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut text = row.to_vec();
    for mutation in mutations {
        mutation.apply(&mut text);
    }
    text
}

impl Mutation {
    fn apply(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(text.len());
                text[at] ^= 1 << bit;
            }
            Self::Cut(at) => text.truncate(at.index(text.len())),
            Self::Remove(at, bytes) => {
                let at = at.index(text.len());
                text.drain(at..text.len().min(at + bytes));
            }
            Self::Repeat(at, bytes) => {
                let at = at.index(text.len());
                let part = text[at..text.len().min(at + bytes)].to_vec();
                text.splice(at..at, part);
            }
            Self::Piece(at, piece) => {
                let at = at.index(text.len());
                text.splice(at..at, piece.iter().copied());
            }
            Self::Field(name, value) => {
                text.splice(1..1, format!("\"{name}\":{value},").into_bytes());
            }
            Self::LastField(name, value) => put_last(text, name, value),
            Self::Deep(name, depth) => put_last(text, name, &format!("{}{}", "[".repeat(*depth), "]".repeat(*depth))),
            Self::Long(name, length) => put_last(text, name, &format!("\"{}\"", "ü".repeat(length / 2))),
        }
    }
}

fn put_last(text: &mut Vec<u8>, name: &str, value: &str) {
    let at = text.len() - 1;
    text.splice(at..at, format!(",\"{name}\":{value}").into_bytes());
}
