//! `users.csv` and `locations.csv`, with the headers that imports expect.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::people::{LOCATIONS, People};

/// Writes the users and says where.
pub(super) fn write_users(folder: &Path, people: &People) -> anyhow::Result<PathBuf> {
    let header = ["user_id", "user_name", "buying_company_name", "email", "cell_phone", "office_phone", "is_active"];
    let rows = people.users.iter().map(|user| {
        [
            user.id.to_string(),
            user.name.clone(),
            user.company.clone(),
            user.email.clone(),
            user.cell_phone.clone(),
            user.office_phone.clone().unwrap_or_default(),
            user.is_active.to_string(),
        ]
    });
    write(folder.join("users.csv"), header, rows)
}

/// Writes the branches and says where.
pub(super) fn write_locations(folder: &Path) -> anyhow::Result<PathBuf> {
    let header = ["location_id", "location_name", "city", "state", "is_active"];
    let rows =
        LOCATIONS.iter().map(|(id, name, city, state)| [id, name, city, state, &"true"].map(|text| (*text).to_owned()));
    write(folder.join("locations.csv"), header, rows)
}

fn write<const N: usize>(
    file: PathBuf,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> anyhow::Result<PathBuf> {
    let fault = || format!("cannot write {}", file.display());
    let part = file.with_extension("csv.part");
    let mut csv = csv::Writer::from_path(&part).with_context(fault)?;
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(&row)?;
    }
    csv.flush()?;
    drop(csv);
    std::fs::rename(&part, &file).with_context(fault)?;
    Ok(file)
}
