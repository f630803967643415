//! The rows of one transaction, which a report scatters over minutes, pages and visits: the first of them is the order, and
//! gets the amount.

use super::pages::Row;
use super::rows::revenue;

/// A row, and its place among the rows of its transaction where there are several: rows of one minute have no other order.
#[derive(Debug, PartialEq, Eq)]
pub struct Placed {
    pub row: Row,
    pub place: Option<u32>,
}

/// Takes the rows of the purchase report in their order: by transaction, then by time. Memory: one row.
#[derive(Debug, Default)]
pub struct Orders {
    first: Option<(String, Row)>,
    later: u32,
}

impl Orders {
    /// Takes a row under its transaction's id, if it has a real one, and answers the rows that are ready.
    ///
    /// GA4 counts the amount of a transaction once, in whichever of its rows; the product counts its first event. A site that
    /// sends an amount each time has it counted once all the same.
    pub fn take(&mut self, transaction: Option<String>, mut row: Row) -> Vec<Placed> {
        if let (Some((id, first)), Some(same)) = (&mut self.first, &transaction)
            && id == same
        {
            if revenue(first).is_none() {
                first.metrics.splice(1.., row.metrics.drain(1..));
            }
            row.metrics.truncate(1);
            self.later += 1;
            return vec![Placed { row, place: Some(self.later) }];
        }
        let mut ready: Vec<Placed> = self.end().into_iter().collect();
        match transaction {
            Some(id) => self.first = Some((id, row)),
            None => ready.push(Placed { row, place: None }),
        }
        ready
    }

    /// The last transaction's first row.
    pub fn end(&mut self) -> Option<Placed> {
        let (_, row) = self.first.take()?;
        let place = (std::mem::take(&mut self.later) > 0).then_some(0);
        Some(Placed { row, place })
    }
}

#[cfg(test)]
mod tests {
    use super::{Orders, Placed};
    use crate::sources::data_api::testing::row;

    /// Ids, minutes and amounts in; minute, place and amount of each row out.
    fn ordered(rows: &[(Option<&str>, &str, &str)]) -> Vec<(String, Option<u32>, Option<String>)> {
        let mut orders = Orders::default();
        let mut out = Vec::new();
        for (id, minute, amount) in rows {
            out.extend(orders.take(id.map(str::to_owned), row(&[minute], &["1", amount])));
        }
        out.extend(orders.end());
        let shown = |Placed { row, place }: Placed| (row.dimensions[0].clone(), place, row.metrics.get(1).cloned());
        out.into_iter().map(shown).collect()
    }

    #[test]
    fn the_first_row_of_a_transaction_gets_its_amount() {
        let shown = |minute: &str, place, amount: Option<&str>| (minute.to_owned(), place, amount.map(str::to_owned));
        assert_eq!(
            ordered(&[(Some("A"), "1", "0"), (Some("A"), "2", "9.5"), (Some("A"), "3", "0"), (Some("B"), "1", "7")]),
            [
                shown("2", Some(1), None),
                shown("3", Some(2), None),
                shown("1", Some(0), Some("9.5")),
                shown("1", None, Some("7")),
            ]
        );
        // An amount each time is one amount.
        assert_eq!(
            ordered(&[(Some("A"), "1", "5"), (Some("A"), "2", "6")]),
            [shown("2", Some(1), None), shown("1", Some(0), Some("5"))]
        );
        // Without an id every row is its own.
        assert_eq!(
            ordered(&[(None, "1", "5"), (None, "1", "5"), (Some("A"), "1", "0"), (None, "2", "4")]),
            [
                shown("1", None, Some("5")),
                shown("1", None, Some("5")),
                shown("1", None, Some("0")),
                shown("2", None, Some("4"))
            ]
        );
    }
}
