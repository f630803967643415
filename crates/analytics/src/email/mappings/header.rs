//! Which column of a CSV file is which field of a mapping, and what stands between the columns.

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A field of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    BranchCode,
    Email,
    RepName,
    BranchName,
    Enabled,
    Delivery,
}

impl Column {
    const ALL: [Self; 6] =
        [Self::BranchCode, Self::Email, Self::RepName, Self::BranchName, Self::Enabled, Self::Delivery];

    /// As the API names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BranchCode => "branch_code",
            Self::Email => "sales_rep_email",
            Self::RepName => "sales_rep_name",
            Self::BranchName => "branch_name",
            Self::Enabled => "is_enabled",
            Self::Delivery => "delivery",
        }
    }

    /// The field that a column's name means, however it is written.
    fn of(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match plain.as_str() {
            "branchcode" | "branch" | "branchid" | "branchno" | "location" | "locationid" | "locationcode"
            | "store" | "storeid" | "storecode" | "warehouse" | "warehouseid" | "warehousecode" => Self::BranchCode,
            "salesrepemail" | "email" | "emailaddress" | "mail" | "recipient" | "repemail" => Self::Email,
            "salesrepname" | "salesrep" | "rep" | "repname" | "name" | "recipientname" => Self::RepName,
            "branchname" | "locationname" | "storename" | "warehousename" => Self::BranchName,
            "isenabled" | "enabled" | "isactive" | "active" => Self::Enabled,
            "delivery" => Self::Delivery,
            _ => return None,
        })
    }
}

/// A header that was understood.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) delimiter: u8,
    /// Records up to its end: two where a line `sep=;` stands before it, as Excel writes it.
    pub(super) lines: usize,
    pub(super) columns: Vec<Option<Column>>,
    /// Columns that mean nothing here, as they are named in the file.
    pub(super) ignored: Vec<String>,
}

impl Header {
    /// The header of a file, by the delimiter that makes the most of it.
    ///
    /// # Errors
    /// What is wrong with it, all of it.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let read = DELIMITERS.map(|delimiter| (delimiter, first_records(text, delimiter)));
        let best = read.into_iter().max_by_key(|(_, (names, _))| {
            let known = names.iter().filter(|name| Column::of(name).is_some()).count();
            (known, names.len())
        });
        let Some((delimiter, (names, lines))) = best.filter(|(_, (names, _))| !names.is_empty()) else {
            return Err(String::from("is empty: its first line names the columns"));
        };
        let columns: Vec<Option<Column>> = names.iter().map(|name| Column::of(name)).collect();
        let mut faults = Vec::new();
        for column in Column::ALL {
            let named: Vec<String> = names
                .iter()
                .zip(&columns)
                .filter(|(_, is)| **is == Some(column))
                .map(|(name, _)| format!("`{}`", name.trim()))
                .collect();
            if named.len() > 1 {
                faults.push(format!("its columns {} all mean {}", named.join(", "), column.name()));
            }
            if named.is_empty() && matches!(column, Column::BranchCode | Column::Email) {
                faults.push(format!("it has no column {}", column.name()));
            }
        }
        if !faults.is_empty() {
            return Err(format!("has a header that cannot be used: {}", faults.join("; ")));
        }
        let ignored = names.iter().zip(&columns).filter(|(name, is)| is.is_none() && !name.trim().is_empty());
        let ignored = ignored.map(|(name, _)| name.trim().chars().take(80).collect()).collect();
        Ok(Self { delimiter, lines, columns, ignored })
    }

    /// Where the field stands in a line; none where the file has no such column.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|is| *is == Some(column))
    }
}

/// The names of the columns, and how many records there are up to them.
fn first_records(text: &str, delimiter: u8) -> (Vec<String>, usize) {
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
        .into_records();
    let mut next = || -> Vec<String> {
        records.next().and_then(Result::ok).map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
    };
    let first = next();
    // Split by the very separator that it names, `sep=;` is `sep=` and nothing.
    let is_separator = first.first().and_then(|cell| cell.strip_prefix("sep=")).is_some_and(|rest| rest.len() <= 1);
    if is_separator { (next(), 2) } else { (first, 1) }
}
