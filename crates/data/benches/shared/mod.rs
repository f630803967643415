//! What more than one measurement needs: a process's peak memory, and a list of customers.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use testkit::workbook::{XlsxCell, write_workbook};

pub const COLUMNS: [&str; 7] = ["Customer No.", "Name", "Company", "E-Mail", "Mobile", "Office phone", "Active"];

/// The high-water mark of a process (its number, or `self`), from the kernel.
pub fn peak_memory_mib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// The cells of customer `n`; `edition` changes every tenth.
pub fn customer(n: usize, edition: usize) -> [String; 7] {
    let edition = if n.is_multiple_of(10) { edition } else { 0 };
    [
        format!("K{n:07}"),
        format!("Firstname{n} Lastname{edition}"),
        format!("Company {} & Sons GmbH", n / 3),
        format!("firstname{n}.lastname@customer{}.example.com", n % 5000),
        format!("+49 170 {n:08}"),
        format!("+49 421 {n:06}-0"),
        if n.is_multiple_of(17) { "no" } else { "yes" }.to_owned(),
    ]
}

/// So many customers as Excel writes them.
pub fn write_xlsx(path: &Path, customers: usize, edition: usize) {
    write_workbook(
        BufWriter::new(File::create(path).unwrap()),
        &[("Customers", &|row| match row {
            0 => Some(COLUMNS.map(XlsxCell::from).to_vec()),
            row if row <= customers => Some(customer(row, edition).map(XlsxCell::Text).to_vec()),
            _ => None,
        })],
    );
}
