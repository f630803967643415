//! The `query` of the task lists: a text that is looked for in a line, whatever its case, `%` and `_` taken literally.

use super::{BounceLine, CartLine, Dated, Head, Oracle, PurchaseLine, RepeatLine, SearchLine};

/// A line that can be looked through.
pub trait Searchable {
    /// what every line has
    fn head(&self) -> &Head;
    /// the list's own texts: products by id and name, terms, transactions
    fn texts(&self) -> Vec<&str>;
}

impl Oracle {
    /// The lines that `query` is found in: in the customer's name, company or e-mail, or in the list's own texts.
    #[must_use]
    pub fn matching<L: Searchable + Clone>(&self, lines: &[Dated<L>], query: &str) -> Vec<Dated<L>> {
        let query = query.to_lowercase();
        lines
            .iter()
            .filter(|dated| {
                let user = dated.line.head().user_id.as_ref();
                let row = user.and_then(|id| self.users.get(id));
                let customer = row.into_iter().flat_map(|row| {
                    [&row.user_name, &row.buying_company_name, &row.email]
                        .into_iter()
                        .filter_map(|text| text.as_deref())
                });
                customer.chain(dated.line.texts()).any(|text| text.to_lowercase().contains(&query))
            })
            .cloned()
            .collect()
    }
}

impl Searchable for PurchaseLine {
    fn head(&self) -> &Head {
        &self.head
    }

    fn texts(&self) -> Vec<&str> {
        let items = self.products.iter().flat_map(|p| [&p.item_id, &p.item_name]);
        items.chain([&self.transaction_id]).filter_map(|text| text.as_deref()).collect()
    }
}

impl Searchable for CartLine {
    fn head(&self) -> &Head {
        &self.head
    }

    fn texts(&self) -> Vec<&str> {
        let items = self.products.iter().flat_map(|p| [&p.item_id, &p.item_name]);
        items.filter_map(|text| text.as_deref()).collect()
    }
}

impl Searchable for SearchLine {
    fn head(&self) -> &Head {
        &self.head
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.search_term]
    }
}

impl Searchable for RepeatLine {
    fn head(&self) -> &Head {
        &self.head
    }

    fn texts(&self) -> Vec<&str> {
        self.products_details.iter().map(|p| p.title.as_str()).collect()
    }
}

impl Searchable for BounceLine {
    fn head(&self) -> &Head {
        &self.head
    }

    fn texts(&self) -> Vec<&str> {
        Vec::new()
    }
}
