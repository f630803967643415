//! Where a walk through the users stands: the last id, what is looked for, and how many there were when it began.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Bytes before the id: the total, and the filters' hash.
const HEAD: usize = 16;

/// What a cursor says. Made opaque it stays well below what a parameter may carry, whatever the id and the filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) after: String,
    /// Counting all users takes longer than reading a page, so it is done once a walk.
    pub(super) total: i64,
}

impl Cursor {
    /// For the next page of the list with these filters.
    pub(super) fn to_text(&self, query: Option<&str>, is_active: Option<bool>) -> String {
        let head = [self.total.to_be_bytes(), filters(query, is_active)].concat();
        URL_SAFE_NO_PAD.encode([head.as_slice(), self.after.as_bytes()].concat())
    }

    /// None where it is no cursor of this list with these filters. Anybody can write one: what it says only reaches the
    /// database as values, and opens nothing that a filter would not.
    pub(super) fn from_text(text: &str, query: Option<&str>, is_active: Option<bool>) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (head, after) = bytes.split_at_checked(HEAD)?;
        let (total, hash) = head.split_at(HEAD / 2);
        let total = i64::from_be_bytes(total.try_into().ok()?);
        let after = String::from_utf8(after.to_vec()).ok()?;
        let fits = hash == filters(query, is_active) && total >= 0 && !after.is_empty() && !after.contains('\0');
        fits.then_some(Self { after, total })
    }
}

fn filters(query: Option<&str>, is_active: Option<bool>) -> [u8; HEAD / 2] {
    let hash = Sha256::digest(format!("{is_active:?} {query:?}"));
    let mut start = [0; HEAD / 2];
    start.copy_from_slice(&hash[..HEAD / 2]);
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_to_no_other_list() {
        let cursor = Cursor { after: "Ü\"1".into(), total: 7 };
        let text = cursor.to_text(Some("x%"), None);
        assert_eq!(Cursor::from_text(&text, Some("x%"), None), Some(cursor.clone()));
        assert_eq!(Cursor::from_text(&text, None, None), None);
        assert_eq!(Cursor::from_text(&text, Some("x%"), Some(true)), None);
        for text in ["", "e30", "????", &URL_SAFE_NO_PAD.encode([0; 40])] {
            assert_eq!(Cursor::from_text(text, None, None), None, "{text}");
        }
        for cursor in [Cursor { after: "\0".into(), ..cursor.clone() }, Cursor { total: -1, ..cursor }] {
            assert_eq!(Cursor::from_text(&cursor.to_text(None, None), None, None), None);
        }
        let longest = Cursor { after: "x".repeat(500), total: i64::MAX };
        assert!(longest.to_text(Some(&"q".repeat(500)), Some(true)).len() < 2000);
    }
}
